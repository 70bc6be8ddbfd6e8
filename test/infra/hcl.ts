import { readdirSync, readFileSync } from 'node:fs';
import { parse } from '@cdktn/hcl2json';

// biome-ignore lint/suspicious/noExplicitAny: the shape of HCL as JSON, which the tests look into
export type Block = Record<string, any>;

export interface Hcl {
  variable?: Record<string, Block[]>;
  output?: Record<string, Block[]>;
  locals?: Block[];
  module?: Record<string, Block[]>;
  provider?: Record<string, Block[]>;
  resource?: Record<string, Record<string, Block[]>>;
  data?: Record<string, Record<string, Block[]>>;
}

export const ROOT = new URL('../../', import.meta.url);
export const INFRA = new URL('infra/', ROOT);

/** An expression as the parser writes it: `expression('var.name')` is the text `\${var.name}`. */
export const expression = (text: string) => `\${${text}}`;

/** The JSON of one file of Terraform's language, in which expressions are texts. */
export async function readHcl(file: URL): Promise<Hcl> {
  return (await parse(file.pathname, readFileSync(file, 'utf8'))) as Hcl;
}

/** All `.tf` files of a folder, by name. */
export async function readFolder(folder: URL): Promise<Record<string, Hcl>> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.tf'));
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file, await readHcl(new URL(file, folder))])),
  );
}

/** Every variable, by name. */
export async function readVariables(): Promise<Record<string, Block>> {
  const variables = Object.values(await readFolder(INFRA)).flatMap(({ variable = {} }) =>
    Object.entries(variable),
  );
  return Object.fromEntries(variables.map(([name, [body = {}]]) => [name, body]));
}

/** Every resource, with its type and name. */
export async function readResources(): Promise<{ type: string; name: string; body: Block }[]> {
  return Object.values(await readFolder(INFRA)).flatMap((file) =>
    Object.entries(file.resource ?? {}).flatMap(([type, resources]) =>
      Object.entries(resources).map(([name, [body = {}]]) => ({ type, name, body })),
    ),
  );
}

/** The value of a local; undefined if there is none. */
export async function readLocal(name: string): Promise<unknown> {
  return Object.values(await readFolder(INFRA))
    .flatMap(({ locals = [] }) => locals)
    .find((locals) => name in locals)?.[name];
}

/** The text of all `.tf` files of a folder. */
export function readTexts(folder: URL): string {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.tf'))
    .map((file) => readFileSync(new URL(file, folder), 'utf8'))
    .join('\n');
}

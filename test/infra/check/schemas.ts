import { readdirSync, readFileSync } from 'node:fs';

/** One schema as `terraform providers schema -json` prints it, with `accepts` added. */
export interface Schema {
  version: number;
  block: Block;
}

export interface Block {
  attributes?: Record<string, Attribute>;
  block_types?: Record<string, NestedBlock>;
}

export interface Attribute {
  type: unknown;
  required?: boolean;
  optional?: boolean;
  computed?: boolean;
  sensitive?: boolean;
  write_only?: boolean;
  /** Which values there are, or a pattern of them: a provider's schema says only that they are strings. */
  accepts?: readonly string[] | string;
}

export interface NestedBlock {
  nesting_mode: 'single' | 'list' | 'set' | 'map' | 'group';
  min_items?: number;
  max_items?: number;
  block: Block;
}

export interface ProviderSchemas {
  provider: Schema;
  resources: Record<string, Schema>;
  dataSources: Record<string, Schema>;
}

export const PROVIDERS = { archive: '2.7.1', google: '8.0.0', time: '0.13.1' };

export type ProviderName = keyof typeof PROVIDERS;

const DATA_SOURCE = /^data\./;

/** What a provider offers: one file a resource, and one that begins with `data.` a data source. */
export function readSchemas(name: ProviderName): ProviderSchemas {
  const folder = new URL(`schemas/${name}/`, import.meta.url);
  const schemas: ProviderSchemas = { provider: { version: 0, block: {} }, resources: {}, dataSources: {} };
  for (const file of readdirSync(folder)) {
    const schema = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Schema;
    const type = file.replace('.json', '');
    if (type === 'provider') schemas.provider = schema;
    else if (DATA_SOURCE.test(type)) schemas.dataSources[type.replace(DATA_SOURCE, '')] = schema;
    else schemas.resources[type] = schema;
  }
  return schemas;
}

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { INFRA, ROOT, readHcl, readResources, readVariables } from './hcl.ts';

const readme = readFileSync(new URL('README.md', ROOT), 'utf8');
const aboutCloud = readme.slice(readme.indexOf('## Deploy'), readme.indexOf('## Commands'));
const examples = [...readme.matchAll(/^ *```sh\n([\s\S]*?)^ *```/gm)].map(([, text]) => text as string);

function found(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, name]) => name as string))];
}

test('README mentions every output, and asks for none that does not exist', async () => {
  const outputs = Object.keys((await readHcl(new URL('outputs.tf', INFRA))).output ?? {});
  const mentioned = [...found(aboutCloud, /`(\w+)`/g), ...found(aboutCloud, /output -raw (\w+)/g)];
  expect(mentioned).toEqual(expect.arrayContaining(outputs));
  expect(outputs).toEqual(expect.arrayContaining(found(readme, /output (?:-raw )?(\w+)/g)));
});

test('README’s commands name resources, variables and tables that exist', async () => {
  const commands = examples.join('\n');
  const resources = (await readResources()).map(({ type, name }) => `${type}.${name}`);
  const addresses = found(commands, /\b(google_\w+\.\w+)/g);
  expect(addresses.length).toBeGreaterThan(0);
  expect(resources).toEqual(expect.arrayContaining(addresses));

  const variables = [
    ...found(commands, /-var[ =](\w+)=/g),
    ...found(commands, /TF_VAR_(\w+)/g),
    ...found(aboutCloud, /`(\w+) = /g),
  ];
  expect(variables.length).toBeGreaterThan(3);
  expect(Object.keys(await readVariables())).toEqual(expect.arrayContaining(variables));

  const tables = readdirSync(new URL('functions/schema/', ROOT))
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.replace('.json', ''));
  const lists = found(commands, /for table in ([\w ]+);/g);
  expect(lists.length).toBeGreaterThan(0);
  for (const list of lists) expect(list.split(' ').sort()).toEqual(tables.sort());
});

test('README names every alert, and counts their cost', () => {
  const monitoring = readFileSync(new URL('monitoring.tf', INFRA), 'utf8');
  const titles = found(monitoring, /^ +title += "(.+)"$/gm).filter((title) => !/[A-Z]/.test(title));
  expect(titles.length).toBeGreaterThan(4);
  for (const title of titles) expect(aboutCloud).toContain(`| ${title}`);
  // One more: that about silence has a number of hours in its title.
  expect(readme).toContain(`${titles.length + 1} alerts with one condition each`);
});

// Windows has no such shell.
test.skipIf(process.platform === 'win32')('every example of README is a shell’s command', () => {
  expect(examples.length).toBeGreaterThan(10);
  for (const example of examples) execFileSync('sh', ['-n'], { input: example.replaceAll(/^ {3}/gm, '') });
});

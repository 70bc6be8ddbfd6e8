import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse } from '@cdktn/hcl2json';
import { describe, expect, test as plain } from 'vitest';
import { TABLES } from '../../functions/schema/tables.ts';
import { parseCommand } from '../../local/arguments.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { ROOT, readResources } from '../infra/hcl.ts';
import { load } from '../support/rows.ts';
import { runSync } from '../support/runs.ts';
import { test } from '../support/test.ts';
import { blocksIn, found, MARKDOWN } from './markdown.ts';
import { namesInTerraform } from './terraform.ts';

const commands = blocksIn('sh');
const allCommands = commands.map(({ text }) => text).join('\n');
const BIGQUERY = /^-- BigQuery\n/;

// Windows has no such shell.
plain.skipIf(process.platform === 'win32')('every command is one that a shell can read', () => {
  expect(commands.length).toBeGreaterThan(20);
  for (const { text } of commands) execFileSync('sh', ['-n'], { input: text });
});

plain.each(MARKDOWN)('$path names scripts that package.json has', ({ text }) => {
  const names = found(text, /npm run (?:--silent )?([\w-]+)/g);
  expect(Object.keys(packageJson.scripts)).toEqual(expect.arrayContaining(names));
});

plain('every npm run sync has options that it knows', () => {
  const lines = found(allCommands, /npm run (?:--silent )?sync -- ([^#|\n]+)/g);
  expect(lines.length).toBeGreaterThan(4);
  for (const line of lines) expect(() => parseCommand(line.trim().split(/\s+/)), line).not.toThrow();
});

plain('Deploy takes at most eight commands, from signing in to the first run', () => {
  const deploy = MARKDOWN.find(({ path }) => path === 'docs/deploy.md')?.text ?? '';
  const steps = /^## Steps$(.*?)^## /ms.exec(deploy)?.[1] ?? '';
  const lines = found(steps, /^ *```sh\n(.*?)^ *```/gms).flatMap((text) => text.trim().split('\n'));
  expect(lines.length).toBeLessThanOrEqual(8);
  const outputs = found(lines.join('\n'), /output -raw (\w+)/g);
  expect(outputs).toEqual(['add_credentials', 'check', 'run_now']);
});

describe('what the commands for Google Cloud name exists', () => {
  plain('outputs', async () => {
    const names = found(allCommands, /terraform -chdir=infra output -raw (\w+)/g);
    expect(names.length).toBeGreaterThan(3);
    expect(await namesInTerraform('output')).toEqual(expect.arrayContaining(names));
  });

  plain('variables', async () => {
    const runs = allCommands.replaceAll('\\\n', '').split('\n');
    const names: string[] = [];
    for (const run of runs) {
      const given = [...found(run, /-var (\w+)=/g), ...found(run, /TF_VAR_(\w+)/g)];
      if (given.length === 0) continue;
      const [folder = 'infra'] = found(run, /-chdir=(\S+)/g);
      expect(await namesInTerraform('variable', folder), run).toEqual(expect.arrayContaining(given));
      names.push(...given);
    }
    expect(names.length).toBeGreaterThan(6);
  });

  plain('resources and tables', async () => {
    const resources = (await readResources()).map(({ type, name }) => `${type}.${name}`);
    const addresses = found(allCommands, /\b(google_\w+\.\w+)/g);
    expect(addresses.length).toBeGreaterThan(1);
    expect(resources).toEqual(expect.arrayContaining(addresses));

    const lists = found(allCommands, /for table in ([\w ]+);/g);
    expect(lists.length).toBeGreaterThan(0);
    for (const list of lists) expect(list.split(' ').sort()).toEqual(Object.keys(TABLES).sort());
  });

  plain('the arguments of the module', async () => {
    const variables = await namesInTerraform('variable');
    const examples = blocksIn('hcl');
    expect(examples.length).toBeGreaterThan(0);
    for (const { path, text } of examples) {
      const { module = {} } = (await parse(path, text)) as { module?: Record<string, object[]> };
      const given = Object.values(module).flatMap(([body = {}]) => Object.keys(body));
      expect(['source', ...variables]).toEqual(expect.arrayContaining(given));
      expect(given).toEqual(expect.arrayContaining(['project_id', 'region']));
    }
  });
});

test('npm run query answers every query that is not for BigQuery alone', async ({ folder, startKondado }) => {
  const statements = blocksIn('sql').map(({ text }) => text);
  const queries = [
    ...statements.filter((text) => !BIGQUERY.test(text)),
    ...found(allCommands, /npm run query -- "([^"]+)"/g),
  ];
  expect(queries.length).toBeGreaterThan(6);

  const { env } = await startKondado({
    pipeline_logs: load('pipeline_logs', 60),
    model_logs: load('model_logs', 3),
  });
  const file = join(folder, 'kondado.duckdb');
  await runSync({ ...env, WAREHOUSE: 'duckdb', DUCKDB_PATH: file });
  const script = fileURLToPath(new URL('local/query.ts', ROOT));
  const ask = promisify(execFile);
  for (const sql of queries) {
    const { stdout } = await ask(process.execPath, [script, sql], {
      env: { PATH: process.env.PATH, DUCKDB_PATH: file },
    });
    expect(stdout.trim(), sql).not.toBe('');
  }
});

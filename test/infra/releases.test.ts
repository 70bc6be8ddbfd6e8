import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { ROOT } from './hcl.ts';
import {
  findLosses,
  findNewestRelease,
  readReleasedSchemas,
  readSchemas,
  type TableSchema,
} from './releases.ts';

const CHECKOUT = fileURLToPath(ROOT);
const release = findNewestRelease(CHECKOUT);

test.runIf(release)('since the last release columns were only added, NULLABLE, at the end', () => {
  const released = readReleasedSchemas(CHECKOUT, release as string);
  expect(Object.keys(released)).toContain('pipeline_logs.json');
  expect(findLosses(released, readSchemas(CHECKOUT))).toEqual([]);
});

const id = { name: 'id', type: 'INT64', mode: 'REQUIRED' };
const note = { name: 'note', type: 'STRING', mode: 'NULLABLE' };
const day = { type: 'DAY', field: 'createdat' };
const RELEASED = { 'logs.json': { partition: day, schema: [id, note] } };
const logs = (...schema: TableSchema['schema']) => ({ 'logs.json': { partition: day, schema } });

test.each<[string, Record<string, TableSchema>]>([
  ['nothing', RELEASED],
  ['a NULLABLE column at the end', logs(id, note, { ...note, name: 'more' })],
  ['another table', { ...RELEASED, 'others.json': { partition: day, schema: [id] } }],
])('%s may be new', (_name, current) => {
  expect(findLosses(RELEASED, current)).toEqual([]);
});

test.each<[string, Record<string, TableSchema>, string[]]>([
  ['a table that is gone', {}, ['logs.json is gone, and its rows with it.']],
  ['a column that is gone', logs(id), ['logs.json: column 2 is no longer note STRING NULLABLE.']],
  [
    'a column between others',
    logs({ ...note, name: 'more' }, id, note),
    [
      'logs.json: column 1 is no longer id INT64 REQUIRED.',
      'logs.json: column 2 is no longer note STRING NULLABLE.',
    ],
  ],
  [
    'another type',
    logs(id, { ...note, type: 'JSON' }),
    ['logs.json: column 2 is no longer note STRING NULLABLE.'],
  ],
  [
    'another mode',
    logs(id, { ...note, mode: 'REQUIRED' }),
    ['logs.json: column 2 is no longer note STRING NULLABLE.'],
  ],
  [
    'a REQUIRED column',
    logs(id, note, { ...id, name: 'more' }),
    ['logs.json: more is new and not NULLABLE.'],
  ],
  [
    'another partition',
    { 'logs.json': { partition: { ...day, type: 'HOUR' }, schema: [id, note] } },
    ['logs.json is partitioned otherwise.'],
  ],
])('%s is refused', (_name, current, losses) => {
  expect(findLosses(RELEASED, current)).toEqual(losses);
});

const checkout = mkdtempSync(join(tmpdir(), 'kondado-releases-'));
afterAll(() => rmSync(checkout, { recursive: true, force: true }));

test('the guard begins with the first tag, and compares with the newest one', () => {
  const settings = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=Ana', '-c', 'user.email=ana@example.com', ...words], {
      cwd: checkout,
      env: settings,
      stdio: 'pipe',
    });
  const write = (schemas: Record<string, TableSchema>) => {
    for (const [file, schema] of Object.entries(schemas))
      writeFileSync(join(checkout, 'functions/schema', file), JSON.stringify(schema));
    git('add', '.');
    git('commit', '--message=Change the tables');
  };
  mkdirSync(join(checkout, 'functions/schema'), { recursive: true });

  expect(findNewestRelease(checkout)).toBeUndefined(); // a copy without git
  git('init');
  write(logs(id));
  git('tag', 'version-of-somebody-else');
  expect(findNewestRelease(checkout)).toBeUndefined();

  git('tag', 'v0.9.0');
  write(RELEASED);
  git('tag', 'v0.10.0');
  write(logs(id));
  expect(findNewestRelease(checkout)).toBe('v0.10.0');
  const released = readReleasedSchemas(checkout, 'v0.10.0');
  expect(released).toEqual(RELEASED);
  expect(findLosses(released, readSchemas(checkout))).toEqual([
    'logs.json: column 2 is no longer note STRING NULLABLE.',
  ]);

  git('checkout', '--detach', 'v0.9.0'); // a later release of another line is not what this one comes from
  expect(findNewestRelease(checkout)).toBe('v0.9.0');
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { MADE_UP_KEY } from '../../../functions/config.ts';
import { type ColumnType, TABLES, type TableName } from '../../../functions/schema/tables.ts';
import { load } from '../../support/rows.ts';
import { runSync } from '../../support/runs.ts';
import { test as base, type Kondado } from '../../support/test.ts';
import { duckDbWarehouse, runInDuckDb } from '../../support/warehouses.ts';

const ROWS = 3;
const VALUES: Partial<Record<ColumnType, string>> = {
  INT64: '1',
  STRING: "'x'",
  BOOL: 'true',
  TIMESTAMP: 'now()',
};

interface Fixtures {
  path: string;
  /** An account, and the sandbox as commands without credentials reach it. */
  account: Kondado;
  sandbox: Kondado;
}

const test = base.extend<Fixtures>({
  path: async ({ folder }, use) => use(join(folder, 'logs.duckdb')),
  account: async ({ startKondado }, use) =>
    use(await startKondado({ pipeline_logs: load('pipeline_logs', ROWS) })),
  sandbox: async ({ startKondado }, use) =>
    use(await startKondado({ key: MADE_UP_KEY, pipeline_logs: load('pipeline_logs', ROWS) })),
});

const syncFrom = async ({ env }: Kondado, path: string) =>
  (await runSync({ ...env, ...duckDbWarehouse(path).env, STREAMS: 'pipeline_logs' })).report;

const REFUSED = { outcome: 'failed', streams: [], error: { code: 'CONFIG_INVALID' } };

test('the sandbox writes nothing among rows that are not its own', async ({ path, account, sandbox }) => {
  expect(await syncFrom(account, path)).toMatchObject({ outcome: 'success' });
  const before = readFileSync(path);
  const refused = await syncFrom(sandbox, path);
  expect(refused).toMatchObject(REFUSED);
  expect(refused.error?.message).toContain(path);
  expect(refused.error?.message).toMatch(
    /no credentials.*Set KONDADO_API_KEY and KONDADO_TOKEN.*DUCKDB_PATH/,
  );
  expect(readFileSync(path).equals(before)).toBe(true);
  expect(sandbox.sandbox.requests).toEqual([]);
  expect(await syncFrom(account, path)).toMatchObject({ outcome: 'success' });
});

test.for(Object.keys(TABLES))('a single row of %s keeps the sandbox away', async (table, {
  path,
  account,
  sandbox,
}) => {
  await syncFrom(account, path);
  for (const each of Object.keys(TABLES)) await runInDuckDb(path, `DELETE FROM ${each}`);
  const required = TABLES[table as TableName].schema.filter(({ mode }) => mode === 'REQUIRED');
  const names = required.map(({ name }) => name);
  const values = required.map(({ type }) => VALUES[type]);
  await runInDuckDb(path, `INSERT INTO ${table} (${names}) VALUES (${values})`);
  expect(await syncFrom(sandbox, path)).toMatchObject(REFUSED);
});

test('rows of an account do not get among made-up ones', async ({ path, account, sandbox }) => {
  expect(await syncFrom(sandbox, path)).toMatchObject({ outcome: 'success' });
  const before = readFileSync(path);
  const refused = await syncFrom(account, path);
  expect(refused).toMatchObject(REFUSED);
  expect(refused.error?.message).toContain(path);
  expect(refused.error?.message).toMatch(/made up.*Set DUCKDB_PATH to another file/);
  expect(readFileSync(path).equals(before)).toBe(true);
  expect(account.sandbox.requests).toEqual([]);
  expect(await syncFrom(sandbox, path)).toMatchObject({ outcome: 'success' });
});

test('a file is marked before its first made-up row', async ({ path, account, sandbox }) => {
  const env = { ...sandbox.env, KONDADO_TOKEN: 'another token' };
  expect(await syncFrom({ ...sandbox, env }, path)).toMatchObject({ outcome: 'failed' });
  expect(await runInDuckDb(path, 'SELECT * FROM pipeline_logs')).toEqual([]);
  expect(await syncFrom(account, path)).toMatchObject(REFUSED);
});

test('a file without rows is anyone’s, and one called sandbox.duckdb the sandbox’s', async ({
  folder,
  path,
  sandbox,
}) => {
  await runInDuckDb(path, 'CREATE TABLE others AS SELECT 1 AS one');
  expect(await syncFrom(sandbox, path)).toMatchObject({ outcome: 'success' });
  const old = join(folder, 'sandbox.duckdb');
  expect(await syncFrom(sandbox, old)).toMatchObject({ outcome: 'success' });
  await runInDuckDb(old, 'DROP SCHEMA made_up');
  expect(await syncFrom(sandbox, old)).toMatchObject({ outcome: 'success' });
});

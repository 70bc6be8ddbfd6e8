import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { billingPlaceholders } from '../../../functions/views/templates.ts';
import { connectDuckDb } from '../../../functions/warehouse/duckdb/connection.ts';
import { openDuckDb } from '../../../functions/warehouse/duckdb/duckdb.ts';
import { readDuckDbViews } from '../../../functions/warehouse/duckdb/schema.ts';
import { openReader } from '../../../functions/warehouse/open.ts';
import { load } from '../../support/rows.ts';
import { runSync, streamOf } from '../../support/runs.ts';
import { test } from '../../support/test.ts';
import { duckDbWarehouse, runInDuckDb } from '../../support/warehouses.ts';

const ONE = { STREAMS: 'pipeline_logs' };
const NO_PLAN = billingPlaceholders({ timeZone: 'UTC', planRecords: null, planPipelines: null });

test('a file that another process holds is named, with what can be done', async ({
  folder,
  startKondado,
  onTestFinished,
}) => {
  const path = join(folder, 'held.duckdb');
  const script = `
    const { DuckDBInstance } = await import('@duckdb/node-api');
    const instance = await DuckDBInstance.create(${JSON.stringify(path)});
    await (await instance.connect()).run('CREATE TABLE t (a INT)');
    console.log('held');
    setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: new URL('../../../', import.meta.url),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    holder.kill('SIGKILL');
  });
  await once(holder.stdout, 'data');

  const kondado = await startKondado({ pipeline_logs: load('pipeline_logs', 3) });
  const warehouse = duckDbWarehouse(path);
  const env = { ...kondado.env, ...warehouse.env, ...ONE };
  const { report } = await runSync(env);
  expect(report).toMatchObject({
    outcome: 'failed',
    streams: [],
    error: { code: 'WAREHOUSE_UNAVAILABLE', message: expect.stringContaining(path) },
  });
  expect(report.error?.message).toMatch(/held by another process.*DUCKDB_PATH/);
  expect(kondado.sandbox.requests).toEqual([]);

  holder.kill('SIGKILL');
  await once(holder, 'exit');
  expect(streamOf(await runSync(env))).toMatchObject({ outcome: 'success', rows_inserted: 3 });
});

describe('a path that cannot be used is WAREHOUSE_REJECTED', () => {
  test.for<[string, string]>([
    ['in a folder that is missing', 'missing/kondado.duckdb'],
    ['in a folder that is missing and has a lock in its name', 'locked/blocks/kondado.duckdb'],
    ['of a folder', 'folder'],
    ['of a file that is no DuckDB file', 'text.duckdb'],
    ['of a file of another kind that is empty inside', 'zeros.duckdb'],
  ])('%s', async ([, name], { folder, startKondado }) => {
    await mkdir(join(folder, 'folder'));
    await writeFile(join(folder, 'text.duckdb'), 'id,name\n'.repeat(1_000));
    await writeFile(join(folder, 'zeros.duckdb'), Buffer.alloc(20_000));
    const kondado = await startKondado();
    const path = join(folder, name);
    const { report } = await runSync({ ...kondado.env, ...duckDbWarehouse(path).env });
    expect(report.error).toMatchObject({
      code: 'WAREHOUSE_REJECTED',
      message: expect.stringContaining(path),
    });
  });
});

test('a file of an older version gets the columns that it lacks, and keeps its rows', async ({
  folder,
  startKondado,
}) => {
  const kondado = await startKondado({ pipeline_logs: load('pipeline_logs', 3) });
  const warehouse = duckDbWarehouse(join(folder, 'old.duckdb'));
  const env = { ...kondado.env, ...warehouse.env, ...ONE };
  await runSync(env);
  await warehouse.run('ALTER TABLE sync_runs DROP COLUMN version');
  expect(streamOf(await runSync(env))).toMatchObject({ error: null, outcome: 'success' });
  const runs = await warehouse.run('SELECT version FROM sync_runs ORDER BY started_at');
  expect(runs).toEqual([{ version: null }, { version: expect.stringMatching(/^\d/) }]);
});

test('a file of a newer version, with a column that is not known here, is written or refused with a clear text', async ({
  folder,
  startKondado,
}) => {
  const kondado = await startKondado({ pipeline_logs: load('pipeline_logs', 3) });
  const warehouse = duckDbWarehouse(join(folder, 'new.duckdb'));
  const env = { ...kondado.env, ...warehouse.env, ...ONE };
  await runSync(env);
  await warehouse.run('ALTER TABLE pipeline_logs ADD COLUMN zone VARCHAR');
  kondado.streams.pipeline_logs.push(...load('pipeline_logs', 1, { firstId: 9_000 }));
  const { error } = streamOf(await runSync(env));
  if (error === null) expect(await warehouse.latest('pipeline_logs')).toHaveLength(4);
  else
    expect(error).toMatchObject({
      code: 'WAREHOUSE_REJECTED',
      message: expect.stringContaining('new.duckdb'),
    });
});

test('views are replaced by those of the version that runs', async ({ folder, startKondado }) => {
  const kondado = await startKondado({ pipeline_logs: load('pipeline_logs', 2) });
  const warehouse = duckDbWarehouse(join(folder, 'views.duckdb'));
  const env = { ...kondado.env, ...warehouse.env };
  await runSync(env);
  await warehouse.run('CREATE OR REPLACE VIEW pipeline_logs_latest AS SELECT 1 AS old');
  await runSync(env);
  expect(await warehouse.latest('pipeline_logs')).toHaveLength(2);
});

test('a plan that was changed since the last sync is forecast at once', async ({ folder, startKondado }) => {
  const kondado = await startKondado({ pipeline_logs: load('pipeline_logs', 4, { endMinutesAgo: 0 }) });
  const path = join(folder, 'plans.duckdb');
  const run = await runSync({
    ...kondado.env,
    ...duckDbWarehouse(path).env,
    ...ONE,
    PLAN_RECORDS_PER_MONTH: '1000000000',
  });
  const day = streamOf(run).watermark_after?.slice(0, 10);
  const limitOf = async (planRecords: number | null) => {
    const billing = { timeZone: 'UTC', planRecords, planPipelines: null };
    const reader = await openReader({ warehouse: { kind: 'duckdb', path, isSandbox: false }, billing });
    const [forecast] = (await reader?.read('plan_forecast')) ?? [];
    await reader?.close();
    return [forecast?.plan_records, forecast?.limit_date?.slice(0, 10)];
  };
  expect(await limitOf(1)).toEqual([1, day]);
  expect(await limitOf(null)).toEqual([null, undefined]);
});

test('every view can be asked in the file that a sync leaves, and tells of that sync', async ({
  folder,
  startKondado,
}) => {
  const kondado = await startKondado({ pipeline_logs: load('pipeline_logs', 4) });
  const warehouse = duckDbWarehouse(join(folder, 'asked.duckdb'));
  const run = await runSync({ ...kondado.env, ...warehouse.env, ...ONE });
  const views = readDuckDbViews({ dataset: 'main', now: 'now()', ...NO_PLAN });
  for (const view of views.keys()) await warehouse.rows(view);

  const { first_id, last_id, watermark_after } = streamOf(run);
  const stream = { stream: 'pipeline_logs', client_id: null };
  expect(await warehouse.rows('coverage')).toMatchObject([{ ...stream, first_id, last_id, runs: 1n }]);
  expect(await warehouse.rows('sync_health')).toMatchObject([
    { ...stream, health: 'ok', watermark: watermark_after },
  ]);
  expect(await warehouse.rows('pipelines')).toMatchObject([{ pipeline_id: 702n, executions: 4n }]);
  const [usage] = await warehouse.run('SELECT sum(executions)::BIGINT AS executions FROM daily_usage');
  expect(usage).toEqual({ executions: 4n });
});

test('a table that is not ours is refused with a clear text', async ({ folder, startKondado }) => {
  const kondado = await startKondado({ pipeline_logs: load('pipeline_logs', 2) });
  const path = join(folder, 'other.duckdb');
  await runInDuckDb(path, 'CREATE TABLE pipeline_logs (name VARCHAR)');
  const { report } = await runSync({ ...kondado.env, ...duckDbWarehouse(path).env });
  expect(report).toMatchObject({ outcome: 'failed' });
  const error = report.error ?? report.streams[0]?.error;
  expect(error).toMatchObject({ code: 'WAREHOUSE_REJECTED', message: expect.stringContaining(path) });
});

test('a view is read though a run in the same process leaves it too little memory', async ({ folder }) => {
  const path = join(folder, 'small.duckdb');
  const billing = { timeZone: 'UTC', planRecords: null, planPipelines: null };
  await (await openDuckDb({ kind: 'duckdb', path, isSandbox: false }, billing)).close();
  await runInDuckDb(
    path,
    `INSERT INTO pipeline_logs (id, pipeline_id, row_count, createdat, _run_id, _synced_at)
     SELECT row_number() OVER (), pipeline, 1, now() - to_hours(hour::INT), 'run', now()
     FROM range(100) AS pipelines(pipeline), range(2000) AS hours(hour)`,
  );
  const reader = await openReader({ warehouse: { kind: 'duckdb', path, isSandbox: false }, billing });
  const { connection, close } = await connectDuckDb(path);
  try {
    await connection.run("SET memory_limit = '4MB'");
    await expect(connection.run('SELECT * FROM pipeline_status')).rejects.toThrow(/Out of Memory/);
    expect(await reader?.read('pipeline_status')).toHaveLength(100);
  } finally {
    close();
    await reader?.close();
  }
});

test('a page of large texts is stored behind pages of small ones', async ({ folder, startKondado }) => {
  const small = load('pipeline_logs', 100);
  const large = load('pipeline_logs', 150).slice(100);
  for (const row of large) row.pipeline_name = String(row.id).repeat(300_000);
  const kondado = await startKondado({ pipeline_logs: [...small, ...large] });
  const warehouse = duckDbWarehouse(join(folder, 'large.duckdb'));
  const stream = streamOf(await runSync({ ...kondado.env, ...warehouse.env, ...ONE }));
  expect(stream).toMatchObject({ outcome: 'success', rows_inserted: 150 });
});

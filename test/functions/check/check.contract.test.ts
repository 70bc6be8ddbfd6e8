import { describe, expect, vi } from 'vitest';
import { checked, outcomes, PLAN, requestsOf } from '../../support/checks.ts';
import { testWith, WAREHOUSES } from '../../support/contract.ts';
import { load } from '../../support/rows.ts';
import { expectRefusal, serveFunction, setEnvironment } from '../../support/server.ts';
import { test } from '../../support/test.ts';

const served = serveFunction();
const STREAMS = { pipeline_logs: load('pipeline_logs', 120), model_logs: load('model_logs', 60) };

describe.each(WAREHOUSES)('with %s', (kind) => {
  const test = testWith(kind);
  const place =
    kind === 'DuckDB' ? /the DuckDB file .*kondado\.duckdb/ : /dataset kondado of project test-project in US/;

  test('finds everything well before the first run, with few requests, and stores no log row', async ({
    startKondado,
    warehouse,
  }) => {
    const kondado = await startKondado({ ...STREAMS });
    const check = await checked(served, kondado, warehouse);

    expect(check.outcomes).toEqual(outcomes());
    expect(check.messages['kondado.pipeline_logs']).toContain('50 rows of pipeline_logs came from id 0 on');
    expect(check.messages['paging.pipeline_logs']).toMatch(/50 rows, .* inclusive .* 49 rows that fit/);
    expect(check.messages['status.pipelines']).toContain('pipeline 702 could be read: ok (scheduled)');
    expect(check.messages['status.models']).toContain('model 162 could be read: ok (scheduled)');
    expect(check.messages.warehouse).toMatch(place);
    expect(requestsOf(kondado)).toEqual({ pipelines: 4, models: 4 });
    for (const table of ['pipeline_logs', 'model_logs', 'rejected_rows'])
      expect(await warehouse.rows(table)).toEqual([]);
  });

  test('begins at the newest stored row after a run, and pages from some hundred rows back', async ({
    startKondado,
    warehouse,
  }) => {
    const kondado = await startKondado({ pipeline_logs: load('pipeline_logs', 500) });
    setEnvironment({ ...kondado.env, ...warehouse.env });
    await served.post('{}');
    const before = await warehouse.rows('pipeline_logs');
    kondado.sandbox.requests.length = 0;

    const check = await checked(served, kondado, warehouse, {
      body: { check: true, streams: ['pipeline_logs'] },
    });
    const ids = before.map(({ id }) => Number(id)).toSorted((one, other) => one - other);
    const asked = kondado.sandbox.requests.map(({ startElementId }) => startElementId);
    expect(asked).toEqual([BigInt(ids.at(-1) ?? 0), BigInt(ids[200] ?? 0), BigInt(ids[249] ?? 0), null]);
    expect(check.outcomes).toEqual(
      outcomes({
        'kondado.model_logs': 'skipped',
        'paging.model_logs': 'skipped',
        'status.models': 'skipped',
      }),
    );
    expect(await warehouse.rows('pipeline_logs')).toEqual(before);
  });

  test('leaves a row of mode check a stream in sync_runs, which changes no view and no later run', async ({
    startKondado,
    warehouse,
  }) => {
    const kondado = await startKondado({ ...STREAMS });
    const { runId, messages } = await checked(served, kondado, warehouse);
    expect(messages.writing).toContain('each of 2 streams');
    const rows = await warehouse.rows('sync_runs');
    expect(
      rows.map(({ run_id, mode, stream, outcome, requests }) => [run_id, mode, stream, outcome, requests]),
    ).toEqual(
      expect.arrayContaining([
        [runId, 'check', 'pipeline_logs', 'success', 4n],
        [runId, 'check', 'model_logs', 'success', 4n],
      ]),
    );
    expect(rows).toHaveLength(2);
    const views = warehouse.fake ? `${warehouse.fake.dataset}.` : '';
    for (const view of ['sync_health', 'coverage'])
      expect(await warehouse.run(`SELECT * FROM ${views}${view}`), view).toEqual([]);

    const { body } = await served.post('{}');
    expect(body).toMatchObject({
      outcome: 'success',
      streams: [
        { first_id: 1000, rows_inserted: 120 },
        { first_id: 1000, rows_inserted: 60 },
      ],
    });
  });
});

test('needs a usable configuration for everything else, and is answered with 200 all the same', async ({
  startKondado,
}) => {
  const kondado = await startKondado({ ...STREAMS });
  const check = await checked(served, kondado, { env: { WAREHOUSE: 'excel' } });
  expect(check.outcome).toBe('failed');
  const others = Object.keys(outcomes()).map((name) => [name, 'skipped']);
  expect(check.outcomes).toEqual({ ...Object.fromEntries(others), configuration: 'failed' });
  expect(check.messages.configuration).toContain('WAREHOUSE: received "excel"');
  expect(check.messages.plan).toBe('Not possible without configuration.');
  expect(kondado.sandbox.requests).toEqual([]);
});

test('looks at the warehouse although the credentials cannot be read', async ({ startKondado, folder }) => {
  const kondado = await startKondado({ ...STREAMS });
  vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', `${folder}/missing.json`);
  const check = await checked(served, kondado, {
    env: {
      KONDADO_API_KEY: '',
      KONDADO_API_KEY_SECRET: 'projects/p/secrets/kondado-api-key/versions/latest',
      WAREHOUSE: 'duckdb',
      DUCKDB_PATH: `${folder}/kondado.duckdb`,
    },
  });
  expect(check.messages.credentials).toMatch(/kondado-api-key\/versions\/latest could not be read/);
  expect(check.outcomes).toEqual(
    outcomes({
      credentials: 'failed',
      ...Object.fromEntries(
        ['kondado.pipeline_logs', 'kondado.model_logs', 'paging.pipeline_logs', 'paging.model_logs']
          .concat(['status.pipelines', 'status.models', 'clock'])
          .map((name) => [name, 'skipped']),
      ),
    }),
  );
});

test('warns when the limits of the plan are not known', async ({ startKondado, folder }) => {
  const kondado = await startKondado({ ...STREAMS });
  const warehouse = { env: { WAREHOUSE: 'duckdb', DUCKDB_PATH: `${folder}/kondado.duckdb` } };
  const check = await checked(served, kondado, warehouse, {
    env: Object.fromEntries(Object.keys(PLAN).map((name) => [name, ''])),
  });
  expect(check.outcomes).toEqual(outcomes({ plan: 'warning' }));
  expect(check.messages.plan).toContain('Set PLAN_RECORDS_PER_MONTH and PLAN_ACTIVE_PIPELINES');
});

test('is refused while a run is in progress, and a run while it is', async ({ startKondado, folder }) => {
  const { promise: held, resolve: release } = Promise.withResolvers<undefined>();
  const kondado = await startKondado({ ...STREAMS, fault: () => held });
  setEnvironment({ ...kondado.env, WAREHOUSE: 'duckdb', DUCKDB_PATH: `${folder}/kondado.duckdb` });
  const first = served.post('{"check":true}');
  await vi.waitUntil(() => kondado.sandbox.requests.length === 1, { timeout: 10_000 });
  expectRefusal(await served.post('{}'), 409, 'RUN_IN_PROGRESS');
  expectRefusal(await served.post('{"check":true}'), 409, 'RUN_IN_PROGRESS');
  release(undefined);
  expect((await first).body).toMatchObject({ mode: 'check', outcome: 'success' });
});

test('ends with the time budget, and says what was not looked at', async ({ startKondado, folder }) => {
  const kondado = await startKondado({
    ...STREAMS,
    fault: ({ index }) => (index === 2 ? { kind: 'hang' } : undefined),
  });
  const warehouse = { env: { WAREHOUSE: 'duckdb', DUCKDB_PATH: `${folder}/kondado.duckdb` } };
  const check = await checked(served, kondado, warehouse, { env: { TIME_BUDGET_SECONDS: '2.5' } });
  expect(check.outcome).toBe('failed');
  expect(check.outcomes).toMatchObject({
    'kondado.pipeline_logs': 'ok',
    'paging.pipeline_logs': 'failed',
    'status.pipelines': 'skipped',
    'kondado.model_logs': 'skipped',
    tables: 'ok',
    writing: 'skipped',
  });
  expect(check.messages['paging.pipeline_logs']).toContain('TIME_BUDGET_SECONDS');
});

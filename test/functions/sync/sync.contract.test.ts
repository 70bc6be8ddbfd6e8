import { afterEach, describe, expect, vi } from 'vitest';
import type { StreamReport } from '../../../functions/sync/report.ts';
import type { Paging } from '../../../local/sandbox/server.ts';
import type { FakeBigQuery } from '../../fakes/bigquery.ts';
import { DOCUMENTED_ROW, load, minutesAgo, modelRow, pipelineRow } from '../../support/rows.ts';
import { type Run, runSync, streamOf } from '../../support/runs.ts';
import { test as base, type Kondado } from '../../support/test.ts';
import { bigQueryWarehouse, duckDbWarehouse, type TestWarehouse } from '../../support/warehouses.ts';

const PAGINGS: Paging[] = [
  'inclusive',
  'exclusive',
  'null',
  'missing',
  'noPagination',
  'stuck',
  'zero',
  'emptyLast',
];

const COUNTERS = ['rows_read', 'rows_inserted', 'rows_duplicate', 'rows_rejected'] as const;

function expectToAddUp(run: Run): void {
  for (const { rows_read, rows_inserted, rows_duplicate, rows_rejected } of run.report.streams) {
    expect(rows_read).toBe(rows_inserted + rows_duplicate + rows_rejected);
  }
}

function counters(report: StreamReport) {
  return COUNTERS.map((name) => report[name]);
}

interface Opened extends TestWarehouse {
  fake?: FakeBigQuery;
}

describe.each(['DuckDB', 'BigQuery'] as const)('a sync to %s', (kind) => {
  const test = base.extend<{ warehouse: Opened }>({
    async warehouse({ folder, startBigQuery }, use) {
      if (kind === 'DuckDB') return use(duckDbWarehouse(`${folder}/kondado.duckdb`));
      const fake = await startBigQuery();
      await use({ ...bigQueryWarehouse(fake), fake });
    },
  });

  async function sync(kondado: Kondado, warehouse: TestWarehouse, env: Record<string, string> = {}) {
    const run = await runSync({ ...kondado.env, ...warehouse.env, ...env });
    expectToAddUp(run);
    return run;
  }

  const ONE = { STREAMS: 'pipeline_logs' };

  test.for(PAGINGS)('brings the first load whole and exact, the end of pages being %s', async (paging, {
    startKondado,
    warehouse,
  }) => {
    const kondado = await startKondado({
      pipeline_logs: load('pipeline_logs', 130),
      model_logs: load('model_logs', 70),
      paging,
    });
    const run = await sync(kondado, warehouse);
    expect(run.report.outcome).toBe('success');
    for (const stream of ['pipeline_logs', 'model_logs'] as const) {
      const sent = kondado.streams[stream];
      expect(counters(streamOf(run, stream))).toEqual([sent.length, sent.length, 0, 0]);
      const stored = (await warehouse.latest(stream)).map(({ id, createdat, row_count }) => [
        id,
        createdat,
        row_count,
      ]);
      expect(stored).toEqual(
        sent.map(({ id, createdAt, row_count }) => [
          BigInt(String(id)),
          String(createdAt).replace('Z', '000Z'),
          BigInt(String(row_count)),
        ]),
      );
      expect(await warehouse.rows(stream)).toHaveLength(sent.length);
    }
  });

  test('of the documented sample stores it value for value', async ({
    startKondado,
    warehouse,
    onTestFinished,
  }) => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 10, 23, 12) });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const run = await sync(await startKondado({ pipeline_logs: [DOCUMENTED_ROW] }), warehouse, ONE);
    expect(streamOf(run)).toMatchObject({
      outcome: 'success',
      requests: 1,
      first_id: 5181910n,
      last_id: 5181910n,
    });
    expect(await warehouse.rows('pipeline_logs')).toEqual([
      {
        id: 5181910n,
        pipeline_id: 702n,
        pipeline_name: 'Kondado - Blog - wp_options',
        client_id: 1n,
        row_count: 256n,
        has_deltas: false,
        execution_time_seconds: 0.486988,
        updatedat: '2020-09-17T00:03:48.108000Z',
        createdat: '2020-09-17T00:03:48.108000Z',
        initial_savepoint: null,
        new_savepoint: null,
        external_ip: '3.220.239.218',
        is_billable: true,
        raw_row_count: 123n,
        mb_estimate: 0.00231,
        _extra: null,
        _run_id: run.report.run_id,
        _synced_at: expect.stringMatching(/^2026-11-23T12:00:00/),
      },
    ]);
  });

  test('is idempotent, and an hour in which nothing happened costs one request a stream', async ({
    startKondado,
    warehouse,
  }) => {
    // More than the lookback holds, so that the start is not the first id.
    const old = (stream: 'pipeline_logs' | 'model_logs') =>
      load(stream, 80, { firstId: 100, endMinutesAgo: 180 });
    const kondado = await startKondado({
      pipeline_logs: [...old('pipeline_logs'), ...load('pipeline_logs', 40)],
      model_logs: [...old('model_logs'), ...load('model_logs', 30)],
    });
    await sync(kondado, warehouse);
    const before = await warehouse.latest('pipeline_logs');
    kondado.sandbox.requests.length = 0;
    const callsBefore = warehouse.fake?.calls.length ?? 0;

    const again = await sync(kondado, warehouse);
    expect(counters(streamOf(again, 'pipeline_logs'))).toEqual([40, 0, 40, 0]);
    expect(counters(streamOf(again, 'model_logs'))).toEqual([30, 0, 30, 0]);
    expect(kondado.sandbox.requests.map(({ stream, startElementId }) => [stream, startElementId])).toEqual(
      expect.arrayContaining([
        ['pipeline_logs', 1000n],
        ['model_logs', 1000n],
      ]),
    );
    expect(kondado.sandbox.requests).toHaveLength(2);
    expect(await warehouse.rows('pipeline_logs')).toHaveLength(120);
    expect(await warehouse.latest('pipeline_logs')).toEqual(before);

    const calls = warehouse.fake?.calls.slice(callsBefore) ?? [];
    for (const stream of ['pipeline_logs', 'model_logs']) {
      const queries = calls.filter(({ query }) => query?.includes(`.${stream}\``));
      expect(queries.length).toBeLessThanOrEqual(2);
      // Each is bounded to few partitions.
      for (const { query } of queries) expect(query).toMatch(/createdat >= @since/);
    }
    expect(calls.filter(({ kind: callKind }) => callKind === 'insertAll').map(({ table }) => table)).toEqual(
      warehouse.fake ? ['sync_runs'] : [],
    );
  });

  test('finds rows that came late, with smaller ids than others before', async ({
    startKondado,
    warehouse,
  }) => {
    const kondado = await startKondado({ pipeline_logs: load('pipeline_logs', 20) });
    await sync(kondado, warehouse, ONE);
    const { createdAt } = kondado.streams.pipeline_logs[10] ?? {};
    kondado.streams.pipeline_logs.push(pipelineRow(1010, { createdAt }), pipelineRow(2000));
    const run = await sync(kondado, warehouse, ONE);
    expect(streamOf(run)).toMatchObject({ rows_inserted: 2, rows_duplicate: 20 });
    expect((await warehouse.latest('pipeline_logs')).map(({ id }) => id)).toContain(1010n);
  });

  test('appends a row that changed, once, and shows its newest version', async ({
    startKondado,
    warehouse,
  }) => {
    const kondado = await startKondado({ pipeline_logs: load('pipeline_logs', 5) });
    await sync(kondado, warehouse, ONE);
    const [first] = kondado.streams.pipeline_logs;
    kondado.streams.pipeline_logs[0] = { ...first, row_count: '999', updatedAt: minutesAgo(1) };
    expect(counters(streamOf(await sync(kondado, warehouse, ONE)))).toEqual([5, 1, 4, 0]);
    expect(counters(streamOf(await sync(kondado, warehouse, ONE)))).toEqual([5, 0, 5, 0]);
    const latest = await warehouse.latest('pipeline_logs');
    expect(latest.map(({ row_count }) => row_count)).toEqual([999n, 7n, 14n, 21n, 28n]);
    expect(await warehouse.rows('pipeline_logs')).toHaveLength(6);
  });

  test('takes a missing updatedAt as a version of its own', async ({ startKondado, warehouse }) => {
    const kondado = await startKondado({ pipeline_logs: [pipelineRow(1, { updatedAt: null })] });
    await sync(kondado, warehouse, ONE);
    expect(counters(streamOf(await sync(kondado, warehouse, ONE)))).toEqual([1, 0, 1, 0]);
    kondado.streams.pipeline_logs[0] = pipelineRow(1, {
      row_count: '5',
      createdAt: kondado.streams.pipeline_logs[0]?.createdAt,
    });
    expect(counters(streamOf(await sync(kondado, warehouse, ONE)))).toEqual([1, 1, 0, 0]);
    expect(await warehouse.latest('pipeline_logs')).toMatchObject([{ row_count: 5n }]);
  });

  test('keeps a watermark for each client', async ({ startKondado, warehouse }) => {
    const rows = (clientId: number, endMinutesAgo: number, firstId: number) =>
      load('pipeline_logs', 60, { endMinutesAgo, firstId }).map((row) => ({ ...row, client_id: clientId }));
    const kondado = await startKondado({ pipeline_logs: [...rows(1, 300, 1_000), ...rows(2, 5, 5_000)] });
    const env = { ...ONE, KONDADO_CLIENT_IDS: '1,2' };
    const first = await sync(kondado, warehouse, env);
    expect(first.report.streams).toMatchObject([
      { client_id: 1n, rows_inserted: 60, last_id: 1177n },
      { client_id: 2n, rows_inserted: 60, last_id: 5177n },
    ]);
    // A row of client 1 that is older than all of client 2.
    kondado.streams.pipeline_logs.push(pipelineRow(4_000, { client_id: 1, createdAt: minutesAgo(290) }));
    kondado.sandbox.requests.length = 0;
    const second = await sync(kondado, warehouse, env);
    expect(second.report.streams).toMatchObject([
      { client_id: 1n, rows_inserted: 1, watermark_before: first.report.streams[0]?.watermark_after },
      { client_id: 2n, rows_inserted: 0, watermark_before: first.report.streams[1]?.watermark_after },
    ]);
    expect(new Set(kondado.sandbox.requests.map(({ clientId }) => clientId))).toEqual(new Set(['1', '2']));
    expect((await warehouse.rows('sync_runs')).map(({ client_id }) => client_id).sort()).toEqual([
      1n,
      1n,
      2n,
      2n,
    ]);
  });

  test('sets aside what cannot be stored, once, and stores the rest of its page', async ({
    startKondado,
    warehouse,
  }) => {
    const good = load('pipeline_logs', 4);
    const bad = [
      pipelineRow(1001, { createdAt: null }),
      { ...pipelineRow(1002), id: 'x' },
      { pipeline_name: 'no id {{projectId}} \ud800' },
      pipelineRow(1004, { createdAt: '1999-01-01T00:00:00Z' }),
      pipelineRow(1005, { createdAt: new Date(Date.now() + 3 * 86_400_000).toISOString() }),
    ];
    const kondado = await startKondado({ pipeline_logs: [good[0] ?? {}, ...bad, ...good.slice(2)] });
    const run = await sync(kondado, warehouse, ONE);
    expect(counters(streamOf(run))).toEqual([8, 3, 0, 5]);
    expect(streamOf(run)).toMatchObject({ outcome: 'success', error: null });
    const again = await sync(kondado, warehouse, ONE);
    expect(counters(streamOf(again))).toEqual([8, 0, 8, 0]);

    const aside = await warehouse.rows('rejected_rows');
    expect(aside).toHaveLength(5);
    for (const { stream, run_id, reason } of aside) {
      expect({ stream, run_id }).toEqual({ stream: 'pipeline_logs', run_id: run.report.run_id });
      expect(reason).toMatch(/id|createdAt/);
    }
    const rowIds = aside.map(({ row_id }) => String(row_id)).sort();
    expect(rowIds).toEqual(['1001', '1004', '1005', 'null', 'null']);
    const kept = aside.map(({ row }) => JSON.parse(String(row)));
    expect(kept).toEqual(
      expect.arrayContaining([
        ...bad.slice(0, 2),
        ...bad.slice(3),
        { pipeline_name: 'no id {{projectId}} \ufffd' },
      ]),
    );

    // Another content of the same id is set aside anew.
    kondado.streams.pipeline_logs[1] = { ...bad[0], row_count: '1' };
    expect(counters(streamOf(await sync(kondado, warehouse, ONE)))).toEqual([8, 0, 7, 1]);
  });

  test('sets aside garbage also when it is all that a page holds', async ({ startKondado, warehouse }) => {
    const kondado = await startKondado({
      fault: () => ({ kind: 'json', value: { success: true, data: { data: ['garbage', null, {}] } } }),
    });
    expect(counters(streamOf(await sync(kondado, warehouse, ONE)))).toEqual([3, 0, 0, 3]);
    expect(counters(streamOf(await sync(kondado, warehouse, ONE)))).toEqual([3, 0, 3, 0]);
    expect(await warehouse.rows('rejected_rows')).toHaveLength(3);
  });

  test('keeps what has no column in _extra, and says so once a run', async ({ startKondado, warehouse }) => {
    const rows = load('pipeline_logs', 60).map((row) => ({ ...row, destination: 'S3', row_count: 'many' }));
    const kondado = await startKondado({ pipeline_logs: rows });
    const { lines } = await sync(kondado, warehouse, ONE);
    const drift = lines.filter(({ event }) => event === 'schema_drift');
    expect(drift).toMatchObject([
      { severity: 'WARNING', rows_by_field: { destination: 60, row_count: 60 }, stream: 'pipeline_logs' },
    ]);
    for (const { row_count, _extra } of await warehouse.rows('pipeline_logs')) {
      expect(row_count).toBeNull();
      expect(JSON.parse(String(_extra))).toEqual({ destination: 'S3', row_count: 'many' });
    }
  });

  test('is not led astray by a row whose createdAt lies ahead', async ({ startKondado, warehouse }) => {
    const ahead = pipelineRow(5_000, { createdAt: new Date(Date.now() + 12 * 3_600_000).toISOString() });
    const kondado = await startKondado({ pipeline_logs: [...load('pipeline_logs', 3), ahead] });
    const first = streamOf(await sync(kondado, warehouse, ONE));
    const newest = String(kondado.streams.pipeline_logs[2]?.createdAt).replace('Z', '000Z');
    expect(first).toMatchObject({ rows_inserted: 4, watermark_after: newest });
    kondado.streams.pipeline_logs.push(pipelineRow(6_000, { createdAt: minutesAgo(2) }));
    expect(streamOf(await sync(kondado, warehouse, ONE))).toMatchObject({
      watermark_before: newest,
      rows_inserted: 1,
    });
  });

  test('brings back every value exactly', async ({ startKondado, warehouse }) => {
    const texts = [
      '{{projectId}}',
      '{{project_id}} `p.d.t`',
      'ação 😀 \u0000 \\ "\'\n\t',
      'é'.repeat(500_000),
      '',
    ];
    const rows = texts.map((pipeline_name, index) =>
      pipelineRow(9_223_372_036_854_775_800n + BigInt(index), {
        pipeline_name,
        client_id: 9007199254740993n,
        row_count: '9007199254740993',
        execution_time_seconds: 0.1 + 0.2,
        createdAt: minutesAgo(9).replace(/\d{3}Z$/, `12345${index}Z`),
        updatedAt: '2026-01-02 03:04:05.000001',
        note: { text: pipeline_name.slice(0, 100), big: 9007199254740993n },
      }),
    );
    const kondado = await startKondado({ pipeline_logs: rows });
    const run = await sync(kondado, warehouse, ONE);
    expect(streamOf(run)).toMatchObject({ rows_inserted: 5, rows_rejected: 0 });
    const stored = await warehouse.latest('pipeline_logs');
    for (const [index, row] of rows.entries()) {
      expect(stored[index]).toMatchObject({
        id: row.id,
        pipeline_name: row.pipeline_name,
        client_id: 9007199254740993n,
        row_count: 9007199254740993n,
        execution_time_seconds: 0.1 + 0.2,
        createdat: row.createdAt,
        updatedat: '2026-01-02T03:04:05.000001Z',
      });
      const extra = String(stored[index]?._extra);
      expect(extra).toContain('9007199254740993');
      expect(JSON.parse(extra).note.text).toBe((row.note as { text: string }).text);
    }
    expect(counters(streamOf(await sync(kondado, warehouse, ONE)))).toEqual([5, 0, 5, 0]);
  });

  test('leaves a row of sync_runs with all counters, for every stream', async ({
    startKondado,
    warehouse,
  }) => {
    const kondado = await startKondado({
      pipeline_logs: load('pipeline_logs', 60),
      fault: ({ stream }) => (stream === 'model_logs' ? { kind: 'status', status: 403 } : undefined),
    });
    const run = await sync(kondado, warehouse);
    expect(run.report.outcome).toBe('failed');
    expect(run.lines.filter(({ event }) => event === 'sync_finished')).toMatchObject([
      { severity: 'ERROR', error_code: 'KONDADO_UNAUTHORIZED', run_id: run.report.run_id },
    ]);
    const stored = await warehouse.rows('sync_runs');
    const failed = stored.find(({ stream }) => stream === 'model_logs');
    const { report } = run;
    expect(failed).toMatchObject({ outcome: 'failed', error_code: 'KONDADO_UNAUTHORIZED', requests: 1n });
    expect(failed?.error_message).toBe(streamOf(run, 'model_logs').error?.message);
    const good = streamOf(run, 'pipeline_logs');
    expect(stored.find(({ stream }) => stream === 'pipeline_logs')).toEqual({
      run_id: report.run_id,
      mode: 'incremental',
      stream: 'pipeline_logs',
      client_id: null,
      outcome: 'success',
      started_at: good.started_at,
      finished_at: expect.stringMatching(/Z$/),
      rows_read: 60n,
      rows_inserted: 60n,
      rows_duplicate: 0n,
      rows_rejected: 0n,
      rows_repaired: 0n,
      requests: 2n,
      retries: 0n,
      rate_limit_hits: 0n,
      duration_ms: BigInt(good.duration_ms),
      first_id: 1000n,
      last_id: 1177n,
      watermark_before: null,
      watermark_after: good.watermark_after,
      error_code: null,
      error_message: null,
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    });
  });

  test('also when it found nothing, or had no time', async ({ startKondado, warehouse }) => {
    await sync(await startKondado(), warehouse, ONE);
    const hanging = await startKondado({ fault: () => ({ kind: 'hang' }) });
    await sync(hanging, warehouse, { ...ONE, TIME_BUDGET_SECONDS: '3' });
    const runs = await warehouse.rows('sync_runs');
    expect(runs.map(({ outcome, rows_read }) => `${outcome} ${rows_read}`).sort()).toEqual([
      'not_started 0',
      'success 0',
    ]);
  });

  test('starts the very first run at INITIAL_ELEMENT_ID', async ({ startKondado, warehouse }) => {
    const kondado = await startKondado({ pipeline_logs: load('pipeline_logs', 10) });
    const run = await sync(kondado, warehouse, { ...ONE, INITIAL_ELEMENT_ID: '1015' });
    expect(kondado.sandbox.requests[0]?.startElementId).toBe(1015n);
    expect(streamOf(run)).toMatchObject({ rows_inserted: 5, first_id: 1015n });
  });

  test('finds its place again after months of silence', async ({ startKondado, warehouse }) => {
    const kondado = await startKondado({
      pipeline_logs: load('pipeline_logs', 60, { endMinutesAgo: 100 * 1440 }),
    });
    await sync(kondado, warehouse, ONE);
    kondado.sandbox.requests.length = 0;
    kondado.streams.pipeline_logs.push(pipelineRow(9_000));
    const run = await sync(kondado, warehouse, ONE);
    expect(streamOf(run)).toMatchObject({ rows_inserted: 1 });
    expect(await warehouse.rows('pipeline_logs')).toHaveLength(61);
  });

  test('asked to verify reads stored history again and repairs what is missing', async ({
    startKondado,
    warehouse,
  }) => {
    const rows = [
      ...load('pipeline_logs', 60, { firstId: 100, endMinutesAgo: 2 * 1440 }),
      ...load('pipeline_logs', 5),
    ];
    const kondado = await startKondado({ pipeline_logs: rows });
    await sync(kondado, warehouse, ONE);
    const dataset = warehouse.fake ? `${warehouse.fake.dataset}.` : '';
    await warehouse.run(`DELETE FROM ${dataset}pipeline_logs WHERE id IN (103, 106)`);
    const run = await runSync({ ...kondado.env, ...warehouse.env, ...ONE }, { mode: 'verify' });
    expect(streamOf(run)).toMatchObject({ outcome: 'success', rows_repaired: 2, rows_inserted: 2 });
    expect(await warehouse.latest('pipeline_logs')).toHaveLength(65);
  });

  test('reads models as it reads pipelines', async ({ startKondado, warehouse }) => {
    const kondado = await startKondado({ model_logs: [modelRow(7, { model_name: null, extra_field: [1] })] });
    const run = await sync(kondado, warehouse, { STREAMS: 'model_logs' });
    expect(streamOf(run, 'model_logs')).toMatchObject({ rows_inserted: 1 });
    expect(await warehouse.latest('model_logs')).toMatchObject([
      { id: 7n, model_id: 162n, model_name: null, _extra: '{"extra_field":[1]}' },
    ]);
  });
});

afterEach(() => {
  vi.useRealTimers();
});

import { describe, expect } from 'vitest';
import type { Paging } from '../../../local/sandbox/server.ts';
import { counters, ONE_STREAM, sync, testWith, WAREHOUSES } from '../../support/contract.ts';
import { load, minutesAgo, pipelineRow } from '../../support/rows.ts';
import { streamOf } from '../../support/runs.ts';

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

describe.each(WAREHOUSES)('a sync to %s', (kind) => {
  const test = testWith(kind);

  test.for(PAGINGS)('brings the first load whole and exact, the end of pages being %s', async (paging, {
    startKondado,
    warehouse,
  }) => {
    const kondado = await startKondado({
      pipeline_logs: load('pipeline_logs', 130),
      model_logs: load('model_logs', 70),
      paging,
    });
    const run = await sync(kondado, warehouse, {}, {});
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

  test('is idempotent, and an hour in which nothing happened costs two requests a stream', async ({
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
    await sync(kondado, warehouse, {}, {});
    const before = await warehouse.latest('pipeline_logs');
    kondado.sandbox.requests.length = 0;
    const callsBefore = warehouse.fake?.calls.length ?? 0;

    const again = await sync(kondado, warehouse, {}, {});
    expect(counters(streamOf(again, 'pipeline_logs'))).toEqual([40, 0, 40, 0]);
    expect(counters(streamOf(again, 'model_logs'))).toEqual([30, 0, 30, 0]);
    expect(kondado.sandbox.requests.map(({ stream, startElementId }) => [stream, startElementId])).toEqual(
      expect.arrayContaining([
        ['pipeline_logs', 338n], // one above the largest id before the lookback
        ['pipeline_logs', 1117n],
        ['model_logs', 338n],
        ['model_logs', 1087n],
      ]),
    );
    expect(kondado.sandbox.requests).toHaveLength(4);
    expect(await warehouse.rows('pipeline_logs')).toHaveLength(120);
    expect(await warehouse.latest('pipeline_logs')).toEqual(before);

    const calls = warehouse.fake?.calls.slice(callsBefore) ?? [];
    for (const stream of ['pipeline_logs', 'model_logs']) {
      const queries = calls.filter(({ query }) => query?.includes(`.${stream}\``));
      expect(queries.length).toBeLessThanOrEqual(2);
      // Each is bounded to few partitions.
      for (const { query } of queries) expect(query).toMatch(/createdat >= TIMESTAMP '/);
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
    await sync(kondado, warehouse);
    const { createdAt } = kondado.streams.pipeline_logs[10] ?? {};
    kondado.streams.pipeline_logs.push(pipelineRow(1010, { createdAt }), pipelineRow(2000));
    const run = await sync(kondado, warehouse);
    expect(streamOf(run)).toMatchObject({ rows_inserted: 2, rows_duplicate: 20 });
    expect((await warehouse.latest('pipeline_logs')).map(({ id }) => id)).toContain(1010n);
  });

  test('appends a row that changed, once, and shows its newest version', async ({
    startKondado,
    warehouse,
  }) => {
    const kondado = await startKondado({ pipeline_logs: load('pipeline_logs', 5) });
    await sync(kondado, warehouse);
    const [first] = kondado.streams.pipeline_logs;
    kondado.streams.pipeline_logs[0] = { ...first, row_count: '999', updatedAt: minutesAgo(1) };
    expect(counters(streamOf(await sync(kondado, warehouse)))).toEqual([5, 1, 4, 0]);
    expect(counters(streamOf(await sync(kondado, warehouse)))).toEqual([5, 0, 5, 0]);
    const latest = await warehouse.latest('pipeline_logs');
    expect(latest.map(({ row_count }) => row_count)).toEqual([999n, 7n, 14n, 21n, 28n]);
    expect(await warehouse.rows('pipeline_logs')).toHaveLength(6);
  });

  test('takes a missing updatedAt as a version of its own', async ({ startKondado, warehouse }) => {
    const kondado = await startKondado({ pipeline_logs: [pipelineRow(1, { updatedAt: null })] });
    await sync(kondado, warehouse);
    expect(counters(streamOf(await sync(kondado, warehouse)))).toEqual([1, 0, 1, 0]);
    kondado.streams.pipeline_logs[0] = pipelineRow(1, {
      row_count: '5',
      createdAt: kondado.streams.pipeline_logs[0]?.createdAt,
    });
    expect(counters(streamOf(await sync(kondado, warehouse)))).toEqual([1, 1, 0, 0]);
    expect(await warehouse.latest('pipeline_logs')).toMatchObject([{ row_count: 5n }]);
  });

  test('keeps a watermark for each client', async ({ startKondado, warehouse }) => {
    const rows = (clientId: number, endMinutesAgo: number, firstId: number) =>
      load('pipeline_logs', 60, { endMinutesAgo, firstId }).map((row) => ({ ...row, client_id: clientId }));
    const kondado = await startKondado({ pipeline_logs: [...rows(1, 300, 1_000), ...rows(2, 5, 5_000)] });
    const env = { ...ONE_STREAM, KONDADO_CLIENT_IDS: '1,2' };
    const first = await sync(kondado, warehouse, {}, env);
    expect(first.report.streams).toMatchObject([
      { client_id: 1n, rows_inserted: 60, last_id: 1177n },
      { client_id: 2n, rows_inserted: 60, last_id: 5177n },
    ]);
    // A row of client 1 that is older than all of client 2.
    kondado.streams.pipeline_logs.push(pipelineRow(4_000, { client_id: 1, createdAt: minutesAgo(290) }));
    kondado.sandbox.requests.length = 0;
    const second = await sync(kondado, warehouse, {}, env);
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

  test('is not led astray by a row whose createdAt lies ahead', async ({ startKondado, warehouse }) => {
    const ahead = pipelineRow(5_000, { createdAt: new Date(Date.now() + 12 * 3_600_000).toISOString() });
    const kondado = await startKondado({ pipeline_logs: [...load('pipeline_logs', 3), ahead] });
    const first = streamOf(await sync(kondado, warehouse));
    const newest = String(kondado.streams.pipeline_logs[2]?.createdAt).replace('Z', '000Z');
    expect(first).toMatchObject({ rows_inserted: 4, watermark_after: newest });
    kondado.streams.pipeline_logs.push(pipelineRow(6_000, { createdAt: minutesAgo(2) }));
    expect(streamOf(await sync(kondado, warehouse))).toMatchObject({
      watermark_before: newest,
      rows_inserted: 1,
    });
  });

  test('starts the very first run at INITIAL_ELEMENT_ID', async ({ startKondado, warehouse }) => {
    const kondado = await startKondado({ pipeline_logs: load('pipeline_logs', 10) });
    const run = await sync(kondado, warehouse, {}, { ...ONE_STREAM, INITIAL_ELEMENT_ID: '1015' });
    expect(kondado.sandbox.requests[0]?.startElementId).toBe(1015n);
    expect(streamOf(run)).toMatchObject({ rows_inserted: 5, first_id: 1015n });
  });

  test('finds its place again after months of silence', async ({ startKondado, warehouse }) => {
    const kondado = await startKondado({
      pipeline_logs: load('pipeline_logs', 60, { endMinutesAgo: 100 * 1440 }),
    });
    await sync(kondado, warehouse);
    kondado.sandbox.requests.length = 0;
    kondado.streams.pipeline_logs.push(pipelineRow(9_000));
    const run = await sync(kondado, warehouse);
    expect(streamOf(run)).toMatchObject({ rows_inserted: 1 });
    expect(await warehouse.rows('pipeline_logs')).toHaveLength(61);
  });
});

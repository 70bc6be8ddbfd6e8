import { describe, expect } from 'vitest';
import { statusOf } from '../../../functions/sync/report.ts';
import { deleteIds, ONE_STREAM, sync, testWith, WAREHOUSES } from '../../support/contract.ts';
import { backfill, createdAt } from '../../support/history.ts';
import { load, minutesAgo, modelRow, pipelineRow } from '../../support/rows.ts';
import { streamOf } from '../../support/runs.ts';
import type { Kondado } from '../../support/test.ts';

describe.each(WAREHOUSES)('with %s, a backfill behind rows that were not synced yet', (kind) => {
  const test = testWith(kind);

  const both = async (startKondado: (options: object) => Promise<Kondado>) =>
    startKondado({
      pipeline_logs: load('pipeline_logs', 60, { endMinutesAgo: 600 }),
      model_logs: load('model_logs', 70, { endMinutesAgo: 300 }),
    });

  test.for([
    {
      name: 'a date later than both',
      request: { from: minutesAgo(100) },
      says: ['pipeline_logs', 'model_logs'],
    },
    { name: 'a date later than one', request: { from: minutesAgo(450) }, says: ['pipeline_logs'] },
    {
      name: 'an id greater than both',
      request: { fromId: 1_208n },
      says: ['pipeline_logs', 'model_logs'],
    },
    { name: 'an id greater than one', request: { fromId: 1_178n }, says: ['pipeline_logs'] },
  ])('is refused for $name; all concerned are named, nothing is read or written', async ({ request, says }, {
    startKondado,
    warehouse,
  }) => {
    const kondado = await both(startKondado);
    await sync(kondado, warehouse, {}, {});
    kondado.streams.pipeline_logs.push(pipelineRow(900_000));
    kondado.streams.model_logs.push(modelRow(900_000));
    await deleteIds(warehouse, [1_000]);
    const tables = ['pipeline_logs', 'model_logs', 'sync_runs', 'rejected_rows'];
    const before = await Promise.all(tables.map((name) => warehouse.rows(name)));
    kondado.sandbox.requests.length = 0;

    const { report } = await sync(kondado, warehouse, backfill(request), {});
    expect(report).toMatchObject({ outcome: 'failed', streams: [], error: { code: 'INVALID_REQUEST' } });
    expect(statusOf(report)).toBe(400);
    const named = ['pipeline_logs', 'model_logs'].filter((name) => report.error?.message.includes(name));
    expect(named).toEqual(says);
    expect(report.error?.message).toMatch(/incremental/);
    expect(kondado.sandbox.requests).toEqual([]);
    expect(await Promise.all(tables.map((name) => warehouse.rows(name)))).toEqual(before);

    // The same for a plan of it.
    const plan = await sync(kondado, warehouse, { ...backfill(request), dryRun: true }, {});
    expect(plan.report.error?.code).toBe('INVALID_REQUEST');
    expect(kondado.sandbox.requests).toEqual([]);
  });

  test('is allowed from exactly the newest row, or the largest id', async ({ startKondado, warehouse }) => {
    const kondado = await both(startKondado);
    await sync(kondado, warehouse);
    kondado.streams.pipeline_logs.push(pipelineRow(900_000));
    const from = createdAt(kondado.streams.pipeline_logs[59]);
    expect(streamOf(await sync(kondado, warehouse, backfill({ from })))).toMatchObject({
      rows_inserted: 1,
    });
    const again = streamOf(await sync(kondado, warehouse, backfill({ fromId: 900_000n })));
    expect(again).toMatchObject({ outcome: 'success', rows_duplicate: 1 });
  });

  test('is refused for the client whose rows it would hide', async ({ startKondado, warehouse }) => {
    const rows = (clientId: number, endMinutesAgo: number, firstId: number) =>
      load('pipeline_logs', 10, { endMinutesAgo, firstId }).map((row) => ({
        ...row,
        client_id: clientId,
      }));
    const kondado = await startKondado({
      pipeline_logs: [...rows(1, 600, 1_000), ...rows(22, 5, 5_000)],
    });
    const env = { ...ONE_STREAM, KONDADO_CLIENT_IDS: '1,22,333' };
    await sync(kondado, warehouse, {}, env);
    const { report } = await sync(kondado, warehouse, backfill({ from: minutesAgo(60) }), env);
    expect(report.error?.message).toMatch(/client 1\b/);
    expect(report.error?.message).not.toMatch(/client 22|client 333/);
    const good = await sync(kondado, warehouse, backfill({ from: minutesAgo(605) }), env);
    expect(good.report.streams.map(({ outcome, client_id }) => [client_id, outcome])).toEqual([
      [1n, 'success'],
      [22n, 'success'],
      [333n, 'success'],
    ]);
  });

  test('is allowed on an empty table', async ({ startKondado, warehouse }) => {
    const kondado = await both(startKondado);
    const report = (await sync(kondado, warehouse, backfill({ from: minutesAgo(450) }), {})).report;
    expect(report.streams).toMatchObject([
      { stream: 'pipeline_logs', outcome: 'success', rows_inserted: 0 },
      { stream: 'model_logs', outcome: 'success', rows_inserted: 70 },
    ]);
    const byId = await sync(kondado, warehouse, backfill({ fromId: 999_999n }));
    expect(streamOf(byId)).toMatchObject({ outcome: 'success', rows_read: 0 });
  });
});

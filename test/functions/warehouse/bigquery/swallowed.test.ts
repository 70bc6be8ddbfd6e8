import { describe, expect } from 'vitest';
import type { BigQueryFault, FakeCall } from '../../../fakes/bigquery.ts';
import { latestIds } from '../../../support/contract.ts';
import { idsOf } from '../../../support/history.ts';
import { createStopper, poster, postUntilDone } from '../../../support/post.ts';
import { load, pipelineRow } from '../../../support/rows.ts';
import { coverage, falselyProven } from '../../../support/stored.ts';
import { test } from '../../../support/test.ts';
import { bigQueryWarehouse } from '../../../support/warehouses.ts';

/** Tables that swallow what is streamed into them at first, as those do that were just made again. */
function swallowing(counts: Record<string, number>) {
  const left = new Map(Object.entries(counts));
  return ({ kind, table = '' }: FakeCall): BigQueryFault | undefined => {
    const rest = left.get(table) ?? 0;
    if (kind !== 'insertAll' || rest === 0) return undefined;
    left.set(table, rest - 1);
    return { kind: 'swallow' };
  };
}

describe('a table that swallows its first inserts', () => {
  test.for([
    { name: 'some pages', counts: { pipeline_logs: 4 } },
    { name: 'the first page', counts: { pipeline_logs: 1 } },
    { name: 'all of a run', counts: { pipeline_logs: 9 } },
  ])('is noticed by the first load, and the next run reads again: $name', async ({ counts }, {
    startKondado,
    startBigQuery,
  }) => {
    const rows = load('pipeline_logs', 400);
    const kondado = await startKondado({ pipeline_logs: rows });
    const warehouse = bigQueryWarehouse(await startBigQuery({ fault: swallowing(counts) }));
    const post = poster(kondado, warehouse);
    const { status, stream } = await post();
    expect(status).toBe(503);
    expect(stream).toMatchObject({
      outcome: 'failed',
      error: { code: 'WAREHOUSE_UNAVAILABLE', message: expect.stringMatching(/pipeline_logs/) },
    });
    expect(await falselyProven(warehouse, rows)).toEqual([]);
    expect((await post()).stream).toMatchObject({ outcome: 'success' });
    expect(await latestIds(warehouse)).toEqual(idsOf(rows));
    expect(await falselyProven(warehouse, rows)).toEqual([]);
    expect(await coverage(warehouse)).toHaveLength(1);
  });

  test('is noticed also where the first load takes several runs', async ({ startKondado, startBigQuery }) => {
    const rows = load('pipeline_logs', 400);
    const stopper = createStopper();
    const kondado = await startKondado({ pipeline_logs: rows, fault: stopper.fault });
    const warehouse = bigQueryWarehouse(await startBigQuery({ fault: swallowing({ pipeline_logs: 2 }) }));
    const post = poster(kondado, warehouse);
    const first = await post({}, { stop: stopper.after(4) });
    expect(first.outcome).toBe('failed');
    await postUntilDone(post, stopper, { requests: 4 });
    expect(await latestIds(warehouse)).toEqual(idsOf(rows));
    expect(await falselyProven(warehouse, rows)).toEqual([]);
  });

  test('is not suspected for rows that were set aside, refused, or repeated', async ({
    startKondado,
    startBigQuery,
  }) => {
    const rows = load('pipeline_logs', 120);
    rows[30] = pipelineRow(Number(rows[30]?.id), { createdAt: null });
    rows[60] = { ...rows[60], id: 'none' };
    rows[61] = { ...rows[60], row_count: '1' };
    rows.splice(90, 0, { ...rows[90], updatedAt: new Date().toISOString(), row_count: '2' }); // two versions of one id
    const refusing = ({ kind, table, body }: FakeCall): BigQueryFault | undefined => {
      const index = body?.rows?.findIndex(({ json }: { json: { id: string } }) => json.id === rows[10]?.id);
      if (kind !== 'insertAll' || table !== 'pipeline_logs' || index < 0 || body.skipInvalidRows)
        return undefined;
      const errors = [{ reason: 'invalid', location: 'id', debugInfo: '', message: 'No.' }];
      return { kind: 'insertErrors', errors: () => [{ index, errors }] };
    };
    const kondado = await startKondado({ pipeline_logs: rows });
    const warehouse = bigQueryWarehouse(await startBigQuery({ fault: refusing }));
    expect((await poster(kondado, warehouse)()).stream).toMatchObject({ outcome: 'success' });
  });

  test('is not suspected for an empty log, nor where rows carry no client id', async ({
    startKondado,
    startBigQuery,
  }) => {
    const kondado = await startKondado({
      pipeline_logs: load('pipeline_logs', 60).map((row) => ({ ...row, client_id: null })),
      hides: () => false,
    });
    const warehouse = bigQueryWarehouse(await startBigQuery());
    const post = poster(kondado, warehouse, { KONDADO_CLIENT_IDS: '7,8' });
    const { streams } = await post();
    expect(streams.map(({ outcome }) => outcome)).toEqual(['success', 'success', 'success', 'success']);
  });
});

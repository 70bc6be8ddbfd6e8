import { describe, expect } from 'vitest';
import { MINUTE_MS } from '../../../functions/timestamps.ts';
import { createRandom } from '../../../local/sandbox/random.ts';
import {
  deleteIds,
  latestIds,
  ONE_STREAM,
  runsOf,
  sync,
  testWith,
  WAREHOUSES,
} from '../../support/contract.ts';
import {
  createdAt,
  DAY_MINUTES,
  dayAgo,
  idsOf,
  MISSING,
  spread,
  timestamp,
  verify,
  within,
} from '../../support/history.ts';
import { load, minutesAgo, pipelineRow } from '../../support/rows.ts';
import { streamOf } from '../../support/runs.ts';

describe.each(WAREHOUSES)('a verification with %s', (kind) => {
  const test = testWith(kind);

  test('reads stored history again and repairs what is missing', async ({ startKondado, warehouse }) => {
    const rows = [
      ...load('pipeline_logs', 60, { firstId: 100, endMinutesAgo: 2 * 1440 }),
      ...load('pipeline_logs', 5),
    ];
    const kondado = await startKondado({ pipeline_logs: rows });
    await sync(kondado, warehouse);
    await deleteIds(warehouse, [103, 106]);
    const run = await sync(kondado, warehouse, verify());
    expect(streamOf(run)).toMatchObject({ outcome: 'success', rows_repaired: 2, rows_inserted: 2 });
    expect(await warehouse.latest('pipeline_logs')).toHaveLength(65);
  });

  test.for(Object.keys(MISSING))('repairs %s that are missing in the last seven days', async (pattern, {
    startKondado,
    warehouse,
  }) => {
    const rows = spread(500, 14);
    const kondado = await startKondado({ pipeline_logs: rows });
    await sync(kondado, warehouse);
    const watermark = createdAt(rows.at(-1));
    const from = new Date(Date.parse(watermark) - 7 * DAY_MINUTES * MINUTE_MS).toISOString();
    const missing = MISSING[pattern]?.(rows.slice(200, -1), createRandom(3)) ?? [];
    const inWindow = within(missing, from).length;
    await deleteIds(warehouse, idsOf(missing));
    const before = (await warehouse.rows('pipeline_logs')).length;

    const run = await sync(kondado, warehouse, verify());
    expect(streamOf(run)).toMatchObject({
      outcome: 'success',
      rows_read: within(rows, from).length,
      rows_inserted: inWindow,
      rows_repaired: inWindow,
      watermark_before: timestamp(watermark),
      watermark_after: timestamp(watermark),
    });
    const repaired = idsOf(within(missing, from));
    expect(run.lines.filter(({ event }) => event === 'rows_repaired')).toMatchObject([
      {
        severity: 'ERROR',
        stream: 'pipeline_logs',
        rows_repaired: inWindow,
        first_id: repaired[0],
        last_id: repaired.at(-1),
      },
    ]);
    const older = missing.filter((row) => createdAt(row) < from);
    expect(await latestIds(warehouse)).toEqual(idsOf(rows.filter((row) => !older.includes(row))));
    expect(await warehouse.rows('pipeline_logs')).toHaveLength(before + inWindow);

    const again = await sync(kondado, warehouse, verify());
    expect(streamOf(again)).toMatchObject({ rows_inserted: 0, rows_repaired: 0 });
    expect(again.lines.filter(({ event }) => event === 'rows_repaired')).toEqual([]);
    expect(
      (await runsOf(warehouse, 'verify')).map(({ rows_repaired }) => Number(rows_repaired)).sort(),
    ).toEqual([0, inWindow].sort());
  });

  test('of more than one run can do goes on where the last one ended, then begins anew', async ({
    startKondado,
    warehouse,
  }) => {
    const rows = spread(900, 6);
    let left = Number.POSITIVE_INFINITY;
    let stop: AbortController | undefined;
    const kondado = await startKondado({
      pipeline_logs: rows,
      fault: () => {
        if (left-- === 0) stop?.abort();
        return undefined;
      },
    });
    await sync(kondado, warehouse);
    await deleteIds(warehouse, idsOf([10, 400, 700].map((index) => rows[index] ?? {})));
    const startIds: bigint[] = [];
    const outcomes: string[] = [];
    let repaired = 0;
    do {
      left = 8;
      stop = new AbortController();
      const first = kondado.sandbox.requests.length;
      const stream = streamOf(await sync(kondado, warehouse, verify(), ONE_STREAM, stop.signal));
      startIds.push(kondado.sandbox.requests[first]?.startElementId ?? -1n);
      outcomes.push(stream.outcome);
      repaired += stream.rows_repaired;
    } while (outcomes.at(-1) === 'partial' && outcomes.length < 10);
    expect(outcomes).toEqual(['partial', 'partial', 'success']);
    expect(repaired).toBe(3);
    // Each without a search: behind what the one before has proven.
    const runs = await runsOf(warehouse, 'verify');
    const lastIds = runs.map(({ last_id }) => last_id).sort((one, other) => Number(one) - Number(other));
    expect(startIds.slice(1)).toEqual(lastIds.slice(0, -1));

    left = Number.POSITIVE_INFINITY;
    const anew = streamOf(await sync(kondado, warehouse, verify()));
    expect(anew).toMatchObject({ outcome: 'success', rows_read: rows.length });
    // A part that somebody asked for in the middle is not taken for the beginning.
    left = 3;
    stop = new AbortController();
    const fromId = BigInt(String(rows[300]?.id));
    expect(
      streamOf(await sync(kondado, warehouse, verify({ fromId }), ONE_STREAM, stop.signal)).outcome,
    ).toBe('partial');
    left = Number.POSITIVE_INFINITY;
    expect(streamOf(await sync(kondado, warehouse, verify())).rows_read).toBe(rows.length);
  });

  test('counts newer versions as inserted, not as repaired', async ({ startKondado, warehouse }) => {
    const rows = spread(100, 5);
    const kondado = await startKondado({ pipeline_logs: rows });
    await sync(kondado, warehouse);
    await deleteIds(warehouse, idsOf(rows.slice(20, 23)));
    for (const index of [22, 50, 51])
      rows[index] = { ...rows[index], row_count: '9', updatedAt: minutesAgo(1) };
    const stream = streamOf(await sync(kondado, warehouse, verify()));
    expect(stream).toMatchObject({
      rows_read: 100,
      rows_inserted: 5,
      rows_repaired: 3,
      rows_duplicate: 95,
    });
    const latest = await warehouse.latest('pipeline_logs');
    expect([22, 50, 51].map((index) => latest[index]?.row_count)).toEqual([9n, 9n, 9n]);
  });

  test('reads nothing beyond the watermark, which is for the next sync', async ({
    startKondado,
    warehouse,
  }) => {
    const rows = spread(100, 5);
    const kondado = await startKondado({ pipeline_logs: rows });
    await sync(kondado, warehouse);
    const watermark = timestamp(createdAt(rows.at(-1)));
    rows.push(pipelineRow(900_000, { createdAt: minutesAgo(2) }));
    for (const request of [
      verify(),
      verify({ from: dayAgo(4), to: minutesAgo(-60) }),
      verify({ fromId: 0n }),
    ]) {
      expect(streamOf(await sync(kondado, warehouse, request))).toMatchObject({
        outcome: 'success',
        rows_inserted: 0,
        watermark_after: watermark,
      });
    }
    expect(await latestIds(warehouse)).not.toContain(900_000);
    expect(streamOf(await sync(kondado, warehouse))).toMatchObject({ rows_inserted: 1 });
  });

  test('of a range repairs that range alone', async ({ startKondado, warehouse }) => {
    const rows = spread(200, 40);
    const kondado = await startKondado({ pipeline_logs: rows });
    await sync(kondado, warehouse);
    await deleteIds(warehouse, idsOf([10, 99, 100, 149, 150].map((index) => rows[index] ?? {})));
    const range = { from: createdAt(rows[100]), to: createdAt(rows[150]) };
    expect(streamOf(await sync(kondado, warehouse, verify(range)))).toMatchObject({
      outcome: 'success',
      rows_read: 50,
      rows_repaired: 2,
    });
    const fromId = BigInt(String(rows[50]?.id));
    expect(streamOf(await sync(kondado, warehouse, verify({ fromId })))).toMatchObject({
      rows_read: 150,
      rows_repaired: 2,
    });
    expect(await latestIds(warehouse)).toEqual(idsOf(rows.filter((_, index) => index !== 10)));
  });

  test('with nothing stored to verify is a success without a request', async ({
    startKondado,
    warehouse,
  }) => {
    const kondado = await startKondado({ pipeline_logs: spread(20, 2) });
    const { report } = await sync(kondado, warehouse, verify());
    expect(report).toMatchObject({ mode: 'verify', outcome: 'success' });
    expect(report.streams).toMatchObject([{ outcome: 'success', rows_read: 0, requests: 0, error: null }]);
    expect(kondado.sandbox.requests).toEqual([]);
    expect(await runsOf(warehouse, 'verify')).toMatchObject([{ outcome: 'success', rows_repaired: 0n }]);
    // Nor is there anything behind what is stored.
    await sync(kondado, warehouse);
    kondado.sandbox.requests.length = 0;
    const behind = streamOf(await sync(kondado, warehouse, verify({ from: minutesAgo(1) })));
    expect(behind).toMatchObject({ outcome: 'success', rows_read: 0, requests: 0 });
    expect(kondado.sandbox.requests).toEqual([]);
  });

  test('does not count rows that cannot be stored as repaired', async ({ startKondado, warehouse }) => {
    const rows = spread(60, 3);
    const kondado = await startKondado({ pipeline_logs: rows });
    await sync(kondado, warehouse);
    await deleteIds(warehouse, idsOf(rows.slice(5, 6)));
    rows[30] = { ...rows[30], id: 'none' };
    const first = streamOf(await sync(kondado, warehouse, verify()));
    expect(first).toMatchObject({ rows_inserted: 1, rows_repaired: 1, rows_rejected: 1 });
    const again = streamOf(await sync(kondado, warehouse, verify()));
    expect(again).toMatchObject({
      rows_inserted: 0,
      rows_repaired: 0,
      rows_rejected: 0,
      rows_duplicate: 60,
    });
  });
});

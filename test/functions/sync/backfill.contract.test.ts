import { describe, expect } from 'vitest';
import type { StreamReport } from '../../../functions/sync/report.ts';
import { createRandom } from '../../../local/sandbox/random.ts';
import {
  contents,
  deleteIds,
  latestIds,
  runsOf,
  sync,
  testWith,
  WAREHOUSES,
} from '../../support/contract.ts';
import {
  backfill,
  createdAt,
  dayAgo,
  disordered,
  idsOf,
  MISSING,
  spread,
  within,
} from '../../support/history.ts';
import { minutesAgo, pipelineRow } from '../../support/rows.ts';
import { streamOf } from '../../support/runs.ts';

describe.each(WAREHOUSES)('a backfill with %s', (kind) => {
  const test = testWith(kind);

  test.for(Object.keys(MISSING))('fills %s that are missing, and nothing twice', async (pattern, {
    startKondado,
    warehouse,
  }) => {
    const rows = spread(400, 20);
    const kondado = await startKondado({ pipeline_logs: rows });
    await sync(kondado, warehouse);
    const whole = contents(await warehouse.latest('pipeline_logs'));
    expect(whole).toHaveLength(rows.length);
    const missing = MISSING[pattern]?.(rows.slice(0, -1), createRandom(11)) ?? [];
    await deleteIds(warehouse, idsOf(missing));

    const from = dayAgo(10);
    const first = streamOf(await sync(kondado, warehouse, backfill({ from })));
    const inRange = within(rows, from);
    expect(first).toMatchObject({
      outcome: 'success',
      rows_read: inRange.length,
      rows_inserted: within(missing, from).length,
      rows_repaired: 0,
      first_id: BigInt(String(inRange[0]?.id)),
      last_id: BigInt(String(rows.at(-1)?.id)),
      next_id: null,
    });
    const older = missing.filter((row) => createdAt(row) < from);
    expect(await latestIds(warehouse)).toEqual(idsOf(rows.filter((row) => !older.includes(row))));

    const second = streamOf(await sync(kondado, warehouse, backfill({ fromId: 0n })));
    expect(second).toMatchObject({ rows_read: rows.length, rows_inserted: older.length });
    expect(contents(await warehouse.latest('pipeline_logs'))).toEqual(whole);

    const third = streamOf(await sync(kondado, warehouse, backfill({ from })));
    expect(third).toMatchObject({ rows_inserted: 0, rows_duplicate: inRange.length });
    expect(await warehouse.rows('pipeline_logs')).toHaveLength(rows.length);
    expect(await runsOf(warehouse, 'backfill')).toHaveLength(3);
  });

  test('from an id starts at that id, whatever came before', async ({ startKondado, warehouse }) => {
    const rows = spread(130, 10);
    const kondado = await startKondado({ pipeline_logs: rows });
    const start = BigInt(String(rows[30]?.id));
    const stream = streamOf(await sync(kondado, warehouse, backfill({ fromId: start + 1n })));
    expect(stream).toMatchObject({
      rows_inserted: 99,
      requests: 3,
      first_id: BigInt(String(rows[31]?.id)),
    });
    expect(kondado.sandbox.requests[0]?.startElementId).toBe(start + 1n);
    expect(await latestIds(warehouse)).toEqual(idsOf(rows.slice(31)));
  });

  test('ends at "to", exclusive to the microsecond, and counts nothing beyond its range', async ({
    startKondado,
    warehouse,
  }) => {
    const rows = spread(300, 30);
    const kondado = await startKondado({ pipeline_logs: rows });
    const [from, to] = [createdAt(rows[100]), createdAt(rows[160])];
    const byDate = streamOf(await sync(kondado, warehouse, backfill({ from, to })));
    expect(byDate).toMatchObject({ outcome: 'success', rows_read: 60, rows_inserted: 60 });
    expect(await latestIds(warehouse)).toEqual(idsOf(rows.slice(100, 160)));
    expect(byDate.first_id).toBe(BigInt(String(rows[100]?.id)));
    expect(byDate.last_id).toBe(BigInt(String(rows[160]?.id)) - 1n);

    const fromId = BigInt(String(rows[90]?.id));
    const justAfter = to.replace('Z', '001Z');
    const byId = streamOf(await sync(kondado, warehouse, backfill({ fromId, to: justAfter })));
    expect(byId).toMatchObject({ rows_read: 71, rows_inserted: 11, rows_duplicate: 60 });
    expect(await latestIds(warehouse)).toEqual(idsOf(rows.slice(90, 161)));
  });

  test('with a "to" in the future reads up to the newest row', async ({ startKondado, warehouse }) => {
    const rows = spread(80, 4);
    const kondado = await startKondado({ pipeline_logs: rows });
    const stream = streamOf(
      await sync(kondado, warehouse, backfill({ from: dayAgo(9), to: minutesAgo(-999) })),
    );
    expect(stream).toMatchObject({
      outcome: 'success',
      rows_inserted: 80,
      last_id: BigInt(String(rows[79]?.id)),
    });
  });

  test('from before the oldest row reads all there is', async ({ startKondado, warehouse }) => {
    const rows = spread(120, 5);
    const kondado = await startKondado({ pipeline_logs: rows });
    const stream = streamOf(await sync(kondado, warehouse, backfill({ from: dayAgo(400) })));
    expect(stream).toMatchObject({ outcome: 'success', rows_inserted: 120 });
    expect(await latestIds(warehouse)).toEqual(idsOf(rows));
  });

  test('of a time in which nothing happened is a success', async ({ startKondado, warehouse }) => {
    const rows = [...spread(60, 30).slice(0, 20), pipelineRow(90_000)];
    const kondado = await startKondado({ pipeline_logs: rows });
    const stream = streamOf(await sync(kondado, warehouse, backfill({ from: dayAgo(10), to: dayAgo(5) })));
    expect(stream).toMatchObject({ outcome: 'success', rows_read: 0, next_id: null, error: null });
    expect(await warehouse.rows('pipeline_logs')).toEqual([]);
  });

  test('stores a newer version of a row that it meets', async ({ startKondado, warehouse }) => {
    const rows = spread(60, 6);
    const kondado = await startKondado({ pipeline_logs: rows });
    await sync(kondado, warehouse);
    rows[30] = { ...rows[30], row_count: '4711', updatedAt: minutesAgo(1) };
    const stream = streamOf(await sync(kondado, warehouse, backfill({ from: dayAgo(5) })));
    expect(stream).toMatchObject({ rows_inserted: 1, rows_repaired: 0 });
    expect((await warehouse.latest('pipeline_logs'))[30]).toMatchObject({ row_count: 4711n });
  });

  test.for([1, 2, 3])('finds the rows at both ends although ids are out of order (%i)', async (seed, {
    startKondado,
    warehouse,
  }) => {
    const rows = disordered(1_200, 0.5, 59, seed); // within 59 minutes there are two pages
    const kondado = await startKondado({ pipeline_logs: rows });
    const random = createRandom(seed, 5);
    const from = minutesAgo(random.between(400, 500));
    const to = minutesAgo(random.between(150, 300));
    const stream = streamOf(await sync(kondado, warehouse, backfill({ from, to })));
    const expected = within(rows, from, to);
    expect(stream).toMatchObject({ outcome: 'success', rows_read: expected.length });
    expect(await latestIds(warehouse)).toEqual(idsOf(expected));
  });

  test.for([
    { order: 'oldest first', minutes: 0 },
    { order: 'oldest first', minutes: 45 },
    { order: 'newest first', minutes: 45 },
  ])('and others that touch it, $order, prove one range of ids, rows $minutes minutes out of order', async ({
    order,
    minutes,
  }, { startKondado, warehouse }) => {
    const rows = disordered(1_000, 0.5, minutes, 3);
    const kondado = await startKondado({ pipeline_logs: rows });
    const ends = [600, 433.1, 300, 133.222, 60].map(minutesAgo);
    const windows = ends.slice(0, -1).map((from, index) => ({ from, to: ends[index + 1] ?? '' }));
    const reports = new Map<string, StreamReport>();
    await sync(kondado, warehouse, backfill({ from: ends.at(-1) ?? '' })); // none of the others is behind the newest row
    for (const window of order === 'oldest first' ? windows : windows.toReversed()) {
      const report = streamOf(await sync(kondado, warehouse, backfill(window)));
      expect(report).toMatchObject({
        outcome: 'success',
        rows_inserted: within(rows, window.from, window.to).length,
      });
      reports.set(window.from, report);
      // Nothing in the range is missing, also while the other backfills are still to come.
      const stored = new Set(await latestIds(warehouse));
      const proven = idsOf(rows).filter(
        (id) => id >= Number(report.first_id) && id <= Number(report.last_id),
      );
      expect(proven.filter((id) => !stored.has(id))).toEqual([]);
      expect(proven.length).toBeGreaterThan(10);
    }
    const ranges = windows.map(({ from }) => reports.get(from));
    for (const [index, range] of ranges.slice(0, -1).entries()) {
      expect(ranges[index + 1]?.first_id).toBeLessThanOrEqual(Number(range?.last_id) + 1);
      expect(ranges[index + 1]?.first_id).toBeGreaterThan(Number(range?.first_id));
    }
  });
});

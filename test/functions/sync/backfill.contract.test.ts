import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect } from 'vitest';
import { type StreamReport, statusOf } from '../../../functions/sync/report.ts';
import type { RunRequest } from '../../../functions/sync/request.ts';
import { parseTimestamp } from '../../../functions/timestamps.ts';
import { createRandom } from '../../../local/sandbox/random.ts';
import type { Paging } from '../../../local/sandbox/server.ts';
import type { FakeBigQuery } from '../../fakes/bigquery.ts';
import { type ApiRow, load, minutesAgo, modelRow, pipelineRow } from '../../support/rows.ts';
import { type Environment, type Run, runSync, streamOf } from '../../support/runs.ts';
import { test as base, type Kondado } from '../../support/test.ts';
import {
  bigQueryWarehouse,
  duckDbWarehouse,
  type StoredRow,
  type TestWarehouse,
} from '../../support/warehouses.ts';

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
const ONE = { STREAMS: 'pipeline_logs' };

interface Opened extends TestWarehouse {
  fake?: FakeBigQuery;
}

/** Rows at equal distances from some days ago until five minutes ago, with gaps of all sizes between their ids. */
function spread(count: number, days: number, seed = 1): ApiRow[] {
  const random = createRandom(seed);
  const stepMinutes = (days * DAY_MINUTES - 5) / count;
  let id = 1_000;
  return Array.from({ length: count }, (_, index) => {
    id += Math.ceil(random.logNormal(3, 2));
    return pipelineRow(id, {
      createdAt: minutesAgo(days * DAY_MINUTES - index * stepMinutes),
      row_count: String(index),
    });
  });
}

/** Rows whose ids are in the order of arrival, each up to so many minutes after it was created. */
function disordered(count: number, days: number, minutes: number, seed: number): ApiRow[] {
  const random = createRandom(seed);
  return spread(count, days, seed).map((row) => {
    const createdMs = Date.parse(String(row.createdAt)) - random.between(0, minutes) * MINUTE_MS;
    return pipelineRow(Number(row.id), { createdAt: new Date(createdMs).toISOString() });
  });
}

const createdAt = (row: ApiRow | undefined) => String(row?.createdAt);
const timestamp = (text: string) => parseTimestamp(text) ?? '';
const idsOf = (rows: readonly ApiRow[]) => rows.map(({ id }) => Number(id));
const within = (rows: readonly ApiRow[], from: string, to = '9') =>
  rows.filter((row) => createdAt(row) >= from && createdAt(row) < to);
const dayAgo = (days: number) => minutesAgo(days * DAY_MINUTES);

/** What the source says, without when and by which run it was stored. */
function contents(rows: readonly StoredRow[]): StoredRow[] {
  return rows.map(({ _run_id, _synced_at, ...row }) => row);
}

function table(warehouse: Opened): string {
  return warehouse.fake ? `${warehouse.fake.dataset}.pipeline_logs` : 'pipeline_logs';
}

async function deleteIds(warehouse: Opened, ids: readonly (number | bigint)[]): Promise<void> {
  expect(ids).not.toHaveLength(0);
  await warehouse.run(`DELETE FROM ${table(warehouse)} WHERE id IN (${ids.join(', ')})`);
}

/** Ways in which rows may be missing; the newest row stays, it is the watermark. */
const PATTERNS: Record<
  string,
  (rows: readonly ApiRow[], random: ReturnType<typeof createRandom>) => ApiRow[]
> = {
  'single rows': (rows, random) => rows.filter(() => random.chance(0.05)),
  'every other row': (rows) => rows.filter((_, index) => index % 2 === 0),
  'nearly all rows': (rows, random) => rows.filter(() => random.chance(0.97)),
  'runs of rows': (rows, random) => {
    let isHole = false;
    return rows.filter(() => {
      if (random.chance(0.03)) isHole = !isHole;
      return isHole;
    });
  },
  'the oldest half': (rows) => rows.slice(0, rows.length / 2),
};

describe.each(['DuckDB', 'BigQuery'] as const)('with %s', (kind) => {
  const test = base.extend<{ warehouse: Opened }>({
    async warehouse({ folder, startBigQuery }, use) {
      if (kind === 'DuckDB') return use(duckDbWarehouse(`${folder}/kondado.duckdb`));
      const fake = await startBigQuery();
      await use({ ...bigQueryWarehouse(fake), fake });
    },
  });

  async function sync(
    kondado: Kondado,
    warehouse: Opened,
    request: Partial<RunRequest> = {},
    env: Environment = ONE,
    stop?: AbortSignal,
  ): Promise<Run> {
    const run = await runSync({ ...kondado.env, ...warehouse.env, ...env }, request, stop);
    for (const { rows_read, rows_inserted, rows_duplicate, rows_rejected } of run.report.streams) {
      expect(rows_read).toBe(rows_inserted + rows_duplicate + rows_rejected);
    }
    return run;
  }

  const backfill = (request: { from?: string; to?: string; fromId?: bigint }): Partial<RunRequest> => ({
    mode: 'backfill',
    ...(request.from === undefined ? {} : { from: timestamp(request.from) }),
    ...(request.to === undefined ? {} : { to: timestamp(request.to) }),
    ...(request.fromId === undefined ? {} : { fromId: request.fromId }),
  });

  const latestIds = async (warehouse: Opened) =>
    (await warehouse.latest('pipeline_logs')).map(({ id }) => Number(id));

  const runsOf = async (warehouse: Opened, mode: string) =>
    (await warehouse.rows('sync_runs')).filter((row) => row.mode === mode);

  describe('a backfill', () => {
    test.for(Object.keys(PATTERNS))('fills %s that are missing, and nothing twice', async (pattern, {
      startKondado,
      warehouse,
    }) => {
      const rows = spread(400, 20);
      const kondado = await startKondado({ pipeline_logs: rows });
      await sync(kondado, warehouse);
      const whole = contents(await warehouse.latest('pipeline_logs'));
      expect(whole).toHaveLength(rows.length);
      const missing = PATTERNS[pattern]?.(rows.slice(0, -1), createRandom(11)) ?? [];
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

    describe('behind rows that were not synced yet', () => {
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
      ])('is refused for $name; all concerned are named, nothing is read or written', async ({
        request,
        says,
      }, { startKondado, warehouse }) => {
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

      test('is allowed from exactly the newest row, or the largest id', async ({
        startKondado,
        warehouse,
      }) => {
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
        const env = { ...ONE, KONDADO_CLIENT_IDS: '1,22,333' };
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

    test.for<{ paging: Paging; request: { from?: string; fromId?: bigint } }>([
      { paging: 'inclusive', request: { from: dayAgo(25) } },
      { paging: 'exclusive', request: { from: dayAgo(25) } },
      { paging: 'exclusive', request: { fromId: 1n } },
    ])(
      'that runs out of time says where to go on, and going on completes it ($paging, %#)',
      { timeout: 60_000 },
      async ({ paging, request }, { startKondado, warehouse }) => {
        const rows = spread(1_100, 30);
        const kondado = await startKondado({ pipeline_logs: rows, paging, latencyMs: 200 });
        const to = dayAgo(1);
        const env = { ...ONE, TIME_BUDGET_SECONDS: '3' };
        const outcomes: string[] = [];
        const ranges: [number, number][] = [];
        for (let next = { ...request, to }; ; ) {
          const { report } = await sync(kondado, warehouse, backfill(next), env);
          expect(report.error).toBeUndefined();
          const [stream] = report.streams;
          outcomes.push(String(stream?.outcome));
          expect(report.outcome).toBe(stream?.outcome);
          if (typeof stream?.first_id === 'bigint')
            ranges.push([Number(stream.first_id), Number(stream.last_id)]);
          if (stream?.outcome !== 'partial') break;
          expect(outcomes.length).toBeLessThan(12);
          expect(stream.next_id).toBeTypeOf('bigint');
          next = { fromId: stream.next_id ?? 0n, to };
        }
        expect(outcomes.at(-1)).toBe('success');
        expect(outcomes.length).toBeGreaterThan(1);
        expect(await latestIds(warehouse)).toEqual(idsOf(within(rows, request.from ?? '', to)));
        // The ranges that the runs have proven are one.
        for (const [index, [, last]] of ranges.slice(0, -1).entries()) {
          expect(ranges[index + 1]?.[0]).toBeLessThanOrEqual(last + 1 + gapAfter(rows, last));
        }
        expect(await runsOf(warehouse, 'backfill')).toHaveLength(outcomes.length);
      },
    );

    test('that is killed anywhere and repeated ends as if it had not been', { timeout: 60_000 }, async ({
      startKondado,
      warehouse,
    }) => {
      const rows = spread(160, 20);
      let killAt = -1;
      let child: ChildProcess | undefined;
      const kondado = await startKondado({
        pipeline_logs: rows,
        fault: ({ index }) => {
          // At once, or while the page before is stored.
          if (index === killAt) setTimeout(() => child?.kill('SIGKILL'), (index % 2) * 5);
          return undefined;
        },
      });
      await sync(kondado, warehouse);
      const whole = contents(await warehouse.latest('pipeline_logs'));
      const missing = rows.slice(0, -1).filter((_, index) => index % 3 > 0);
      let killed = 0;
      for (const after of [0, 1, 2, 3]) {
        await deleteIds(warehouse, idsOf(missing));
        killAt = kondado.sandbox.requests.length + after;
        child = startBackfill({ ...kondado.env, ...warehouse.env }, dayAgo(30));
        const [, signal] = await once(child, 'exit');
        child = undefined;
        if (signal === 'SIGKILL') killed++;
        const repeated = streamOf(await sync(kondado, warehouse, backfill({ from: dayAgo(30) })));
        expect(repeated).toMatchObject({ outcome: 'success', rows_read: rows.length });
        expect(contents(await warehouse.latest('pipeline_logs'))).toEqual(whole);
        expect(await warehouse.rows('pipeline_logs')).toHaveLength(rows.length);
      }
      expect(killed).toBeGreaterThan(2);
    });
  });

  describe('a verification', () => {
    const verify = (request: { from?: string; to?: string; fromId?: bigint } = {}): Partial<RunRequest> => ({
      ...backfill(request),
      mode: 'verify',
    });

    test.for(Object.keys(PATTERNS))('repairs %s that are missing in the last seven days', async (pattern, {
      startKondado,
      warehouse,
    }) => {
      const rows = spread(500, 14);
      const kondado = await startKondado({ pipeline_logs: rows });
      await sync(kondado, warehouse);
      const watermark = createdAt(rows.at(-1));
      const from = new Date(Date.parse(watermark) - 7 * DAY_MINUTES * MINUTE_MS).toISOString();
      const missing = PATTERNS[pattern]?.(rows.slice(200, -1), createRandom(3)) ?? [];
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
        const stream = streamOf(await sync(kondado, warehouse, verify(), ONE, stop.signal));
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
      expect(streamOf(await sync(kondado, warehouse, verify({ fromId }), ONE, stop.signal)).outcome).toBe(
        'partial',
      );
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
});

/** How many ids without a row of ours follow an id: nothing between them can be missing. */
function gapAfter(rows: readonly ApiRow[], id: number): number {
  return (idsOf(rows).find((next) => next > id) ?? id + 1) - id - 1;
}

/** A backfill in a process of its own, which can be killed. */
function startBackfill(env: Environment, from: string): ChildProcess {
  const runs = new URL('../../support/runs.ts', import.meta.url).href;
  const request = JSON.stringify({ mode: 'backfill', from: timestamp(from) });
  const script = `import { runSync } from '${runs}'; await runSync({ ...process.env }, ${request});`;
  return spawn(process.execPath, ['--input-type=module', '--eval', script], {
    env: { PATH: process.env.PATH, ...ONE, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

import { describe, expect } from 'vitest';
import type { Estimate, StreamReport } from '../../../functions/sync/report.ts';
import type { RunRequest } from '../../../functions/sync/request.ts';
import { parseTimestamp } from '../../../functions/timestamps.ts';
import { createRandom } from '../../../local/sandbox/random.ts';
import type { Paging } from '../../../local/sandbox/server.ts';
import { ONE_STREAM, testWith, WAREHOUSES } from '../../support/contract.ts';
import { type ApiRow, load, minutesAgo, pipelineRow } from '../../support/rows.ts';
import { type Environment, runSync, streamOf } from '../../support/runs.ts';
import type { Kondado } from '../../support/test.ts';
import type { TestWarehouse } from '../../support/warehouses.ts';

const DAY_MINUTES = 1_440;
const MAX_REQUESTS = 30;
const TABLES = ['pipeline_logs', 'model_logs', 'sync_runs', 'rejected_rows'];

/** Rows at a steady pace from some days ago until five minutes ago; every so many ids is ours. */
function steady(count: number, days: number, idStep = 20, seed = 1): ApiRow[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, index) =>
    pipelineRow(391_000_000 + index * idStep + Math.floor(random.unit() * idStep), {
      createdAt: minutesAgo(5 + (days * DAY_MINUTES * (count - index)) / count),
    }),
  );
}

const dayAgo = (days: number) => parseTimestamp(minutesAgo(days * DAY_MINUTES)) ?? '';
const idOf = (row: ApiRow | undefined) => BigInt(String(row?.id));

interface Planned {
  plan: Estimate;
  /** What the dry run itself cost. */
  cost: number;
}

describe.each(WAREHOUSES)('a dry run with %s', (kind) => {
  const test = testWith(kind);

  async function plan(
    kondado: Kondado,
    warehouse: TestWarehouse,
    request: Partial<RunRequest> = {},
    env: Environment = ONE_STREAM,
  ): Promise<Planned> {
    const before = kondado.sandbox.requests.length;
    const run = await runSync({ ...kondado.env, ...warehouse.env, ...env }, { ...request, dryRun: true });
    const stream = streamOf(run);
    expect(run.report).toMatchObject({ dry_run: true, outcome: 'success' });
    expect(stream).toMatchObject({ outcome: 'success', rows_read: 0, rows_inserted: 0, error: null });
    expect(stream.requests).toBe(kondado.sandbox.requests.length - before);
    expect(stream.requests).toBeLessThanOrEqual(MAX_REQUESTS);
    expect(Object.keys(stream.plan ?? {}).toSorted()).toEqual([
      'first_id',
      'last_id',
      'minutes_estimated',
      'requests_estimated',
      'rows_estimated',
      'rows_stored',
      'runs_estimated',
    ]);
    return { plan: stream.plan as Estimate, cost: stream.requests };
  }

  async function real(
    kondado: Kondado,
    warehouse: TestWarehouse,
    request: Partial<RunRequest> = {},
    env: Environment = ONE_STREAM,
  ): Promise<StreamReport> {
    const stream = streamOf(await runSync({ ...kondado.env, ...warehouse.env, ...env }, request));
    expect(stream).toMatchObject({ outcome: 'success' });
    return stream;
  }

  const REQUESTS: Record<string, () => Partial<RunRequest>> = {
    'an incremental run': () => ({}),
    'a backfill by date': () => ({ mode: 'backfill', from: dayAgo(8), to: dayAgo(6) }),
    'a backfill by id': () => ({ mode: 'backfill', fromId: 391_001_000n }),
    'a verification': () => ({ mode: 'verify' }),
    'a verification of a range': () => ({ mode: 'verify', from: dayAgo(9), to: dayAgo(8) }),
  };

  test.for(
    Object.keys(REQUESTS),
  )('of %s writes nothing at all, and says what the run then does', async (name, {
    startKondado,
    warehouse,
  }) => {
    const rows = steady(150, 10);
    const kondado = await startKondado({ pipeline_logs: rows, model_logs: load('model_logs', 5) });
    await real(kondado, warehouse);
    rows.push(...load('pipeline_logs', 7, { firstId: 392_000_000, endMinutesAgo: 1 }));
    rows[100] = { ...rows[100], updatedAt: minutesAgo(1), createdAt: null }; // a row to be set aside
    const request = REQUESTS[name]?.() ?? {};
    const before = await Promise.all(TABLES.map((table) => warehouse.rows(table)));
    const { plan: planned } = await plan(kondado, warehouse, request);
    expect(await Promise.all(TABLES.map((table) => warehouse.rows(table)))).toEqual(before);
    const { requests, first_id, last_id } = await real(kondado, warehouse, request);
    expect(planned.requests_estimated).toBe(requests);
    expect(planned.first_id).toBe(first_id);
    expect(planned.last_id).toBeLessThanOrEqual(Number(last_id));
    expect(planned.runs_estimated).toBe(1);
  });

  test('of a first load makes no row either', async ({ startKondado, warehouse }) => {
    const kondado = await startKondado({ pipeline_logs: steady(1_000, 10) });
    await plan(kondado, warehouse);
    expect(await Promise.all(TABLES.map((table) => warehouse.rows(table)))).toEqual([[], [], [], []]);
  });

  test('counts what is stored of it, each id once', async ({ startKondado, warehouse }) => {
    const rows = steady(150, 10);
    const kondado = await startKondado({ pipeline_logs: rows });
    await real(kondado, warehouse, { mode: 'backfill', fromId: idOf(rows[50]) });
    for (const index of [60, 61]) rows[index] = { ...rows[index], updatedAt: minutesAgo(1) };
    await real(kondado, warehouse, { mode: 'backfill', fromId: idOf(rows[50]) });
    expect(await warehouse.rows('pipeline_logs')).toHaveLength(102);
    const { plan: planned } = await plan(kondado, warehouse, { mode: 'backfill', fromId: 0n });
    expect(planned).toEqual({
      first_id: idOf(rows[0]),
      last_id: idOf(rows[149]),
      rows_estimated: 150,
      rows_stored: 100,
      requests_estimated: 5,
      minutes_estimated: 0,
      runs_estimated: 1,
    });
  });

  test('of nothing to verify is empty and costs no request', async ({ startKondado, warehouse }) => {
    const kondado = await startKondado({ pipeline_logs: steady(10, 2) });
    const { plan: planned, cost } = await plan(kondado, warehouse, { mode: 'verify' });
    expect(cost).toBe(0);
    expect(planned).toMatchObject({
      first_id: null,
      last_id: null,
      rows_estimated: 0,
      requests_estimated: 0,
    });
  });

  test('says how long the run takes at the allowed rate, and how often it must go on', async ({
    startKondado,
    warehouse,
  }) => {
    const kondado = await startKondado({ pipeline_logs: steady(3_000, 10) });
    const limits = { KONDADO_REQUESTS_PER_SECOND: '900', KONDADO_REQUESTS_PER_MINUTE: '240' };
    const { plan: planned } = await plan(
      kondado,
      warehouse,
      {},
      { ...ONE_STREAM, ...limits, TIME_BUDGET_SECONDS: '6' },
    );
    const minutes = planned.requests_estimated / 240;
    expect(planned.minutes_estimated).toBeCloseTo(minutes, 2);
    expect(planned.runs_estimated).toBe(Math.ceil(minutes * 10));
    expect(planned.runs_estimated).toBeGreaterThan(1);
  });

  test('costs at most 30 requests a stream, however unevenly the rows came', async ({
    startKondado,
    warehouse,
  }) => {
    const random = createRandom(5);
    let id = 1;
    const uneven = steady(8_000, 90).map((row, index) => {
      id += random.chance(0.002) ? 40_000_000 : 1 + Math.floor(random.logNormal(2, 2));
      const minutes = Math.floor((8_000 - index) / 800) * 12_000 + random.between(10, 20);
      return pipelineRow(id, { ...row, id, createdAt: minutesAgo(minutes) });
    });
    const kondado = await startKondado({ pipeline_logs: uneven, model_logs: load('model_logs', 500) });
    for (const days of [80, 61.3, 33, 7]) {
      const request = { mode: 'backfill' as const, from: dayAgo(days), to: dayAgo(days - 6) };
      await plan(kondado, warehouse, request);
      const env = { ...kondado.env, ...warehouse.env };
      const { report } = await runSync(env, { ...request, dryRun: true });
      expect(report.streams).toHaveLength(2);
      for (const { requests } of report.streams) expect(requests).toBeLessThanOrEqual(MAX_REQUESTS);
    }
  });
});

describe('a dry run', () => {
  const test = testWith('DuckDB');

  test.for(
    [1, 49, 50, 51, 98, 99, 100, 148, 150, 197, 200].flatMap((count) =>
      (['inclusive', 'exclusive', 'null'] as Paging[]).map((paging) => ({ count, paging })),
    ),
  )('of $count rows counts them and their requests exactly ($paging)', async ({ count, paging }, {
    startKondado,
    warehouse,
  }) => {
    const kondado = await startKondado({ pipeline_logs: steady(count, 10), paging });
    const env = { ...kondado.env, ...warehouse.env, ...ONE_STREAM };
    const planned = streamOf(await runSync(env, { dryRun: true })).plan;
    const done = streamOf(await runSync(env));
    expect(planned).toMatchObject({
      rows_estimated: count,
      requests_estimated: done.requests,
      first_id: done.first_id,
      last_id: done.last_id,
    });
  });

  const WHOLE: Record<string, Partial<RunRequest>> = {
    'a first load': {},
    'a backfill by id': { mode: 'backfill', fromId: 391_000_500n },
    'a backfill of 40 days': { mode: 'backfill', from: dayAgo(60), to: dayAgo(20) },
    'a backfill of all since a date': { mode: 'backfill', from: dayAgo(75) },
    'a verification of 60 days': { mode: 'verify', from: dayAgo(70), to: dayAgo(10) },
    'a verification': { mode: 'verify' },
  };

  test.for(
    Object.keys(WHOLE).flatMap((name) =>
      [
        { count: 3_000, idStep: 5 },
        { count: 12_000, idStep: 400 },
      ].map((size) => ({ name, ...size })),
    ),
  )(
    'of $name in a steady history of $count rows is right by 20 %',
    { timeout: 60_000 },
    async ({ name, count, idStep }, { startKondado, warehouse }) => {
      const kondado = await startKondado({ pipeline_logs: steady(count, 90, idStep) });
      const env = { ...kondado.env, ...warehouse.env, ...ONE_STREAM };
      const request = WHOLE[name] ?? {};
      if (request.mode === 'verify') await runSync(env);
      const planned = streamOf(await runSync(env, { ...request, dryRun: true }));
      const done = streamOf(await runSync(env, request));
      expect(done).toMatchObject({ outcome: 'success' });
      expect(planned.requests).toBeLessThanOrEqual(MAX_REQUESTS);
      const share = {
        rows: (planned.plan?.rows_estimated ?? 0) / done.rows_read,
        requests: (planned.plan?.requests_estimated ?? 0) / done.requests,
      };
      for (const value of Object.values(share)) {
        expect({ share, isNear: value > 0.8 && value < 1.2 }).toEqual({ share, isNear: true });
      }
      expect(planned.plan?.first_id).toBe(done.first_id);
      const distance = Number(done.last_id) - Number(planned.plan?.last_id);
      expect(Math.abs(distance)).toBeLessThan(60 * idStep);
    },
  );
});

import { describe, expect } from 'vitest';
import type { RunRequest } from '../../../functions/sync/request.ts';
import { parseTimestamp } from '../../../functions/timestamps.ts';
import { createRandom, type Random } from '../../../local/sandbox/random.ts';
import { type ApiRow, minutesAgo, pipelineRow } from '../../support/rows.ts';
import { runSync } from '../../support/runs.ts';
import { test } from '../../support/test.ts';
import { duckDbWarehouse, type TestWarehouse } from '../../support/warehouses.ts';

const LOOKBACK_MINUTES = 60;
const DAYS = 10;
const STEPS = 10;

/** Rows in the order of their arrival, some up to the lookback out of order, some that cannot be stored. */
function history(count: number, random: Random): ApiRow[] {
  let id = 1_000;
  return Array.from({ length: count }, (_, index) => {
    id += Math.ceil(random.logNormal(20, 2));
    const minutes = (DAYS * 1_440 * (count - index)) / count;
    const lateMinutes = random.chance(0.3) ? random.between(0, LOOKBACK_MINUTES) : 0;
    const createdAt = random.chance(0.01) ? null : minutesAgo(minutes + lateMinutes);
    return pipelineRow(id, { createdAt });
  });
}

/** Whatever somebody may ask for. */
function anyRequest(random: Random, rows: readonly ApiRow[]): Partial<RunRequest> {
  const day = () => parseTimestamp(minutesAgo(random.between(0, DAYS * 1_440)));
  const [one, other] = [day(), day()].sort();
  const fromId = BigInt(Number(rows[Math.floor(random.between(0, rows.length))]?.id ?? 0));
  const choices: Partial<RunRequest>[] = [
    {},
    { mode: 'backfill', from: one, to: other },
    { mode: 'backfill', from: one },
    { mode: 'backfill', fromId, to: other },
    { mode: 'verify' },
    { mode: 'verify', from: one, to: other },
    { mode: 'verify', fromId },
  ];
  return choices[Math.floor(random.between(0, choices.length))] ?? {};
}

async function provenRanges(warehouse: TestWarehouse) {
  const runs = await warehouse.rows('sync_runs');
  return runs.flatMap(({ first_id, last_id }) =>
    first_id === null ? [] : [{ first: Number(first_id), last: Number(last_id) }],
  );
}

/** The ids of the rows in a proven range that are neither stored nor set aside. */
async function falselyProven(warehouse: TestWarehouse, rows: readonly ApiRow[]): Promise<number[]> {
  const stored = await warehouse.run(
    'SELECT id FROM pipeline_logs UNION ALL SELECT row_id FROM rejected_rows',
  );
  const kept = new Set(stored.map(({ id }) => Number(id)));
  const ranges = await provenRanges(warehouse);
  return rows
    .map(({ id }) => Number(id))
    .filter((id) => !kept.has(id) && ranges.some(({ first, last }) => first <= id && id <= last));
}

/** The view's contiguous ranges: two mean a hole. */
async function coverage(warehouse: TestWarehouse): Promise<[number, number][]> {
  const ranges = await warehouse.rows('coverage');
  return ranges.map(({ first_id, last_id }): [number, number] => [Number(first_id), Number(last_id)]);
}

describe('what the runs report as proven', () => {
  test.for([
    1, 2, 3, 4,
  ])('is stored or set aside, in whatever order modes, failures and new rows come (%i)', async (seed, {
    folder,
    startKondado,
  }) => {
    const random = createRandom(seed);
    const all = history(900, random);
    const rows = all.slice(0, seed % 2 === 0 ? 0 : 200);
    let failAt = -1;
    const kondado = await startKondado({
      pipeline_logs: rows,
      fault: ({ index }) =>
        index === failAt ? { kind: 'envelopeError', error: 'SOME_ERROR', message: 'No.' } : undefined,
    });
    const warehouse = duckDbWarehouse(`${folder}/kondado.duckdb`);
    const env = {
      ...kondado.env,
      ...warehouse.env,
      STREAMS: 'pipeline_logs',
      LOOKBACK_MINUTES: String(LOOKBACK_MINUTES),
    };
    for (let step = 0; step < STEPS; step++) {
      if (random.chance(0.5)) rows.push(...all.slice(rows.length, rows.length + random.between(0, 200)));
      failAt = random.chance(0.3) ? kondado.sandbox.requests.length + Math.floor(random.between(0, 5)) : -1;
      await runSync(env, anyRequest(random, rows));
      expect(await falselyProven(warehouse, rows)).toEqual([]);
    }
    failAt = -1;
    rows.push(...all.slice(rows.length));
    const { report } = await runSync(env);
    expect(report.outcome).toBe('success');
    // Whatever was done before, there is no hole behind the first id ever read.
    const ranges = await coverage(warehouse);
    expect(ranges).toHaveLength(1);
    expect(ranges[0]?.[1]).toBe(all.at(-1)?.id);
    expect((await provenRanges(warehouse)).length).toBeGreaterThan(2);
  });

  test.for([
    { name: 'by default', env: {} },
    { name: 'without a lookback', env: { LOOKBACK_MINUTES: '0' } },
    { name: 'from an id on', env: { INITIAL_ELEMENT_ID: '1500' } },
  ])('is one range after hours with and without news, $name', async ({ env }, { folder, startKondado }) => {
    const all = history(300, createRandom(9));
    const rows: ApiRow[] = [];
    const kondado = await startKondado({ pipeline_logs: rows });
    const warehouse = duckDbWarehouse(`${folder}/kondado.duckdb`);
    for (const news of [0, 1, 0, 120, 0, 3, 60]) {
      rows.push(...all.slice(rows.length, rows.length + news));
      await runSync({ ...kondado.env, ...warehouse.env, STREAMS: 'pipeline_logs', ...env });
      expect(await falselyProven(warehouse, rows)).toEqual([]);
      expect((await coverage(warehouse)).length).toBeLessThanOrEqual(1);
    }
    const first = rows.find(({ id }) => Number(id) >= Number(env.INITIAL_ELEMENT_ID ?? 0));
    expect(await coverage(warehouse)).toEqual([[first?.id, rows.at(-1)?.id]]);
  });
});

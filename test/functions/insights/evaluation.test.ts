import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { readReadingConfig } from '../../../functions/config.ts';
import { createEvaluation } from '../../../functions/insights/evaluation.ts';
import type { LogRow } from '../../../functions/rows.ts';
import { addMs, HOUR_MS, MINUTE_MS, timestampOf } from '../../../functions/timestamps.ts';
import type { EarlierRun } from '../../../functions/warehouse/queries.ts';
import type { Warehouse } from '../../../functions/warehouse/warehouse.ts';
import { FORECAST, late, logged, onTime, PLAN, type Rows, report } from '../../support/alert-lines.ts';
import { writeRelations } from '../../support/relations.ts';
import { test } from '../../support/test.ts';

const NEVER = new AbortController().signal;
const SOURCE = { stream: 'pipeline_logs', clientId: null } as const;
const THIS_HOUR = timestampOf(Math.floor(Date.now() / HOUR_MS) * HOUR_MS);

/** A successful run, so many minutes after this hour began, or before it. */
const earlier = (minutes: number, fields: Partial<EarlierRun> = {}): EarlierRun => ({
  runId: `run ${minutes}`,
  mode: 'incremental',
  outcome: 'success',
  firstId: null,
  lastId: null,
  startedAt: addMs(THIS_HOUR, minutes * MINUTE_MS),
  finishedAt: addMs(THIS_HOUR, minutes * MINUTE_MS),
  acceptsGap: false,
  inserted: 0,
  ...fields,
});

interface Scene {
  runs: EarlierRun[];
  news: number;
  before?: Rows;
  after?: Rows;
}

/** The events of the lines that a run after these leaves, with tables in the place of the views. */
async function linesAfter(folder: string, { runs, news, before = {}, after = {} }: Scene) {
  const path = join(folder, 'views.duckdb');
  const write = async (rows: Rows) => {
    rmSync(path, { force: true });
    await writeRelations(path, { plan_forecast: [FORECAST], ...rows });
  };
  await write(before);
  const config = readReadingConfig({ WAREHOUSE: 'duckdb', DUCKDB_PATH: path, ...PLAN });
  const evaluation = createEvaluation(
    { ...config, timeBudgetMs: 600_000 },
    { reading: NEVER, storing: NEVER },
  );
  const warehouse = evaluation.watch({
    standing: async () => ({ position: null, runs }),
    store: async (_reading: unknown, rows: readonly LogRow[]) => {
      await write(after);
      return { stored: rows, refused: [] };
    },
  } as unknown as Warehouse);
  await warehouse.standing(SOURCE, THIS_HOUR, 0);
  const rows = Array.from({ length: news }) as LogRow[];
  await warehouse.store({} as Parameters<Warehouse['store']>[0], rows, []);
  await evaluation.end();
  const lines = await logged((log) => evaluation.log(report(), NEVER, log));
  return lines.map(({ event }) => event);
}

describe('the views are read', () => {
  test.for<[string, EarlierRun[], number, string[]]>([
    ['in a first run', [], 0, ['plan_usage']],
    ['in the first run of an hour', [earlier(-5), earlier(-60)], 0, ['plan_usage']],
    ['in a run that brings new rows', [earlier(0)], 3, ['plan_usage']],
    ['in no other run', [earlier(0)], 0, []],
    ['although the others of the hour have failed', [earlier(0, { outcome: 'failed' })], 0, ['plan_usage']],
    ['although a backfill has succeeded', [earlier(0, { mode: 'backfill' })], 0, ['plan_usage']],
  ])('%s', async ([, runs, news, expected], { folder }) => {
    expect(await linesAfter(folder, { runs, news })).toEqual(expected);
  });
});

describe('a pipeline that became overdue between two runs', () => {
  /** It has been overdue for five minutes when the newest run before this one began, which had no evaluation. */
  const knownThrough = (run: EarlierRun) => new Date(run.startedAt.replace('000Z', 'Z'));
  const scene = (runs: EarlierRun[]) => {
    const newest = runs.at(-1) as EarlierRun;
    const overdue = late(7, 0, { overdue_minutes: 5, known_through: knownThrough(newest) });
    const calm = { plan_forecast: [{ ...FORECAST, data_through: null }] };
    return {
      runs,
      news: 1,
      before: { ...calm, pipeline_status: [overdue, onTime(8)] },
      after: { ...calm, pipeline_status: [{ ...overdue, overdue_minutes: 10 }, onTime(8)] },
    };
  };

  test.for<[string, EarlierRun[], string[]]>([
    ['is told if none of them was evaluated since', [earlier(-60), earlier(-50)], ['pipeline_overdue']],
    ['is told once if one was', [earlier(-60), earlier(-50, { inserted: 1 })], []],
    [
      'is told once if one was, of whose streams one failed',
      [earlier(-60), earlier(-50, { inserted: 2 }), { ...earlier(-50), outcome: 'failed' }],
      [],
    ],
    ['is told once if it was overdue in the hour’s first', [earlier(-53), earlier(-50)], []],
  ])('%s', async ([, runs, expected], { folder }) => {
    expect(await linesAfter(folder, scene(runs))).toEqual(expected);
  });
});

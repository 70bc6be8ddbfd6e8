import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { readReadingConfig } from '../../../functions/config.ts';
import { logAlerts } from '../../../functions/insights/alerts.ts';
import { createLog } from '../../../functions/log.ts';
import { type RunReport, type StreamOutcome, startStreamReport } from '../../../functions/sync/report.ts';
import { MINUTE_MS, timestampOf } from '../../../functions/timestamps.ts';
import type { ViewName, ViewRow } from '../../../functions/views/columns.ts';
import { createOverview } from '../../fixtures/overview.ts';
import { writeRelations } from '../../support/relations.ts';
import type { LogLine } from '../../support/runs.ts';
import { test } from '../../support/test.ts';
import { bigQueryWarehouse, runInDuckDb } from '../../support/warehouses.ts';

const NOON_MS = Date.UTC(2026, 10, 23, 12);
const at = (minutes: number) => new Date(NOON_MS + minutes * MINUTE_MS);

const overview = createOverview({ pipelines: 1, models: 1, nameOf: () => 'Orders' });
/** Nothing is stored, so that there is no line about the plan. */
const NO_FORECAST = { ...overview.plan_forecast, data_through: null };
const [pipeline] = overview.pipeline_status;
const [model] = overview.model_status;
const [syncRun] = overview.sync_runs;

type Status = ViewRow<'pipeline_status'>;
type Rows = { [V in ViewName]?: ViewRow<V>[] };

/** A pipeline that counts as late from so many minutes after noon on. */
function late(id: number, minutes: number, fields: Partial<Status> = {}): Status {
  const name = `Pipeline ${id}`;
  return {
    ...(pipeline as Status),
    pipeline_id: String(id),
    pipeline_name: name,
    health: 'late',
    reason: 'No execution for 2 hours.',
    expected_by: at(minutes),
    overdue_minutes: 5,
    ...fields,
  };
}

/** A run that began and ended so many minutes after noon. */
function previousRun(start: number, end: number, fields: Partial<ViewRow<'sync_runs'>> = {}) {
  const run = { ...(syncRun as ViewRow<'sync_runs'>), outcome: 'success', mode: 'incremental' };
  return { ...run, started_at: at(start), finished_at: at(end), ...fields };
}

/** A run from noon to a minute later. */
function report(
  outcomes: [StreamOutcome, StreamOutcome] = ['success', 'success'],
  fields: Partial<RunReport> = {},
) {
  const streams = (['pipeline_logs', 'model_logs'] as const).map((stream, index) => ({
    ...startStreamReport({ stream, clientId: null }),
    started_at: timestampOf(NOON_MS),
    duration_ms: MINUTE_MS,
    outcome: outcomes[index] as StreamOutcome,
  }));
  const moment = timestampOf(NOON_MS);
  return {
    run_id: 'run',
    mode: 'incremental',
    dry_run: false,
    outcome: 'success',
    started_at: moment,
    finished_at: moment,
    streams,
    ...fields,
  } satisfies RunReport;
}

let files = 0;
async function linesOf(folder: string, rows: Rows, run: RunReport = report()): Promise<LogLine[]> {
  const path = join(folder, `${files++}.duckdb`);
  await writeRelations(path, { plan_forecast: [NO_FORECAST], ...rows });
  return alertsd(path, run);
}

async function alertsd(path: string, run: RunReport = report()): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  const log = createLog({ level: 'debug', isReadable: false, write: (line) => lines.push(JSON.parse(line)) });
  await logAlerts(
    run,
    readReadingConfig({ WAREHOUSE: 'duckdb', DUCKDB_PATH: path }),
    new AbortController().signal,
    log,
  );
  return lines;
}

const overdueOf = (lines: LogLine[]) => lines.filter(({ event }) => /^pipelines?_overdue$/.test(event));

describe('the line about the plan', () => {
  test('has the figures that alerts compare, and says them in a sentence', async ({ folder }) => {
    const plan_forecast = {
      ...overview.plan_forecast,
      month_to_date_records: 710,
      projected_month_records: 1180,
      plan_records: 1000,
      limit_date: '2026-11-22',
    };
    const [line] = await linesOf(folder, { plan_forecast: [plan_forecast] });
    expect(line).toMatchObject({
      event: 'plan_usage',
      severity: 'INFO',
      message: '71 % of the plan used, on course for 118 %: the limit is reached on Sunday 22 November.',
      used_percent: 71,
      projected_percent: 118,
      limit_date: '2026-11-22',
      month_to_date_records: 710,
      plan_records: 1000,
    });
  });

  test('has null where the plan is not known, and is left out where nothing is stored', async ({
    folder,
  }) => {
    const unknown = { ...overview.plan_forecast, plan_records: null };
    const [line] = await linesOf(folder, { plan_forecast: [unknown] });
    expect(line).toMatchObject({ used_percent: null, projected_percent: null, limit_date: null });
    const empty = { ...unknown, data_through: null };
    expect(await linesOf(folder, { plan_forecast: [empty] })).toEqual([]);
  });
});

describe('a line about an overdue pipeline', () => {
  test('comes once, in the run in whose time it became overdue', async ({ folder }) => {
    const rows = {
      pipeline_status: [late(1, -90), late(2, -30), late(3, 0.5), late(4, 2)],
      sync_runs: [previousRun(-121, -120), previousRun(-61, -60)],
    };
    const lines = overdueOf(await linesOf(folder, rows));
    expect(lines.map(({ pipeline_id }) => pipeline_id)).toEqual(['2', '3']);
    expect(lines[0]).toMatchObject({
      severity: 'WARNING',
      message: 'The pipeline Pipeline 2 is late. No execution for 2 hours.',
      client_id: '1',
      pipeline_name: 'Pipeline 2',
      health: 'late',
      expected_by: at(-30).toISOString(),
      overdue_minutes: 5,
    });
    const next = { ...rows, sync_runs: [...rows.sync_runs, previousRun(0, 1)] };
    const later = report();
    later.started_at = timestampOf(NOON_MS + 60 * MINUTE_MS);
    for (const stream of later.streams) stream.started_at = later.started_at;
    expect(overdueOf(await linesOf(folder, next, later)).map(({ pipeline_id }) => pipeline_id)).toEqual([
      '4',
    ]);
  });

  test('is not lost with a run that failed, was cut short, or read something else', async ({ folder }) => {
    const sync_runs = [
      previousRun(-121, -120),
      previousRun(-61, -60, { outcome: 'failed' }),
      previousRun(-51, -50, { outcome: 'partial' }),
      previousRun(-41, -40, { mode: 'verify' }),
      previousRun(-31, -30, { stream: 'model_logs' }),
      previousRun(-21, -20, { client_id: '7' }),
    ];
    const lines = overdueOf(await linesOf(folder, { pipeline_status: [late(1, -90)], sync_runs }));
    expect(lines.map(({ pipeline_id }) => pipeline_id)).toEqual(['1']);
  });

  test('comes for models too, by the runs of their own stream', async ({ folder }) => {
    const model_status = [
      { ...(model as ViewRow<'model_status'>), health: 'silent', expected_by: at(-30), overdue_minutes: 30 },
    ];
    const sync_runs = [previousRun(-61, -60, { stream: 'model_logs' }), previousRun(-11, -10)];
    const [line, ...others] = overdueOf(await linesOf(folder, { model_status, sync_runs }));
    expect(line).toMatchObject({ model_name: 'Orders', model_id: '160', health: 'silent' });
    expect(others).toEqual([]);
  });

  test('does not come for a stream that was not read to its end', async ({ folder }) => {
    const rows = { pipeline_status: [late(1, -30)], sync_runs: [previousRun(-61, -60)] };
    for (const outcome of ['partial', 'failed', 'not_started'] as const) {
      expect(await linesOf(folder, rows, report([outcome, 'success']))).toEqual([]);
    }
  });

  test('does not come for the clients of another run', async ({ folder }) => {
    const rows = {
      pipeline_status: [late(1, -30, { client_id: '10' }), late(2, -30, { client_id: '20' })],
      sync_runs: [previousRun(-61, -60, { client_id: '10' })],
    };
    const ofClient = report();
    for (const stream of ofClient.streams) stream.client_id = 10n;
    const lines = overdueOf(await linesOf(folder, rows, ofClient));
    expect(lines.map(({ pipeline_id }) => pipeline_id)).toEqual(['1']);
  });

  test('is one for all in the first run, where nothing is known to be new', async ({ folder }) => {
    const lines = overdueOf(await linesOf(folder, { pipeline_status: [late(1, -30), late(2, -9000)] }));
    expect(lines).toEqual([
      expect.objectContaining({
        event: 'pipelines_overdue',
        overdue: 2,
        message: '2 overdue, see the page.',
      }),
    ]);
  });

  test('comes twenty times at most, with the number of the others', async ({ folder }) => {
    const pipeline_status = Array.from({ length: 50 }, (_, index) => late(index, -30));
    const lines = overdueOf(await linesOf(folder, { pipeline_status, sync_runs: [previousRun(-61, -60)] }));
    expect(lines).toHaveLength(21);
    expect(new Set(lines.slice(0, 20).map(({ event }) => event))).toEqual(new Set(['pipeline_overdue']));
    expect(lines[20]).toMatchObject({
      event: 'pipelines_overdue',
      overdue: 30,
      message: '30 more overdue, see the page.',
    });
  });
});

describe('nothing is looked at', () => {
  test.for([
    ['in a verification', { mode: 'verify' }],
    ['in a dry run', { dry_run: true }],
    ['in a run that could not be recorded', { error: { code: 'WAREHOUSE_REJECTED', message: 'no' } }],
  ] as [string, Partial<RunReport>][])('%s', async ([, fields], { folder }) => {
    expect(await linesOf(folder, {}, report(undefined, fields))).toEqual([]);
  });
});

test('a view that is missing is a warning that says so', async ({ folder }) => {
  const path = join(folder, 'empty.duckdb');
  await runInDuckDb(path, 'CREATE TABLE sync_runs (stream VARCHAR)');
  const lines = await alertsd(path);
  expect(lines).toEqual([expect.objectContaining({ event: 'evaluation_skipped', severity: 'WARNING' })]);
  expect(lines[0]?.message).toMatch(/lacks \w+, or has an older one/);
});

test('BigQuery that does not answer costs no more than the time that is left', async ({ startBigQuery }) => {
  const fake = await startBigQuery({ fault: () => ({ kind: 'hang' }) });
  const env = { ...bigQueryWarehouse(fake).env };
  const lines: LogLine[] = [];
  const log = createLog({ level: 'debug', isReadable: false, write: (line) => lines.push(JSON.parse(line)) });
  await logAlerts(report(), readReadingConfig(env), AbortSignal.timeout(200), log);
  expect(lines).toEqual([expect.objectContaining({ event: 'evaluation_skipped' })]);
  expect(lines[0]?.message).toContain('TIME_BUDGET_SECONDS');
});

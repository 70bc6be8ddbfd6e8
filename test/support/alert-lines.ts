import { join } from 'node:path';
import { readReadingConfig } from '../../functions/config.ts';
import { logAlerts, lookBefore } from '../../functions/insights/alerts.ts';
import { createLog, type Log } from '../../functions/log.ts';
import { type RunReport, type StreamOutcome, startStreamReport } from '../../functions/sync/report.ts';
import { MINUTE_MS, timestampOf } from '../../functions/timestamps.ts';
import type { ViewName, ViewRow } from '../../functions/views/columns.ts';
import { createOverview } from '../fixtures/overview.ts';
import { writeRelations } from './relations.ts';
import type { Environment, LogLine } from './runs.ts';

const NOON_MS = Date.UTC(2026, 10, 23, 12);
export const at = (minutes: number) => new Date(NOON_MS + minutes * MINUTE_MS);

const overview = createOverview({ pipelines: 1, models: 1, nameOf: () => 'Orders' });
const { isOfOtherPlan: _, ...forecast } = overview.plan_forecast;
/** The row of a plan that all is well with. */
export const FORECAST = forecast;
/** Nothing is stored, so that there is no line about the plan. */
const NO_FORECAST = { ...forecast, data_through: null };
const [pipeline] = overview.pipeline_status;
const [model] = overview.model_status;
export const MODEL = model as ViewRow<'model_status'>;

type Status = ViewRow<'pipeline_status'>;
export type Rows = { [V in ViewName]?: ViewRow<V>[] };

/** A pipeline that counts as late from so many minutes after noon on. */
export function late(id: number, minutes: number, fields: Partial<Status> = {}): Status {
  const name = `Pipeline ${id}`;
  return {
    ...(pipeline as Status),
    pipeline_id: String(id),
    pipeline_name: name,
    health: 'late',
    reason: 'No execution for 2 hours.',
    expected_by: at(minutes),
    overdue_minutes: 5,
    silence_reason: 'unknown',
    ...fields,
  };
}

/** A run from noon to a minute later. */
export function report(
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
    statuses: null,
    events: null,
    ...fields,
  } satisfies RunReport;
}

/** A pipeline that is as it should be. */
export function onTime(id: number, fields: Partial<Status> = {}): Status {
  return late(id, 60, {
    health: 'on_time',
    overdue_minutes: null,
    silence_reason: null,
    last_execution_at: at(-30),
    ...fields,
  });
}

interface Look {
  /** What the views say before the run; null if nobody could look. */
  before?: Rows | null;
  after: Rows;
  run?: RunReport;
  env?: Environment;
}

let files = 0;
/** The lines of a run, with tables in the place of the views. */
export async function linesOf(folder: string, { before = {}, after, run = report(), env = {} }: Look) {
  const configOf = async (rows: Rows) => {
    const path = join(folder, `${files++}.duckdb`);
    await writeRelations(path, { plan_forecast: [NO_FORECAST], ...rows });
    return readReadingConfig({ WAREHOUSE: 'duckdb', DUCKDB_PATH: path, ...env });
  };
  const signal = new AbortController().signal;
  const seen = before === null ? null : await lookBefore(await configOf(before), signal);
  return logged((log) => configOf(after).then((config) => logAlerts(run, seen, config, signal, log)));
}

export async function logged(work: (log: Log) => Promise<void>): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  await work(createLog({ level: 'debug', isReadable: false, write: (line) => lines.push(JSON.parse(line)) }));
  return lines;
}

/** What a plan of a thousand records looks like in the environment. */
export const PLAN = { PLAN_RECORDS_PER_MONTH: '1000' };

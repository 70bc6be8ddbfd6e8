import type { ReadingConfig } from '../config.ts';
import { BudgetUsedUp, toSyncError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { StreamName } from '../streams.ts';
import { addMs, epochMsOf, type Timestamp } from '../timestamps.ts';
import type { ViewRow } from '../views/columns.ts';
import { openReader } from '../warehouse/open.ts';
import type { Reader } from '../warehouse/warehouse.ts';
import { modelName, pipelineName } from './findings.ts';
import { forecastSentence } from './forecast.ts';
import { count } from './wording.ts';

const LINES_AT_MOST = 20;
/** How far back the run before is looked for. */
const PREVIOUS_MS = 7 * 86_400_000;

/** What came of a run, as far as it matters here. */
export interface FinishedRun {
  run_id: string;
  mode: string;
  dry_run: boolean;
  started_at: Timestamp;
  streams: readonly FinishedSource[];
  /** Whatever ended the run as a whole. */
  error?: unknown;
}

interface FinishedSource {
  stream: StreamName;
  client_id: bigint | null;
  outcome: string;
  started_at: Timestamp;
  duration_ms: number;
}

/** What is past the moment at which it was expected. */
interface Overdue {
  /** Such as `pipeline Orders`. */
  subject: string;
  ids: Record<string, string | null>;
  status: ViewRow<'pipeline_status'> | ViewRow<'model_status'>;
}

const STATUS_OF: Record<StreamName, (reader: Reader) => Promise<Overdue[]>> = {
  pipeline_logs: async (reader) =>
    (await reader.read('pipeline_status', 'overdue_minutes IS NOT NULL')).map((status) => ({
      subject: `pipeline ${pipelineName(status)}`,
      ids: { pipeline_id: status.pipeline_id, pipeline_name: status.pipeline_name },
      status,
    })),
  model_logs: async (reader) =>
    (await reader.read('model_status', 'overdue_minutes IS NOT NULL')).map((status) => ({
      subject: `model ${modelName(status)}`,
      ids: { model_id: status.model_id, model_name: status.model_name },
      status,
    })),
};

/**
 * Logs what alerts read: how far the plan is used, and which pipelines and models have become overdue.
 *
 * Only what the run has read to its end is judged: behind old data everything looks late. What keeps this from its work,
 * such as a view that is not there, is a warning: the run itself has done what it should.
 */
export async function logAlerts(
  report: FinishedRun,
  config: ReadingConfig,
  signal: AbortSignal,
  log: Log,
): Promise<void> {
  const current = report.streams.filter(({ outcome }) => outcome === 'success');
  if (report.mode !== 'incremental' || report.dry_run || report.error || current.length === 0) return;
  try {
    const reader = await openReader(config, signal);
    if (reader === null) return;
    try {
      await Promise.all([
        current.some(({ stream }) => stream === 'pipeline_logs') && logPlanUsage(reader, log),
        logOverdue(report, current, reader, log),
      ]);
    } finally {
      await reader.close();
    }
  } catch (error) {
    const reason =
      error instanceof BudgetUsedUp
        ? 'there was no time left. Raise TIME_BUDGET_SECONDS if it happens again.'
        : toSyncError(error).message;
    log.write('warn', 'evaluation_skipped', `Plan and overdue pipelines were not looked at: ${reason}`, {
      run_id: report.run_id,
    });
  }
}

async function logPlanUsage(reader: Reader, log: Log): Promise<void> {
  const [forecast] = await reader.read('plan_forecast');
  if (forecast === undefined || forecast.data_through === null) return;
  const { as_of: _, month, data_through, used_share, ...figures } = forecast;
  const percentOf = (records: number | null) =>
    records === null || figures.plan_records === null
      ? null
      : Math.round((1000 * records) / figures.plan_records) / 10;
  log.write('info', 'plan_usage', forecastSentence(forecast), {
    used_percent: percentOf(figures.month_to_date_records),
    projected_percent: percentOf(figures.projected_month_records),
    month: month.slice(0, 7),
    data_through: data_through.toISOString(),
    ...figures,
  });
}

/** One line for each that became overdue since the last run that was as current: the time between two belongs to one only. */
async function logOverdue(
  report: FinishedRun,
  current: readonly FinishedSource[],
  reader: Reader,
  log: Log,
): Promise<void> {
  const streams = [...new Set(current.map(({ stream }) => stream))];
  const [previousRuns, ...lists] = await Promise.all([
    reader.read('sync_runs', wasCurrentBefore(report)),
    ...streams.map((stream) => STATUS_OF[stream](reader)),
  ]);
  const found = current.flatMap((run) => {
    const sinceMs = lastFinishMs(run, previousRuns);
    const untilMs = epochMsOf(run.started_at) + run.duration_ms;
    return (lists[streams.indexOf(run.stream)] ?? [])
      .filter(({ status }) => run.client_id === null || String(run.client_id) === status.client_id)
      .map((item) => ({ item, sinceMs, expectedMs: item.status.expected_by?.getTime() ?? 0 }))
      .filter(({ expectedMs }) => expectedMs > sinceMs && expectedMs <= untilMs);
  });
  const fresh = found.filter(({ sinceMs }) => sinceMs > 0).slice(0, LINES_AT_MOST);
  for (const { item } of fresh) logOne(item, report, log);
  // Without such a run before, nothing is known to be new; after an outage, too much may be.
  const others = found.length - fresh.length;
  if (others > 0) {
    const message = `${fresh.length > 0 ? `${count(others)} more` : count(others)} overdue, see the page.`;
    log.write('warn', 'pipelines_overdue', message, { run_id: report.run_id, overdue: others });
  }
}

function logOne({ subject, ids, status }: Overdue, { run_id }: FinishedRun, log: Log): void {
  const { client_id, health, reason, expected_by, overdue_minutes, last_execution_at } = status;
  log.write('warn', 'pipeline_overdue', `The ${subject} is ${health}. ${reason ?? ''}`.trim(), {
    run_id,
    client_id,
    ...ids,
    health,
    expected_by: expected_by?.toISOString() ?? null,
    overdue_minutes,
    last_execution_at: last_execution_at?.toISOString() ?? null,
  });
}

/** The runs before this one after which overdue pipelines were logged. */
function wasCurrentBefore({ started_at }: FinishedRun): string {
  const moment = (timestamp: Timestamp) => `TIMESTAMP '${timestamp.slice(0, 26).replace('T', ' ')}'`;
  return `started_at BETWEEN ${moment(addMs(started_at, -PREVIOUS_MS))} AND ${moment(addMs(started_at, -1))}
      AND mode = 'incremental' AND outcome = 'success'`;
}

/** When the last run of the same stream and client ended; 0 if there was none. */
function lastFinishMs(run: FinishedSource, previousRuns: readonly ViewRow<'sync_runs'>[]): number {
  const clientId = run.client_id === null ? null : String(run.client_id);
  return previousRuns
    .filter(({ stream, client_id }) => stream === run.stream && client_id === clientId)
    .reduce((latest, { finished_at }) => Math.max(latest, finished_at?.getTime() ?? 0), 0);
}

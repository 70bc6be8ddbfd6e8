import type { ReadingConfig } from '../config.ts';
import { type ErrorCode, toSyncError } from '../errors.ts';
import { DAY_MS, timestampOf } from '../timestamps.ts';
import type { ViewName, ViewRow } from '../views/columns.ts';
import { openReader } from '../warehouse/open.ts';
import { literal } from '../warehouse/queries.ts';
import type { Reader } from '../warehouse/warehouse.ts';
import { type Forecast, withPlan } from './forecast.ts';

const RUNS_SHOWN_DAYS = 2;
const RUNS_KEPT_DAYS = 90;
/** Older anomalies are history. */
export const ANOMALY_DAYS = 3;
const all = () => 'TRUE';

/** The views that the page shows, and of which rows. */
const SHOWN = {
  plan_forecast: all,
  daily_usage: all,
  monthly_usage: all,
  pipeline_status: all,
  model_status: all,
  execution_anomalies: () => `createdat >= ${daysAgo(ANOMALY_DAYS)}`,
  sync_health: all,
  coverage: all,
  sync_runs: runsSinceSuccess,
} satisfies Partial<Record<ViewName, () => string>>;

type Shown = keyof typeof SHOWN;

/** Everything that the page shows, as it was at one moment; a view that could not be read is empty here. */
export type Overview = { [V in Exclude<Shown, 'plan_forecast'>]: ViewRow<V>[] } & {
  asOf: Date;
  /** The clients that are read; empty: all. */
  clientIds: string[];
  /** Whether the rows are known to be the sandbox's. */
  isMadeUp: boolean;
  /** Null if it could not be read. */
  plan_forecast: Forecast | null;
  /** Why a view could not be read: one that cannot takes nothing else with it. */
  failures: Partial<Record<Shown, ErrorCode>>;
};

/**
 * Reads what the page shows; null if it would come from a file that is not there yet.
 *
 * @throws {SyncError} if nothing at all can be read.
 */
export async function loadOverview(config: ReadingConfig): Promise<Overview | null> {
  const reader = await openReader(config);
  if (reader === null) return null;
  try {
    return await readOverview(reader, config);
  } finally {
    await reader.close();
  }
}

async function readOverview(reader: Reader, { billing, clientIds }: ReadingConfig): Promise<Overview> {
  const views = Object.keys(SHOWN) as Shown[];
  const parts = await Promise.allSettled(views.map((view) => reader.read(view, SHOWN[view]())));
  const rows: Partial<Record<Shown, unknown[]>> = {};
  const failures: Overview['failures'] = {};
  for (const [index, view] of views.entries()) {
    const part = parts[index];
    rows[view] = part?.status === 'fulfilled' ? part.value : [];
    if (part?.status === 'rejected') failures[view] = toSyncError(part.reason).code;
  }
  const [first] = parts;
  if (first?.status === 'rejected' && parts.every(({ status }) => status === 'rejected')) throw first.reason;
  const { plan_forecast, ...lists } = rows as { [V in Shown]: ViewRow<V>[] };
  const [forecast] = plan_forecast;
  return {
    ...lists,
    asOf: forecast?.as_of ?? new Date(),
    clientIds: clientIds.map(String),
    plan_forecast: forecast === undefined ? null : withPlan(forecast, billing),
    isMadeUp: reader.isMadeUp,
    failures,
  };
}

/** The last days, and everything since the last run that succeeded, so that it is known since when there is none. */
function runsSinceSuccess(): string {
  return `started_at >= ${daysAgo(RUNS_KEPT_DAYS)} AND started_at >= LEAST(${daysAgo(RUNS_SHOWN_DAYS)}, IFNULL((
    SELECT MAX(started_at) FROM {sync_runs}
    WHERE started_at >= ${daysAgo(RUNS_KEPT_DAYS)} AND mode = 'incremental' AND outcome = 'success'
  ), ${daysAgo(RUNS_KEPT_DAYS)}))`;
}

/** So many days ago, in SQL. */
function daysAgo(days: number): string {
  return literal(timestampOf(Date.now() - days * DAY_MS));
}

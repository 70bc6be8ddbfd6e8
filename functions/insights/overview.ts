import type { ReadingConfig } from '../config.ts';
import { DAY_MS } from '../timestamps.ts';
import type { ViewName, ViewRow } from '../views/columns.ts';
import { openReader } from '../warehouse/open.ts';
import type { Reader } from '../warehouse/warehouse.ts';

const RUNS_SHOWN_DAYS = 2;
/** Older anomalies are history. */
export const ANOMALY_DAYS = 3;
const all = () => 'TRUE';

/** The views that the page shows, and of which rows. */
const SHOWN = {
  daily_usage: all,
  monthly_usage: all,
  pipeline_status: all,
  model_status: all,
  execution_anomalies: () => `createdat >= ${daysAgo(ANOMALY_DAYS)}`,
  sync_health: all,
  coverage: all,
  sync_runs: () => `started_at >= ${daysAgo(RUNS_SHOWN_DAYS)}`,
} satisfies Partial<Record<ViewName, () => string>>;

/** Everything that the page shows, as it was at one moment. */
export type Overview = { [V in keyof typeof SHOWN]: ViewRow<V>[] } & {
  plan_forecast: ViewRow<'plan_forecast'>;
};

/** Reads what the page shows; null if it would come from a file that is not there yet. */
export async function loadOverview(config: ReadingConfig): Promise<Overview | null> {
  const reader = await openReader(config);
  if (reader === null) return null;
  try {
    return await readOverview(reader);
  } finally {
    await reader.close();
  }
}

async function readOverview(reader: Reader): Promise<Overview> {
  const lists = Object.entries(SHOWN).map(async ([view, condition]) => [
    view,
    await reader.read(view as ViewName, condition()),
  ]);
  const [[plan_forecast], ...rows] = await Promise.all([reader.read('plan_forecast'), ...lists]);
  return { ...Object.fromEntries(rows), plan_forecast };
}

/** So many days ago, as both dialects write it. */
function daysAgo(days: number): string {
  const moment = new Date(Date.now() - days * DAY_MS).toISOString();
  return `TIMESTAMP '${moment.slice(0, 19).replace('T', ' ')}'`;
}

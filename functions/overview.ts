import type { ReadingConfig } from './config.ts';
import type { ViewName, ViewRow } from './views.ts';
import { openReader, type Reader } from './warehouse/reader.ts';

const RUNS_SHOWN_DAYS = 2;
const DAY_MS = 86_400_000;

const VIEWS_SHOWN = [
  'daily_usage',
  'monthly_usage',
  'pipeline_status',
  'model_status',
  'execution_anomalies',
  'sync_health',
  'coverage',
] as const satisfies ViewName[];

/** Everything that the page shows, as it was at one moment. */
export type Overview = { [V in (typeof VIEWS_SHOWN)[number] | 'sync_runs']: ViewRow<V>[] } & {
  plan_forecast: ViewRow<'plan_forecast'>;
};

/** Reads what the page shows; null if it would come from a file that is not there yet. */
export async function loadOverview(config: ReadingConfig): Promise<Overview | null> {
  const reader = await openReader(config, () => Number.POSITIVE_INFINITY);
  if (reader === null) return null;
  try {
    return await readOverview(reader);
  } finally {
    await reader.close();
  }
}

async function readOverview(reader: Reader): Promise<Overview> {
  const since = new Date(Date.now() - RUNS_SHOWN_DAYS * DAY_MS).toISOString().slice(0, 19);
  const [[plan_forecast], sync_runs, ...views] = await Promise.all([
    reader.read('plan_forecast'),
    reader.read('sync_runs', `started_at >= TIMESTAMP '${since}'`),
    ...VIEWS_SHOWN.map((view) => reader.read(view)),
  ]);
  const rows = Object.fromEntries(VIEWS_SHOWN.map((view, index) => [view, views[index]]));
  return { ...rows, plan_forecast, sync_runs } as Overview;
}

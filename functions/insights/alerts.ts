import type { ReadingConfig } from '../config.ts';
import { BudgetUsedUp, toSyncError } from '../errors.ts';
import type { Log } from '../log.ts';
import { OBJECT_KINDS, type ObjectKind, type StreamName } from '../streams.ts';
import { openReader } from '../warehouse/open.ts';
import type { Reader } from '../warehouse/warehouse.ts';
import { changesOf, type LineContext, logChanges, type Observed, type Statuses } from './changes.ts';
import { dayOf } from './days.ts';
import { type Forecast, forecastSentence, outlookOf, withPlan } from './forecast.ts';
import { isMuted, keyOf, modelOf, PIPELINES_LINK, pipelineOf } from './objects.ts';
import { createWording, type Wording } from './wording/wording.ts';

/** What came of a run, as far as it matters here. */
export interface FinishedRun {
  run_id: string;
  mode: string;
  dry_run: boolean;
  streams: readonly { stream: StreamName; outcome: string }[];
  /** Whatever ended the run as a whole. */
  error?: unknown;
}

/**
 * Looks at the pipelines and models before a run, so that the look after it finds what has changed.
 *
 * The views judge as of the newest run that read everything, so this is what the run before has told already.
 *
 * @returns null if it cannot be known.
 */
export async function lookBefore(config: ReadingConfig, signal: AbortSignal): Promise<Statuses | null> {
  try {
    const reader = await openReader(config, signal);
    if (reader === null) return new Map();
    try {
      const wording = wordingOf(config);
      const lists = await Promise.all(KINDS.map((kind) => readStatuses[kind](reader, wording)));
      return new Map(lists.flat().map((observed) => [keyOf(observed.object), observed.status]));
    } finally {
      await reader.close();
    }
  } catch {
    return null; // the look after the run says what is wrong with the views
  }
}

/**
 * Logs what alerts read: how far the plan is used, and which pipelines and models have become overdue, fail or are back.
 *
 * Only what the run has read to its end is judged: with old data everything looks late. What keeps this from its work,
 * such as a view that is not there, is a warning: the run itself has done what it should.
 *
 * @param before what `lookBefore` has seen.
 */
export async function logAlerts(
  run: FinishedRun,
  before: Statuses | null,
  config: ReadingConfig,
  signal: AbortSignal,
  log: Log,
): Promise<void> {
  const current = run.streams.filter(({ outcome }) => outcome === 'success').map(({ stream }) => stream);
  if (run.mode !== 'incremental' || run.dry_run || run.error || current.length === 0) return;
  const wording = wordingOf(config);
  const skip = (error: unknown) => {
    const { noTimeLeft, alertsSkipped } = wording.findings;
    const reason = error instanceof BudgetUsedUp ? noTimeLeft : toSyncError(error).message;
    log.write('warn', 'evaluation_skipped', alertsSkipped(reason), { run_id: run.run_id });
  };
  try {
    const reader = await openReader(config, signal);
    if (reader === null) return;
    try {
      // A view that cannot be read takes nothing but its own lines with it.
      const [forecast, ...lists] = await Promise.all([
        readForecast(reader, config).catch(skip),
        ...KINDS.map((kind) => readStatuses[kind](reader, wording).catch(skip)),
      ]);
      const context = { run, forecast: forecast ?? null, wording, log };
      if (forecast && current.includes('pipeline_logs')) logPlanUsage(forecast, context);
      const after = lists
        .flatMap((list) => list ?? [])
        .filter(({ object }) => !isMuted(object, config.muted));
      logChanges(changesOf(before, after), context);
    } finally {
      await reader.close();
    }
  } catch (error) {
    skip(error);
  }
}

const KINDS = Object.values(OBJECT_KINDS);

const readStatuses: Record<ObjectKind, (reader: Reader, wording: Wording) => Promise<Observed[]>> = {
  pipeline: async (reader, wording) =>
    (await reader.read('pipeline_status')).map((status) => ({ object: pipelineOf(status, wording), status })),
  model: async (reader, wording) =>
    (await reader.read('model_status')).map((status) => ({ object: modelOf(status, wording), status })),
};

function wordingOf({ language, billing }: ReadingConfig): Wording {
  return createWording({ language, timeZone: billing.timeZone });
}

async function readForecast(reader: Reader, config: ReadingConfig): Promise<Forecast | null> {
  const [forecast] = await reader.read('plan_forecast');
  return forecast === undefined ? null : withPlan(forecast, config.billing);
}

/** What is still being read says nothing about the plan. */
function logPlanUsage(forecast: Forecast, { wording, log }: LineContext): void {
  if (outlookOf(forecast) === 'empty' || forecast.known_through === null) return;
  const { as_of, month, data_through, known_through, used_share, isOfOtherPlan: _, ...figures } = forecast;
  const percentOf = (records: number | null) =>
    records === null || figures.plan_records === null
      ? null
      : Math.round((1000 * records) / figures.plan_records) / 10;
  const today = dayOf(as_of, wording.formats.timeZone);
  log.write('info', 'plan_usage', forecastSentence(forecast, today, wording), {
    used_percent: percentOf(figures.month_to_date_records),
    projected_percent: percentOf(figures.projected_month_records),
    month: month.slice(0, 7),
    data_through: data_through?.toISOString() ?? null,
    known_through: known_through.toISOString(),
    link: PIPELINES_LINK,
    ...figures,
  });
}

import { HOUR_MS } from '../../functions/timestamps.ts';
import type { Random } from '../../local/sandbox/random.ts';
import { toLocal } from '../../local/sandbox/rhythm.ts';

export interface Execution {
  pipelineId: number;
  atMs: number;
  records: number | null;
  isBillable: boolean | null;
}

/** Billable records that come at a moment, as far as anybody could know beforehand. */
export interface Expectation {
  atMs: number;
  records: number;
}

/** A month of a made-up customer, with the days before it. */
export interface CustomerMonth {
  /** The first instant of the month and the first after it. */
  startMs: number;
  endMs: number;
  executions: readonly Execution[];
  expectations: readonly Expectation[];
}

export interface Pipeline {
  id: number;
  firstMs: number;
  lastMs: number;
  /** Records of a usual day. */
  level: number;
  /** Standard deviation of a day, as a share of the level. */
  noise: number;
  hoursOfDay: readonly number[];
  /** Shares of the level, from Sunday. */
  week: readonly number[];
  /** The only day on which a monthly one runs. */
  dayOfMonth: number | null;
  growth: { perDay: number; isExponential: boolean };
  peak: { factor: number; lastDays: number; firstDays: number };
  /** From a moment on its volumes are so many times as large. */
  change: { fromMs: number; factor: number };
  /** One day on which it loads as much as so many others have. */
  backfill: { dayMs: number; days: number } | null;
  /** On how many of its days it runs. */
  runShare: number;
  isBillable: boolean | null;
}

const MISS_CHANCE = 0.01;
const NULL_CHANCE = 0.005;

/** The executions of the local day that begins at an instant, so many days after the month's start. */
export function executionsOfDay(
  random: Random,
  pipeline: Pipeline,
  dayMs: number,
  daysIntoMonth: number,
  sharedFactor: number,
): Execution[] {
  const { id, hoursOfDay, noise, runShare, isBillable } = pipeline;
  const usual = usualRecords(pipeline, dayMs, daysIntoMonth);
  if (usual === 0 || (runShare < 1 && !random.chance(runShare))) return [];
  // The mean of a log-normal lies above its median.
  const sigma = Math.sqrt(Math.log(1 + noise ** 2));
  const records = random.logNormal((usual * sharedFactor) / Math.exp(sigma ** 2 / 2), sigma);
  return hoursOfDay
    .filter(() => !random.chance(MISS_CHANCE))
    .map((hour) => ({
      pipelineId: id,
      atMs: dayMs + Math.floor(hour * HOUR_MS),
      records: random.chance(NULL_CHANCE) ? null : Math.round(records / hoursOfDay.length),
      isBillable,
    }));
}

/** What was to be expected of the same day. */
export function expectationsOfDay(pipeline: Pipeline, dayMs: number, daysIntoMonth: number): Expectation[] {
  const { hoursOfDay, runShare, isBillable } = pipeline;
  if (isBillable === false) return [];
  const usual =
    usualRecords(pipeline, dayMs, daysIntoMonth) * runShare * (1 - MISS_CHANCE) * (1 - NULL_CHANCE);
  return hoursOfDay.map((hour) => ({
    atMs: dayMs + Math.floor(hour * HOUR_MS),
    records: usual / hoursOfDay.length,
  }));
}

function usualRecords(pipeline: Pipeline, dayMs: number, daysIntoMonth: number): number {
  const { level, week, dayOfMonth, growth, peak, change, backfill } = pipeline;
  if (dayMs < pipeline.firstMs || dayMs >= pipeline.lastMs) return 0;
  const local = toLocal(dayMs);
  const date = local.getUTCDate();
  if (dayOfMonth !== null) return date === dayOfMonth ? 30 * level : 0;
  const grown = growth.isExponential
    ? Math.exp(growth.perDay * daysIntoMonth)
    : Math.max(0.05, 1 + growth.perDay * daysIntoMonth);
  const daysOfMonth = new Date(Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + 1, 0)).getUTCDate();
  const isPeak = date <= peak.firstDays || date > daysOfMonth - peak.lastDays;
  const changed = dayMs >= change.fromMs ? change.factor : 1;
  const usual = level * grown * (week[local.getUTCDay()] ?? 1) * (isPeak ? peak.factor : 1) * changed;
  return usual + (backfill?.dayMs === dayMs ? backfill.days * level : 0);
}

/** The billable records from an instant up to, not including, another. */
export function recordsBetween(executions: readonly Execution[], fromMs: number, toMs: number): number {
  return executions
    .filter(({ atMs, isBillable }) => atMs >= fromMs && atMs < toMs && isBillable !== false)
    .reduce((total, { records }) => total + (records ?? 0), 0);
}

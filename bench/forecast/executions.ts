import { HOUR_MS } from '../../functions/timestamps.ts';
import type { Random } from '../../local/sandbox/random.ts';
import { toLocal } from '../../local/sandbox/rhythm.ts';

export interface Execution {
  pipelineId: number;
  atMs: number;
  records: number | null;
  /** What nobody could know better beforehand. */
  expectedRecords: number;
  isBillable: boolean | null;
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
  const { hoursOfDay, noise, isBillable } = pipeline;
  if (dayMs < pipeline.firstMs || dayMs >= pipeline.lastMs) return [];
  const usual = usualRecords(pipeline, toLocal(dayMs), daysIntoMonth);
  if (usual === 0) return [];
  // The mean of a log-normal lies above its median.
  const sigma = Math.sqrt(Math.log(1 + noise ** 2));
  const records = random.logNormal((usual * sharedFactor) / Math.exp(sigma ** 2 / 2), sigma);
  return hoursOfDay
    .filter(() => !random.chance(MISS_CHANCE))
    .map((hour) => ({
      pipelineId: pipeline.id,
      atMs: dayMs + Math.floor(hour * HOUR_MS),
      records: random.chance(NULL_CHANCE) ? null : Math.round(records / hoursOfDay.length),
      expectedRecords: usual / hoursOfDay.length,
      isBillable,
    }));
}

function usualRecords(
  { level, week, dayOfMonth, growth, peak }: Pipeline,
  local: Date,
  daysIntoMonth: number,
): number {
  const date = local.getUTCDate();
  if (dayOfMonth !== null) return date === dayOfMonth ? 30 * level : 0;
  const grown = growth.isExponential
    ? Math.exp(growth.perDay * daysIntoMonth)
    : Math.max(0.05, 1 + growth.perDay * daysIntoMonth);
  const daysOfMonth = new Date(Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + 1, 0)).getUTCDate();
  const isPeak = date <= peak.firstDays || date > daysOfMonth - peak.lastDays;
  return level * grown * (week[local.getUTCDay()] ?? 1) * (isPeak ? peak.factor : 1);
}

/** The billable records from an instant up to, not including, another. */
export function recordsBetween(executions: readonly Execution[], fromMs: number, toMs: number): number {
  return executions
    .filter(({ atMs, isBillable }) => atMs >= fromMs && atMs < toMs && isBillable !== false)
    .reduce((total, { records }) => total + (records ?? 0), 0);
}

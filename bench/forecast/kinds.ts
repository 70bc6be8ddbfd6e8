import { DAY_MS } from '../../functions/timestamps.ts';
import type { Random } from '../../local/sandbox/random.ts';
import type { Pipeline } from './executions.ts';

export const KINDS = [
  'weekly rhythm',
  'no rhythm',
  'trend',
  'month-end peaks',
  'pipeline added or removed',
  'free pipelines',
  'few days of history',
  'rare schedules',
  'growth',
  'price change',
  'migration',
  'one step',
  'backfill',
  'intermittent',
  'a single pipeline',
  'pause after the limit',
] as const;
export type Kind = (typeof KINDS)[number];

/** Gives some of the pipelines what their kind of customer is named for; tells on which days nothing runs at all. */
export function giveItsKind(
  random: Random,
  kind: Kind,
  pipelines: Pipeline[],
  startMs: number,
): (dayMs: number) => boolean {
  const share = random.between(0.3, 1);
  const chosen = pipelines.filter((_, index) => index === 0 || random.chance(share));
  const dayBetween = (low: number, high: number) => startMs + Math.floor(random.between(low, high)) * DAY_MS;
  if (kind === 'month-end peaks') {
    for (const pipeline of chosen) {
      const days = Math.ceil(random.between(0, 3));
      const factor = random.between(2, 6);
      pipeline.peak = random.chance(0.25)
        ? { factor, lastDays: 0, firstDays: 1 }
        : { factor, lastDays: days, firstDays: 0 };
    }
  } else if (kind === 'free pipelines') {
    for (const pipeline of pipelines.slice(1)) if (random.chance(share / 2)) pipeline.isBillable = false;
  } else if (kind === 'rare schedules') {
    for (const pipeline of chosen) makeRare(random, pipeline);
  } else if (kind === 'pipeline added or removed') {
    for (const pipeline of pipelines.slice(0, Math.ceil(random.between(0, 3)))) {
      const changedMs = dayBetween(-20, 9);
      if (random.chance(0.5)) pipeline.lastMs = changedMs;
      else pipeline.firstMs = changedMs;
    }
  } else if (kind === 'growth') {
    for (const pipeline of pipelines) pipeline.growth = growthOf(random);
  } else if (kind === 'price change') {
    const change = { fromMs: dayBetween(-35, 8), factor: 2 };
    for (const pipeline of pipelines) pipeline.change = change;
  } else if (kind === 'migration') {
    migrate(random, pipelines, chosen, dayBetween(-20, 8));
  } else if (kind === 'one step') {
    const largest = pipelines.reduce((one, other) => (other.level > one.level ? other : one));
    const factor = random.chance(0.5) ? random.between(0.3, 0.6) : random.between(1.8, 4);
    largest.change = { fromMs: dayBetween(-35, 8), factor };
  } else if (kind === 'backfill') {
    const pipeline = pipelines[Math.floor(random.between(0, pipelines.length))] as Pipeline;
    pipeline.backfill = { dayMs: dayBetween(-30, 9), days: random.between(20, 90) };
  } else if (kind === 'intermittent') {
    for (const pipeline of chosen) pipeline.runShare = random.between(0.2, 0.7);
  } else if (kind === 'pause after the limit') {
    const [pausedMs, monthsAgo] = [dayBetween(-13, -3), random.chance(0.5) ? 2 : 1];
    const earlierMs = pausedMs - 30 * DAY_MS;
    return (dayMs) =>
      (dayMs >= pausedMs && dayMs < startMs) ||
      (monthsAgo === 2 && dayMs >= earlierMs && dayMs < startMs - 30 * DAY_MS);
  }
  return () => false;
}

/** On working days, once a week or once a month. */
function makeRare(random: Random, pipeline: Pipeline): void {
  const onlyDay = Math.floor(random.between(0, 7));
  const calendar = random.unit();
  pipeline.hoursOfDay = pipeline.hoursOfDay.slice(0, 1);
  if (calendar < 0.5) pipeline.week = [0, 1, 1, 1, 1, 1, 0];
  else if (calendar < 0.8) pipeline.week = pipeline.week.map((_, day) => (day === onlyDay ? 7 : 0));
  else pipeline.dayOfMonth = Math.floor(random.between(1, 29));
}

/** By 30 to 120 % more or 20 to 50 % less a month. */
function growthOf(random: Random): Pipeline['growth'] {
  const factor = random.chance(0.6) ? random.between(1.3, 2.2) : random.between(0.5, 0.8);
  return { perDay: Math.log(factor) / 30, isExponential: true };
}

/** Pipelines that are replaced by new ones, which bring about as much, or some for all of it. */
function migrate(random: Random, pipelines: Pipeline[], old: readonly Pipeline[], dayMs: number): void {
  for (const pipeline of old) {
    const overlapDays = Math.floor(random.between(0, 3));
    pipelines.push({
      ...pipeline,
      id: pipelines.length,
      firstMs: dayMs,
      level: pipeline.level * random.logNormal(1, 0.3),
      noise: 0.05 + 0.55 * random.unit() ** 2,
    });
    pipeline.lastMs = dayMs + overlapDays * DAY_MS;
  }
}

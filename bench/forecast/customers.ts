import { DAY_MS, HOUR_MS } from '../../functions/timestamps.ts';
import { createRandom, type Random } from '../../local/sandbox/random.ts';
import { type Execution, executionsOfDay, type Pipeline } from './executions.ts';

export const KINDS = [
  'weekly rhythm',
  'no rhythm',
  'trend',
  'month-end peaks',
  'pipeline added or removed',
  'free pipelines',
  'few days of history',
  'rare schedules',
] as const;
export type Kind = (typeof KINDS)[number];

/** A month of a made-up customer, with the days before it. */
export interface CustomerMonth {
  /** The first instant of the month and the first after it. */
  startMs: number;
  endMs: number;
  executions: readonly Execution[];
}

const HISTORY_DAYS = 125;
/** Of UTC, at local midnight. */
const MIDNIGHT_MS = 3 * HOUR_MS;
const MOST_PIPELINES = 40;

/** The same customer and month for the same seed, kind and index. */
export function customerMonth(seed: number, kind: Kind, index: number): CustomerMonth {
  const random = createRandom(seed, KINDS.indexOf(kind), index);
  const month = 6 + Math.floor(random.between(0, 24));
  const startMs = Date.UTC(2024, month, 1) + MIDNIGHT_MS;
  const endMs = Date.UTC(2024, month + 1, 1) + MIDNIGHT_MS;
  const firstDay = kind === 'few days of history' ? Math.floor(random.between(0, 7)) : -HISTORY_DAYS;
  const firstMs = startMs + firstDay * DAY_MS;
  const pipelines = company(random, kind, { firstMs, endMs });
  giveItsKind(random, kind, pipelines, startMs);
  const sharedNoise = random.between(0.01, 0.06);
  const executions: Execution[] = [];
  for (let dayMs = firstMs; dayMs < endMs; dayMs += DAY_MS) {
    const shared = random.logNormal(1, sharedNoise);
    const daysIntoMonth = (dayMs - startMs) / DAY_MS;
    for (const pipeline of pipelines) {
      executions.push(...executionsOfDay(random, pipeline, dayMs, daysIntoMonth, shared));
    }
  }
  return { startMs, endMs, executions: executions.sort((one, other) => one.atMs - other.atMs) };
}

/** Pipelines of many sizes and noises; the week and the growth of one customer's resemble each other. */
function company(random: Random, kind: Kind, { firstMs, endMs }: { firstMs: number; endMs: number }) {
  const count = Math.round(random.logNormal(8, 0.8)) + (kind === 'pipeline added or removed' ? 3 : 0);
  const hasWeek = kind === 'weekly rhythm' || (kind !== 'no rhythm' && random.chance(0.5));
  const week = hasWeek ? weekOf(random) : Array.from({ length: 7 }, () => 1);
  const growth = kind === 'trend' ? (random.chance(0.5) ? 1 : -1) * random.between(0.002, 0.011) : 0;
  return Array.from(
    { length: Math.min(MOST_PIPELINES, Math.max(1, count)) },
    (_, id): Pipeline => ({
      id,
      firstMs,
      lastMs: endMs,
      level: random.logNormal(3_000, 0.8),
      noise: 0.05 + 0.55 * random.unit() ** 2,
      hoursOfDay: hoursOf(random),
      week: hasWeek ? week.map((share) => share * random.logNormal(1, 0.1)) : week,
      dayOfMonth: null,
      growth: {
        perDay: growth === 0 ? 0 : growth + random.between(-0.002, 0.002),
        isExponential: random.chance(0.5),
      },
      peak: { factor: 1, lastDays: 0, firstDays: 0 },
      isBillable: random.chance(0.8) ? true : null,
    }),
  );
}

/** Gives some of the pipelines what their kind of customer is named for. */
function giveItsKind(random: Random, kind: Kind, pipelines: readonly Pipeline[], startMs: number): void {
  const share = random.between(0.3, 1);
  const chosen = pipelines.filter((_, index) => index === 0 || random.chance(share));
  if (kind === 'month-end peaks') {
    for (const pipeline of chosen) {
      const days = Math.ceil(random.between(0, 3));
      const factor = random.between(2, 6);
      pipeline.peak = random.chance(0.25)
        ? { factor, lastDays: 0, firstDays: 1 }
        : { factor, lastDays: days, firstDays: 0 };
    }
  } else if (kind === 'free pipelines') {
    for (const pipeline of pipelines) if (random.chance(share / 2)) pipeline.isBillable = false;
  } else if (kind === 'rare schedules') {
    for (const pipeline of chosen) makeRare(random, pipeline);
  } else if (kind === 'pipeline added or removed') {
    for (const pipeline of pipelines.slice(0, Math.ceil(random.between(0, 3)))) {
      const changedMs = startMs + Math.floor(random.between(-20, 9)) * DAY_MS;
      if (random.chance(0.5)) pipeline.lastMs = changedMs;
      else pipeline.firstMs = changedMs;
    }
  }
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

function weekOf(random: Random): number[] {
  const weekend = random.between(0.15, 0.6);
  const friday = random.between(0.8, 1);
  const saturday = weekend * random.between(0.8, 1.2);
  return [weekend, 1, 1, 1, 1, friday, saturday].map((share) => share * random.logNormal(1, 0.05));
}

/** Once a day, or every so many hours. */
function hoursOf(random: Random): number[] {
  const count = [1, 1, 2, 4, 8][Math.floor(random.between(0, 5))] ?? 1;
  const first = random.between(0, 24 / count);
  return Array.from({ length: count }, (_, index) => first + (index * 24) / count);
}

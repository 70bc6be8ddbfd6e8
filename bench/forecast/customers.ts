import { DAY_MS, HOUR_MS } from '../../functions/timestamps.ts';
import { createRandom, type Random } from '../../local/sandbox/random.ts';
import {
  type CustomerMonth,
  type Execution,
  type Expectation,
  executionsOfDay,
  expectationsOfDay,
  type Pipeline,
} from './executions.ts';
import { giveItsKind, KINDS, type Kind } from './kinds.ts';

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
  const isQuiet = giveItsKind(random, kind, pipelines, startMs);
  const sharedNoise = random.between(0.01, 0.06);
  const executions: Execution[] = [];
  const expectations: Expectation[] = [];
  for (let dayMs = firstMs; dayMs < endMs; dayMs += DAY_MS) {
    const shared = random.logNormal(1, sharedNoise);
    const daysIntoMonth = (dayMs - startMs) / DAY_MS;
    if (isQuiet(dayMs)) continue;
    for (const pipeline of pipelines) {
      executions.push(...executionsOfDay(random, pipeline, dayMs, daysIntoMonth, shared));
      expectations.push(...expectationsOfDay(pipeline, dayMs, daysIntoMonth));
    }
  }
  return { startMs, endMs, executions: executions.sort((one, other) => one.atMs - other.atMs), expectations };
}

/** Pipelines of many sizes and noises; the week and the growth of one customer's resemble each other. */
function company(random: Random, kind: Kind, { firstMs, endMs }: { firstMs: number; endMs: number }) {
  const count = Math.round(random.logNormal(8, 0.8)) + (kind === 'pipeline added or removed' ? 3 : 0);
  const hasWeek = kind === 'weekly rhythm' || (kind !== 'no rhythm' && random.chance(0.5));
  const week = hasWeek ? weekOf(random) : Array.from({ length: 7 }, () => 1);
  const growth = kind === 'trend' ? (random.chance(0.5) ? 1 : -1) * random.between(0.002, 0.011) : 0;
  return Array.from(
    { length: kind === 'a single pipeline' ? 1 : Math.min(MOST_PIPELINES, Math.max(1, count)) },
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
      change: { fromMs: endMs, factor: 1 },
      backfill: null,
      runShare: 1,
      isBillable: random.chance(0.8) ? true : null,
    }),
  );
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

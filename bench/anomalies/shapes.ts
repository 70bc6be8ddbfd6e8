import { DAY_MS, HOUR_MS } from '../../functions/timestamps.ts';
import { createRandom, type Random } from '../../local/sandbox/random.ts';
import { isWeekday, toLocal } from '../../local/sandbox/rhythm.ts';

/** What the executions of a pipeline bring. */
export interface Volumes {
  median: (atMs: number) => number;
  /** The standard deviation of the volumes' logarithms. */
  sigma: number;
  emptyShare?: number;
  /** Single events, so few that a volume varies as a count does. */
  isCount?: boolean;
  changeAtMs?: number;
  /** If it is younger than the history. */
  beginsAtMs?: number;
}

export const SHAPES: Record<string, (random: Random, nowMs: number) => Volumes> = {
  steady: (random) => {
    const base = magnitude(random);
    return { median: () => base, sigma: random.between(0.1, 0.8) };
  },
  'days and weeks': (random) => seasonal(random, magnitude(random), random.between(0.1, 0.6)),
  trend: (random, nowMs) => {
    const { median, sigma } = seasonal(random, magnitude(random), random.between(0.1, 0.6));
    const growthADay = random.between(-0.015, 0.02);
    return { sigma, median: (atMs) => median(atMs) * Math.exp((growthADay * (atMs - nowMs)) / DAY_MS) };
  },
  drift: (random, nowMs) => {
    const { median, sigma } = seasonal(random, magnitude(random), random.between(0.1, 0.5));
    const waves = Array.from({ length: 4 }, () => ({
      periodMs: random.between(3, 40) * DAY_MS,
      height: random.between(0, 0.3),
      phase: random.between(0, 2 * Math.PI),
    }));
    const heightAt = (atMs: number) =>
      waves.reduce(
        (sum, { periodMs, height, phase }) =>
          sum + height * Math.sin(phase + (2 * Math.PI * (atMs - nowMs)) / periodMs),
        0,
      );
    return { sigma, median: (atMs) => median(atMs) * Math.exp(heightAt(atMs)) };
  },
  'change of level': (random, nowMs) => {
    const { median, sigma } = seasonal(random, magnitude(random), random.between(0.1, 0.5));
    const changeAtMs = nowMs - random.between(2, 80) * DAY_MS;
    const factor = random.between(3, 10) ** (random.chance(0.5) ? 1 : -1);
    return { sigma, changeAtMs, median: (atMs) => median(atMs) * (atMs < changeAtMs ? 1 : factor) };
  },
  'small counts': (random) => {
    const { median } = seasonal(random, random.between(3, 40), 0);
    return { median, sigma: random.between(0, 0.3), isCount: true };
  },
  'often empty': (random) => ({
    ...seasonal(random, magnitude(random), random.between(0.2, 0.7)),
    emptyShare: random.between(0.2, 0.8),
  }),
  'now and then empty': (random) => ({
    ...seasonal(random, magnitude(random), random.between(0.2, 0.7)),
    emptyShare: random.between(0.02, 0.2),
  }),
  constant: (random) => {
    const base = Math.round(magnitude(random));
    return { median: () => base, sigma: 0 };
  },
  'month-end': (random) => {
    const { median, sigma } = seasonal(random, magnitude(random), random.between(0.1, 0.5));
    const days = Math.ceil(random.between(0, 3));
    const peak = random.between(3, 5);
    return { sigma, median: (atMs) => median(atMs) * (daysToMonthEnd(atMs) < days ? peak : 1) };
  },
  'heavy tails': (random) => {
    const base = magnitude(random);
    const sigma = random.between(0.1, 0.3);
    const tail = createRandom(random.unit() * 2 ** 31);
    return { sigma, median: () => (tail.chance(0.05) ? tail.logNormal(base, 3 * sigma) : base) };
  },
  young: (random, nowMs) => ({
    ...seasonal(random, magnitude(random), random.between(0.1, 0.6)),
    beginsAtMs: nowMs - random.between(12, 45) * DAY_MS,
  }),
};

/** Quiet nights, weekends and single weekdays, each as strong as it happens to be. */
function seasonal(random: Random, base: number, sigma: number): Volumes {
  const night = random.between(0.1, 1);
  const weekend = random.between(0.15, 1);
  const isUneven = random.chance(0.3);
  const weekdays = Array.from({ length: 7 }, () => (isUneven ? random.between(0.6, 1.6) : 1));
  const peakHour = random.between(9, 19);
  const median = (atMs: number) => {
    const local = toLocal(atMs);
    const hour = (local.getTime() % DAY_MS) / HOUR_MS;
    const ofHour = night + ((1 - night) * (1 + Math.cos(((hour - peakHour) * Math.PI) / 12))) / 2;
    return base * ofHour * (isWeekday(local) ? 1 : weekend) * (weekdays[local.getUTCDay()] ?? 1);
  };
  return { median, sigma };
}

function magnitude(random: Random): number {
  return Math.exp(random.between(Math.log(50), Math.log(500_000)));
}

function daysToMonthEnd(atMs: number): number {
  const local = toLocal(atMs);
  const lastDay = new Date(Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + 1, 0)).getUTCDate();
  return lastDay - local.getUTCDate();
}

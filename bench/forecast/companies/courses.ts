import { DAY_MS } from '../../../functions/timestamps.ts';
import type { Random } from '../../../local/sandbox/random.ts';
import { normal, type Table } from './tables.ts';

/** What a company goes through. */
export interface Course {
  worthOf: (random: Random) => Table['worth'];
  calendarOf: (random: Random) => (local: Date) => boolean;
  /** When the pipeline of the so-manieth table was made; null: long ago. */
  beginsOf: (random: Random, id: number) => number | null;
  /** Of the pipelines, those that copy so. */
  ways: { wholeTable: number; lastDays: number };
  isPaused: (atMs: number) => boolean;
  /** The day on which every pipeline was replaced by another. */
  rebuiltMs: number | null;
  firstLoadDays: number;
  hasGiant: boolean;
  /** How many there are; null: anything. */
  tables: number | null;
}

/** What a course has that is not as usual, drawn once a company. */
type Draw = (random: Random, startMs: number) => Partial<Course>;

export const COURSES = {
  'steady company': () => ({}),
  drifting: (random) => {
    const sigma = random.between(0.01, 0.03);
    return { worthOf: (random) => walk(random, sigma) };
  },
  'whole tables': () => ({ ways: { wholeTable: 0.8, lastDays: 0 } }),
  'last days again': () => ({ ways: { wholeTable: 0, lastDays: 0.8 } }),
  campaigns: (random) => {
    const bursts = Array.from({ length: 6 }, (_, index) => ({
      from: 25 * (index - 4) + random.between(-10, 10),
      days: random.between(1, 6),
      factor: random.between(1.5, 5),
    }));
    const worth = (day: number) =>
      bursts.reduce(
        (total, { from, days, factor }) => (day >= from && day < from + days ? factor : total),
        1,
      );
    return { worthOf: (random) => (random.chance(0.5) ? worth : () => 1) };
  },
  holidays: (random) => {
    const days = Array.from({ length: 5 }, () => Math.floor(random.between(-120, 31)));
    const share = random.between(0.05, 0.4);
    return { worthOf: () => (day) => (days.includes(Math.round(day)) ? share : 1) };
  },
  'growing company': (random) => {
    const common = random.between(0.1, 0.9);
    return {
      worthOf: (random) => {
        const perDay = Math.log(1 + common * random.logNormal(1, 0.5)) / 30;
        return (day) => Math.exp(perDay * day);
      },
    };
  },
  'growth that ends': (random) => {
    const [perDay, last] = [random.between(0.008, 0.025), random.between(-40, 5)];
    return { worthOf: () => (day) => Math.exp(perDay * Math.min(0, day - last)) };
  },
  'straight growth': (random) => {
    const perDay = random.between(-0.006, 0.02);
    return { worthOf: () => (day) => Math.max(0.02, 1 + perDay * day) };
  },
  relaunch: (random) => {
    const [day, factor] = [Math.floor(random.between(-40, 9)), Math.exp(random.between(-1, 1.2))];
    return { worthOf: () => (at) => (at >= day ? factor : 1) };
  },
  'new system': (random, startMs) => ({
    rebuiltMs: startMs + Math.floor(random.between(-35, 7)) * DAY_MS,
    firstLoadDays: random.between(0, 40),
  }),
  'new customer': (random, startMs) => {
    const firstDay = random.between(-60, -20);
    return {
      tables: 10,
      beginsOf: (random) => startMs + random.between(firstDay, 8) * DAY_MS,
      firstLoadDays: random.between(0, 30),
    };
  },
  'first days': (random, startMs) => {
    const firstMs = startMs + Math.floor(random.between(-3, 6)) * DAY_MS;
    return { beginsOf: () => firstMs, firstLoadDays: random.chance(0.5) ? 0 : random.between(0, 5) };
  },
  'paused and caught up': (random, startMs) => {
    const pausedMs = startMs - random.between(2, 12) * DAY_MS;
    return { isPaused: (atMs) => atMs >= pausedMs && atMs < startMs };
  },
  'one giant': () => ({ hasGiant: true }),
  'weekly batches': () => ({
    calendarOf: (random) => {
      const day = Math.floor(random.between(0, 7));
      return random.chance(0.6) ? (local) => local.getUTCDay() === day : () => true;
    },
  }),
  'due dates': (random) => {
    const dates = [5, 10, 15, 20, 25].filter(() => random.chance(0.4));
    const factor = random.between(2, 6);
    return { worthOf: () => (_, local) => (dates.includes(local.getUTCDate()) ? factor : 1) };
  },
} as const satisfies Record<string, Draw>;

export type CourseName = keyof typeof COURSES;

export function courseOf(random: Random, name: CourseName, startMs: number): Course {
  const draw: Draw = COURSES[name];
  return {
    worthOf: () => () => 1,
    calendarOf: () => () => true,
    beginsOf: () => null,
    ways: { wholeTable: 0.15, lastDays: 0.1 },
    isPaused: () => false,
    rebuiltMs: null,
    firstLoadDays: 0,
    hasGiant: false,
    tables: null,
    ...draw(random, startMs),
  };
}

/** A level that goes its own way, a little each day. */
function walk(random: Random, sigma: number): Table['worth'] {
  const steps = new Map<number, number>();
  let level = 0;
  for (let day = -200; day <= 31; day++) {
    level += sigma * normal(random);
    steps.set(day, Math.exp(level));
  }
  return (day) => steps.get(Math.round(day)) ?? 1;
}

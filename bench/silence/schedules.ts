import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../functions/timestamps.ts';
import type { Random } from '../../local/sandbox/random.ts';
import { fromLocal } from './clocks.ts';

export const KINDS = [
  'every 5 minutes',
  'hourly',
  'every 6 hours',
  'daily',
  'hourly on weekdays 8-20',
  'weekly',
  'monthly',
  'changed',
] as const;
export type Kind = (typeof KINDS)[number];

/** What a pipeline is told to do. */
export interface Schedule {
  /** The planned starts from one instant up to, not including, another, ascending. */
  starts(fromMs: number, toMs: number): number[];
  /** How far apart the starts usually are. */
  intervalMs(atMs: number): number;
  /** Whether there are long pauses between some of them. */
  hasPauses(atMs: number): boolean;
}

/** A schedule that changes does so between this many days before the end and this many. */
const CHANGE_DAYS = [75, 10] as const;

const CHANGES: readonly [before: Kind, after: Kind][] = [
  ['hourly', 'daily'],
  ['daily', 'daily'],
  ['hourly', 'every 6 hours'],
  ['every 6 hours', 'daily'],
  ['daily', 'hourly'],
  ['hourly', 'hourly on weekdays 8-20'],
];

/** A schedule with a random minute, hour and day, on the clock of a zone. */
export function createSchedule(kind: Kind, zone: string, endMs: number, random: Random): Schedule {
  const minute = Math.floor(random.between(0, 60));
  const hour = Math.floor(random.between(0, 24));
  const at = (hours: readonly number[]) => hours.map((each) => each * 60 + minute);
  switch (kind) {
    case 'every 5 minutes':
      return every(5 * MINUTE_MS, random.between(0, 5) * MINUTE_MS);
    case 'hourly':
      return every(HOUR_MS, minute * MINUTE_MS);
    case 'every 6 hours':
      return onDays(zone, at([0, 6, 12, 18].map((each) => each + (hour % 6))), 6 * HOUR_MS);
    case 'daily':
      return onDays(zone, at([hour]), DAY_MS);
    case 'hourly on weekdays 8-20': {
      const hours = Array.from({ length: 13 }, (_, index) => 8 + index);
      const schedule = onDays(zone, at(hours), HOUR_MS, (day) => day.getUTCDay() % 6 !== 0);
      return { ...schedule, hasPauses: () => true };
    }
    case 'weekly': {
      const weekday = Math.floor(random.between(0, 7));
      return onDays(zone, at([hour]), 7 * DAY_MS, (day) => day.getUTCDay() === weekday);
    }
    case 'monthly': {
      const date = Math.floor(random.between(1, 29));
      const isLastDay = random.chance(0.2);
      return onDays(zone, at([hour]), 30 * DAY_MS, (day) =>
        isLastDay ? new Date(day.getTime() + DAY_MS).getUTCDate() === 1 : day.getUTCDate() === date,
      );
    }
    case 'changed': {
      const [before, after] = CHANGES[Math.floor(random.unit() * CHANGES.length)] ?? ['daily', 'daily'];
      const [earliest, latest] = CHANGE_DAYS;
      return changed(
        createSchedule(before, zone, endMs, random),
        createSchedule(after, zone, endMs, random),
        endMs - random.between(latest, earliest) * DAY_MS,
      );
    }
  }
}

/** Starts that follow no calendar. */
function every(intervalMs: number, phaseMs: number): Schedule {
  return {
    intervalMs: () => intervalMs,
    hasPauses: () => false,
    starts(fromMs, toMs) {
      const first = Math.ceil((fromMs - phaseMs) / intervalMs);
      const count = Math.max(0, Math.ceil((toMs - phaseMs) / intervalMs) - first);
      return Array.from({ length: count }, (_, index) => (first + index) * intervalMs + phaseMs);
    },
  };
}

/** Starts so many minutes after each local midnight that is allowed. */
function onDays(
  zone: string,
  minutes: readonly number[],
  intervalMs: number,
  isAllowed: (day: Date) => boolean = () => true,
): Schedule {
  return {
    intervalMs: () => intervalMs,
    hasPauses: () => false,
    starts(fromMs, toMs) {
      const firstDay = Math.floor(fromMs / DAY_MS) - 1;
      const count = Math.max(0, Math.ceil((toMs - fromMs) / DAY_MS) + 3);
      return Array.from({ length: count }, (_, index) => (firstDay + index) * DAY_MS)
        .filter((dayMs) => isAllowed(new Date(dayMs)))
        .flatMap((dayMs) => minutes.map((minute) => fromLocal(zone, dayMs + minute * MINUTE_MS)))
        .filter((atMs) => atMs >= fromMs && atMs < toMs);
    },
  };
}

function changed(before: Schedule, after: Schedule, changeMs: number): Schedule {
  const inForce = (atMs: number) => (atMs < changeMs ? before : after);
  return {
    intervalMs: (atMs) => inForce(atMs).intervalMs(atMs),
    hasPauses: (atMs) => inForce(atMs).hasPauses(atMs),
    starts: (fromMs, toMs) => [
      ...before.starts(fromMs, Math.min(toMs, changeMs)),
      ...after.starts(Math.max(fromMs, changeMs), toMs),
    ],
  };
}

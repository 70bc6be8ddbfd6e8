import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../functions/timestamps.ts';
import { createRandom, type Random } from '../../local/sandbox/random.ts';
import { toLocal } from './clocks.ts';
import { createSchedule, type Kind, type Schedule } from './schedules.ts';

export interface Pipeline {
  kind: Kind;
  schedule: Schedule;
  /** When its executions finished, ascending: all that the logs tell. */
  executions: number[];
}

const MISSED_SHARE = 0.02;

/**
 * A pipeline like a real one: it starts some seconds or minutes late, takes its time, now and then misses a run or is
 * run by hand, and rests on a holiday if it rests on weekends.
 */
export function createPipeline(kind: Kind, zone: string, endMs: number, ...seed: number[]): Pipeline {
  const random = createRandom(...seed);
  const isLocal = kind === 'hourly on weekdays 8-20' || random.chance(0.75);
  const schedule = createSchedule(kind, isLocal ? zone : 'UTC', endMs, random);
  const fromMs = endMs - daysOfHistory(kind, random) * DAY_MS;
  const lateness = latenessOf(kind, random);
  const missedShare = random.chance(0.7) ? MISSED_SHARE : random.between(0, 0.05);
  const holiday = new Date(endMs - random.between(0, 90) * DAY_MS).toISOString().slice(0, 10);
  const planned = schedule
    .starts(fromMs, endMs)
    .filter(() => !random.chance(missedShare))
    .filter((atMs) => !schedule.hasPauses(atMs) || !toLocal(zone, atMs).toISOString().startsWith(holiday));
  const byHand = Array.from({ length: runsByHand(kind, random) }, () => random.between(fromMs, endMs));
  const executions = [...planned, ...byHand].map((atMs) => Math.round(atMs + lateness()));
  return { kind, schedule, executions: executions.sort((one, other) => one - other) };
}

/** From a few days more than are checked to a bit over a year, and at least half a year of what runs rarely. */
function daysOfHistory(kind: Kind, random: Random): number {
  if (kind === 'weekly' || kind === 'monthly') return random.between(200, 400);
  if (kind === 'every 5 minutes') return random.between(65, 90);
  return 60 + 10 ** random.between(0.5, 2.5);
}

function runsByHand(kind: Kind, random: Random): number {
  if (!random.chance(0.2)) return 0;
  return kind === 'weekly' || kind === 'monthly' ? 1 : 4;
}

/** How long after its planned start an execution ends: 5 seconds to 12 minutes of jitter, 2 seconds to 10 minutes of work. */
function latenessOf(kind: Kind, random: Random): () => number {
  const shortestMs = kind === 'every 5 minutes' ? 5 * MINUTE_MS : HOUR_MS;
  const jitterMs = Math.min(shortestMs / 6, 5_000 * 150 ** random.unit());
  const durationMs = Math.min(shortestMs / 4, 2_000 * 300 ** random.unit());
  return () =>
    Math.min(shortestMs * 0.8, -jitterMs * Math.log(1 - random.unit()) + random.logNormal(durationMs, 0.2));
}

import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../functions/timestamps.ts';
import type { Random } from '../../local/sandbox/random.ts';

/** What happens to a pipeline, which does not run meanwhile. */
export interface Incident {
  state: 'disabled' | 'blocked' | 'failing';
  beganMs: number;
  /** Infinity for a pipeline that is switched off for good. */
  endedMs: number;
}

export interface Pipeline {
  intervalMs: number;
  /** Of its executions, after each round interval. */
  offsetMs: number;
  incidents: Incident[];
}

/** How many of twenty pipelines run how often. */
const INTERVALS_MS = [
  ...Array<number>(8).fill(HOUR_MS),
  ...Array<number>(5).fill(6 * HOUR_MS),
  ...Array<number>(6).fill(DAY_MS),
  7 * DAY_MS,
];
/** How many of the pipelines something happens to in the whole time. */
const INCIDENT_CHANCE = 0.3;
const STATES = ['disabled', 'blocked', 'failing'] as const;

/** A pipeline, and what happens to it between two moments: mended after hours or days, unless it was switched off. */
export function createPipeline(fromMs: number, toMs: number, random: Random): Pipeline {
  const intervalMs = INTERVALS_MS[Math.floor(random.between(0, INTERVALS_MS.length))] ?? DAY_MS;
  const offsetMs = Math.floor(random.between(0, intervalMs));
  if (!random.chance(INCIDENT_CHANCE)) return { intervalMs, offsetMs, incidents: [] };
  const state = STATES[Math.floor(random.between(0, 3))] ?? 'failing';
  const beganMs = Math.floor(random.between(fromMs, toMs));
  const lastsMs = state === 'disabled' ? Number.POSITIVE_INFINITY : random.logNormal(DAY_MS, 1);
  return { intervalMs, offsetMs, incidents: [{ state, beganMs, endedMs: beganMs + lastsMs }] };
}

export function incidentAt({ incidents }: Pipeline, atMs: number): Incident | undefined {
  return incidents.find(({ beganMs, endedMs }) => beganMs <= atMs && atMs < endedMs);
}

/** Whether it is overdue as the views judge one without pauses: shortly before the second execution that did not come. */
export function isOverdue(pipeline: Pipeline, nowMs: number): boolean {
  const { intervalMs, offsetMs } = pipeline;
  let lastMs = Math.floor((nowMs - offsetMs) / intervalMs) * intervalMs + offsetMs;
  for (
    let incident = incidentAt(pipeline, lastMs);
    incident !== undefined;
    incident = incidentAt(pipeline, lastMs)
  ) {
    lastMs -= Math.ceil((lastMs - incident.beganMs + 1) / intervalMs) * intervalMs;
  }
  return nowMs > lastMs + 2 * intervalMs - Math.min(intervalMs / 10, 30 * MINUTE_MS);
}

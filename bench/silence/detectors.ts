import { DAY_MS, HOUR_MS } from '../../functions/timestamps.ts';
import type { Pipeline } from './pipelines.ts';

/**
 * When a pipeline that last ran at `lastMs` should be known to have stopped: after two intervals, or an hour after the
 * second missed start.
 */
export function deadlineMs({ schedule }: Pipeline, lastMs: number): number {
  if (!schedule.hasPauses(lastMs)) return lastMs + 2 * schedule.intervalMs(lastMs);
  const [, second = lastMs] = schedule.starts(lastMs, lastMs + 8 * DAY_MS);
  return second + HOUR_MS;
}

/** What else could raise an alarm, by name, and when it does if nothing follows the executions of the past. */
export const ALTERNATIVES: Record<string, (pipeline: Pipeline, past: readonly number[]) => number> = {
  "dead man's switch, period set by hand": ({ schedule }, past) => {
    const lastMs = past.at(-1) ?? 0;
    return lastMs + 2 * schedule.intervalMs(lastMs);
  },
  "dead man's switch, median interval": (_pipeline, past) => (past.at(-1) ?? 0) + 2 * medianIntervalMs(past),
  'one that knows every calendar': (pipeline, past) => deadlineMs(pipeline, past.at(-1) ?? 0),
};

/** Of the latest intervals only: more would take too long here. */
function medianIntervalMs(past: readonly number[]): number {
  const recent = past.slice(-1000);
  const intervals = recent.slice(1).map((atMs, index) => atMs - (recent[index] ?? 0));
  return intervals.sort((one, other) => one - other)[Math.floor(intervals.length / 2)] ?? 0;
}

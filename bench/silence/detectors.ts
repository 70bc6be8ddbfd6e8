import { DAY_MS, HOUR_MS } from '../../functions/timestamps.ts';
import type { Pipeline } from './pipelines.ts';

/** When a pipeline that ran last at `lastMs` is to be known as stopped: two intervals later, or an hour after the second missed start. */
export function deadlineMs({ schedule }: Pipeline, lastMs: number): number {
  if (!schedule.hasPauses(lastMs)) return lastMs + 2 * schedule.intervalMs(lastMs);
  const [, second = lastMs] = schedule.starts(lastMs, lastMs + 8 * DAY_MS);
  return second + HOUR_MS;
}

/** What else could raise an alarm, by name: from when on it does, if nothing came after the executions of the past. */
export const ALTERNATIVES: Record<string, (pipeline: Pipeline, past: readonly number[]) => number> = {
  "dead man's switch, period set by hand": ({ schedule }, past) => {
    const lastMs = past.at(-1) ?? 0;
    return lastMs + 2 * schedule.intervalMs(lastMs);
  },
  "dead man's switch, median gap": (_pipeline, past) => (past.at(-1) ?? 0) + 2 * medianGapMs(past),
  'one that knows every calendar': (pipeline, past) => deadlineMs(pipeline, past.at(-1) ?? 0),
};

/** Of the latest gaps only, for more would take the benchmark too long. */
function medianGapMs(past: readonly number[]): number {
  const recent = past.slice(-1000);
  const gaps = recent.slice(1).map((atMs, index) => atMs - (recent[index] ?? 0));
  return gaps.sort((one, other) => one - other)[Math.floor(gaps.length / 2)] ?? 0;
}

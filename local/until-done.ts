import type { RunResult } from '../functions/run.ts';
import {
  type EventsReport,
  outcomeOf,
  type RunReport,
  type StatusesReport,
  type StreamReport,
  totalsOf,
} from '../functions/sync/report.ts';
import type { RunRequest } from '../functions/sync/request.ts';
import { unfinishedOf } from '../functions/sync/unfinished.ts';

// The first run that made no progress may have spent its time on a pause that Kondado asked for.
const MAX_IDLE_RUNS = 2;

/**
 * Runs again with what is left, as long as it was the time budget that ended a run, until all is done.
 *
 * @returns what all runs have found, at least one.
 */
export async function runUntilDone(
  request: RunRequest,
  runOnce: (request: RunRequest) => Promise<RunResult>,
  stop: AbortSignal,
): Promise<[RunResult, ...RunResult[]]> {
  const first = await runOnce(request);
  const results: [RunResult, ...RunResult[]] = [first];
  const waiting = unfinishedOf(request, first.report).map((rest) => ({
    ...rest,
    idleRuns: rest.hasProgressed ? 0 : 1,
  }));
  for (let next = waiting.shift(); next && !stop.aborted; next = waiting.shift()) {
    const result = await runOnce(next.request);
    results.push(result);
    for (const rest of unfinishedOf(next.request, result.report)) {
      const idleRuns = rest.hasProgressed ? 0 : next.idleRuns + 1;
      if (idleRuns < MAX_IDLE_RUNS) waiting.push({ ...rest, idleRuns });
    }
  }
  return results;
}

/** The runs as if they had been one. */
export function mergeReports([{ report: first }, ...others]: readonly [
  RunResult,
  ...RunResult[],
]): RunReport {
  const reports = [first, ...others.map(({ report }) => report)];
  const streams = mergeStreams(reports);
  const error = reports.find((report) => report.error)?.error;
  return {
    ...first,
    outcome: outcomeOf(streams, error),
    finished_at: (reports.at(-1) ?? first).finished_at,
    streams,
    statuses: mergeStatuses(reports),
    events: reports.reduce(mergeEvents, null),
    ...(error ? { error } : {}),
  };
}

function mergeStatuses(reports: readonly RunReport[]): StatusesReport | null {
  const parts = reports.flatMap(({ statuses }) => statuses ?? []);
  if (parts.length === 0) return null;
  const sum = (counter: 'requests' | 'observed' | 'changed') =>
    parts.reduce((total, part) => total + part[counter], 0);
  return {
    requests: sum('requests'),
    observed: sum('observed'),
    changed: sum('changed'),
    error: parts.find(({ error }) => error !== null)?.error ?? null,
  };
}

/** What a run has left is published by the next one that reads the same streams, and by no other. */
function mergeEvents(
  earlier: EventsReport | null,
  { events, streams }: RunReport,
  index: number,
  reports: readonly RunReport[],
): EventsReport | null {
  if (earlier === null || events === null) return events ?? earlier;
  const names = new Set(streams.map(({ stream }) => stream));
  const isAll = reports
    .slice(0, index)
    .every((report) => report.streams.every(({ stream }) => names.has(stream)));
  return {
    published: earlier.published + events.published,
    waiting: events.waiting + (isAll ? 0 : earlier.waiting),
    error: events.error ?? (isAll ? null : earlier.error),
  };
}

/** What they have done, by stream and client. */
function mergeStreams(reports: readonly RunReport[]): StreamReport[] {
  const merged = new Map<string, StreamReport>();
  for (const report of reports.flatMap(({ streams }) => streams)) {
    const key = `${report.stream} ${report.client_id}`;
    const earlier = merged.get(key);
    merged.set(key, earlier ? mergeTwo(earlier, report) : report);
  }
  return [...merged.values()];
}

function mergeTwo(earlier: StreamReport, later: StreamReport): StreamReport {
  return {
    ...later,
    // What was not started again continues where the run before it ended.
    outcome: later.outcome === 'not_started' ? earlier.outcome : later.outcome,
    next_id: later.outcome === 'success' ? null : (later.next_id ?? earlier.next_id),
    started_at: earlier.started_at,
    watermark_before: earlier.watermark_before,
    watermark_after: later.watermark_after ?? earlier.watermark_after,
    first_id: earlier.first_id ?? later.first_id,
    last_id: later.last_id ?? earlier.last_id,
    progressed: earlier.progressed || later.progressed,
    ...totalsOf([earlier, later]),
    duration_ms: earlier.duration_ms + later.duration_ms,
  };
}

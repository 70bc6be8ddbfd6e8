import { outcomeOf, type RunReport, type StreamReport } from '../functions/sync/report.ts';
import type { RunRequest } from '../functions/sync/request.ts';
import { remaindersOf } from '../functions/sync/unfinished.ts';

// The first run that came no further may have spent its time on a pause that Kondado asked for.
const MAX_IDLE_RUNS = 2;

/**
 * Runs again as long as the time budget is what ended a run, with what it has left, until all is done.
 *
 * @returns the reports of all runs, at least one.
 */
export async function runUntilDone(
  request: RunRequest,
  runOnce: (request: RunRequest) => Promise<RunReport>,
  stop: AbortSignal,
): Promise<[RunReport, ...RunReport[]]> {
  const first = await runOnce(request);
  const reports: [RunReport, ...RunReport[]] = [first];
  const waiting = remaindersOf(request, first).map((rest) => ({
    ...rest,
    idleRuns: rest.hasProgressed ? 0 : 1,
  }));
  for (let next = waiting.shift(); next && !stop.aborted; next = waiting.shift()) {
    const report = await runOnce(next.request);
    reports.push(report);
    for (const rest of remaindersOf(next.request, report)) {
      const idleRuns = rest.hasProgressed ? 0 : next.idleRuns + 1;
      if (idleRuns < MAX_IDLE_RUNS) waiting.push({ ...rest, idleRuns });
    }
  }
  return reports;
}

/** The runs as if they had been one. */
export function mergeReports([first, ...others]: [RunReport, ...RunReport[]]): RunReport {
  const streams = mergeStreams([first, ...others]);
  const error = [first, ...others].find((report) => report.error)?.error;
  return {
    ...first,
    outcome: outcomeOf(streams, error),
    finished_at: (others.at(-1) ?? first).finished_at,
    streams,
    ...(error ? { error } : {}),
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
    // What was not started again goes on where the run before has ended.
    outcome: later.outcome === 'not_started' ? earlier.outcome : later.outcome,
    next_id: later.outcome === 'success' ? null : (later.next_id ?? earlier.next_id),
    started_at: earlier.started_at,
    watermark_before: earlier.watermark_before,
    watermark_after: later.watermark_after ?? earlier.watermark_after,
    first_id: earlier.first_id ?? later.first_id,
    last_id: later.last_id ?? earlier.last_id,
    rows_read: earlier.rows_read + later.rows_read,
    rows_inserted: earlier.rows_inserted + later.rows_inserted,
    rows_duplicate: earlier.rows_duplicate + later.rows_duplicate,
    rows_rejected: earlier.rows_rejected + later.rows_rejected,
    rows_repaired: earlier.rows_repaired + later.rows_repaired,
    requests: earlier.requests + later.requests,
    retries: earlier.retries + later.retries,
    rate_limit_hits: earlier.rate_limit_hits + later.rate_limit_hits,
    duration_ms: earlier.duration_ms + later.duration_ms,
  };
}

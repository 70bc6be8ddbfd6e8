import type { RunReport, StreamReport } from '../../functions/report.ts';

// The first run without a new row may have read the lookback only.
const RUNS_WITHOUT_NEW_ROWS = 2;

/**
 * Runs again as long as the time budget is what ended the run, as a scheduler would do.
 *
 * @returns the reports of all runs, at least one.
 */
export async function runUntilDone(
  runOnce: () => Promise<RunReport>,
  stop: AbortSignal,
): Promise<RunReport[]> {
  const reports: RunReport[] = [];
  for (let idle = 0; idle < RUNS_WITHOUT_NEW_ROWS; ) {
    const report = await runOnce();
    reports.push(report);
    // A backfill would begin anew, so it is left to whoever asked for it.
    const canGoOn = report.outcome === 'partial' && report.mode === 'incremental' && !report.dry_run;
    if (!canGoOn || stop.aborted) break;
    idle = report.streams.some(({ rows_inserted }) => rows_inserted > 0) ? 0 : idle + 1;
  }
  return reports;
}

/** What the runs have done together, by stream and client. */
export function mergeStreams(reports: readonly RunReport[]): StreamReport[] {
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
    started_at: earlier.started_at,
    watermark_before: earlier.watermark_before,
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

import type { Log } from '../log.ts';
import { sourceName } from '../streams.ts';
import { MINUTE_MS, type Timestamp } from '../timestamps.ts';
import type { StreamReport } from './report.ts';

/**
 * Logs how far a run is, at most once a minute for each stream: a first load takes hours, and nobody sees its pages.
 *
 * @param now the clock, in milliseconds.
 */
export function createProgressLog(runId: string, log: Log, now = () => performance.now()) {
  const startedAtMs = now();
  const loggedAtMs = new Map<string, number>();
  return (report: Readonly<StreamReport>, readTo?: Timestamp): void => {
    const { stream, client_id, rows_read, rows_inserted } = report;
    const isDue = now() - (loggedAtMs.get(stream) ?? startedAtMs) >= MINUTE_MS;
    if (readTo === undefined || !isDue) return;
    loggedAtMs.set(stream, now());
    const source = sourceName({ stream, clientId: client_id });
    const message = `${source}: ${rows_read} rows read, through ${readTo}.`;
    const fields = { run_id: runId, stream, client_id, rows_read, rows_inserted, read_through: readTo };
    log.write('info', 'sync_progress', message, fields);
  };
}

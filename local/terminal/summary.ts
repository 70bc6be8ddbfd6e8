import { count, plural } from '../../functions/insights/wording.ts';
import type { ErrorReport, RunReport, StreamReport } from '../../functions/sync/report.ts';
import { displayTimestamp, type Timestamp } from '../../functions/timestamps.ts';
import { plansTable, streamsTable } from './outcomes.ts';
import type { createPainter } from './screen.ts';
import { duration, printable } from './texts.ts';

export interface SummaryOptions {
  paint: ReturnType<typeof createPainter>;
  maxWidth: number;
  isInterrupted: boolean;
  /** Of all runs together. */
  durationMs: number;
  /** The end of what was asked for, if it has one. */
  to: Timestamp | undefined;
}

/** The outcome of a run, for people. */
export function summaryLines(report: RunReport, options: SummaryOptions): string[] {
  const { streams } = report;
  const { paint, maxWidth } = options;
  const table = { maxWidth, emphasize: (text: string) => paint('bold', text) };
  const lines = [headline(report, streams, options)];
  if (streams.length > 0) lines.push('', ...(report.dry_run ? plansTable : streamsTable)(streams, table));
  const errors = errorLines(report, streams).map((line) => paint('red', line));
  if (errors.length > 0) lines.push('', ...errors);
  const hints = hintLines(report, streams, options);
  if (hints.length > 0) lines.push('', ...hints);
  return lines;
}

function headline(
  report: RunReport,
  streams: readonly StreamReport[],
  { paint, isInterrupted, durationMs }: SummaryOptions,
): string {
  const inserted = plural(sum(streams, 'rows_inserted'), 'new row');
  const time = duration(durationMs);
  if (report.outcome === 'failed')
    return paint('red', `The ${report.mode} run failed after ${time}; ${inserted} stored.`);
  if (report.dry_run) return `Dry run, ${time}: nothing was written.`;
  if (isInterrupted && report.outcome === 'partial')
    return paint('yellow', `Interrupted after ${time}; ${inserted} stored, and kept.`);
  if (report.outcome === 'partial')
    return paint('yellow', `Not all was read in ${time}; ${inserted} stored, and kept.`);
  return paint('green', `Done in ${time}; ${inserted} stored.`);
}

function errorLines(report: RunReport, streams: readonly StreamReport[]): string[] {
  const texts = streams.flatMap(({ stream, client_id, error }) =>
    error === null ? [] : [`${stream}${client_id === null ? '' : ` ${client_id}`}: ${errorText(error)}`],
  );
  const known = streams.some(({ error }) => error?.message === report.error?.message);
  return report.error && !known ? [errorText(report.error), ...texts] : texts;
}

function errorText({ code, message }: ErrorReport): string {
  return `${code}: ${printable(message)}`;
}

function hintLines(report: RunReport, streams: readonly StreamReport[], options: SummaryOptions): string[] {
  const hints: string[] = [];
  const rejected = sum(streams, 'rows_rejected');
  if (rejected > 0 && !report.dry_run) {
    hints.push(
      `${plural(rejected, 'row')} could not be stored and ${rejected === 1 ? 'was' : 'were'} set aside, see: SELECT reason, "row" FROM rejected_rows`,
    );
  }
  const hits = sum(streams, 'rate_limit_hits');
  if (hits > 0) {
    hints.push(
      `Kondado's rate limit was hit ${hits === 1 ? 'once' : `${count(hits)} times`}: another program seems to use the same key or address.`,
    );
  }
  if (report.outcome === 'partial' && !report.dry_run) hints.push(...waysOn(report, streams, options));
  return hints;
}

/** How to finish an unfinished run. */
function waysOn(
  { mode }: RunReport,
  streams: readonly StreamReport[],
  { isInterrupted, to }: SummaryOptions,
): string[] {
  if (mode === 'incremental') {
    const reason = isInterrupted ? '' : 'Kondado let nothing more through. ';
    return [`${reason}The next npm run sync continues from what is stored.`];
  }
  const verify = mode === 'verify' ? '--verify ' : '';
  const end = to === undefined ? '' : ` --to ${displayTimestamp(to)}`;
  return streams
    .filter(({ next_id }) => next_id !== null)
    .map(
      ({ stream, next_id }) =>
        `Continue with: npm run sync -- ${verify}--streams ${stream} --from-id ${next_id}${end}`,
    );
}

function sum(
  streams: readonly StreamReport[],
  counter: 'rows_inserted' | 'rows_rejected' | 'rate_limit_hits',
) {
  return streams.reduce((total, stream) => total + stream[counter], 0);
}

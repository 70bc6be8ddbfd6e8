import { adviceFor } from '../../functions/insights/headline.ts';
import type { Wording } from '../../functions/insights/wording/wording.ts';
import type { ErrorReport, RunReport, StreamReport } from '../../functions/sync/report.ts';
import { displayTimestamp, type Timestamp } from '../../functions/timestamps.ts';
import { plansTable, streamsTable } from './outcomes.ts';
import type { createPainter } from './screen.ts';
import { hanging, printable } from './texts.ts';

export interface SummaryOptions {
  wording: Wording;
  paint: ReturnType<typeof createPainter>;
  maxWidth: number;
  isInterrupted: boolean;
  /** Of all runs together. */
  durationMs: number;
  /** The end of what was asked for, if it has one. */
  to: Timestamp | undefined;
  /** Whether it was to publish events for what it stores. */
  publish: boolean;
}

/** The outcome of a run, for people. */
export function summaryLines(report: RunReport, options: SummaryOptions): string[] {
  const { streams } = report;
  const { paint, maxWidth, wording } = options;
  const table = { maxWidth, emphasize: (text: string) => paint('bold', text) };
  const [style, sentence] = headline(report, streams, options);
  const lines = hanging(sentence, maxWidth, 0).map((line) => (style === null ? line : paint(style, line)));
  if (streams.length > 0)
    lines.push('', ...(report.dry_run ? plansTable : streamsTable)(streams, wording, table));
  const errors = errorLines(report, streams, wording)
    .flatMap((line) => hanging(line, maxWidth, 2))
    .map((line) => paint('red', line));
  if (errors.length > 0) lines.push('', ...errors);
  const hints = hintLines(report, streams, options);
  if (hints.length > 0) lines.push('', ...hints);
  return lines;
}

function headline(
  report: RunReport,
  streams: readonly StreamReport[],
  { isInterrupted, durationMs, wording }: SummaryOptions,
): ['red' | 'yellow' | 'green' | null, string] {
  const { terminal, formats } = wording;
  const inserted = sum(streams, 'rows_inserted');
  const time = formats.seconds(durationMs / 1000);
  if (report.outcome === 'failed') return ['red', terminal.failed(report.mode, time, inserted)];
  if (report.dry_run) return [null, terminal.dryRun(time)];
  if (isInterrupted && report.outcome === 'partial') return ['yellow', terminal.interrupted(time, inserted)];
  if (report.outcome === 'partial') return ['yellow', terminal.partial(time, inserted)];
  return ['green', terminal.done(time, inserted)];
}

function errorLines(report: RunReport, streams: readonly StreamReport[], wording: Wording): string[] {
  const errorText = ({ code, message }: ErrorReport) =>
    wording.terminal.error(code, printable(message), adviceFor(code, wording));
  const texts = streams.flatMap(({ stream, client_id, error }) =>
    error === null ? [] : [`${stream}${client_id === null ? '' : ` ${client_id}`}: ${errorText(error)}`],
  );
  const known = streams.some(({ error }) => error?.message === report.error?.message);
  return report.error && !known ? [errorText(report.error), ...texts] : texts;
}

function hintLines(report: RunReport, streams: readonly StreamReport[], options: SummaryOptions): string[] {
  const { terminal } = options.wording;
  const hints: string[] = [];
  const rejected = sum(streams, 'rows_rejected');
  if (rejected > 0 && !report.dry_run) {
    hints.push(terminal.rejected(rejected, 'SELECT reason, "row" FROM rejected_rows'));
  }
  const hits = sum(streams, 'rate_limit_hits');
  if (hits > 0) hints.push(...hanging(terminal.rateLimited(hits), options.maxWidth, 0));
  if (report.outcome === 'partial' && !report.dry_run) hints.push(...waysOn(report, streams, options));
  return hints;
}

/** How to finish an unfinished run. */
function waysOn(
  { mode }: RunReport,
  streams: readonly StreamReport[],
  { isInterrupted, to, publish, maxWidth, wording: { terminal } }: SummaryOptions,
): string[] {
  if (mode === 'incremental') {
    const why = isInterrupted ? '' : `${terminal.noMoreLetThrough} `;
    return hanging(why + terminal.nextRun, maxWidth, 0);
  }
  const verify = mode === 'verify' ? '--verify ' : '';
  const end = `${to === undefined ? '' : ` --to ${displayTimestamp(to)}`}${publish ? ' --publish' : ''}`;
  return streams
    .filter(({ next_id }) => next_id !== null)
    .map(({ stream, next_id }) =>
      terminal.continueWith(`npm run sync -- ${verify}--streams ${stream} --from-id ${next_id}${end}`),
    );
}

function sum(
  streams: readonly StreamReport[],
  counter: 'rows_inserted' | 'rows_rejected' | 'rate_limit_hits',
) {
  return streams.reduce((total, stream) => total + stream[counter], 0);
}

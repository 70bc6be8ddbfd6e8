import type { Log } from '../log.ts';
import { sourceName } from '../streams.ts';
import { DAY_MS, displayTimestamp, epochMsOf, timestampOf } from '../timestamps.ts';
import type { EarlierRun } from '../warehouse/queries.ts';
import type { StreamReport } from './report.ts';

/** How long Kondado keeps a log. */
const KEPT_MS = 90 * DAY_MS;
/** Who is less far behind than this has time to see whether it gets better. */
const FAR_BEHIND_MS = 30 * DAY_MS;
const HORIZON_MS = 365 * DAY_MS;

/**
 * Says in the report and in the log when Kondado begins to delete rows before they are read, if the runs go on at their pace.
 *
 * The pace is what the watermark has moved on by since the run before, pauses between runs included. At more than a day a
 * day nothing is lost. A stream whose end was reached has nothing left to lose.
 */
export function warnOfLoss(report: StreamReport, runs: readonly EarlierRun[], log: Log): void {
  const { watermark_before: before, watermark_after: after, outcome, stream, client_id } = report;
  if (before === null || after === null || outcome === 'success') return;
  const nowMs = Date.now();
  const last = runs.findLast(({ mode }) => mode === 'incremental');
  const sinceMs = last ? epochMsOf(last.finishedAt) : nowMs;
  const behindMs = nowMs - epochMsOf(after);
  const pace = (epochMsOf(after) - epochMsOf(before)) / Math.max(nowMs - sinceMs, 1);
  const leftMs = Math.max(0, (KEPT_MS - behindMs) / (1 - pace));
  if (behindMs < FAR_BEHIND_MS || pace >= 1 || leftMs > HORIZON_MS) return;
  report.loss_begins_at = timestampOf(nowMs + leftMs);
  const when = displayTimestamp(report.loss_begins_at);
  const days = (milliseconds: number) => (milliseconds / DAY_MS).toFixed(1);
  const name = sourceName({ stream, clientId: client_id });
  const message =
    `${name} is ${days(behindMs)} days behind and catches up on ${pace.toFixed(2)} days a day: at this ` +
    `pace Kondado, which keeps 90 days, deletes rows before they are read, from ${when} on. Repair what ` +
    'makes runs fail, or let them read more: enable_continuation in Terraform, a longer ' +
    'TIME_BUDGET_SECONDS, or npm run sync on a computer until it has caught up.';
  log.write('error', 'loss_expected', message, {
    stream,
    client_id,
    loss_begins_at: when,
    days_behind: behindMs / DAY_MS,
    days_a_day: pace,
  });
}

import type { Log } from '../log.ts';
import { displayTimestamp, epochMsOf, type Timestamp, timestampOf } from '../timestamps.ts';
import type { StreamReport } from './report.ts';

const DAY_MS = 86_400_000;
/** How long Kondado keeps a log. */
const KEPT_MS = 90 * DAY_MS;
/** Who is less far behind than this has time to see whether it gets better. */
const FAR_BEHIND_MS = 30 * DAY_MS;
const HORIZON_MS = 365 * DAY_MS;

export function isFarBehind(watermark: Timestamp): boolean {
  return Date.now() - epochMsOf(watermark) > FAR_BEHIND_MS;
}

/**
 * Says in the report and in the log when Kondado begins to delete rows before they are read, if the runs go on at their pace.
 *
 * The pace is what the watermark has moved on by since the run before, pauses between runs included. At more than a day a
 * day nothing is lost. A stream whose end was reached has nothing left to lose.
 *
 * @param since when the run before has ended.
 */
export function warnOfLoss(report: StreamReport, since: Timestamp, log: Log): void {
  const { watermark_before: before, watermark_after: after, outcome, stream, client_id } = report;
  if (before === null || after === null || outcome === 'success') return;
  const nowMs = Date.now();
  const behindMs = nowMs - epochMsOf(after);
  const pace = (epochMsOf(after) - epochMsOf(before)) / Math.max(nowMs - epochMsOf(since), 1);
  const leftMs = Math.max(0, (KEPT_MS - behindMs) / (1 - pace));
  if (behindMs < FAR_BEHIND_MS || pace >= 1 || leftMs > HORIZON_MS) return;
  report.loss_begins_at = timestampOf(nowMs + leftMs);
  const when = displayTimestamp(report.loss_begins_at);
  const days = (milliseconds: number) => (milliseconds / DAY_MS).toFixed(1);
  log.write(
    'error',
    'loss_expected',
    `${stream} is ${days(behindMs)} days behind and comes ${pace.toFixed(2)} days further a day: at this pace Kondado, which keeps 90 days, deletes rows before they are read, from ${when} on. Mend what makes runs fail, or let them read more: enable_continuation in Terraform, a longer TIME_BUDGET_SECONDS, or npm run sync on a computer until it has caught up.`,
    { stream, client_id, loss_begins_at: when, days_behind: behindMs / DAY_MS, days_a_day: pace },
  );
}

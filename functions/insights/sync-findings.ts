import { DAY_MS, MINUTE_MS } from '../timestamps.ts';
import type { Finding } from './finding.ts';
import type { Overview } from './overview.ts';
import { lastTried, sourcesRead } from './runs.ts';
import type { Wording } from './wording/wording.ts';

const LOSS_WARNING_MS = 14 * DAY_MS;

type Health = Overview['sync_health'][number];

/**
 * The troubles of the sync itself, and what it could not read or store.
 *
 * @param isLoading whether a first load is all that there is to say, which the first sentence does.
 */
export function syncFindings(overview: Overview, isLoading: boolean, wording: Wording): Finding[] {
  return [
    ...Object.entries(overview.failures).map(([view, code]) => unreadable(view, code, wording)),
    ...sourcesRead(overview).flatMap((row) => [
      ...(isLoading && row.health === 'loading' ? [] : healthFindings(row, overview, wording)),
      ...lossFindings(row, overview.asOf, wording),
    ]),
    ...overview.sync_health.flatMap((row) => rejectedFindings(row, wording)),
    ...gapFindings(overview, wording),
  ];
}

function unreadable(view: string, code: string, { findings }: Wording): Finding {
  const reasons = [findings.unreadable(code)];
  return { severity: 'critical', group: 'sync', kind: 'unreadable', subject: view, reasons, moment: null };
}

function healthFindings(row: Health, { sync_runs }: Overview, { findings }: Wording): Finding[] {
  const { health, minutes_since_success: minutes, stream, client_id, last_success_at: moment } = row;
  const about = { group: 'sync' as const, subject: findings.source(stream, client_id), moment };
  switch (health) {
    case 'failing': {
      const reasons = [findings.syncFailing(minutes, lastTried(row, sync_runs)?.error_code ?? null)];
      return [{ ...about, severity: 'critical', kind: 'sync_failing', reasons }];
    }
    case 'loading':
      return [{ ...about, severity: 'notice', kind: 'sync_loading', reasons: [findings.syncLoading] }];
    case 'stale':
      return [{ ...about, severity: 'critical', kind: 'sync_stale', reasons: [findings.syncStale(minutes)] }];
    default:
      return [];
  }
}

function lossFindings(row: Health, asOf: Date, { findings }: Wording): Finding[] {
  const { health, loss_begins_at: moment, stream, client_id } = row;
  const leftMs = (moment?.getTime() ?? Number.POSITIVE_INFINITY) - asOf.getTime();
  if (health === 'ok' || leftMs >= LOSS_WARNING_MS) return [];
  const isAhead = leftMs > 0;
  return [
    {
      severity: 'critical',
      group: 'sync',
      kind: isAhead ? 'loss_ahead' : 'loss',
      subject: findings.source(stream, client_id),
      reasons: [isAhead ? findings.lossAhead(leftMs / MINUTE_MS) : findings.loss],
      moment,
    },
  ];
}

function rejectedFindings(
  { rows_rejected_7d: rows, stream, client_id, watermark: moment }: Health,
  { findings }: Wording,
): Finding[] {
  if (rows === 0) return [];
  const subject = findings.source(stream, client_id);
  const reasons = [findings.setAside(rows)];
  return [{ severity: 'warning', group: 'rejected', kind: 'set_aside', subject, reasons, moment }];
}

/** What lies between two ranges of ids that are proven to be read was perhaps never read. */
function gapFindings({ coverage }: Overview, { findings }: Wording): Finding[] {
  const ranges = coverage.toSorted((one, other) => (BigInt(one.first_id) < BigInt(other.first_id) ? -1 : 1));
  return ranges.flatMap((range, index) => {
    const { stream, client_id, last_id } = range;
    const next = ranges
      .slice(index + 1)
      .find((other) => other.stream === stream && other.client_id === client_id);
    if (next === undefined) return [];
    return {
      severity: 'warning' as const,
      group: 'gap' as const,
      kind: 'hole' as const,
      subject: findings.source(stream, client_id),
      // From the last id that is proven, so that the ranges will touch.
      reasons: [findings.hole(last_id, next.first_id)],
      moment: next.verified_at,
    };
  });
}

import type { ParsedPage } from '../kondado/pages.ts';
import type { ParsedRow } from '../rows.ts';
import { addMs, type Timestamp } from '../timestamps.ts';

/** Which rows of a source a run reads. */
export interface Window {
  startId: bigint;
  /** Rows with a larger id are not in range; null is no bound. */
  endId: bigint | null;
  /** Rows created before this are not in range; null is no bound. */
  from: Timestamp | null;
  /** Rows created at or after this are not in range; null is no bound. */
  to: Timestamp | null;
  /** No stored version of a row in the window was created before this; null if that is not known. */
  createdSince: Timestamp | null;
  /** Up to which id the source was proven before: what is proven up to there again is no progress. */
  provenTo: bigint | null;
}

/** Whether a row lies before a window, in it, or after it; a row that is set aside is in every window that holds its id. */
export function placeOf({ from, to, endId }: Window, row: ParsedRow): 'before' | 'in' | 'after' {
  if (endId !== null && row.id !== null && row.id > endId) return 'after';
  if (row.kind === 'rejected') return 'in';
  if (from !== null && row.createdat < from) return 'before';
  return isDatedIn({ from, to }, row.createdat) ? 'in' : 'after';
}

/** Whether a date lies in a window. */
export function isDatedIn({ from, to }: Pick<Window, 'from' | 'to'>, createdat: Timestamp): boolean {
  return (from === null || createdat >= from) && (to === null || createdat < to);
}

/**
 * Makes a test whether a page lies past the end of a window.
 *
 * It does only if all of its rows do, by the lookback, and at least two: ids follow the dates roughly, and one misdated row
 * must end nothing. Rows dated ahead of now say nothing about where the log has come to.
 */
export function createEndTest({ to, endId }: Window, lookbackMs: number): (page: ParsedPage) => boolean {
  const endsAt = to === null ? null : addMs(to, lookbackMs);
  return ({ reading, rows, lastId }) => {
    if (endId !== null && lastId !== null && lastId > endId) return true;
    if (endsAt === null) return false;
    const dated = rows.filter(({ createdat }) => createdat !== null && createdat <= reading.now);
    return dated.length > 1 && dated.every(({ createdat }) => createdat !== null && createdat >= endsAt);
  };
}

import type { LogRow, RejectedRow } from '../rows.ts';
import { isWithin, type Window } from './window.ts';

/** The range of ids that a run has proven: every row in it was stored, was set aside, or is known to be stored. */
export interface ProvenRange {
  /** The rows of a page that the range may reach, in their order: those that it has to know about. */
  reached(rows: readonly (LogRow | RejectedRow)[]): (LogRow | RejectedRow)[];
  /** Takes in the rows of a page that is stored. */
  extend(rows: readonly (LogRow | RejectedRow)[], isKnown: (row: LogRow) => boolean): void;
  /** As a report names them; null as long as nothing is proven. */
  ids(): { first_id: bigint | null; last_id: bigint | null };
}

/**
 * Starts the range at the window's first row, and ends it just below the first row behind the window.
 *
 * Ids need not follow the dates, so rows that are too old or too late for the window lie between those in it, and are not
 * stored. Where such a row is not stored by another run either, the range must not hold it: it starts anew behind one that
 * is too old, and ends before one that is too late.
 */
export function createProvenRange(window: Window): ProvenRange {
  let first: bigint | null = null;
  let last: bigint | null = null;
  /** The first row behind the window since the last one in it. */
  let beyond: bigint | null = null;
  let isEnded = false;

  const isIn = (row: LogRow | RejectedRow) => row.kind === 'rejected' || isWithin(window, row);
  const canStart = (row: LogRow | RejectedRow) =>
    row.id !== null && isIn(row) && (row.kind === 'row' || window.from === null);

  function take(row: LogRow | RejectedRow, isKnown: (row: LogRow) => boolean): void {
    if (row.id === null || isEnded || (first === null && !canStart(row))) return;
    first ??= row.id;
    const isBeyond = row.kind === 'row' && window.to !== null && row.createdat >= window.to;
    if (isBeyond) beyond ??= row.id;
    if (isIn(row)) beyond = null;
    else if (row.kind === 'row' && !isKnown(row)) {
      if (isBeyond) isEnded = true;
      else first = null;
    }
    last = row.id;
  }

  return {
    reached(rows) {
      const start = first === null ? rows.findIndex(canStart) : 0;
      return start === -1 ? [] : rows.slice(start);
    },
    extend(rows, isKnown) {
      for (const row of rows) take(row, isKnown);
    },
    ids() {
      if (first === null) return { first_id: null, last_id: null };
      return { first_id: first, last_id: beyond === null ? last : beyond - 1n };
    },
  };
}

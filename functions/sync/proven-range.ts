import type { LogRow, ParsedRow } from '../rows.ts';
import { placeOf, type Window } from './window.ts';

/**
 * The range of ids that a run has proven.
 *
 * The invariant: every row that the API shows with an id from the first to the last one was stored, was set aside, or is
 * known to be stored. A row outside the window is read but not stored, so it breaks the range unless it is known.
 */
export interface ProvenRange {
  /** The rows of a page that the range may reach: those of which it has to know whether they are stored. */
  reached(rows: readonly ParsedRow[]): readonly ParsedRow[];
  /** Takes in the rows of a page that is stored. */
  extend(rows: readonly ParsedRow[], isKnown: (row: LogRow) => boolean): void;
  /** Null as long as nothing is proven. */
  ids(): { first_id: bigint; last_id: bigint } | null;
}

/**
 * Starts the range at the window's first row, and ends it just below the first row after the window.
 *
 * Dates follow the ids only roughly. Rows that are too old stand mostly before the others: one that is not stored starts the
 * range anew after it. Rows that are too late stand mostly after them: one that is not stored ends it for good. So the
 * ranges of two windows that touch leave no hole between them.
 */
export function createProvenRange(window: Window): ProvenRange {
  let first: bigint | null = null;
  let last: bigint | null = null;
  /** The first row after the window since the last one in it. */
  let firstAfter: bigint | null = null;
  let isEnded = false;

  /** A row that was set aside has no date to trust, so where dates decide it proves nothing by itself. */
  const canStart = (row: ParsedRow) =>
    row.id !== null && placeOf(window, row) === 'in' && (row.kind === 'row' || window.from === null);

  function take(row: ParsedRow, id: bigint, isKnown: boolean): void {
    const place = placeOf(window, row);
    if (place === 'in') firstAfter = null;
    if (place === 'after') firstAfter ??= id;
    if (place === 'before' && !isKnown) first = null;
    if (place === 'after' && !isKnown) isEnded = true;
    last = id;
  }

  return {
    reached(rows) {
      if (isEnded) return [];
      const start = first === null ? rows.findIndex(canStart) : 0;
      return start === -1 ? [] : rows.slice(start);
    },
    extend(rows, isKnown) {
      for (const row of rows) {
        if (isEnded || row.id === null) continue;
        if (first === null && !canStart(row)) continue;
        first ??= row.id;
        take(row, row.id, row.kind === 'rejected' || isKnown(row));
      }
    },
    ids() {
      if (first === null || last === null) return null;
      const last_id = firstAfter === null ? last : firstAfter - 1n;
      return last_id < first ? null : { first_id: first, last_id };
    },
  };
}

import type { Log } from '../log.ts';
import { sourceName } from '../streams.ts';
import { type PageResult, SURELY_KEPT_DAYS } from './read-source.ts';
import type { StreamReport } from './report.ts';

/** How many ids there were, from which to which: of millions nobody needs each. */
interface IdSpan {
  count: number;
  firstId: bigint;
  lastId: bigint;
}

/** Gathers, page by page, what deserves a warning once a run. */
export function createNotices() {
  const drift = new Map<string, number>();
  let repaired: IdSpan | null = null;
  let vanished: IdSpan | null = null;

  return {
    add(page: PageResult, isVerification: boolean): void {
      for (const [field, rows] of page.drift) drift.set(field, (drift.get(field) ?? 0) + rows);
      const newIds = page.newRows.map(({ id }) => id);
      if (isVerification) repaired = extend(repaired, newIds);
      vanished = extend(vanished, page.vanishedIds);
    },
    write({ stream, client_id, rows_rejected }: StreamReport, log: Log): void {
      const name = sourceName({ stream, clientId: client_id });
      const source = { stream, client_id };
      if (drift.size > 0) {
        const fields = [...drift.keys()].join(', ');
        const message = `Kondado sent fields of ${name} that have no column, or values that do not fit theirs: ${fields}. They are kept in _extra.`;
        log.write('warn', 'schema_drift', message, { ...source, rows_by_field: Object.fromEntries(drift) });
      }
      if (rows_rejected > 0) {
        const message = `${rows_rejected} rows of ${name} could not be stored and were set aside; the table rejected_rows has them, with the reasons.`;
        log.write('warn', 'rows_rejected', message, { ...source, rows_rejected });
      }
      if (repaired !== null) {
        const { count, firstId, lastId }: IdSpan = repaired;
        const message =
          `${count} rows of ${name} between the ids ${firstId} and ${lastId} were missing, although they had ` +
          'been read. They are stored now; find out who or what has deleted them.';
        log.write('error', 'rows_repaired', message, {
          ...source,
          rows_repaired: count,
          first_id: firstId,
          last_id: lastId,
        });
      }
      if (vanished !== null) {
        const { count, firstId, lastId }: IdSpan = vanished;
        const message =
          `${count} rows of ${name} between the ids ${firstId} and ${lastId} are stored, and Kondado no longer ` +
          `shows them although they are younger than ${SURELY_KEPT_DAYS} days. Nothing is deleted here.`;
        log.write('warn', 'rows_vanished', message, {
          ...source,
          rows_vanished: count,
          first_id: firstId,
          last_id: lastId,
        });
      }
    },
  };
}

function extend(span: IdSpan | null, ids: readonly bigint[]): IdSpan | null {
  const [first, last] = [ids[0], ids.at(-1)];
  if (first === undefined || last === undefined) return span;
  return { count: (span?.count ?? 0) + ids.length, firstId: span?.firstId ?? first, lastId: last };
}

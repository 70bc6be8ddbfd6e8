import { SyncError } from '../errors.ts';
import type { LogRow } from '../rows.ts';
import { type Source, sourceName } from '../streams.ts';
import { addMs, DAY_MS, timestampOf } from '../timestamps.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import { SURELY_KEPT_DAYS } from './read-source.ts';
import type { StreamReport } from './report.ts';

/**
 * Makes sure that an API that shows nothing has nothing to show.
 *
 * A key that sees less than before, for instance one workspace less, is answered with an empty page, not with an error.
 *
 * @throws {SyncError} KONDADO_UNEXPECTED_RESPONSE if rows from that id on are stored that Kondado must still have.
 */
export async function proveEmptiness(
  source: Source,
  startId: bigint,
  warehouse: Pick<Warehouse, 'countYoungIds'>,
): Promise<void> {
  const since = addMs(timestampOf(Date.now()), -SURELY_KEPT_DAYS * DAY_MS);
  const ids = await warehouse.countYoungIds(source, startId, since);
  if (ids === 0) return;
  throw new SyncError(
    'KONDADO_UNEXPECTED_RESPONSE',
    `Kondado shows no row of ${sourceName(source)} from id ${startId} on, although ${ids} younger than ` +
      `${SURELY_KEPT_DAYS} days are stored: the key and token see less than they did. Check the rights of their user, and ` +
      'KONDADO_CLIENT_IDS. Nothing is deleted.',
  );
}

/**
 * Counts what was stored in an empty table, and makes sure that it is there.
 *
 * A table that was just made, or made again, may answer that it has taken rows and lose them:
 * https://docs.cloud.google.com/bigquery/docs/write-api-rest#metadata-errors
 */
export function createFirstLoad(source: Source) {
  let ids = 0;
  let firstId: bigint | null = null;
  let lastId: bigint | null = null;
  let isOfClient = true;

  return {
    /** Takes in rows that were stored, ascending. */
    add(rows: readonly LogRow[]): void {
      for (const { id, values } of rows) {
        if (id !== lastId) ids++;
        firstId ??= id;
        lastId = id;
        isOfClient &&= values.client_id === source.clientId;
      }
    },
    /** @throws {SyncError} WAREHOUSE_UNAVAILABLE if fewer are stored than were sent; the report then claims nothing. */
    async prove(
      report: Pick<StreamReport, 'first_id' | 'last_id'>,
      warehouse: Pick<Warehouse, 'countIds'>,
    ): Promise<void> {
      if (firstId === null || lastId === null) return;
      const proven = { first_id: report.first_id, last_id: report.last_id };
      Object.assign(report, { first_id: null, last_id: null });
      const counted = isOfClient ? source : { ...source, clientId: null };
      const stored = await warehouse.countIds(counted, { firstId, lastId });
      if (stored < ids) throw lostRows(source, ids, stored);
      Object.assign(report, proven);
    },
  };
}

function lostRows(source: Source, sent: number, stored: number): SyncError {
  return new SyncError(
    'WAREHOUSE_UNAVAILABLE',
    `${sent} rows of ${sourceName(source)} were stored in an empty table, and ${stored} are there: a ` +
      'table that was just made may lose what is sent to it for some minutes. The next run reads them ' +
      'again.',
  );
}

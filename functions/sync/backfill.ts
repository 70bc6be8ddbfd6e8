import { SyncError } from '../errors.ts';
import type { PageReader, ParsedPage } from '../kondado/pages.ts';
import { type Source, sourceName } from '../streams.ts';
import { addMs, displayTimestamp, type Timestamp, timestampOf } from '../timestamps.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import { type DatedId, findStartId } from './find-start-id.ts';
import type { RunRequest } from './request.ts';
import type { Window } from './window.ts';

/** The rows that a backfill is to read. */
export async function backfillWindow(
  source: Source,
  { from, to, fromId }: RunRequest,
  tools: { warehouse: Warehouse; readPage: PageReader; lookbackMs: number },
): Promise<Window> {
  const startId = fromId ?? (await findDate(source, from ?? '', tools));
  return {
    startId,
    endId: null,
    from: from ?? null,
    to: to ?? null,
    createdSince: from ?? null,
    provenTo: null,
  };
}

/** The id to read from for the rows created since a date; those up to the lookback out of order come after it too. */
export async function findDate(
  source: Source,
  from: Timestamp,
  { warehouse, readPage, lookbackMs }: { warehouse: Warehouse; readPage: PageReader; lookbackMs: number },
): Promise<bigint> {
  const moment = addMs(from, -lookbackMs);
  const { below, above } = await warehouse.idsAround(source, moment);
  const probe = async (id: bigint) => datedIds(await readPage(id));
  return findStartId({ moment, lowestId: 0n, below, above, probe });
}

/** The rows of a page that have both an id and a date. */
export function datedIds({ rows }: ParsedPage): DatedId[] {
  return rows.flatMap(({ id, createdat }) => (id === null || createdat === null ? [] : [{ id, createdat }]));
}

/**
 * Refuses a backfill that would hide rows.
 *
 * The watermark is the newest row stored: a backfill that starts after rows not yet synced would hide them for ever.
 *
 * @throws {SyncError} INVALID_REQUEST that names every source whose rows the backfill would hide.
 */
export async function refuseHiding(
  request: RunRequest,
  sources: readonly Source[],
  warehouse: Warehouse,
  lookbackMs: number,
): Promise<void> {
  if (request.mode !== 'backfill' || request.acceptGap) return;
  const faults = await Promise.all(
    sources.map((source) => hidingFault(source, request, warehouse, lookbackMs)),
  );
  const found = faults.filter((fault) => fault !== undefined);
  if (found.length === 0) return;
  throw new SyncError(
    'INVALID_REQUEST',
    `The backfill was refused, it would hide the rows before it for ever: ${found.join('; ')}. Run an ` +
      'incremental sync first (no body), start earlier, or set "accept_gap" to leave a gap that stays ' +
      'visible in the view coverage.',
  );
}

async function hidingFault(
  source: Source,
  { from, fromId }: RunRequest,
  warehouse: Warehouse,
  lookbackMs: number,
): Promise<string | undefined> {
  const name = sourceName(source);
  if (from !== undefined) {
    const { position } = await warehouse.standing(source, timestampOf(Date.now()), lookbackMs);
    return position !== null && from > position.watermark
      ? `${name} is stored up to ${displayTimestamp(position.watermark)}, and "from" is later`
      : undefined;
  }
  const largestId = await warehouse.largestId(source);
  return largestId !== null && fromId !== undefined && fromId > largestId
    ? `${name} is stored up to id ${largestId}, and "from_id" is greater`
    : undefined;
}

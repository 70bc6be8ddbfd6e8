import type { Config } from '../config.ts';
import { SyncError } from '../errors.ts';
import type { KondadoClient, RequestCounters } from '../kondado/client.ts';
import { entryCreatedat, entryId } from '../rows.ts';
import type { Source } from '../streams.ts';
import { addMs, displayTimestamp, type Timestamp, timestampOf } from '../timestamps.ts';
import type { Position, Warehouse } from '../warehouse/warehouse.ts';
import { findStartId, type Placed } from './find-start-id.ts';
import type { RunRequest } from './request.ts';

const DAY_MS = 86_400_000;
const VERIFIED_MS = 7 * DAY_MS;

/** Which rows of a source a run reads. */
export interface Window {
  startId: bigint;
  /** Rows created before this are not in range; null is no bound. */
  from: Timestamp | null;
  /** Rows created at or after this are not in range; null is no bound. */
  to: Timestamp | null;
  /** No stored version of a row in the window was created before this; null if that is not known. */
  createdSince: Timestamp | null;
  /** Whether rows that were missing are counted as repaired. */
  isVerification: boolean;
}

/** What is needed to find a window. */
export interface WindowDependencies {
  config: Config;
  warehouse: Warehouse;
  kondado: KondadoClient;
  counters: RequestCounters;
  signal: AbortSignal;
}

/** Finds the rows that a run is to read; null if there are none, because there is nothing stored to verify. */
export async function findWindow(
  source: Source,
  request: RunRequest,
  position: Position | null,
  dependencies: WindowDependencies,
): Promise<Window | null> {
  const { config } = dependencies;
  if (request.mode === 'incremental') return incrementalWindow(position, config);
  const window = { startId: 0n, from: request.from ?? null, to: request.to ?? null, isVerification: false };
  if (request.mode === 'verify') {
    if (position === null) return null;
    const end = justAfter(position.watermark); // what comes later is for the incremental runs
    window.isVerification = true;
    if (window.to === null || window.to > end) window.to = end;
    if (request.fromId === undefined) window.from ??= addMs(position.watermark, -VERIFIED_MS);
    if (window.from !== null && window.from >= window.to) return null;
  }
  const isWhole = request.from === undefined && request.fromId === undefined;
  const verifiedId =
    window.isVerification && isWhole ? await lastVerifiedId(source, window.from ?? '', dependencies) : null;
  const startId = request.fromId ?? verifiedId ?? (await findDate(source, window.from ?? '', dependencies));
  return { ...window, startId, createdSince: window.from };
}

/**
 * Up to which id the verifications that their time budget has ended, since the last whole one, have come from a date on;
 * null if they have not.
 *
 * So that a window that takes longer than a run is verified by one run after the other, the oldest rows first.
 */
async function lastVerifiedId(
  source: Source,
  from: Timestamp,
  { warehouse }: WindowDependencies,
): Promise<bigint | null> {
  const runs = await warehouse.earlierRuns(source, 'verify', addMs(timestampOf(Date.now()), -VERIFIED_MS));
  const parts = runs
    .slice(runs.findLastIndex(({ outcome }) => outcome === 'success') + 1)
    .filter(({ outcome }) => outcome === 'partial');
  if (parts.length === 0) return null;
  const { above } = await warehouse.idsAround(source, from);
  let verifiedId: bigint | null = null;
  for (const { firstId, lastId } of parts) {
    const next = verifiedId ?? above;
    if (firstId !== null && next !== null && firstId <= next && next < (lastId ?? next)) verifiedId = lastId;
  }
  return verifiedId;
}

/** The window of an incremental run: from the lookback before the watermark, or from the very first id. */
function incrementalWindow(position: Position | null, { lookbackMs, initialElementId }: Config): Window {
  return {
    startId: position?.startId ?? initialElementId,
    from: null,
    to: null,
    // A day more than the lookback: ids need not follow createdat, and a page with an older row costs another query.
    createdSince: position ? addMs(position.watermark, -lookbackMs - DAY_MS) : null,
    isVerification: false,
  };
}

/** The id to read from for the rows created since a date; those up to the lookback out of order are behind it too. */
async function findDate(source: Source, from: Timestamp, dependencies: WindowDependencies): Promise<bigint> {
  const { config, warehouse } = dependencies;
  const moment = addMs(from, -config.lookbackMs);
  const { below, above } = await warehouse.idsAround(source, moment);
  return findStartId({ moment, lowestId: 0n, below, above, probe: (id) => probe(source, id, dependencies) });
}

/** The rows of one page that have both an id and a date. */
export async function probe(
  source: Source,
  startId: bigint,
  { kondado, counters, signal }: WindowDependencies,
): Promise<Placed[]> {
  const { entries } = await kondado.readPage(source, startId, counters, signal);
  return placedRows(entries);
}

/** The entries that have both an id and a date. */
export function placedRows(entries: readonly unknown[]): Placed[] {
  return entries.flatMap((entry) => {
    const [id, createdat] = [entryId(entry), entryCreatedat(entry)];
    return id === undefined || createdat === undefined ? [] : [{ id, createdat }];
  });
}

/** Whether a row is in range by its date. */
export function isWithin({ from, to }: Window, { createdat }: { createdat: Timestamp }): boolean {
  return (from === null || createdat >= from) && (to === null || createdat < to);
}

/**
 * Makes a test whether a page reaches behind a window: behind a row that is later than its end by the lookback there are
 * none in it.
 */
export function isBehind({ to }: Window, lookbackMs: number): (entries: readonly unknown[]) => boolean {
  if (to === null) return () => false;
  const end = addMs(to, lookbackMs);
  return (entries) => entries.some((entry) => (entryCreatedat(entry) ?? '') >= end);
}

/**
 * Why a backfill of a source must not start; undefined if it may.
 *
 * The watermark is the newest row stored: a backfill that starts behind rows not yet synced would hide them for ever.
 */
export async function backfillFault(
  source: Source,
  { from, fromId }: RunRequest,
  position: Position | null,
  warehouse: Warehouse,
): Promise<string | undefined> {
  const name = source.clientId === null ? source.stream : `${source.stream} of client ${source.clientId}`;
  if (from !== undefined && position !== null && from > position.watermark) {
    return `${name} is stored up to ${displayTimestamp(position.watermark)}, and "from" is later`;
  }
  if (fromId === undefined) return undefined;
  const largestId = await warehouse.largestId(source);
  return largestId !== null && fromId > largestId
    ? `${name} is stored up to id ${largestId}, and "from_id" is greater`
    : undefined;
}

export function backfillRefusal(faults: readonly string[]): SyncError {
  return new SyncError(
    'INVALID_REQUEST',
    `The backfill was refused, it would hide the rows before it for ever: ${faults.join('; ')}. Run an incremental sync first (no body), or start earlier.`,
  );
}

function justAfter(timestamp: Timestamp): Timestamp {
  const microseconds = Number(timestamp.slice(-4, -1)) + 1;
  const start = addMs(timestamp, microseconds === 1000 ? 1 : 0);
  return `${start.slice(0, -4)}${String(microseconds % 1000).padStart(3, '0')}Z`;
}

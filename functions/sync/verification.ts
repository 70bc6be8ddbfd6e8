import type { PageReader } from '../kondado/pages.ts';
import type { Source } from '../streams.ts';
import { addMs, DAY_MS, type Timestamp } from '../timestamps.ts';
import type { EarlierRun } from '../warehouse/queries.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import { findDate } from './backfill.ts';
import type { Standing } from './incremental.ts';
import type { RunRequest } from './request.ts';
import type { Window } from './window.ts';

const DEFAULT_MS = 7 * DAY_MS;

/**
 * The rows that a verification is to read again; null if nothing is stored that it could compare.
 *
 * It never reads beyond what is stored, neither by date nor by id: what comes later is for the incremental runs, which
 * must not find it stored before they have read what lies in between.
 */
export async function verificationWindow(
  source: Source,
  request: RunRequest,
  { position, runs }: Standing,
  tools: { warehouse: Warehouse; readPage: PageReader; lookbackMs: number },
): Promise<Window | null> {
  const endId = await tools.warehouse.largestId(source);
  if (position === null || endId === null) return null;
  const end = justAfter(position.watermark);
  const to = request.to !== undefined && request.to < end ? request.to : end;
  const from = request.fromId === undefined ? (request.from ?? addMs(position.watermark, -DEFAULT_MS)) : null;
  if (from !== null && from >= to) return null;
  const isWhole = request.from === undefined && request.fromId === undefined;
  const verifiedId = isWhole ? await verifiedTo(source, from ?? '', runs, tools.warehouse) : null;
  const startId = request.fromId ?? verifiedId ?? (await findDate(source, from ?? '', tools));
  return startId > endId ? null : { startId, endId, from, to, createdSince: from, provenTo: null };
}

/**
 * Where the verifications that their time budget has ended, since the last whole one, have come to from a date on; null if
 * there is none.
 *
 * So a window that takes longer than a run is verified by one run after the other, the oldest rows first.
 */
async function verifiedTo(
  { stream }: Source,
  from: Timestamp,
  runs: readonly EarlierRun[],
  warehouse: Warehouse,
): Promise<bigint | null> {
  const verifications = runs.filter(({ mode }) => mode === 'verify');
  const parts = verifications
    .slice(verifications.findLastIndex(({ outcome }) => outcome === 'success') + 1)
    .filter(({ outcome }) => outcome === 'partial');
  if (parts.length === 0) return null;
  const [oldest] = await warehouse.storedVersions({ stream, firstId: 0n, createdSince: from, limit: 1 });
  let reached: bigint | null = null;
  for (const { firstId, lastId } of parts) {
    const next: bigint | undefined = reached ?? oldest?.id;
    if (firstId !== null && lastId !== null && next !== undefined && firstId <= next && lastId > next)
      reached = lastId;
  }
  return reached;
}

function justAfter(timestamp: Timestamp): Timestamp {
  const microseconds = Number(timestamp.slice(-4, -1)) + 1;
  const start = addMs(timestamp, microseconds === 1000 ? 1 : 0);
  return `${start.slice(0, -4)}${String(microseconds % 1000).padStart(3, '0')}Z`;
}

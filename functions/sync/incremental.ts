import type { Source } from '../streams.ts';
import { addMs, DAY_MS, timestampOf } from '../timestamps.ts';
import type { EarlierRun, Position } from '../warehouse/queries.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import type { Window } from './window.ts';

/** What the warehouse knows of a source when a run starts. */
export interface Standing {
  /** Null if no row is stored. */
  position: Position | null;
  /** Its runs of the last days at least, oldest first. */
  runs: readonly EarlierRun[];
}

/**
 * Finds where an incremental run starts, by what earlier runs have proven and, below that, by what is stored.
 *
 * The first that holds:
 * - The newest incremental run was not a success: where the runs since the last one that was have come to. So a first load
 *   goes on where it stopped, whatever its rows are dated.
 * - Nothing is proven although runs have been recorded (an empty table, a swallowed load, other client ids than before):
 *   the very first id.
 * - One above the largest stored id below those of the lookback, so that a row that appears late between two stored ones is
 *   found; but never above what this source's own runs have proven, because rows that others have stored prove nothing.
 */
export async function incrementalWindow(
  source: Source,
  { position, runs: latestRuns }: Standing,
  warehouse: Pick<Warehouse, 'countIds' | 'earlierRuns' | 'hasRuns'>,
  { initialElementId, lookbackMs }: { initialElementId: bigint; lookbackMs: number },
): Promise<Window> {
  const runs = await runsSinceSuccess(source, latestRuns, warehouse);
  const provenTo = largest(runs.map(({ lastId }) => lastId));
  const window = {
    endId: null,
    from: null,
    to: null,
    createdSince: null,
    provenTo,
  };
  const reachedId = reachOf(runs);
  if (reachedId !== null) return { ...window, startId: reachedId };

  const isProven = runs.some(({ mode, outcome }) => mode !== 'verify' && outcome === 'success');
  if (position === null && isProven && provenTo !== null && source.clientId !== null) {
    // The rows that Kondado sends for this client may carry another client's id.
    const stored = await warehouse.countIds(
      { ...source, clientId: null },
      { firstId: provenTo, lastId: provenTo },
    );
    if (stored > 0) return { ...window, startId: provenTo };
  }
  const isNothingProven = !isProven && (runs.length > 0 || (await warehouse.hasRuns(source.stream)));
  if (position === null || isNothingProven) return { ...window, startId: initialElementId };

  const storedId = position.belowId === null ? position.lookbackId : position.belowId + 1n;
  return {
    ...window,
    startId: provenTo === null || storedId < provenTo ? storedId : provenTo,
    // A day more than the lookback: ids need not follow createdat, and a page with an older row costs another query.
    createdSince: addMs(position.watermark, -lookbackMs - DAY_MS),
  };
}

/** The runs back to the last incremental success, or all. */
async function runsSinceSuccess(
  source: Source,
  latestRuns: readonly EarlierRun[],
  { earlierRuns }: Pick<Warehouse, 'earlierRuns'>,
): Promise<readonly EarlierRun[]> {
  let runs = latestRuns;
  for (const days of [90, null]) {
    if (runs.some(isIncrementalSuccess)) break;
    runs = await earlierRuns(source, days === null ? null : addMs(timestampOf(Date.now()), -days * DAY_MS));
  }
  return runs;
}

/**
 * The id up to which the runs since the last incremental success have come; null if the newest one was a success.
 *
 * Incremental runs go on where the one before has stopped. The range of any other run counts if it touches theirs, or if it
 * was allowed to leave a gap before it.
 */
function reachOf(runs: readonly EarlierRun[]): bigint | null {
  const since = runs.slice(runs.findLastIndex(isIncrementalSuccess) + 1);
  if (!since.some(({ mode }) => mode === 'incremental')) return null;
  let reached = largest(since.filter(({ mode }) => mode === 'incremental').map(({ lastId }) => lastId));
  const others = since.flatMap(({ mode, firstId, lastId, acceptsGap }) =>
    mode === 'incremental' || firstId === null || lastId === null ? [] : [{ firstId, lastId, acceptsGap }],
  );
  others.sort((one, other) => (one.firstId < other.firstId ? -1 : 1));
  for (const { firstId, lastId, acceptsGap } of others) {
    const isTouching = reached !== null && firstId <= reached + 1n;
    if (acceptsGap || isTouching) reached = largest([reached, lastId]);
  }
  return reached;
}

function isIncrementalSuccess({ mode, outcome }: EarlierRun): boolean {
  return mode === 'incremental' && outcome === 'success';
}

function largest(ids: readonly (bigint | null)[]): bigint | null {
  return ids.reduce((most, id) => (id !== null && (most === null || id > most) ? id : most), null);
}

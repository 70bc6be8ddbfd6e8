import type { Config } from '../config.ts';
import { OBJECT_KINDS } from '../streams.ts';
import { addMs, MINUTE_MS, type Timestamp } from '../timestamps.ts';
import type { LastLook, SeenObject } from '../warehouse/status-questions.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';

/** Less than an hour, so that the runs of every hour look, and those of every five minutes do so once an hour. */
const LOOK_EVERY_MS = 50 * MINUTE_MS;

type Comparable = number | string | bigint;

/** Something to look at, and how it was at the look before, if there was one. */
export type Candidate = Pick<LastLook, 'object' | 'observedAt' | 'state'>;

/**
 * Everything whose status may be asked for now, the most urgent first; nothing if the newest look is too young.
 *
 * Overdue ones come first, because somebody wants to know why; then those whose last state was not `ok`, which may be
 * over; then those never looked at; then the others. Within each of these the oldest look comes first.
 */
export async function candidatesAt(
  now: Timestamp,
  { streams, clientIds }: Pick<Config, 'streams' | 'clientIds'>,
  warehouse: Pick<Warehouse, 'isLookedAtSince' | 'lastLooks' | 'overdueObjects'>,
): Promise<Candidate[]> {
  if (await warehouse.isLookedAtSince(addMs(now, -LOOK_EVERY_MS), now)) return [];
  const looks = await warehouse.lastLooks(now);
  const kinds = streams.map((stream) => OBJECT_KINDS[stream]);
  // What a key may not see any more would end every look at the first refusal.
  const isRead = ({ kind, clientId }: SeenObject) =>
    kinds.includes(kind) && (clientIds.length === 0 || (clientId !== null && clientIds.includes(clientId)));
  const candidates = looks.filter(({ isSeen, object }) => isSeen && isRead(object));
  // A view that cannot be read takes its part of the order with it, and the lines about alerts say what is wrong with it.
  const overdue = await Promise.all(kinds.map((kind) => warehouse.overdueObjects(kind).catch(() => [])));
  const overdueKeys = new Set(overdue.flat().map(keyOf));
  const rank = ({ object, observedAt, state }: Candidate) => {
    if (overdueKeys.has(keyOf(object))) return 0;
    if (observedAt === null) return 2;
    return state === 'ok' ? 3 : 1;
  };
  const place = (candidate: Candidate) =>
    [rank(candidate), candidate.observedAt ?? '', candidate.object.objectId, candidate.object.kind] as const;
  return candidates.sort((one, other) => compare(place(one), place(other)));
}

function keyOf({ kind, clientId, objectId }: SeenObject): string {
  return `${kind} ${clientId} ${objectId}`;
}

/** By the first of the values in which they differ. */
function compare(one: readonly Comparable[], other: readonly Comparable[]): number {
  const index = one.findIndex((value, place) => value !== other[place]);
  return index === -1 ? 0 : (one[index] ?? 0) < (other[index] ?? 0) ? -1 : 1;
}

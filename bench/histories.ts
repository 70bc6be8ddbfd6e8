import { type DatedId, findStartId } from '../functions/sync/find-start-id.ts';
import { timestampOf } from '../functions/timestamps.ts';
import type { Random } from '../local/sandbox/random.ts';
import { lowerBound } from '../local/sandbox/source.ts';

/** As Kondado documents it. */
export const PAGE_SIZE = 50;
const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;
const START_MS = Date.UTC(2026, 7, 25);
const DAYS = 90;
const FIRST_ID = 391_000_000;
const ID_SPAN = 5_000_000;
export const MOMENTS = 20;
const MOMENTS_WITHIN = 12;

/** Ids ascending, each with when its row was created. */
export interface History {
  ids: Float64Array;
  createdMs: Float64Array;
  /** The newest of all rows up to each. */
  newestMs: Float64Array;
  /** How far a row may lie behind one with a larger id. */
  disorderMs: number;
}

/** 5 million ids over 90 days, of which so many are ours, placed by a function from [0, 1) to [0, 1). */
function history(
  rows: number,
  options: {
    random: Random;
    idAt?: (share: number) => number;
    timeAt?: (share: number) => number;
    disorderMs?: number;
  },
): History {
  const { random, idAt = (share) => share, timeAt = (share) => share, disorderMs = 0 } = options;
  const shares = Float64Array.from({ length: rows }, (_, index) => (index + random.unit() * 0.9) / rows);
  let previous = FIRST_ID;
  const ids = shares.map((share) => {
    previous = Math.max(previous + 1, FIRST_ID + Math.floor(idAt(share) * ID_SPAN));
    return previous;
  });
  const createdMs = shares.map((share) =>
    Math.floor(START_MS + timeAt(share) * DAYS * DAY_MS - random.unit() * disorderMs),
  );
  let newest = Number.NEGATIVE_INFINITY;
  const newestMs = createdMs.map((ms) => {
    newest = Math.max(newest, ms);
    return newest;
  });
  return { ids, createdMs, newestMs, disorderMs };
}

/** All in the share of time that is left when most of each stretch holds nothing. */
function bursts(count: number, length: number) {
  return (share: number) => {
    const burst = Math.floor(share * count);
    return (burst + (share * count - burst) * length) / count;
  };
}

/** Nothing at all happened, or was ours, from one share to the other. */
function gap(from: number, to: number) {
  return (share: number) => (share < 0.5 ? share * 2 * from : to + (share - 0.5) * 2 * (1 - to));
}

/** Histories in which the dates follow the ids as evenly as they do at Kondado. */
export const SMOOTH: Record<string, (random: Random) => History> = {
  'all ids are ours': (random) => history(ID_SPAN, { random }),
  'one id in 50 is ours': (random) => history(100_000, { random }),
  'one id in 1,000 is ours': (random) => history(5_000, { random }),
  'rows up to 50 minutes out of order': (random) => history(100_000, { random, disorderMs: 50 * MINUTE_MS }),
  'few rows, up to 50 minutes out of order': (random) =>
    history(5_000, { random, disorderMs: 50 * MINUTE_MS }),
};

/** Histories in which a guess from the dates around is far off. */
export const ROUGH: Record<string, (random: Random) => History> = {
  'a burst each night': (random) => history(100_000, { random, timeAt: bursts(DAYS, 0.02) }),
  'a burst each week': (random) => history(100_000, { random, timeAt: bursts(13, 0.0005) }),
  'ids that jump by half of all': (random) => history(100_000, { random, idAt: gap(0.1, 0.6) }),
  'ids that jump by nearly all': (random) => history(100_000, { random, idAt: gap(0.0005, 0.9995) }),
  'ids that began at 1 long before': (random) => history(20_000, { random, idAt: (share) => share ** 0.2 }),
  'a silence of 60 days': (random) => history(50_000, { random, timeAt: gap(0.1, 0.77) }),
  'ever more rows': (random) => history(100_000, { random, timeAt: (share) => share ** 0.25 }),
  'ever fewer rows': (random) => history(100_000, { random, timeAt: (share) => share ** 4 }),
  'bursts out of order': (random) =>
    history(30_000, { random, timeAt: bursts(DAYS, 0.02), disorderMs: 50 * MINUTE_MS }),
  'a first page within one millisecond': (random) =>
    history(100_000, { random, timeAt: (share) => (share < 0.001 ? 0 : share) }),
  'a handful of rows': (random) => history(30, { random }),
  'two pages': (random) => history(2 * PAGE_SIZE, { random }),
};

/** A page as the API gives it, and a count of them. */
function probes({ ids, createdMs }: History) {
  const asked: bigint[] = [];
  const probe = async (id: bigint): Promise<DatedId[]> => {
    asked.push(id);
    const first = lowerBound(ids.length, (index) => (ids[index] ?? 0) >= id);
    return Array.from(ids.subarray(first, first + PAGE_SIZE), (rowId, index) => ({
      id: BigInt(rowId),
      createdat: timestampOf(createdMs[first + index] ?? 0),
    }));
  };
  return { asked, probe };
}

/** What the warehouse has already. */
export type Knowledge = 'nothing' | 'all rows' | 'rows up to a week before' | 'rows from a week after on';

/** What a warehouse says of the ids around a moment, see `idsAround`. */
function known(made: History, momentMs: number, knowledge: Knowledge) {
  const { ids, createdMs } = made;
  const idAt = (index: number) => (index >= 0 && index < ids.length ? BigInt(ids[index] ?? 0) : null);
  if (knowledge === 'nothing') return { below: null, above: null };
  if (knowledge === 'rows from a week after on') {
    return { below: null, above: idAt(firstSince(made, momentMs + 7 * DAY_MS)) };
  }
  if (knowledge === 'rows up to a week before') {
    return { below: idAt(createdMs.findLastIndex((ms) => ms < momentMs - 7 * DAY_MS)), above: null };
  }
  const above = firstSince(made, momentMs);
  return { below: idAt(above - 1), above: idAt(above) };
}

/** The place in the order of ids of the first row created at or after a moment. */
function firstSince({ newestMs }: History, ms: number): number {
  return lowerBound(newestMs.length, (index) => (newestMs[index] ?? 0) >= ms);
}

/** Searches the start of what was created from a moment on. */
export async function search(made: History, wantedMs: number, knowledge: Knowledge) {
  const momentMs = wantedMs - made.disorderMs;
  const { asked, probe } = probes(made);
  const around = known(made, momentMs, knowledge);
  const found = await findStartId({ moment: timestampOf(momentMs), lowestId: 0n, ...around, probe });
  const start = lowerBound(made.ids.length, (index) => (made.ids[index] ?? 0) >= found);
  return {
    probes: asked.length,
    /** Reading from there would miss a row. */
    isLate: start > firstSince(made, wantedMs),
    /** How many rows are read for nothing. */
    rowsBefore: firstSince(made, momentMs) - start,
  };
}

/** Moments all over a history, at its edges, and beyond them. */
export function moments(random: Random): number[] {
  const within = Array.from({ length: MOMENTS_WITHIN }, () => START_MS + random.unit() * DAYS * DAY_MS);
  const edges = [-400 * DAY_MS, -1, 0, 1, MINUTE_MS, DAYS * DAY_MS - 1].map((ms) => START_MS + ms);
  return [...within, ...edges, START_MS + (DAYS + 1) * DAY_MS, START_MS + (DAYS + 30) * DAY_MS].map(
    Math.floor,
  );
}

import type { StreamName } from '../../functions/streams.ts';
import type { StatusFields, StatusObject } from './statuses.ts';

/** Where the sandbox server gets its rows, and its statuses. */
export interface LogSource {
  /** Null for what is not there (any more). @default everything is there, and well */
  status?(object: StatusObject): StatusFields | null;
  /** The first `limit` rows with an id of at least `startElementId`, ascending by id. */
  page(
    stream: StreamName,
    startElementId: bigint,
    limit: number,
    clientId: string | null,
  ): { rows: object[] };
}

interface Order {
  rows: object[];
  length: number;
  last: object | undefined;
  lastId: bigint | number | undefined;
  /** Positions in ascending order of ids; undefined while the array itself is in that order. */
  positions: number[] | undefined;
}

/**
 * A source over plain arrays. Between two requests a test may push rows, or replace one by another with the same id.
 *
 * A row without a usable id belongs right after the row before it. Arrays in ascending order are searched as they
 * are; others are sorted once, and again when their length or last row has changed.
 */
export function rowsSource(streams: Record<StreamName, object[]>): LogSource {
  const orders = new Map<StreamName, Order>();

  function orderOf(stream: StreamName): Order {
    const rows = streams[stream];
    const known = orders.get(stream);
    if (known?.rows === rows && known.length === rows.length && known.last === rows.at(-1)) return known;
    const order = extendOrder(rows, known);
    orders.set(stream, order);
    return order;
  }

  return {
    page(stream, startElementId, limit, clientId) {
      const { rows, positions } = orderOf(stream);
      const at = (index: number) => (positions === undefined ? index : (positions[index] ?? 0));
      const page: object[] = [];
      const first = lowerBound(rows.length, (index) => standingId(rows, at(index)) >= startElementId);
      for (let index = first; index < rows.length && page.length < limit; index++) {
        const row = rows[at(index)];
        if (row !== undefined && belongsTo(row, clientId)) page.push(row);
      }
      return { rows: page };
    },
  };
}

/** The smallest index from 0 to `length` at which `isReached`, which turns from false to true once, is true. */
export function lowerBound(length: number, isReached: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isReached(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A row's id as a number that compares exactly; undefined if it has none that could be a cursor. */
export function usableId(row: object | undefined): bigint | number | undefined {
  if (row === undefined || row === null || !('id' in row)) return undefined;
  const { id } = row;
  if (typeof id === 'bigint' || Number.isSafeInteger(id)) return id as bigint | number;
  return typeof id === 'string' && /^-?\d+$/.test(id) ? BigInt(id) : undefined;
}

export function belongsTo(row: object, clientId: string | null): boolean {
  return clientId === null || ('client_id' in row && String(row.client_id) === clientId);
}

/** Looks only at what was pushed since the last time, so that an array that grows to a million rows stays fast. */
function extendOrder(rows: object[], known: Order | undefined): Order {
  const isGrown =
    known?.rows === rows && known.positions === undefined && rows[known.length - 1] === known.last;
  let lastId = isGrown ? known.lastId : undefined;
  let isAscending = true;
  for (let index = isGrown ? known.length : 0; index < rows.length && isAscending; index++) {
    const id = usableId(rows[index]);
    if (id === undefined) continue;
    isAscending = lastId === undefined || lastId <= id;
    lastId = id;
  }
  const positions = isAscending ? undefined : sortedPositions(rows);
  return { rows, length: rows.length, last: rows.at(-1), lastId, positions };
}

function sortedPositions(rows: object[]): number[] {
  const ids = rows.map((_, index) => standingId(rows, index));
  return [...rows.keys()].sort((left, right) => {
    const [leftId, rightId] = [ids[left] ?? 0, ids[right] ?? 0];
    return leftId < rightId ? -1 : leftId > rightId ? 1 : left - right;
  });
}

/** The id of a row, or of the nearest row before it that has one. */
function standingId(rows: object[], position: number): bigint | number {
  for (let index = position; index >= 0; index--) {
    const id = usableId(rows[index]);
    if (id !== undefined) return id;
  }
  return 0;
}

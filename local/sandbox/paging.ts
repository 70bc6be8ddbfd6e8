import type { StreamName } from '../../functions/streams.ts';
import { type LogSource, usableId } from './source.ts';

type Cursor = number | bigint | null;

/** The documented answer of a log endpoint. */
export interface Envelope {
  success: boolean;
  data: {
    success: boolean;
    data: Record<string, unknown>[];
    pagination?: { next_start_element_id?: Cursor; [otherName: string]: Cursor | undefined };
  };
}

export interface PageRequest {
  /** From 0, counting all that arrive. */
  index: number;
  stream: StreamName;
  startElementId: bigint;
  clientId: string | null;
}

/** How the rows are cut into pages, and what a page says about the one after it. */
export interface PagingOptions {
  /** @default 'inclusive' */
  paging?: Paging;
  /** @default 50 */
  pageSize?: number;
  /**
   * Rows that are taken out after a page was cut, so that it may be empty although others follow.
   *
   * @default none; those of other clients are left out before
   */
  hides?: (row: object, clientId: string | null) => boolean;
  /** Every so many requests a page holds no row, and its cursor leads to the next one. @default 0, never */
  emptyEvery?: number;
}

/** A page as it was cut, with the hidden rows. */
interface Page {
  start: bigint;
  /** Undefined if there is no row. */
  last: bigint | undefined;
  /** The first row after the page; undefined if there is none. */
  next: bigint | undefined;
  isLast: boolean;
}

type Pagination = Envelope['data']['pagination'];

/** The cursor ahead of the last row by more ids than a small page holds. */
const LEAP = 100n;
const FAR = 9_000_000_000_000_000n;

/** How the cursor may behave: the documented sample leaves that open, above all at the end. */
const PAGINATIONS = {
  /** The last row's id, also at the end. */
  inclusive: (page: Page) => next(inclusive(page)),
  /** One more than the last row's id, also at the end. */
  exclusive: (page: Page) => next(exclusive(page)),
  /** The id of the row that follows, and at the end that of the last one. */
  nextRow: (page: Page) => next(page.next ?? inclusive(page)),
  /** Inclusive, and null on the last page. */
  null: (page: Page) => next(page.isLast ? null : inclusive(page)),
  /** Inclusive, and a pagination object without a cursor on the last page. */
  missing: (page: Page) => (page.isLast ? {} : next(inclusive(page))),
  /** Inclusive, and no pagination object on the last page. */
  noPagination: (page: Page) => (page.isLast ? undefined : next(inclusive(page))),
  /** Inclusive, and the id that was asked for on the last page. */
  stuck: (page: Page) => next(page.isLast ? page.start : inclusive(page)),
  /** Inclusive, and 0 on the last page. */
  zero: (page: Page) => next(page.isLast ? 0n : inclusive(page)),
  /** One more than the last row's id, and null on the empty page that ends it. */
  emptyLast: (page: Page) => next(page.last === undefined ? null : exclusive(page)),
  /** One more than the last row's id, and on an empty page one more than was asked for, without an end. */
  askedPlusOne: (page: Page) => next((page.last ?? page.start) + 1n),
  /** Inclusive, under another name. */
  renamed: (page: Page) => ({ next_element_id: toPlainNumber(inclusive(page)) }),
  /** Never anything but null. */
  alwaysNull: () => next(null),
  /** Never a pagination object. */
  never: () => undefined,
  /** What was asked for, on every page. */
  still: (page: Page) => next(page.start),
  /** 0, on every page. */
  alwaysZero: () => next(0n),
  /** Half way back to what was asked for. */
  late: (page: Page) => next((page.start + inclusive(page)) / 2n),
  /** Beyond the last row, over rows that no page has shown; an empty page leads nowhere. */
  leaping: (page: Page) => next(page.last === undefined ? page.start : page.last + LEAP),
  /** Beyond all rows. */
  far: () => next(FAR),
} satisfies Record<string, (page: Page) => Pagination>;

export type Paging = keyof typeof PAGINATIONS;

/** The envelope for one page; its rows are copies, so that a test may change them. */
export function pageEnvelope(
  source: LogSource,
  request: PageRequest,
  { paging = 'inclusive', pageSize = 50, hides, emptyEvery = 0 }: PagingOptions,
): Envelope {
  const { stream, startElementId: start, clientId } = request;
  const { rows } = source.page(stream, start, pageSize + 1, hides ? null : clientId);
  const isEmpty = emptyEvery > 0 && request.index % emptyEvery === emptyEvery - 1;
  const following = rows.map(idOf).find((id) => id !== undefined && id > start);
  if (isEmpty && following !== undefined) return envelope([], next(following));

  const cut = rows.slice(0, pageSize);
  const pagination: Pagination = PAGINATIONS[paging]({
    start,
    last: cut.map(idOf).findLast((id) => id !== undefined),
    next: idOf(rows[pageSize]),
    isLast: rows.length <= pageSize,
  });
  const shown = cut.filter((row) => !hides?.(row, clientId));
  return envelope(
    shown.map((row) => ({ ...row })),
    pagination,
  );
}

function envelope(data: Record<string, unknown>[], pagination: Pagination): Envelope {
  return { success: true, data: { success: true, data, ...(pagination && { pagination }) } };
}

function idOf(row: object | undefined): bigint | undefined {
  const id = usableId(row);
  return id === undefined ? undefined : BigInt(id);
}

function inclusive({ last, start }: Page): bigint {
  return last ?? start;
}

function exclusive({ last, start }: Page): bigint {
  return last === undefined ? start : last + 1n;
}

function next(cursor: bigint | null): { next_start_element_id: Cursor } {
  return { next_start_element_id: cursor === null ? null : toPlainNumber(cursor) };
}

/** A number where that is exact, so that most cursors can be read and changed as plain numbers. */
function toPlainNumber(value: bigint): number | bigint {
  const plain = Number(value);
  return Number.isSafeInteger(plain) ? plain : value;
}

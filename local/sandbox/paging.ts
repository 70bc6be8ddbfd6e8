import type { StreamName } from '../../functions/streams.ts';
import { type LogSource, usableId } from './source.ts';

type Cursor = number | bigint | null;

/** The documented answer of a log endpoint. */
export interface Envelope {
  success: boolean;
  data: {
    success: boolean;
    data: Record<string, unknown>[];
    pagination?: { next_start_element_id?: Cursor };
  };
}

export interface PageRequest {
  stream: StreamName;
  startElementId: bigint;
  clientId: string | null;
}

interface Page {
  start: bigint;
  /** Undefined on an empty page. */
  last: bigint | undefined;
  isLast: boolean;
}

type Pagination = Envelope['data']['pagination'];

/** How the cursor may behave: the documented sample leaves open what follows from it, at the end above all. */
const PAGINATIONS = {
  /** The last row's id, at the end too. */
  inclusive: (page: Page) => next(inclusive(page)),
  /** One more than the last row's id, at the end too. */
  exclusive: (page: Page) => next(exclusive(page)),
  /** Inclusive, and null on the last page. */
  null: (page: Page) => next(page.isLast ? null : inclusive(page)),
  /** Inclusive, and a pagination object without a cursor on the last page. */
  missing: (page: Page) => (page.isLast ? {} : next(inclusive(page))),
  /** Inclusive, and no pagination object on the last page. */
  noPagination: (page: Page) => (page.isLast ? undefined : next(inclusive(page))),
  /** Inclusive, and on the last page what was asked for. */
  stuck: (page: Page) => next(page.isLast ? page.start : inclusive(page)),
  /** Inclusive, and 0 on the last page. */
  zero: (page: Page) => next(page.isLast ? 0n : inclusive(page)),
  /** One more than the last row's id, and null on the empty page that ends it. */
  emptyLast: (page: Page) => next(page.last === undefined ? null : exclusive(page)),
} satisfies Record<string, (page: Page) => Pagination>;

export type Paging = keyof typeof PAGINATIONS;

/** The envelope for one page; its rows are copies, so that a test may change them. */
export function pageEnvelope(
  source: LogSource,
  { stream, startElementId, clientId }: PageRequest,
  { paging, pageSize }: { paging: Paging; pageSize: number },
): Envelope {
  const { rows } = source.page(stream, startElementId, pageSize + 1, clientId);
  const data = rows.slice(0, pageSize).map((row) => ({ ...row }));
  const last = data.map(usableId).findLast((id) => id !== undefined);
  const pagination: Pagination = PAGINATIONS[paging]({
    start: startElementId,
    last: last === undefined ? undefined : BigInt(last),
    isLast: rows.length <= pageSize,
  });
  return { success: true, data: { success: true, data, ...(pagination && { pagination }) } };
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

/** A number where it is exact, so that most cursors can be read and changed as plain numbers. */
function toPlainNumber(value: bigint): number | bigint {
  const plain = Number(value);
  return Number.isSafeInteger(plain) ? plain : value;
}

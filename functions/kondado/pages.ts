import { SyncError } from '../errors.ts';
import { entryId } from '../rows.ts';
import type { Source } from '../streams.ts';
import type { Page } from './answer.ts';

/** https://kondado.io's help pages: "Logs" */
export const PAGE_SIZE = 50;

/** A page in its place between the pages before and after it. */
export interface PlacedPage {
  entries: unknown[];
  /** Where the page after this one starts; null if this is the last one. */
  nextId: bigint | null;
}

/**
 * Reads page after page, ascending, until the API has no more.
 *
 * It ends whatever the API answers, with as few requests as can be, and an error is never an end: each page must start at
 * or after the id that was asked for, be in order, and lead further than the one before.
 *
 * @param isLast lets the reader stop early, after a page that satisfies it.
 * @throws {SyncError} KONDADO_UNEXPECTED_RESPONSE for a page out of order or one that cannot be passed.
 */
export async function* readPages(options: {
  source: Source;
  startId: bigint;
  readPage: (startId: bigint) => Promise<Page>;
  isLast?: (entries: unknown[]) => boolean;
}): AsyncGenerator<PlacedPage, void, undefined> {
  const { source, readPage, isLast = () => false } = options;
  for (let startId: bigint | null = options.startId; startId !== null; ) {
    const page = await readPage(startId);
    const ids = page.entries.map(entryId).filter((id) => id !== undefined);
    checkOrder(ids, startId, source);
    const nextId: bigint | null = isLast(page.entries) ? null : nextOf(page, ids.at(-1), startId, source);
    yield { entries: page.entries, nextId };
    startId = nextId;
  }
}

/** The cursor is inclusive: the last row of a page is the first of the next one, and the end is a cursor that stays. */
function nextOf(page: Page, lastId: bigint | undefined, startId: bigint, source: Source): bigint | null {
  const isFull = page.entries.length >= PAGE_SIZE;
  if (page.entries.length === 0 || page.nextId === null) return null;
  if (page.nextId > startId) return !isFull && page.nextId === lastId ? null : page.nextId;
  if (!isFull) return null;
  // There may be more behind a full page. A cursor that jumps back can be made good by the ids, one that stays cannot.
  if (page.nextId < startId && lastId !== undefined && lastId > startId) return lastId;
  throw unexpected(
    source,
    `the page at id ${startId} is full and its cursor does not lead further, so it cannot be passed`,
  );
}

function checkOrder(ids: readonly bigint[], startId: bigint, source: Source): void {
  let previous = startId;
  for (const id of ids) {
    if (id < previous) {
      throw unexpected(source, `the page at id ${startId} is out of order (${id} comes after ${previous})`);
    }
    previous = id;
  }
}

function unexpected({ stream }: Source, what: string): SyncError {
  return new SyncError(
    'KONDADO_UNEXPECTED_RESPONSE',
    `Kondado's answer for ${stream} cannot be trusted: ${what}. Nothing of it was stored, what was stored before is kept; if it stays, ask Kondado.`,
  );
}

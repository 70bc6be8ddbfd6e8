import { SyncError } from '../errors.ts';
import { type ParsedRow, parseEntry, type Reading, startReading } from '../rows.ts';
import { type Source, sourceName } from '../streams.ts';
import type { Page } from './answer.ts';
import type { SourceApi } from './client.ts';

/** Far more than any customer's share of all ids should leave empty in a row. */
const MAX_EMPTY_PAGES = 1000;
/** So many empty pages in a row that each lead on by a single id only echo what they were asked. */
const MAX_ECHOES = 5;
const FIELDS_SHOWN = 20;

/** A page of parsed rows. */
export interface ParsedPage {
  reading: Reading;
  /** In the order of their ids, as they came; one without an id stands where it was sent. */
  rows: ParsedRow[];
  /** The largest id on the page; null if none has one. */
  lastId: bigint | null;
  /** What the API names as the start of the next page; null if it names none. Nothing relies on it. */
  cursor: bigint | null;
  /** Where to ask next; null if this page leads nowhere, which proves that nothing follows. */
  nextId: bigint | null;
}

/** Reads the page at an id. */
export type PageReader = (startId: bigint) => Promise<ParsedPage>;

/**
 * Makes the reader of one source's pages, the door through which all rows come.
 *
 * @throws {SyncError} KONDADO_UNEXPECTED_RESPONSE, from each call, for a page out of order, or one on which nothing is usable.
 */
export function createPageReader(source: Source, runId: string, { readPage }: SourceApi): PageReader {
  return async (startId) => {
    const page = await readPage(startId);
    const reading = startReading(source, runId);
    const rows = page.entries.map((entry) => parseEntry(entry, reading));
    checkOrder(rows, startId, source);
    checkUse(rows, page, source);
    const lastId = rows.findLast(({ id }) => id !== null)?.id ?? null;
    const { cursor } = page;
    return { reading, rows, lastId, cursor, nextId: nextIdOf(startId, lastId, cursor) };
  };
}

/**
 * Reads page after page, ascending, until it is proven that the log has no more.
 *
 * How many rows a page has means nothing, and a cursor is believed only where there is no row to go by: an API that counts
 * its pages differently tomorrow must not make rows disappear. It ends whatever the API answers.
 *
 * @param isPastEnd lets the reader stop early, after a page that satisfies it.
 */
export async function* readPages(
  readPage: PageReader,
  startId: bigint,
  isPastEnd: (page: ParsedPage) => boolean = () => false,
): AsyncGenerator<ParsedPage, void, undefined> {
  let emptyPages = 0;
  let echoes = 0;
  for (let askedId: bigint | null = startId; askedId !== null; ) {
    const page: ParsedPage = await readPage(askedId);
    emptyPages = page.rows.length === 0 ? emptyPages + 1 : 0;
    echoes = page.rows.length === 0 && page.nextId === askedId + 1n ? echoes + 1 : 0;
    if (emptyPages > MAX_EMPTY_PAGES) throw neverEnding(page.reading.source, askedId);
    const isLast = echoes === MAX_ECHOES || isPastEnd(page);
    yield isLast ? { ...page, nextId: null } : page;
    askedId = isLast ? null : page.nextId;
  }
}

/** The last row comes again with the next page: ids are inclusive, and only the API's own rows are proof that it was there. */
function nextIdOf(askedId: bigint, lastId: bigint | null, cursor: bigint | null): bigint | null {
  if (lastId !== null && lastId > askedId) return lastId;
  return cursor !== null && cursor > askedId ? cursor : null;
}

function checkOrder(rows: readonly ParsedRow[], startId: bigint, source: Source): void {
  let previous = startId;
  for (const { id } of rows) {
    if (id === null) continue;
    if (id < previous) {
      throw unexpected(source, `the page at id ${startId} is out of order (${id} comes after ${previous})`);
    }
    previous = id;
  }
}

/** A field that Kondado has renamed is missing in every row; one bad row is missing it alone. */
function checkUse(rows: readonly ParsedRow[], { entries }: Page, source: Source): void {
  if (rows.length < 2) return;
  const missing = [
    ...(rows.every(({ id }) => id === null) ? ['id'] : []),
    ...(rows.every(({ createdat }) => createdat === null) ? ['createdAt'] : []),
  ];
  if (missing.length === 0) return;
  throw unexpected(
    source,
    `none of the ${rows.length} rows of a page has a usable ${missing.join(' or ')}; the fields that came are ${fieldsOf(entries)}`,
  );
}

function fieldsOf(entries: readonly unknown[]): string {
  const objects = entries.filter(
    (entry) => typeof entry === 'object' && entry !== null && !Array.isArray(entry),
  );
  return shownFields(objects.flatMap((entry) => Object.keys(entry as object)));
}

/** The names of fields, for messages. They come from outside: those that are plain words, each once, and not too many. */
export function shownFields(fields: readonly string[]): string {
  const names = [...new Set(fields)];
  const plain = names.filter((name) => /^[\w.-]{1,40}$/.test(name)).slice(0, FIELDS_SHOWN);
  if (plain.length === 0) return names.length === 0 ? 'none' : 'none with a plain name';
  return plain.length < names.length ? `${plain.join(', ')} and others` : plain.join(', ');
}

function neverEnding(source: Source, askedId: bigint): SyncError {
  return unexpected(
    source,
    `${MAX_EMPTY_PAGES} empty pages in a row up to id ${askedId} each lead on to another`,
  );
}

function unexpected(source: Source, what: string): SyncError {
  return new SyncError(
    'KONDADO_UNEXPECTED_RESPONSE',
    `Kondado's answer for ${sourceName(source)} cannot be trusted: ${what}. Nothing of it was stored, ` +
      'what was stored before is kept; if it stays, ask Kondado.',
  );
}

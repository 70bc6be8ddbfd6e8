import { type PageReader, type ParsedPage, readPages } from '../kondado/pages.ts';
import { identityOf, type LogRow, type ParsedRow, type RejectedRow } from '../rows.ts';
import type { Source } from '../streams.ts';
import { addMs, DAY_MS, type Timestamp } from '../timestamps.ts';
import type { StoredVersion } from '../warehouse/queries.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import { createProvenRange, type ProvenRange } from './proven-range.ts';
import { createStoredVersions, type StoredVersions } from './stored-versions.ts';
import { createEndTest, isDatedIn, placeOf, type Window } from './window.ts';

/** Kondado keeps logs for 90 days: what is younger than this and not shown has vanished. */
export const SURELY_KEPT_DAYS = 80;

/** What one page has brought, once it is stored. */
export interface PageResult {
  /** When it was read. */
  now: Timestamp;
  /** How many entries the page had, in range or not. */
  rowsShown: number;
  /** How many of them were in range, and new to this run. */
  rowsRead: number;
  /** What was appended. */
  stored: readonly LogRow[];
  /** How many rows were set aside now. */
  rejected: number;
  /** Those of the stored ones of whose id no version was stored before, one of each id. */
  newRows: readonly LogRow[];
  /** The stored ids, within what was proven, that the API no longer shows. */
  vanishedIds: bigint[];
  /** API fields that have no column, or whose value did not fit, with the number of rows. */
  drift: ReadonlyMap<string, number>;
  /** What the run has proven so far; null is nothing. */
  proven: ReturnType<ProvenRange['ids']>;
  /** The last row of the page that is in the window, from which another run can go on; null if there is none. */
  resumeId: bigint | null;
  /** The newest date on the page that is not ahead of now. */
  readTo: Timestamp | undefined;
}

/**
 * Reads a window of a source page by page and stores it: the heart of the sync.
 *
 * Each page is stored before the rows of the next, in order, and the first one that cannot be stored ends it, because the
 * next run goes on from what is stored: a process that is killed at any moment loses nothing. The next page is on its way
 * while this one is stored.
 */
export async function* readSource(
  source: Source,
  window: Window,
  {
    readPage,
    warehouse,
    lookbackMs,
    isVerification,
  }: { readPage: PageReader; warehouse: Warehouse; lookbackMs: number; isVerification: boolean },
): AsyncGenerator<PageResult, void, undefined> {
  const versions = createStoredVersions(warehouse, source.stream, window.createdSince);
  const range = createProvenRange(window);
  let seen = new Map<string, bigint | null>();
  let uncheckedFrom = window.startId;

  for await (const page of readAhead(
    readPages(readPage, window.startId, createEndTest(window, lookbackMs)),
  )) {
    const received = distinct(page.rows, seen);
    seen = rememberFrom(seen, page);
    const inWindow = received.filter((row) => placeOf(window, row) === 'in');
    const rows = inWindow.filter((row) => row.kind === 'row');
    const rejected = inWindow.filter((row) => row.kind === 'rejected');

    // A verification looks for what is stored and not shown too, so it has to know all ids up to the end of the page.
    const checkedTo = !isVerification
      ? null
      : page.nextId === null
        ? (window.endId ?? page.lastId)
        : page.lastId;
    const stretch = checkedTo === null ? null : { firstId: uncheckedFrom, lastId: checkedTo };
    await cover(versions, range.reached(received), stretch);
    const result = await storePage(page, rows, rejected, versions, warehouse, isVerification);
    range.extend(received, versions.hasVersion);
    yield {
      ...result,
      now: page.reading.now,
      rowsShown: page.rows.length,
      rowsRead: inWindow.length,
      vanishedIds: stretch === null ? [] : vanished(page, versions.between(stretch), window, source),
      drift: driftOf(rows),
      proven: range.ids(),
      resumeId: inWindow.findLast(({ kind }) => kind === 'row')?.id ?? null,
      readTo: newestOf(page),
    };
    if (checkedTo !== null) uncheckedFrom = checkedTo + 1n;
  }
}

/** Learns what is stored of the rows, or of a whole stretch of ids. */
async function cover(
  versions: StoredVersions,
  rows: readonly ParsedRow[],
  stretch: { firstId: bigint; lastId: bigint } | null,
): Promise<void> {
  const logs = rows.filter((row) => row.kind === 'row');
  const dates = logs.map(({ createdat }) => createdat).sort();
  const firstId = stretch?.firstId ?? logs[0]?.id;
  const lastId = stretch?.lastId ?? logs.at(-1)?.id;
  if (firstId !== undefined && lastId !== undefined) await versions.cover(firstId, lastId, dates[0] ?? null);
}

/** Stores what is new on a page. */
async function storePage(
  { reading }: ParsedPage,
  rows: readonly LogRow[],
  rejected: readonly RejectedRow[],
  versions: StoredVersions,
  warehouse: Warehouse,
  isVerification: boolean,
): Promise<Pick<PageResult, 'stored' | 'rejected' | 'newRows'>> {
  const isMissing = (row: LogRow) => !versions.hasVersion(row);
  const [first, last] = [rows[0], rows.at(-1)];
  // What another run has stored meanwhile was not missing.
  if (isVerification && first && last && rows.some(isMissing)) await versions.refresh(first.id, last.id);
  const fresh = rows.filter(isMissing);
  const before = await warehouse.rejectedBefore(reading.source.stream, rejected);
  const setAside = rejected.filter(({ contentHash }) => !before.has(contentHash));
  if (fresh.length === 0 && setAside.length === 0) return { stored: [], rejected: 0, newRows: [] };
  const { stored, refused } = await warehouse.store(reading, fresh, setAside);
  const added = firstOfEachId(stored.filter((row) => !versions.hasId(row)));
  const { stream } = reading.source;
  const addedIds = added.map(({ id }) => id);
  const others = isVerification ? await warehouse.idsOfOtherRuns(stream, addedIds, reading.runId) : new Set();
  return {
    stored,
    rejected: setAside.length + refused.length,
    newRows: added.filter(({ id }) => !others.has(id)),
  };
}

function firstOfEachId(rows: readonly LogRow[]): LogRow[] {
  const ids = new Set<bigint>();
  return rows.filter(({ id }) => !ids.has(id) && ids.add(id));
}

/** The ids among the stored versions, in the window, that are not on the page although Kondado must still have them. */
function vanished(
  { rows, reading }: ParsedPage,
  stored: readonly StoredVersion[],
  window: Window,
  { clientId }: Source,
): bigint[] {
  const shown = new Set(rows.map(({ id }) => id));
  const youngest = addMs(reading.now, -SURELY_KEPT_DAYS * DAY_MS);
  const missing = stored
    .filter((version) => !shown.has(version.id) && (clientId === null || version.clientId === clientId))
    .filter(({ createdat }) => createdat > youngest && createdat <= reading.now)
    .filter(({ createdat }) => isDatedIn(window, createdat));
  return [...new Set(missing.map(({ id }) => id))];
}

/** Asks for what follows while the consumer works on what it was given. */
async function* readAhead<T>(items: AsyncGenerator<T, void, undefined>): AsyncGenerator<T, void, undefined> {
  try {
    for (let next = items.next(); ; ) {
      const { value, done } = await next;
      if (done) return;
      next = items.next();
      next.catch(() => undefined); // it is awaited above, once the consumer is done
      yield value;
    }
  } finally {
    items.return().catch(() => undefined);
  }
}

/** Drops what an earlier page, or this one, had already. */
function distinct(rows: readonly ParsedRow[], seen: ReadonlyMap<string, unknown>): ParsedRow[] {
  const identities = new Set(seen.keys());
  return rows.filter((row) => {
    const identity = identityOf(row);
    return !identities.has(identity) && identities.add(identity);
  });
}

/** What the next page may repeat: the rows of this page, and of those before it what is not below its start. */
function rememberFrom(
  seen: ReadonlyMap<string, bigint | null>,
  { rows, nextId }: ParsedPage,
): Map<string, bigint | null> {
  if (nextId === null) return new Map();
  const earlier = [...seen].filter(([, id]) => id !== null);
  const all = [...earlier, ...rows.map((row): [string, bigint | null] => [identityOf(row), row.id])];
  return new Map(all.filter(([, id]) => id === null || id >= nextId));
}

function driftOf(rows: readonly LogRow[]): Map<string, number> {
  const drift = new Map<string, number>();
  for (const field of rows.flatMap((row) => row.drift)) drift.set(field, (drift.get(field) ?? 0) + 1);
  return drift;
}

function newestOf({ rows, reading }: ParsedPage): Timestamp | undefined {
  const dates = rows.flatMap(({ kind, createdat }) =>
    kind === 'row' && createdat !== null && createdat <= reading.now ? [createdat] : [],
  );
  return dates.sort().at(-1);
}

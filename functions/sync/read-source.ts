import type { Budget } from '../budget.ts';
import { BudgetUsedUp, toSyncError } from '../errors.ts';
import type { KondadoClient } from '../kondado/client.ts';
import { readPages } from '../kondado/pages.ts';
import type { Log } from '../log.ts';
import {
  identityOf,
  type LogRow,
  notYetRejected,
  parseEntry,
  type Reading,
  type RejectedRow,
  startReading,
} from '../rows.ts';
import type { Source } from '../streams.ts';
import type { Timestamp } from '../timestamps.ts';
import type { StoreResult, Warehouse } from '../warehouse/warehouse.ts';
import { createProvenRange } from './proven-range.ts';
import { errorReport, type StreamReport } from './report.ts';
import { createKnownVersions, type KnownVersions } from './stored-versions.ts';
import { isBehind, isWithin, type Window } from './window.ts';

/** What a stream needs to be read and stored. */
export interface StreamDependencies {
  kondado: KondadoClient;
  warehouse: Warehouse;
  budget: Budget;
  log: Log;
  runId: string;
  lookbackMs: number;
  /** Told when a stream starts, after each page and up to when its rows go, and when it ends, for a display of the progress. */
  onProgress: (report: Readonly<StreamReport>, readTo?: Timestamp) => void;
}

/**
 * Reads one source page by page and stores it: the heart of the sync.
 *
 * Each page is stored before the rows of the next, in order, and the first one that cannot be stored ends it, because the
 * watermark is what is stored: a process that is killed at any moment loses nothing.
 *
 * @param report is filled in; the function never rejects.
 */
export async function syncStream(
  source: Source,
  findWindow: () => Promise<Window | null>,
  report: StreamReport,
  dependencies: StreamDependencies,
): Promise<void> {
  const startedAtMs = performance.now();
  dependencies.onProgress(report);
  try {
    const window = await findWindow();
    if (window) await readWindow(source, window, report, dependencies);
    report.outcome = 'success';
    report.next_id = null;
  } catch (error) {
    if (error instanceof BudgetUsedUp) {
      report.outcome = report.last_id === null && report.rows_read === 0 ? 'not_started' : 'partial';
    } else {
      report.outcome = 'failed';
      report.error = errorReport(toSyncError(error));
      dependencies.log.write('error', 'stream_failed', `${source.stream} failed: ${report.error.message}`, {
        stream: source.stream,
        client_id: source.clientId,
        ...report.error,
      });
    }
  } finally {
    report.duration_ms = Math.round(performance.now() - startedAtMs);
    dependencies.onProgress(report);
  }
}

async function readWindow(
  source: Source,
  window: Window,
  report: StreamReport,
  { kondado, warehouse, budget, log, runId, lookbackMs, onProgress }: StreamDependencies,
): Promise<void> {
  const known = createKnownVersions(warehouse, source.stream, window.createdSince);
  const range = createProvenRange(window);
  const drift = new Map<string, number>();
  const repairedIds: bigint[] = [];
  let seen = new Map<string, bigint | null>();
  report.next_id = window.startId;

  const stop = new AbortController();
  const signal = AbortSignal.any([budget.reading, stop.signal]);
  const pages = readPages({
    source,
    startId: window.startId,
    readPage: (startId) => kondado.readPage(source, startId, report, signal),
    isLast: isBehind(window, lookbackMs),
  });
  try {
    // The next page is on its way while this one is stored.
    for (let next = pages.next(); ; ) {
      const { value: page, done } = await next;
      if (done) break;
      next = pages.next();
      next.catch(() => undefined); // it is awaited above, once this page is stored

      const reading = startReading(source, runId);
      const parsed = page.entries.map((entry) => parseEntry(entry, reading));
      const received = distinct(parsed, seen);
      seen = rememberFrom(seen, parsed, page.nextId);

      const rejected = received.filter((row) => row.kind === 'rejected');
      const rows = received.filter((row) => row.kind === 'row').filter((row) => isWithin(window, row));
      for (const field of rows.flatMap((row) => row.drift)) drift.set(field, (drift.get(field) ?? 0) + 1);

      await known.cover(range.reached(received).filter((row) => row.kind === 'row'));
      const missingIds = await storePage(reading, rows, rejected, known, report, warehouse);
      if (window.isVerification) repairedIds.push(...missingIds);
      report.rows_repaired = repairedIds.length;
      range.extend(received, known.hasVersion);
      Object.assign(report, range.ids());
      report.next_id = resumeId(page.nextId, parsed);
      onProgress(report, newest(parsed, reading));
      log.write('debug', 'page_stored', `${source.stream}: stored a page of ${rows.length} rows.`, {
        stream: source.stream,
        client_id: source.clientId,
        rows: rows.length,
        last_id: report.last_id,
      });
    }
  } finally {
    stop.abort();
    reportDrift(drift, source, log);
    reportRejections(report, log);
    reportRepairs(repairedIds, report, log);
  }
}

/** Stores what is new on a page; resolves to the ids that are stored now and were not at all before. */
async function storePage(
  reading: Reading,
  rows: readonly LogRow[],
  rejected: readonly RejectedRow[],
  known: KnownVersions,
  report: StreamReport,
  warehouse: Warehouse,
): Promise<bigint[]> {
  const fresh = rows.filter((row) => !known.hasVersion(row));
  const ids = rejected.map(({ id }) => id).filter((id) => id !== null);
  const { stream } = reading.source;
  const setAside =
    rejected.length === 0 ? [] : notYetRejected(rejected, await warehouse.rejections(stream, ids));
  let result: StoreResult = { refusedIds: [], refusedBefore: 0 };
  if (fresh.length > 0 || setAside.length > 0) result = await warehouse.store(reading, fresh, setAside);

  const { refusedIds, refusedBefore } = result;
  report.rows_read += rows.length + rejected.length;
  report.rows_rejected += setAside.length + refusedIds.length - refusedBefore;
  report.rows_inserted += fresh.length - refusedIds.length;
  report.rows_duplicate += rows.length - fresh.length + rejected.length - setAside.length + refusedBefore;
  for (const { createdat } of fresh) {
    if (createdat <= reading.now && createdat > (report.watermark_after ?? ''))
      report.watermark_after = createdat;
  }
  return fresh.filter((row) => !known.hasId(row) && !refusedIds.includes(row.id)).map(({ id }) => id);
}

/**
 * Where another run can go on: at the last row of the page if the cursor leads beyond it, because a backfill that starts
 * behind all that is stored is refused.
 */
function resumeId(nextId: bigint | null, parsed: readonly (LogRow | RejectedRow)[]): bigint | null {
  const lastId = parsed.findLast(({ id }) => id !== null)?.id ?? null;
  return nextId !== null && lastId !== null && lastId < nextId ? lastId : nextId;
}

/** The newest date on a page that is not ahead of now. */
function newest(parsed: readonly (LogRow | RejectedRow)[], { now }: Reading): Timestamp | undefined {
  const dates = parsed.flatMap((row) => (row.kind === 'row' && row.createdat <= now ? [row.createdat] : []));
  return dates.sort().at(-1);
}

/** Drops what an earlier page, or this one, had already. */
function distinct<T extends LogRow | RejectedRow>(
  rows: readonly T[],
  seen: ReadonlyMap<string, unknown>,
): T[] {
  const identities = new Set(seen.keys());
  return rows.filter((row) => {
    const identity = identityOf(row);
    return !identities.has(identity) && identities.add(identity);
  });
}

/** What the next page may repeat: the rows of this page, and of those before it what is not below its start. */
function rememberFrom(
  seen: ReadonlyMap<string, bigint | null>,
  rows: readonly (LogRow | RejectedRow)[],
  nextId: bigint | null,
): Map<string, bigint | null> {
  if (nextId === null) return new Map();
  const earlier = [...seen].filter(([, id]) => id !== null);
  const all = [...earlier, ...rows.map((row): [string, bigint | null] => [identityOf(row), row.id])];
  return new Map(all.filter(([, id]) => id === null || id >= nextId));
}

function reportDrift(drift: ReadonlyMap<string, number>, { stream, clientId }: Source, log: Log): void {
  if (drift.size === 0) return;
  const fields = [...drift.keys()].join(', ');
  log.write(
    'warn',
    'schema_drift',
    `Kondado sent fields of ${stream} that have no column, or values that do not fit theirs: ${fields}. They are kept in _extra.`,
    { stream, client_id: clientId, rows_by_field: Object.fromEntries(drift) },
  );
}

function reportRejections({ stream, client_id, rows_rejected }: StreamReport, log: Log): void {
  if (rows_rejected === 0) return;
  log.write(
    'warn',
    'rows_rejected',
    `${rows_rejected} rows of ${stream} could not be stored and were set aside; the table rejected_rows has them, with the reasons.`,
    { stream, client_id, rows_rejected },
  );
}

function reportRepairs(ids: readonly bigint[], { stream, client_id }: StreamReport, log: Log): void {
  const [first, last] = [ids[0], ids.at(-1)];
  if (first === undefined || last === undefined) return;
  log.write(
    'error',
    'rows_repaired',
    `${ids.length} rows of ${stream} between the ids ${first} and ${last} were missing, although they had been read. They are stored now; who or what has deleted them is worth finding out.`,
    { stream, client_id, rows_repaired: ids.length, first_id: first, last_id: last },
  );
}

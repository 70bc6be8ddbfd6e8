import type { Budget } from '../budget.ts';
import type { Config } from '../config.ts';
import { BudgetUsedUp, PauseTooLong, toSyncError } from '../errors.ts';
import type { KondadoClient, SourceApi } from '../kondado/client.ts';
import { createPageReader, type PageReader } from '../kondado/pages.ts';
import type { Log } from '../log.ts';
import type { LogRow } from '../rows.ts';
import { type Source, sourceName } from '../streams.ts';
import { type Timestamp, timestampOf } from '../timestamps.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import { backfillWindow } from './backfill.ts';
import { warnOfLoss } from './data-loss.ts';
import { estimateWindow } from './dry-run.ts';
import { incrementalWindow, type Standing } from './incremental.ts';
import { createNotices } from './notices.ts';
import { createFirstLoad, proveEmptiness } from './proofs.ts';
import { type PageResult, readSource } from './read-source.ts';
import { errorReport, type StreamReport, startStreamReport } from './report.ts';
import type { RunRequest } from './request.ts';
import { verificationWindow } from './verification.ts';
import type { Window } from './window.ts';

/** What the sources of one run share. */
export interface RunTools {
  config: Config;
  warehouse: Warehouse;
  kondado: KondadoClient;
  budget: Budget;
  log: Log;
  runId: string;
  /** Told when a source starts, after each page and up to when its rows go, and when it ends, for a display of the progress. */
  onProgress: (report: Readonly<StreamReport>, readTo?: Timestamp) => void;
  /** Told after each page of the rows that are stored for the first time; it must not keep the next page waiting. */
  onNewRows: (source: Source, rows: readonly LogRow[]) => void;
}

/**
 * Does for one source what was asked for, and tells what came of it; it never rejects.
 *
 * What a run says of a source is put together here and nowhere else.
 */
export async function syncSource(
  source: Source,
  request: RunRequest,
  tools: RunTools,
): Promise<StreamReport> {
  const { config, warehouse, log, onProgress } = tools;
  const report = startStreamReport(source);
  const startedAtMs = performance.now();
  const api = tools.kondado.of(source);
  const reading: Reading = { source, api, readPage: createPageReader(source, tools.runId, api), report };
  let standing: Standing = { position: null, runs: [] };
  let window: Window | null = null;
  onProgress(report);
  try {
    standing = await warehouse.standing(source, timestampOf(Date.now()), config.lookbackMs);
    report.watermark_before = standing.position?.watermark ?? null;
    report.watermark_after = report.watermark_before;
    window = await findWindow(reading, request, standing, tools);
    if (request.dryRun) report.plan = await estimateWindow(window, { ...reading, config, warehouse });
    else if (window !== null) await readWindow(reading, window, request, standing, tools);
    Object.assign(report, { outcome: 'success', progressed: true, next_id: null });
  } catch (error) {
    report.progressed = hasProgressed(report, window);
    endWith(error, report, log);
  } finally {
    api.stop();
    Object.assign(report, api.counters);
    report.duration_ms = Math.round(performance.now() - startedAtMs);
    onProgress(report);
  }
  if (request.mode === 'incremental' && !request.dryRun) warnOfLoss(report, standing.runs, log);
  return report;
}

/** How one source is read in one run, and what is told of it. */
interface Reading {
  source: Source;
  api: SourceApi;
  readPage: PageReader;
  report: StreamReport;
}

/** Null if there is nothing to read. */
function findWindow(
  { source, readPage }: Reading,
  request: RunRequest,
  standing: Standing,
  { config, warehouse }: RunTools,
): Promise<Window | null> {
  const { lookbackMs, initialElementId } = config;
  if (request.mode === 'incremental')
    return incrementalWindow(source, standing, warehouse, { initialElementId, lookbackMs });
  const tools = { warehouse, readPage, lookbackMs };
  return request.mode === 'backfill'
    ? backfillWindow(source, request, tools)
    : verificationWindow(source, request, standing, tools);
}

/** Reads and stores a window, and proves what cannot be seen page by page. */
async function readWindow(
  { source, api, readPage, report }: Reading,
  window: Window,
  { mode }: RunRequest,
  { position }: Standing,
  { config, warehouse, log, onProgress, onNewRows }: RunTools,
): Promise<void> {
  const isVerification = mode === 'verify';
  const notices = createNotices();
  const firstLoad = createFirstLoad(source);
  let rowsShown = 0;
  report.next_id = window.startId;
  try {
    const { lookbackMs } = config;
    for await (const page of readSource(source, window, {
      readPage,
      warehouse,
      lookbackMs,
      isVerification,
    })) {
      rowsShown += page.rowsShown;
      addPage(report, page, isVerification);
      Object.assign(report, api.counters);
      notices.add(page, isVerification);
      firstLoad.add(page.stored);
      onNewRows(source, page.newRows);
      onProgress(report, page.readTo);
      log.write(
        'debug',
        'page_stored',
        `${sourceName(source)}: stored ${page.stored.length} of ${page.rowsRead} rows.`,
        {
          stream: source.stream,
          client_id: source.clientId,
          rows: page.rowsRead,
          last_id: report.last_id,
        },
      );
    }
  } finally {
    notices.write(report, log);
    // Also of a load that ended early: the next run starts after what this one has proven.
    if (position === null) await firstLoad.prove(report, warehouse);
  }
  if (rowsShown === 0) await proveEmptiness(source, window.startId, warehouse);
}

function addPage(report: StreamReport, page: PageResult, isVerification: boolean): void {
  const { rowsRead, stored, rejected } = page;
  report.outcome = 'partial';
  report.rows_read += rowsRead;
  report.rows_inserted += stored.length;
  report.rows_rejected += rejected;
  report.rows_duplicate += rowsRead - stored.length - rejected;
  if (isVerification) report.rows_repaired += page.newRows.length;
  report.rows_vanished += page.vanishedIds.length;
  Object.assign(report, page.proven ?? { first_id: null, last_id: null });
  report.next_id = page.resumeId ?? report.next_id;
  for (const { createdat } of stored) {
    if (createdat <= page.now && createdat > (report.watermark_after ?? ''))
      report.watermark_after = createdat;
  }
}

/** What is proven again, up to where the source was proven before, is no progress. */
function hasProgressed(report: StreamReport, window: Window | null): boolean {
  if (report.rows_inserted + report.rows_rejected > 0) return true;
  if (report.last_id === null || window === null) return false;
  return report.last_id > window.startId && (window.provenTo === null || report.last_id > window.provenTo);
}

/** A run that its time budget has ended, or a pause that no run could wait for, is a fault only if nothing was achieved. */
function endWith(error: unknown, report: StreamReport, log: Log): void {
  if (error instanceof BudgetUsedUp) return;
  if (error instanceof PauseTooLong && report.progressed) {
    report.outcome = 'partial';
    return;
  }
  report.outcome = 'failed';
  report.error = errorReport(toSyncError(error));
  const { stream, client_id } = report;
  const message = `${sourceName({ stream, clientId: client_id })} failed: ${report.error.message}`;
  log.write('error', 'stream_failed', message, { stream, client_id, ...report.error });
}

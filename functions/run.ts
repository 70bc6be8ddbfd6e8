import { randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import packageJson from '../package.json' with { type: 'json' };
import { type Budget, startBudget } from './budget.ts';
import type { Config } from './config.ts';
import { BudgetUsedUp, SyncError, toSyncError } from './errors.ts';
import { createKondadoClient } from './kondado/client.ts';
import type { Log } from './log.ts';
import type { Row } from './schema/tables.ts';
import { readCredentials } from './secrets.ts';
import type { Source } from './streams.ts';
import { isFarBehind, warnOfLoss } from './sync/data-loss.ts';
import { planWindow } from './sync/dry-run.ts';
import { type StreamDependencies, syncStream } from './sync/read-source.ts';
import {
  errorReport,
  firstFailure,
  outcomeOf,
  type RunReport,
  reportBody,
  runRows,
  type StreamReport,
  startStreamReport,
} from './sync/report.ts';
import type { RunRequest } from './sync/request.ts';
import { backfillFault, backfillRefusal, findWindow } from './sync/window.ts';
import { addMs, type Timestamp, timestampOf } from './timestamps.ts';
import { openWarehouse, type Position, type Warehouse } from './warehouse/warehouse.ts';

const DAY_MS = 86_400_000;

/** What a run needs from outside. */
export interface RunDependencies {
  /** Called when the run starts; what it throws is the run's outcome. */
  readConfig: () => Config;
  log: Log;
  /** Ends the run early, as the time budget does. */
  stop?: AbortSignal;
  onProgress?: StreamDependencies['onProgress'];
  /** Told how to ask for the milliseconds until the next request may go out. */
  onStart?: (waitMs: () => number) => void;
}

/**
 * Does what was asked for all streams and clients, side by side, and tells what came of it.
 *
 * It never rejects: a run that cannot start is reported like one that failed. Whatever happened, it leaves a row of
 * `sync_runs` for each source, if the warehouse can be reached, and one log line `sync_finished`; then come the lines
 * about the plan and about overdue pipelines.
 */
export async function run(request: RunRequest, dependencies: RunDependencies): Promise<RunReport> {
  // V8 lets garbage grow with the memory of the machine: a long first load takes half as much this way, and no longer.
  setFlagsFromString('--optimize-for-size');
  const startedAtMs = Date.now();
  const report: RunReport = {
    run_id: randomUUID(),
    mode: request.mode,
    dry_run: request.dryRun,
    outcome: 'success',
    started_at: timestampOf(startedAtMs),
    finished_at: timestampOf(startedAtMs),
    streams: [],
  };
  let evaluateRun = async () => {};
  try {
    const config = dependencies.readConfig();
    const { streams = config.streams } = request;
    dependencies.log.write('info', 'sync_started', `The ${request.mode} run starts: ${streams.join(', ')}.`, {
      run_id: report.run_id,
      mode: request.mode,
      streams,
    });
    const budget = startBudget(config.timeBudgetMs, dependencies.stop);
    evaluateRun = async () => {
      const { evaluate } = await import('./insights/alerts.ts');
      await evaluate(report, config, budget.totalMs, dependencies.log);
    };
    const warehouse = await openWarehouse(config, budget);
    try {
      await runSources(request, config, budget, warehouse, report, dependencies);
    } finally {
      await warehouse.close();
    }
  } catch (error) {
    report.error = errorReport(toSyncError(error));
  }
  report.outcome = outcomeOf(report.streams, report.error);
  report.finished_at = timestampOf(Date.now());
  logFinish(report, dependencies.log, Date.now() - startedAtMs);
  await evaluateRun();
  return report;
}

async function runSources(
  request: RunRequest,
  config: Config,
  budget: Budget,
  warehouse: Warehouse,
  report: RunReport,
  { log, onProgress = () => {}, onStart }: RunDependencies,
): Promise<void> {
  const sources = sourcesOf(request, config);
  const streams = sources.map(startStreamReport);
  try {
    const credentials = await readCredentials({ key: config.kondado.key, token: config.kondado.token });
    const kondado = createKondadoClient(config.kondado, credentials, log);
    onStart?.(kondado.waitMs);
    const positionOf = (source: Source) =>
      warehouse.position(source, timestampOf(Date.now()), config.lookbackMs);
    if (request.mode === 'backfill') await refuseHiding(request, sources, positionOf, warehouse);
    report.streams = streams;
    const stream = {
      kondado,
      warehouse,
      budget,
      log,
      runId: report.run_id,
      lookbackMs: config.lookbackMs,
      onProgress,
    };
    await Promise.all(
      sources.map(async (source, index) => {
        const counters = streams[index] as StreamReport;
        const dependencies = { config, warehouse, kondado, counters, signal: budget.reading };
        let lastRunAt: Timestamp | undefined;
        await syncStream(
          source,
          async () => {
            const position = await positionOf(source);
            counters.watermark_before = position?.watermark ?? null;
            counters.watermark_after = counters.watermark_before;
            if (request.mode === 'incremental' && position && isFarBehind(position.watermark))
              lastRunAt = await lastRunOf(source, warehouse);
            const window = await findWindow(source, request, position, dependencies);
            if (!request.dryRun) return window;
            counters.plan = await planWindow(source, window, dependencies);
            return null;
          },
          counters,
          stream,
        );
        if (lastRunAt !== undefined && !request.dryRun) warnOfLoss(counters, lastRunAt, log);
      }),
    );
  } catch (error) {
    if (error instanceof BudgetUsedUp) report.streams = streams;
    else {
      report.error = errorReport(toSyncError(error));
      if (report.error.code === 'INVALID_REQUEST') return;
      for (const stream of streams) Object.assign(stream, { outcome: 'failed', error: report.error });
    }
  }
  if (!request.dryRun) await record(runRows(report, streams, packageJson.version), warehouse);
}

async function record(rows: readonly Row[], warehouse: Warehouse): Promise<void> {
  try {
    await warehouse.record(rows);
  } catch (error) {
    if (!(error instanceof BudgetUsedUp)) throw error;
    throw new SyncError(
      'WAREHOUSE_UNAVAILABLE',
      'The time budget was over before the run was recorded in sync_runs. The rows that it reports are stored; if it happens again, raise TIME_BUDGET_SECONDS.',
    );
  }
}

/** When the incremental run before has ended; now if there was none for days. */
async function lastRunOf(source: Source, warehouse: Warehouse): Promise<Timestamp> {
  const now = timestampOf(Date.now());
  const runs = await warehouse.earlierRuns(source, 'incremental', addMs(now, -2 * DAY_MS));
  return runs.at(-1)?.finishedAt ?? now;
}

/** @throws {SyncError} INVALID_REQUEST that names every source whose rows the backfill would hide. */
async function refuseHiding(
  request: RunRequest,
  sources: readonly Source[],
  positionOf: (source: Source) => Promise<Position | null>,
  warehouse: Warehouse,
): Promise<void> {
  const faults = await Promise.all(
    sources.map(async (source) => backfillFault(source, request, await positionOf(source), warehouse)),
  );
  const found = faults.filter((fault) => fault !== undefined);
  if (found.length > 0) throw backfillRefusal(found);
}

/** What is read on its own: each stream, of each client. */
function sourcesOf({ streams, clientId }: RunRequest, config: Config): Source[] {
  const configured = config.clientIds.length > 0 ? config.clientIds : [null];
  const clientIds = clientId === undefined ? configured : [clientId];
  return (streams ?? config.streams).flatMap((stream) => clientIds.map((clientId) => ({ stream, clientId })));
}

function logFinish(report: RunReport, log: Log, durationMs: number): void {
  const sum = (counter: 'rows_read' | 'rows_inserted' | 'rows_rejected' | 'requests') =>
    report.streams.reduce((total, stream) => total + stream[counter], 0);
  const level = report.outcome === 'failed' ? 'error' : 'info';
  const failure = firstFailure(report);
  const message =
    `The ${report.mode} run ended as ${report.outcome}: ${sum('rows_inserted')} rows stored, ` +
    `${sum('rows_rejected')} set aside, ${sum('requests')} requests.${failure ? ` ${failure.message}` : ''}`;
  log.write(level, 'sync_finished', message, {
    ...reportBody(report),
    mode: report.mode,
    rows_read: sum('rows_read'),
    rows_inserted: sum('rows_inserted'),
    rows_rejected: sum('rows_rejected'),
    requests: sum('requests'),
    duration_ms: durationMs,
    error_code: failure?.code ?? null,
  });
}

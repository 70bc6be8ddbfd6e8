import { randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import packageJson from '../package.json' with { type: 'json' };
import { type Budget, startBudget } from './budget.ts';
import type { Config } from './config.ts';
import { toSyncError } from './errors.ts';
import { createKondadoClient } from './kondado/client.ts';
import type { Log } from './log.ts';
import {
  errorReport,
  outcomeOf,
  type RunReport,
  reportBody,
  runRows,
  type StreamReport,
  startStreamReport,
} from './report.ts';
import type { RunRequest } from './request.ts';
import { readCredentials } from './secrets.ts';
import { type StreamDependencies, syncStream } from './stream.ts';
import type { Source } from './streams.ts';
import { timestampOf } from './timestamps.ts';
import { openWarehouse, type Warehouse } from './warehouse/warehouse.ts';
import { incrementalWindow } from './window.ts';

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
 * `sync_runs` for each source, if the warehouse can be reached, and one log line `sync_finished`.
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
  try {
    const config = dependencies.readConfig();
    const budget = startBudget(config.timeBudgetMs, dependencies.stop);
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
        const streamReport = streams[index] as StreamReport;
        const findWindow = async () => {
          const position = await warehouse.position(source, timestampOf(Date.now()), config.lookbackMs);
          streamReport.watermark_before = position?.watermark ?? null;
          streamReport.watermark_after = streamReport.watermark_before;
          return incrementalWindow(position, config);
        };
        await syncStream(source, findWindow, streamReport, stream);
      }),
    );
  } catch (error) {
    const fault = errorReport(toSyncError(error));
    for (const stream of streams) Object.assign(stream, { outcome: 'failed', error: fault });
    report.error = fault;
  }
  await warehouse.record(runRows(report, streams, packageJson.version));
}

/** What is read on its own: each stream, of each client. */
function sourcesOf({ streams }: RunRequest, config: Config): Source[] {
  const clientIds = config.clientIds.length > 0 ? config.clientIds : [null];
  return (streams ?? config.streams).flatMap((stream) => clientIds.map((clientId) => ({ stream, clientId })));
}

function logFinish(report: RunReport, log: Log, durationMs: number): void {
  const sum = (counter: 'rows_read' | 'rows_inserted' | 'rows_rejected' | 'requests') =>
    report.streams.reduce((total, stream) => total + stream[counter], 0);
  const level = report.outcome === 'failed' ? 'error' : 'info';
  const failure = report.error ?? report.streams.find(({ error }) => error !== null)?.error;
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

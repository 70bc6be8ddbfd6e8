import { randomUUID } from 'node:crypto';
import { type Budget, startBudget, untilAborted } from './budget.ts';
import type { Config } from './config.ts';
import { BudgetUsedUp, SyncError, toSyncError } from './errors.ts';
import type { Publisher } from './events/publisher.ts';
import type { Evaluation } from './insights/evaluation.ts';
import { createKondadoClient, type KondadoClient } from './kondado/client.ts';
import type { Log } from './log.ts';
import type { Row } from './schema/tables.ts';
import { readCredentials } from './secrets.ts';
import type { Source } from './streams.ts';
import { refuseHiding } from './sync/backfill.ts';
import { createProgressLog } from './sync/progress-log.ts';
import {
  errorReport,
  firstFailure,
  outcomeOf,
  type RunReport,
  runRows,
  type StatusesReport,
  type StreamReport,
  startStreamReport,
  totalsOf,
} from './sync/report.ts';
import type { RunRequest } from './sync/request.ts';
import { type RunTools, syncSource } from './sync/sync-source.ts';
import { timestampOf } from './timestamps.ts';
import { deployedVersion } from './version.ts';
import { openWarehouse } from './warehouse/open.ts';
import type { Warehouse } from './warehouse/warehouse.ts';

/** Cloud Logging refuses a line of more than 256 KB, and shows a long one badly. */
const MAX_MESSAGE_LENGTH = 4000;

/** What a run needs from outside. */
export interface RunDependencies {
  /** Called when the run starts; what it throws is the run's outcome. */
  readConfig: () => Config;
  log: Log;
  /** Ends the run early, as the time budget does. */
  stop?: AbortSignal;
  onProgress?: RunTools['onProgress'];
  /** Prints lines, one event each; rejects if nobody reads them any more. */
  printEvents?: (lines: string) => Promise<void>;
  /** Told of the client, which knows when the next request may go out. */
  onStart?: (kondado: KondadoClient) => void;
}

/** What a run has found. */
export interface RunResult {
  report: RunReport;
  /** Null if it could not be used. */
  config: Config | null;
}

/** What came of the sources of a run. */
type Ending = Pick<RunReport, 'streams' | 'statuses' | 'events' | 'error'>;

/** What the parts of one run share. */
interface RunContext {
  runId: string;
  config: Config;
  budget: Budget;
  /** Of incremental runs only. */
  evaluation: Evaluation | null;
  dependencies: RunDependencies;
}

/**
 * Does what was asked for all streams and clients, side by side, and tells what came of it.
 *
 * It never rejects: a run that cannot start is reported like one that failed. Whatever happened, it leaves a row of
 * `sync_runs` for each source, if the warehouse can be reached, and one log line `sync_finished`; then come the lines
 * about the plan and about overdue pipelines.
 */
export async function run(request: RunRequest, dependencies: RunDependencies): Promise<RunResult> {
  const { log, stop } = dependencies;
  const startedAtMs = Date.now();
  const runId = randomUUID();
  let config: Config | null = null;
  let budget: Budget | null = null;
  let evaluation: Evaluation | null = null;
  let ending: Ending;
  try {
    config = dependencies.readConfig();
    budget = startBudget(config.timeBudgetMs, stop);
    if (request.mode === 'incremental' && !request.dryRun) {
      const { createEvaluation } = await import('./insights/evaluation.ts');
      evaluation = createEvaluation(config, budget);
    }
    const { streams = config.streams } = request;
    log.write('info', 'sync_started', `The ${request.mode} run starts: ${streams.join(', ')}.`, {
      run_id: runId,
      mode: request.mode,
      streams,
    });
    ending = await runSources(request, { runId, config, budget, evaluation, dependencies });
  } catch (error) {
    ending = { streams: [], statuses: null, events: null, error: errorReport(toSyncError(error)) };
  }
  const report: RunReport = {
    run_id: runId,
    mode: request.mode,
    dry_run: request.dryRun,
    outcome: outcomeOf(ending.streams, ending.error),
    started_at: timestampOf(startedAtMs),
    finished_at: timestampOf(Date.now()),
    ...ending,
  };
  logFinish(report, log, Date.now() - startedAtMs);
  if (budget) await evaluation?.log(report, budget.whole, log);
  return { report, config };
}

/** Runs all sources, and records what came of them in `sync_runs`, whatever it was. */
async function runSources(request: RunRequest, context: RunContext): Promise<Ending> {
  const { runId, config, budget, evaluation } = context;
  const warehouse = await openWarehouse(config, budget);
  try {
    const publisher = await openPublisher(request, warehouse, context);
    const looked = evaluation?.watch(warehouse) ?? warehouse;
    const watched = publisher?.watch(looked) ?? looked;
    const { recorded, kondado, ...synced } = await syncSources(request, watched, publisher, context);
    const events = publisher ? await publisher.finish() : null;
    const ending: Ending = { ...synced, statuses: null, events };
    if (request.dryRun) return ending;
    await evaluation?.end();
    try {
      const run = { run_id: runId, mode: request.mode };
      await record(runRows(run, request, recorded, deployedVersion(), publisher?.publishedOf), warehouse);
    } catch (error) {
      return { ...ending, error: errorReport(toSyncError(error)) };
    }
    const isUseless = ending.streams.every(({ outcome }) => outcome === 'failed');
    if (request.mode !== 'incremental' || kondado === undefined || isUseless) return ending;
    // After the run is recorded: the views then judge as of it, and nothing that happens now can lose what was recorded.
    return { ...ending, statuses: await askForStatuses(kondado, warehouse, context) };
  } finally {
    await warehouse.close();
  }
}

async function askForStatuses(
  kondado: KondadoClient,
  warehouse: Warehouse,
  { runId, config, budget, dependencies: { log } }: RunContext,
): Promise<StatusesReport | null> {
  if (config.statusRequestsPerRun === 0) return null;
  const { lookAtStatuses } = await import('./statuses/statuses.ts');
  return lookAtStatuses({ config, warehouse, kondado, budget, log, runId });
}

/** What publishes the run's events, whose code loads only if there is somewhere for them to go; null if there are none. */
async function openPublisher(
  request: RunRequest,
  warehouse: Warehouse,
  { runId, config, budget, dependencies }: RunContext,
): Promise<Publisher | null> {
  const { log, printEvents } = dependencies;
  const isIncremental = request.mode === 'incremental';
  if (request.dryRun || !(isIncremental || request.publish)) return null;
  if (config.events === undefined && printEvents === undefined) return null;
  const [{ createPublisher }, { createPrinter, createTopic }] = await Promise.all([
    import('./events/publisher.ts'),
    import('./events/sinks.ts'),
  ]);
  const sinks = [
    ...(printEvents === undefined ? [] : [createPrinter(printEvents)]),
    ...(config.events === undefined ? [] : [createTopic(config.events)]),
  ];
  const sources = sourcesOf(request, config);
  return createPublisher({ runId, sources, isIncremental, warehouse, sinks, signal: budget.storing, log });
}

/** Does the work; what is recorded of it is more than what is reported if it failed before a stream could start. */
async function syncSources(
  request: RunRequest,
  warehouse: Warehouse,
  publisher: Publisher | null,
  { runId, config, budget, dependencies }: RunContext,
): Promise<Pick<RunReport, 'streams' | 'error'> & { recorded: StreamReport[]; kondado?: KondadoClient }> {
  const { log, onStart } = dependencies;
  const logProgress = createProgressLog(runId, log);
  const onProgress: RunTools['onProgress'] = (...progress) => {
    logProgress(...progress);
    dependencies.onProgress?.(...progress);
  };
  const sources = sourcesOf(request, config);
  try {
    const { key, token } = config.kondado;
    const credentials = await untilAborted(readCredentials({ key, token }), budget.reading);
    const kondado = createKondadoClient(config.kondado, credentials, budget, log);
    onStart?.(kondado);
    await refuseHiding(request, sources, warehouse, config.lookbackMs);
    const onNewRows: RunTools['onNewRows'] = (...rows) => publisher?.add(...rows);
    const tools = { config, warehouse, kondado, budget, log, runId, onProgress, onNewRows };
    const streams = await Promise.all(sources.map((source) => syncSource(source, request, tools)));
    return { streams, recorded: streams, kondado };
  } catch (error) {
    const streams = sources.map(startStreamReport);
    if (error instanceof BudgetUsedUp) return { streams, recorded: streams };
    const report = errorReport(toSyncError(error));
    // Nothing was wrong but the request: it leaves no trace.
    if (report.code === 'INVALID_REQUEST') return { streams: [], recorded: [], error: report };
    const recorded = streams.map((stream) => ({ ...stream, outcome: 'failed' as const, error: report }));
    return { streams: [], recorded, error: report };
  }
}

async function record(rows: readonly Row[], warehouse: Warehouse): Promise<void> {
  if (rows.length === 0) return;
  try {
    await warehouse.record('sync_runs', rows);
  } catch (error) {
    if (!(error instanceof BudgetUsedUp)) throw error;
    throw new SyncError(
      'WAREHOUSE_UNAVAILABLE',
      'The time budget was over before the run was recorded in sync_runs. The rows that it reports are stored; if it happens again, raise TIME_BUDGET_SECONDS.',
    );
  }
}

/** What is read on its own: each stream, of each client. */
function sourcesOf({ streams, clientId }: RunRequest, config: Config): Source[] {
  const configured = config.clientIds.length > 0 ? config.clientIds : [null];
  const clientIds = clientId === undefined ? configured : [clientId];
  return (streams ?? config.streams).flatMap((stream) => clientIds.map((clientId) => ({ stream, clientId })));
}

/** Figures of the whole run only: with hundreds of clients the line would not be taken otherwise. */
function logFinish(report: RunReport, log: Log, durationMs: number): void {
  const { run_id, mode, dry_run, outcome, streams } = report;
  const totals = totalsOf(streams);
  const failure = firstFailure(report);
  const message =
    `The ${mode} run ended as ${outcome}: ${totals.rows_inserted} rows stored, ` +
    `${totals.rows_rejected} set aside, ${totals.requests} requests.${failure ? ` ${failure.message}` : ''}`;
  log.write(outcome === 'failed' ? 'error' : 'info', 'sync_finished', message.slice(0, MAX_MESSAGE_LENGTH), {
    run_id,
    mode,
    dry_run,
    outcome,
    progressed: streams.some(({ progressed }) => progressed),
    sources: streams.length,
    ...totals,
    duration_ms: durationMs,
    error_code: failure?.code ?? null,
    error_message: failure?.message.slice(0, MAX_MESSAGE_LENGTH) ?? null,
    version: deployedVersion(),
  });
}

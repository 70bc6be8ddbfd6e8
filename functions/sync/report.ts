import type { ErrorCode, SyncError } from '../errors.ts';
import { HTTP_STATUS } from '../errors.ts';
import type { RequestCounters } from '../kondado/client.ts';
import type { Row } from '../schema/tables.ts';
import type { Source, StreamName } from '../streams.ts';
import { displayTimestamp, epochMsOf, type Timestamp, timestampOf } from '../timestamps.ts';
import type { RunRequest } from './request.ts';

export type StreamOutcome = 'success' | 'partial' | 'failed' | 'not_started';

export interface ErrorReport {
  code: ErrorCode;
  message: string;
}

/** What came of the events of a run; it never changes the outcome. */
export interface EventsReport {
  published: number;
  /** Those known not to be out. */
  waiting: number;
  error: { code: string; message: string } | null;
}

/** What a run would read, see `dry_run`; the contract calls it the plan. */
export interface Estimate {
  first_id: bigint | null;
  last_id: bigint | null;
  rows_estimated: number;
  requests_estimated: number;
  minutes_estimated: number;
  runs_estimated: number;
  rows_stored: number;
}

/** What happened to one stream of one client; the contract's report, and the row of `sync_runs`. */
export interface StreamReport extends RequestCounters {
  stream: StreamName;
  client_id: bigint | null;
  outcome: StreamOutcome;
  started_at: Timestamp;
  watermark_before: Timestamp | null;
  watermark_after: Timestamp | null;
  first_id: bigint | null;
  last_id: bigint | null;
  rows_read: number;
  rows_inserted: number;
  rows_duplicate: number;
  rows_rejected: number;
  rows_repaired: number;
  rows_vanished: number;
  duration_ms: number;
  progressed: boolean;
  next_id: bigint | null;
  error: ErrorReport | null;
  plan?: Estimate;
  /** From when on rows are lost at the pace of the runs; only if that is to be feared. */
  loss_begins_at?: Timestamp;
}

/** What came of asking for statuses: the requests sent, and the looks that are stored. */
export interface StatusesReport {
  requests: number;
  observed: number;
  /** Of those, the ones whose state differs from the look before. */
  changed: number;
  error: ErrorReport | null;
}

export interface RunReport {
  run_id: string;
  mode: RunRequest['mode'];
  dry_run: boolean;
  outcome: 'success' | 'partial' | 'failed';
  started_at: Timestamp;
  finished_at: Timestamp;
  streams: StreamReport[];
  /** Null if the run had nothing to do with them. */
  statuses: StatusesReport | null;
  /** As for the statuses. */
  events: EventsReport | null;
  /** What ended the run before a stream started, or kept it from being recorded. */
  error?: ErrorReport;
}

/** The counters of a stream that add up over streams and over runs. */
export const COUNTERS = [
  'rows_read',
  'rows_inserted',
  'rows_duplicate',
  'rows_rejected',
  'rows_repaired',
  'rows_vanished',
  'requests',
  'retries',
  'rate_limit_hits',
] as const satisfies readonly (keyof StreamReport)[];

export type Counters = Record<(typeof COUNTERS)[number], number>;

/** What reports have counted together. */
export function totalsOf(streams: readonly Counters[]): Counters {
  const total = (counter: keyof Counters) => streams.reduce((sum, stream) => sum + stream[counter], 0);
  return Object.fromEntries(COUNTERS.map((counter) => [counter, total(counter)])) as Counters;
}

export function startStreamReport({ stream, clientId }: Source): StreamReport {
  return {
    stream,
    client_id: clientId,
    outcome: 'not_started',
    started_at: timestampOf(Date.now()),
    watermark_before: null,
    watermark_after: null,
    first_id: null,
    last_id: null,
    ...totalsOf([]),
    duration_ms: 0,
    progressed: false,
    next_id: null,
    error: null,
  };
}

export function errorReport({ code, message }: SyncError): ErrorReport {
  return { code, message };
}

/** `failed` if anything failed, else `partial` if anything is left to do, else `success`. */
export function outcomeOf(streams: readonly StreamReport[], error?: ErrorReport): RunReport['outcome'] {
  if (error || streams.some(({ outcome }) => outcome === 'failed')) return 'failed';
  return streams.every(({ outcome }) => outcome === 'success') ? 'success' : 'partial';
}

/** What failed first, if anything did: a stream, or else the run around it. */
export function firstFailure({ error, streams }: RunReport): ErrorReport | undefined {
  return streams.find(({ outcome }) => outcome === 'failed')?.error ?? error;
}

/** The HTTP status of a report: that of the first failure, or 200. */
export function statusOf(report: RunReport): number {
  const failure = firstFailure(report);
  return failure ? HTTP_STATUS[failure.code] : 200;
}

/** The report as the contract's JSON shows it. */
export function reportBody(report: RunReport): object {
  const { error, streams, statuses, events, ...run } = report;
  if (error && streams.length === 0) return { run_id: run.run_id, outcome: run.outcome, error, streams };
  return {
    ...run,
    started_at: displayTimestamp(run.started_at),
    finished_at: displayTimestamp(run.finished_at),
    streams: streams.map(streamBody),
    statuses,
    events,
    ...(error ? { error } : {}),
  };
}

function streamBody({ started_at: _, loss_begins_at: loss, ...stream }: StreamReport): object {
  const display = (timestamp: Timestamp | null) => (timestamp === null ? null : displayTimestamp(timestamp));
  return {
    ...stream,
    watermark_before: display(stream.watermark_before),
    watermark_after: display(stream.watermark_after),
    ...(loss === undefined ? {} : { loss_begins_at: displayTimestamp(loss) }),
  };
}

/**
 * The rows of `sync_runs` for a run.
 *
 * @param publishedOf how many events of a source are out, null unless all are. @default 0
 */
export function runRows(
  { run_id, mode }: Pick<RunReport, 'run_id' | 'mode'>,
  { acceptGap }: Pick<RunRequest, 'acceptGap'>,
  streams: readonly StreamReport[],
  version: string,
  publishedOf: (source: Source) => number | null = () => 0,
): Row[] {
  return streams.map(({ error, plan: _plan, next_id: _nextId, loss_begins_at: _loss, ...stream }) => ({
    run_id,
    mode,
    ...stream,
    finished_at: timestampOf(epochMsOf(stream.started_at) + stream.duration_ms),
    error_code: error?.code ?? null,
    error_message: error?.message ?? null,
    version,
    accept_gap: acceptGap,
    events_published: publishedOf({ stream: stream.stream, clientId: stream.client_id }),
  }));
}

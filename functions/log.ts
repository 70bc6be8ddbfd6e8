import { printJson } from './json.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/** The names of all log lines, which alert policies filter by. */
export type LogEvent =
  | 'sync_started'
  | 'sync_finished'
  | 'request_refused'
  | 'page_stored'
  | 'sync_progress'
  | 'request_retried'
  | 'rate_limited'
  | 'rows_rejected'
  | 'rows_repaired'
  | 'rows_vanished'
  | 'schema_drift'
  | 'stream_failed'
  | 'loss_expected'
  | 'status_unavailable'
  | 'plan_usage'
  | 'pipeline_overdue'
  | 'pipelines_overdue'
  | 'pipeline_failing'
  | 'pipeline_back'
  | 'evaluation_skipped'
  | 'events_failed'
  | 'continuation_created'
  | 'continuation_ended'
  | 'continuation_failed';

export interface Log {
  /** Writes one line; `fields` must hold neither key nor token nor a URL with a query. */
  write(level: LogLevel, event: LogEvent, message: string, fields?: Record<string, unknown>): void;
}

// The severities of Cloud Logging: https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry
const SEVERITIES: Record<LogLevel, string> = {
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
};

/**
 * Makes a log that writes one JSON object a line, as Cloud Logging reads them, or readable text for a terminal.
 *
 * @param options.trace the request's trace, as Cloud Logging names it: `projects/P/traces/T`.
 */
export function createLog(options: {
  level: LogLevel;
  isReadable: boolean;
  trace?: string | undefined;
  write: (line: string) => void;
}): Log {
  const lowest = LOG_LEVELS.indexOf(options.level);
  const trace = options.trace === undefined ? {} : { 'logging.googleapis.com/trace': options.trace };
  return {
    write(level, event, message, fields = {}) {
      if (LOG_LEVELS.indexOf(level) < lowest) return;
      const severity = SEVERITIES[level];
      const time = new Date().toISOString();
      const line = options.isReadable
        ? `${time.slice(11, 19)} ${severity.padEnd(7)} ${message}`
        : printJson({ severity, message, event, time, ...trace, ...fields });
      options.write(`${line}\n`);
    },
  };
}

/**
 * The trace of a request as Cloud Logging names it, from the header that Google's front end sets; undefined without one.
 *
 * https://docs.cloud.google.com/trace/docs/trace-context
 */
export function traceOf(header: string | undefined, project: string | undefined): string | undefined {
  const trace = /^(?:00-)?([0-9a-f]{32})(?:[/-]|$)/i.exec(header ?? '')?.[1];
  return trace === undefined
    ? undefined
    : project === undefined
      ? trace
      : `projects/${project}/traces/${trace}`;
}

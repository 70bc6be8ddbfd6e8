import { readConfig } from '../../functions/config.ts';
import { createLog, type Log } from '../../functions/log.ts';
import { run } from '../../functions/run.ts';
import type { RunReport, StreamReport } from '../../functions/sync/report.ts';
import type { RunRequest } from '../../functions/sync/request.ts';

export type Environment = Record<string, string>;

/** One line of the log, as Cloud Logging gets it. */
export interface LogLine {
  event: string;
  severity: string;
  message: string;
  [field: string]: unknown;
}

export interface Run {
  report: RunReport;
  lines: LogLine[];
}

const INCREMENTAL: RunRequest = {
  mode: 'incremental',
  streams: undefined,
  from: undefined,
  to: undefined,
  fromId: undefined,
  dryRun: false,
  acceptGap: false,
  publish: false,
};

/** One run as the function does it, without its rule that there is one at a time. */
export async function runSync(
  env: Environment,
  request: Partial<RunRequest> = {},
  stop?: AbortSignal,
): Promise<Run> {
  const { log, lines } = recordLog();
  const { report } = await run(
    { ...INCREMENTAL, ...request },
    { readConfig: () => readConfig(env), log, ...(stop ? { stop } : {}) },
  );
  return { report, lines };
}

/** A log and what is written to it. */
export function recordLog(): { log: Log; lines: LogLine[] } {
  const lines: LogLine[] = [];
  const write = (line: string) => lines.push(JSON.parse(line));
  return { log: createLog({ level: 'debug', isReadable: false, write }), lines };
}

/** The report of a stream that the run read once. */
export function streamOf({ report }: Run, stream = 'pipeline_logs'): StreamReport {
  const found = report.streams.filter((candidate) => candidate.stream === stream);
  if (found[0] === undefined || found.length > 1) {
    throw new Error(`${found.length} reports of ${stream}: ${report.error?.message}`);
  }
  return found[0];
}

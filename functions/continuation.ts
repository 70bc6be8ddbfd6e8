import { createHash } from 'node:crypto';
import type { AuthClient } from 'google-auth-library';
import { withDeadline } from './budget.ts';
import { printJson } from './json.ts';
import type { Log } from './log.ts';
import { remaindersOf } from './remainder.ts';
import type { RunReport } from './report.ts';
import { bodyOf, type RunRequest } from './request.ts';

const DELAY_MS = 30_000; // the answer of this run is out by then
const TIMEOUT_MS = 20_000;
const ALREADY_EXISTS = 409;

export interface ContinuationDependencies {
  /** `projects/P/locations/L/queues/Q` */
  queue: string;
  log: Log;
  /** @default 'https://cloudtasks.googleapis.com' */
  endpoint?: string;
  authClient?: AuthClient;
}

/** Cloud Tasks took its time. */
class TimedOut extends Error {
  override name = 'TimedOut' as const;
}

/**
 * Hands what a run has left to Cloud Tasks, which starts the function again with it.
 *
 * What is left and nobody goes on with would wait for the next hour of the schedule, and a backfill for ever. A run that
 * made no progress is not gone on with, so a chain of runs always ends. A task that cannot be made is no fault of the run,
 * whose rows are stored: it is logged, and the outcome stays as it is.
 */
export async function continueLater(
  request: RunRequest,
  report: RunReport,
  { queue, log, ...options }: ContinuationDependencies,
): Promise<void> {
  for (const { request: rest, hasProgressed } of remaindersOf(request, report)) {
    const body = printJson(bodyOf(rest));
    const fields = { run_id: report.run_id, mode: request.mode, streams: rest.streams, body };
    if (!hasProgressed || rest.clientId !== undefined) {
      const reason = hasProgressed
        ? `it is about client ${rest.clientId} alone, which no request can say`
        : 'the run came no further than where it started';
      const message = `What the ${request.mode} run has left is not gone on with: ${reason}. ${adviceFor(request)}`;
      log.write('warn', 'continuation_ended', message, fields);
      continue;
    }
    try {
      const status = await createTask(queue, body, taskId(body, report), options);
      const message =
        status === ALREADY_EXISTS
          ? `What the ${request.mode} run has left is waiting in Cloud Tasks already, or was started within the last hour.`
          : `Cloud Tasks goes on with what the ${request.mode} run has left.`;
      log.write('info', 'continuation_created', message, fields);
    } catch (error) {
      const reason = reasonOf(error);
      const message = `Cloud Tasks cannot go on with what the ${request.mode} run has left: ${reason}. What was read is stored. ${adviceFor(request)} Check CONTINUATION_QUEUE, and that the account of the function has roles/cloudtasks.enqueuer on that queue.`;
      log.write('error', 'continuation_failed', message, fields);
    }
  }
}

/** Resolves to the status of an answer that means that there is a task. */
async function createTask(
  queue: string,
  body: string,
  id: string,
  {
    endpoint = 'https://cloudtasks.googleapis.com',
    authClient,
  }: Omit<ContinuationDependencies, 'queue' | 'log'>,
): Promise<number> {
  const { GoogleAuth } = await import('google-auth-library');
  const auth = new GoogleAuth({
    scopes: 'https://www.googleapis.com/auth/cloud-platform',
    ...(authClient === undefined ? {} : { authClient }),
  });
  const task = {
    name: `${queue}/tasks/${id}`,
    scheduleTime: new Date(Date.now() + DELAY_MS).toISOString(),
    dispatchDeadline: '1800s', // the default, 10 minutes, is shorter than a run
    httpRequest: {
      // The queue knows the address and the identity, and puts them in the place of whatever a task says.
      url: 'https://continuation.invalid/',
      httpMethod: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: Buffer.from(body).toString('base64'),
    },
  };
  const request = auth.request({
    url: `${endpoint}/v2/${queue}/tasks`,
    method: 'POST',
    data: { task },
    validateStatus: (status) => status === 200 || status === ALREADY_EXISTS,
    retryConfig: { httpMethodsToRetry: ['POST'] }, // a second one is refused because of its name
  });
  const { status } = await withDeadline(request, TIMEOUT_MS, () => new TimedOut());
  return status;
}

/** Why there is no task, without the rest of the error, which holds the URL and the token. */
function reasonOf(error: unknown): string {
  if (error instanceof TimedOut) return `it did not answer within ${TIMEOUT_MS / 1000} seconds`;
  const status = error instanceof Error && 'status' in error ? Number(error.status) : Number.NaN;
  return Number.isInteger(status) ? `it answered with HTTP ${status}` : 'it could not be reached';
}

/** The same for the same checkpoint, so that no two tasks go on from it. */
function taskId(body: string, report: RunReport): string {
  const checkpoint = report.streams.map(({ stream, client_id, next_id, watermark_after }) => [
    stream,
    client_id,
    next_id,
    watermark_after,
  ]);
  return createHash('sha256')
    .update(printJson([body, checkpoint]))
    .digest('hex');
}

function adviceFor({ mode }: RunRequest): string {
  return mode === 'incremental'
    ? 'The next run of the schedule goes on.'
    : 'Go on by hand, with next_id of the report as from_id.';
}

import { createHash } from 'node:crypto';
import { connectGoogle } from '../google/rest.ts';
import { printJson } from '../json.ts';
import type { Log } from '../log.ts';
import type { RunReport } from './report.ts';
import { bodyOf, type RunRequest } from './request.ts';
import { type Unfinished, unfinishedOf } from './unfinished.ts';

const DELAY_MS = 30_000; // the answer of this run is out by then
const CREATED = 200;
const ALREADY_EXISTS = 409;

export interface ContinuationDependencies {
  /** `projects/P/locations/L/queues/Q` */
  queue: string;
  log: Log;
  /** Another server than Google's. */
  endpoint?: string;
}

/**
 * Hands what a run has left to Cloud Tasks, which starts the function again with it.
 *
 * What is left and nobody goes on with would wait for the next hour of the schedule, and a backfill for ever. A run that
 * made no progress is not gone on with, so a chain of runs always ends. Between two runs of a backfill or a verification
 * comes a sync of what is new: a long chain would keep new rows waiting otherwise, because only one run goes on at a time.
 */
export async function continueLater(
  request: RunRequest,
  report: RunReport,
  dependencies: ContinuationDependencies,
): Promise<void> {
  const bodies: string[] = [];
  for (const { request: rest, hasProgressed } of ofAllClients(unfinishedOf(request, report))) {
    const body = printJson(bodyOf(rest));
    if (hasProgressed) bodies.push(body);
    else {
      const message = `The rest of the ${request.mode} run is not continued: it came no further than where it started. ${adviceFor(request)}`;
      dependencies.log.write('warn', 'continuation_ended', message, { run_id: report.run_id, body });
    }
  }
  if (bodies.length > 0 && request.mode !== 'incremental') bodies.unshift('{}');
  await Promise.all(
    bodies.map((body, place) => goOn(body, DELAY_MS * (place === 0 ? 1 : 2), request, report, dependencies)),
  );
}

/**
 * One remainder a stream, because no body can name a client: from the least id that a client has left, so that the others
 * read a part of theirs again.
 */
function ofAllClients(unfinished: readonly Unfinished[]): Unfinished[] {
  const byStream = Map.groupBy(unfinished, ({ request }) => String(request.streams));
  return [...byStream.values()].map((ofStream) => {
    const least = ofStream.reduce((one, other) =>
      (other.request.fromId ?? 0n) < (one.request.fromId ?? 0n) ? other : one,
    );
    return { request: least.request, hasProgressed: ofStream.every(({ hasProgressed }) => hasProgressed) };
  });
}

/** Makes one task. One that cannot be made is no fault of the run, whose rows are stored: it is logged, and all goes on. */
async function goOn(
  body: string,
  delayMs: number,
  request: RunRequest,
  report: RunReport,
  { queue, log, endpoint }: ContinuationDependencies,
): Promise<void> {
  const fields = { run_id: report.run_id, body };
  const tasks = connectGoogle({
    url: 'https://cloudtasks.googleapis.com',
    scope: 'https://www.googleapis.com/auth/cloud-platform',
    endpoint,
  });
  const task = taskFor(`${queue}/tasks/${taskId(body, report)}`, body, delayMs);
  // The second of two requests is refused because of the name.
  const { status, outcome } = await tasks.send(`/v2/${queue}/tasks`, { task });
  if (status === CREATED || status === ALREADY_EXISTS) {
    const message =
      status === ALREADY_EXISTS
        ? `What the ${request.mode} run has left is waiting in Cloud Tasks already, or was started within the last hour.`
        : `Cloud Tasks goes on after the ${request.mode} run.`;
    log.write('info', 'continuation_created', message, fields);
  } else {
    const message =
      `Cloud Tasks cannot go on with what the ${request.mode} run has left: ${outcome}. What was ` +
      `read is stored. ${adviceFor(request)} Check CONTINUATION_QUEUE, and that the account of the ` +
      'function has roles/cloudtasks.enqueuer on that queue.';
    log.write('error', 'continuation_failed', message, fields);
  }
}

/** https://docs.cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks */
function taskFor(name: string, body: string, delayMs: number): object {
  return {
    name,
    scheduleTime: new Date(Date.now() + delayMs).toISOString(),
    dispatchDeadline: '1800s', // the default, 10 minutes, is shorter than a run
    httpRequest: {
      // The queue knows the address and the identity, and puts them in the place of whatever a task says.
      url: 'https://continuation.invalid/',
      httpMethod: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: Buffer.from(body).toString('base64'),
    },
  };
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

import { expect } from 'vitest';
import { HTTP_STATUS, toSyncError } from '../../functions/errors.ts';
import { printJson } from '../../functions/json.ts';
import { type EventsReport, reportBody, statusOf } from '../../functions/sync/report.ts';
import { parseRunRequest, type RunRequest } from '../../functions/sync/request.ts';
import type { SandboxRequest } from '../../local/sandbox/server.ts';
import { ONE_STREAM } from './contract.ts';
import { type Environment, type LogLine, runSync } from './runs.ts';
import type { Kondado } from './test.ts';
import type { TestWarehouse } from './warehouses.ts';

/** One stream of an answer, as the contract writes it. */
export interface StreamAnswer {
  stream: string;
  client_id: number | null;
  outcome: 'success' | 'partial' | 'failed' | 'not_started';
  watermark_before: string | null;
  watermark_after: string | null;
  first_id: number | null;
  last_id: number | null;
  rows_read: number;
  rows_inserted: number;
  rows_duplicate: number;
  rows_rejected: number;
  rows_repaired: number;
  rows_vanished: number;
  requests: number;
  retries: number;
  rate_limit_hits: number;
  duration_ms: number;
  progressed: boolean;
  next_id: number | null;
  error: { code: string; message: string } | null;
}

/** What came of a body that was posted: the answer, and what was logged meanwhile. */
export interface Posted {
  status: number;
  outcome: 'success' | 'partial' | 'failed';
  error: { code: string; message: string } | undefined;
  streams: StreamAnswer[];
  /** The only stream, or the first of several. */
  stream: StreamAnswer;
  events: EventsReport | null;
  lines: LogLine[];
}

export type Post = (body?: object, options?: { env?: Environment; stop?: AbortSignal }) => Promise<Posted>;

/**
 * Makes what posts a body to the function, and reads the answer as whoever posted it would.
 *
 * @param env is set for every run; the default is one stream, the pipelines.
 */
export function poster(kondado: Kondado, warehouse: TestWarehouse, env: Environment = ONE_STREAM): Post {
  return async (body = {}, options = {}) => {
    const all = { ...kondado.env, ...warehouse.env, ...env, ...options.env };
    let request: RunRequest;
    try {
      request = parseRunRequest(printJson(body));
    } catch (error) {
      const { code, message } = toSyncError(error);
      return { ...NOTHING, status: HTTP_STATUS[code], error: { code, message } };
    }
    const { report, lines } = await runSync(all, request, options.stop);
    const { outcome, error, streams, events } = JSON.parse(printJson(reportBody(report)));
    return { status: statusOf(report), outcome, error, streams, stream: streams[0], events, lines };
  };
}

/** What comes of a body that is refused. */
const NOTHING = {
  outcome: 'failed' as const,
  streams: [],
  stream: {} as StreamAnswer,
  events: null,
  lines: [],
};

export interface Stopper {
  /** The sandbox's `fault`, which only counts. */
  fault: (request: SandboxRequest) => undefined;
  /** A signal that ends a run, as the time budget does, at the request that comes after so many. */
  after: (requests: number) => AbortSignal;
}

export function createStopper(): Stopper {
  let left = Number.POSITIVE_INFINITY;
  let controller = new AbortController();
  return {
    fault() {
      if (left-- === 0) controller.abort();
      return undefined;
    },
    after(requests) {
      left = requests;
      controller = new AbortController();
      return controller.signal;
    },
  };
}

/**
 * Posts a body again and again, each run ended after some requests, until none of its streams has anything left.
 *
 * @returns the answers, the last of which is a success.
 */
export async function postUntilDone(
  post: Post,
  stopper: Stopper,
  { body = {}, env = {}, requests = 3, mostRuns = 12 }: UntilDone = {},
): Promise<Posted[]> {
  const answers: Posted[] = [];
  do {
    answers.push(await post(body, { env, stop: stopper.after(requests) }));
    expect(answers.length, 'runs that were not enough').toBeLessThanOrEqual(mostRuns);
  } while (answers.at(-1)?.outcome !== 'success');
  return answers;
}

interface UntilDone {
  body?: object;
  env?: Environment;
  /** How many pages each run may read. */
  requests?: number;
  mostRuns?: number;
}

import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StreamName } from '../../functions/streams.ts';
import { type Answer, errorBody, type Fault, sendAnswer, sendFault } from './faults.ts';
import { createLimiter, DOCUMENTED_LIMITS, type Limits } from './limits.ts';
import { type PagingOptions, pageEnvelope } from './paging.ts';
import type { LogSource } from './source.ts';
import { type StatusObject, statusBody, statusObjectOf } from './statuses.ts';

export type { Fault } from './faults.ts';
export type { Limits } from './limits.ts';
export type { Envelope, Paging, PagingOptions } from './paging.ts';

/** Credentials in the form of the real ones; they open nothing but a sandbox. */
export const SANDBOX_KEY = '5a4db0c5-7a1e-4c0b-9d2e-6b6f6e646164';
export const SANDBOX_TOKEN = '73616e64626f78206f66206b6f6e6461646f206c6f677320616e64206d6f64656c73';

export interface SandboxOptions extends PagingOptions {
  source: LogSource;
  /** @default 0, a free one */
  port?: number;
  /** @default SANDBOX_KEY */
  key?: string;
  /** @default SANDBOX_TOKEN */
  token?: string;
  /** Null for none. @default { perSecond: 1, perMinute: 20 } */
  limits?: Limits | null;
  /** In which the bytes of an answer are written, whatever its content-type declares. @default 'utf8' */
  encoding?: BufferEncoding;
  /** Sent with every regular answer, such as another content-type or Date. */
  headers?: OutgoingHttpHeaders;
  /** How long every answer takes. @default 0 */
  latencyMs?: number;
  /** @default { pipeline_logs: 'pipeline_logs', model_logs: 'model_logs' } */
  paths?: Record<StreamName, string>;
  /** What goes wrong with a request that keeps the limits; called when it arrives. */
  fault?: (request: SandboxRequest) => Fault | undefined | Promise<Fault | undefined>;
  /** The clock of the limits. @default performance.now */
  now?: () => number;
}

/** A request as it arrived and, later, how it was answered. */
export interface SandboxRequest {
  /** From 0, over all requests that arrive. */
  index: number;
  atMs: number;
  /** Null for any other path, such as that of a status. */
  stream: StreamName | null;
  /** Undefined if no status is asked for. */
  statusOf: StatusObject | undefined;
  /** Null if it is missing or not an integer. */
  startElementId: bigint | null;
  clientId: string | null;
  /** Path and query as they came, credentials included. */
  url: string;
  answeredWith?: Answer['kind'] | Fault['kind'];
  /** How many rows the page of the regular answer held. */
  rowsSent?: number;
}

export interface Sandbox {
  /** `http://127.0.0.1:PORT` */
  url: string;
  port: number;
  requests: SandboxRequest[];
  /** How many requests broke the limits. */
  readonly violations: number;
  source: LogSource;
  /** Ends hanging connections too. */
  close(): Promise<void>;
}

/** A server on this computer that answers like Kondado's log endpoints, well or badly, as the options say. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { source, port = 0, limits = DOCUMENTED_LIMITS, latencyMs = 0, fault } = options;
  const { paths = { pipeline_logs: 'pipeline_logs', model_logs: 'model_logs' } } = options;
  const { now = () => performance.now() } = options;
  const keepsLimits = createLimiter(limits);
  const answerRegularly = createAnswers(options);
  const requests: SandboxRequest[] = [];
  let violations = 0;

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = readRequest(incoming, { index: requests.length, atMs: now(), paths });
    requests.push(request);
    const isViolation = !keepsLimits(request.atMs);
    if (isViolation) violations++;
    const chosen: Fault | undefined = isViolation ? { kind: 'rateLimit' } : await fault?.(request);
    if (latencyMs > 0) await sleep(latencyMs, undefined, { ref: false });

    const regular = (): Answer => {
      const answer = answerRegularly(request, incoming);
      request.answeredWith = chosen?.kind ?? answer.kind;
      if (answer.page !== undefined) request.rowsSent = answer.page.data.data.length;
      return answer;
    };
    if (chosen === undefined) return sendAnswer(response, regular());
    request.answeredWith = chosen.kind;
    await sendFault(response, chosen, regular);
  }

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch((error: unknown) => {
      // A mistake in a test's `fault` or `source` goes to whoever made the request: nobody waits for it here.
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
      response.end(`The sandbox itself failed: ${error instanceof Error ? error.stack : error}`);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const { port: actualPort } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${actualPort}`,
    port: actualPort,
    requests,
    get violations() {
      return violations;
    },
    source,
    close() {
      return new Promise((resolve) => {
        server.close(() => resolve()); // its only error is that it is already closed
        server.closeAllConnections();
      });
    },
  };
}

/** What a healthy API answers: a page, or an error in its envelope. */
function createAnswers(
  options: SandboxOptions,
): (request: SandboxRequest, incoming: IncomingMessage) => Answer {
  const { source, key = SANDBOX_KEY, token = SANDBOX_TOKEN, encoding = 'utf8', headers = {} } = options;

  return ({ index, stream, statusOf, startElementId, clientId }, incoming) => {
    const { searchParams: query } = parse(incoming);
    if ((stream === null && statusOf === undefined) || incoming.method !== 'GET') {
      return { kind: 'notFound', status: 404, body: errorBody('NOT_FOUND', 'No such endpoint.') };
    }
    if (query.get('key') !== key || query.get('token') !== token) {
      return {
        kind: 'unauthorized',
        status: 200,
        body: errorBody('UNAUTHORIZED', 'Invalid key or token.'),
      };
    }
    if (statusOf !== undefined) {
      const fields = source.status === undefined ? {} : source.status(statusOf);
      return fields === null
        ? { kind: 'notFound', status: 404, body: errorBody('NOT_FOUND', 'There is no such object.') }
        : { kind: 'status', status: 200, body: statusBody(statusOf, fields), headers };
    }
    if (stream === null) throw new Error('Neither logs nor a status are asked for.');
    if (startElementId === null) {
      const message = 'start_element_id is required and must be an integer.';
      return { kind: 'invalid', status: 200, body: errorBody('INVALID_PARAMETERS', message) };
    }
    const page = pageEnvelope(source, { index, stream, startElementId, clientId }, options);
    return { kind: 'page', status: 200, body: page, page, encoding, headers };
  };
}

function readRequest(
  incoming: IncomingMessage,
  { index, atMs, paths }: { index: number; atMs: number; paths: Record<StreamName, string> },
): SandboxRequest {
  const { pathname, searchParams } = parse(incoming);
  const start = searchParams.get('start_element_id');
  const streams: StreamName[] = ['pipeline_logs', 'model_logs'];
  return {
    index,
    atMs,
    statusOf: statusObjectOf(pathname),
    stream: streams.find((stream) => pathname === `/${paths[stream].replace(/^\//, '')}`) ?? null,
    startElementId: start !== null && /^-?\d+$/.test(start) ? BigInt(start) : null,
    clientId: searchParams.get('client_id'),
    url: incoming.url ?? '',
  };
}

function parse(incoming: IncomingMessage): URL {
  return new URL(`http://127.0.0.1${incoming.url ?? '/'}`);
}

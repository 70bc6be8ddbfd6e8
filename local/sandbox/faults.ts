import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { printJson } from '../../functions/json.ts';
import type { Envelope } from './paging.ts';

/** What may happen to a request instead of its regular answer. */
export type Fault =
  | { kind: 'rateLimit'; headers?: OutgoingHttpHeaders }
  | { kind: 'status'; status: number; body?: string; headers?: OutgoingHttpHeaders }
  /** The connection is reset without an answer. */
  | { kind: 'reset' }
  | { kind: 'resetAfterHeaders' }
  /** The body breaks off in the middle, and the connection with it. */
  | { kind: 'cutOff' }
  /** No answer, until the sandbox is closed. */
  | { kind: 'hang' }
  /** Headers, then a byte every `intervalMs`, forever. */
  | { kind: 'slowBody'; intervalMs: number }
  | { kind: 'html' }
  | { kind: 'empty' }
  | { kind: 'text'; body: string | Buffer; headers?: OutgoingHttpHeaders }
  | { kind: 'json'; value: unknown }
  | { kind: 'envelopeError'; error: string; message: string; status?: number }
  /** The regular answer, changed; errors (an envelope without `data`) are left alone. */
  | { kind: 'mutate'; change: (envelope: Envelope) => unknown }
  /** The regular answer, later. */
  | { kind: 'delay'; ms: number };

/** An answer before it is sent: HTTP status, JSON body, and the page if it is one. */
export interface Answer {
  kind: 'page' | 'status' | 'unauthorized' | 'invalid' | 'notFound';
  status: number;
  body: unknown;
  page?: Envelope;
  /** @default 'utf8' */
  encoding?: BufferEncoding;
  headers?: OutgoingHttpHeaders;
}

type Deliver<F> = (response: ServerResponse, fault: F, regular: () => Answer) => unknown;

/** Long enough for what was written to reach the client before a reset, which overtakes it. */
const FLUSH_MS = 20;

const RATE_LIMIT_EXCEEDED = errorBody(
  'RATE_LIMIT_EXCEEDED',
  'Too many requests. Please try again in 60 seconds.',
);

const HTML_PAGE = '<!doctype html><html><head><title>502 Bad Gateway</title></head><body></body></html>';

const DELIVERIES: { [K in Fault['kind']]: Deliver<Extract<Fault, { kind: K }>> } = {
  rateLimit: (response, { headers }) => sendText(response, printJson(RATE_LIMIT_EXCEEDED), 200, headers),
  status: (response, { status, body = '', headers }) => sendText(response, body, status, headers),
  reset: (response) => response.socket?.resetAndDestroy(),
  async resetAfterHeaders(response) {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1_000 });
    response.flushHeaders();
    await sleep(FLUSH_MS);
    response.socket?.resetAndDestroy();
  },
  async cutOff(response, _, regular) {
    const body = Buffer.from(printJson(regular().body));
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
    response.write(body.subarray(0, body.length >> 1));
    await sleep(FLUSH_MS);
    response.socket?.destroy();
  },
  hang: () => {},
  slowBody(response, { intervalMs }) {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const interval = setInterval(() => response.write(' '), intervalMs);
    response.on('close', () => clearInterval(interval));
  },
  html: (response) => sendText(response, HTML_PAGE, 200, { 'content-type': 'text/html' }),
  empty: (response) => sendText(response, '', 200),
  text: (response, { body, headers }) => sendText(response, body, 200, headers),
  json: (response, { value }) => sendText(response, printJson(value), 200),
  envelopeError: (response, { error, message, status = 200 }) =>
    sendText(response, printJson(errorBody(error, message)), status),
  mutate(response, { change }, regular) {
    const answer = regular();
    const { body, page } = answer;
    sendAnswer(response, { ...answer, body: page === undefined ? body : change(page) });
  },
  async delay(response, { ms }, regular) {
    await sleep(ms, undefined, { ref: false });
    sendAnswer(response, regular());
  },
};

export async function sendFault(
  response: ServerResponse,
  fault: Fault,
  regular: () => Answer,
): Promise<void> {
  const deliver = DELIVERIES[fault.kind] as Deliver<Fault>;
  await deliver(response, fault, regular);
}

export function sendAnswer(response: ServerResponse, { body, status, encoding, headers }: Answer): void {
  sendText(response, Buffer.from(printJson(body), encoding), status, headers);
}

export function errorBody(
  error: string,
  message: string,
): { success: false; error: string; message: string } {
  return { success: false, error, message };
}

function sendText(
  response: ServerResponse,
  body: string | Buffer,
  status: number,
  headers: OutgoingHttpHeaders = {},
): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}

import ky, { HTTPError } from 'ky';
import type { KondadoConfig } from '../config.ts';
import { BudgetUsedUp, SyncError } from '../errors.ts';
import type { Log } from '../log.ts';
import { createRedactor } from '../redaction.ts';
import type { Source } from '../streams.ts';
import { type Answer, decodeAnswer, type Page } from './answer.ts';
import { limiterFor } from './limiter.ts';

const ATTEMPTS = 4;
const RATE_LIMIT_HITS_IN_A_ROW = 6;
const MAX_BODY_BYTES = 128 * 2 ** 20;

/** What the requests of one stream have cost so far. */
export interface RequestCounters {
  requests: number;
  retries: number;
  rate_limit_hits: number;
}

export interface KondadoClient {
  /**
   * Reads one page of log rows, from `startId` on.
   *
   * @throws {SyncError} with a code KONDADO_…, after the retries that make sense.
   * @throws {BudgetUsedUp} if the signal aborts first.
   */
  readPage(source: Source, startId: bigint, counters: RequestCounters, signal: AbortSignal): Promise<Page>;
  /** Milliseconds until the next request may go out. */
  waitMs(): number;
}

/** An attempt that brought no answer worth reading, and why; it holds no URL, unlike the error it stands for. */
class AttemptFailed extends Error {
  override name = 'AttemptFailed' as const;
  readonly isAnswered: boolean;

  constructor(reason: string, isAnswered: boolean) {
    super(reason);
    this.isAnswered = isAnswered;
  }
}

/** Makes the client of Kondado's API: credentials, limits, retries and time-outs are its business alone. */
export function createKondadoClient(
  config: KondadoConfig,
  credentials: { key: string; token: string },
  log: Log,
): KondadoClient {
  const limiter = limiterFor(credentials.key, config.limits);
  const redact = createRedactor([credentials.key, credentials.token]);
  const api = ky.create({
    prefix: config.baseUrl,
    redirect: 'manual', // key and token are for this host only
    timeout: false, // ky would count the limiter's wait
    throwHttpErrors: (status) => status === 408 || status >= 500,
    retry: {
      limit: ATTEMPTS - 1,
      statusCodes: [408, ...Array.from({ length: 100 }, (_, index) => 500 + index)],
      afterStatusCodes: [503],
      delay: (attempt) => 500 * 2 ** attempt,
      jitter: (delay) => delay * (0.5 + Math.random() / 2),
      shouldRetry: ({ error }) =>
        error instanceof AttemptFailed ? true : error instanceof HTTPError ? undefined : false,
    },
  });

  /** One page or one refusal, after at most four attempts. */
  async function request(source: Source, startId: bigint, counters: RequestCounters, signal: AbortSignal) {
    let answer: Answer | undefined;
    let attempts = 0;
    await api.get(config.paths[source.stream], {
      searchParams: {
        ...credentials,
        start_element_id: String(startId),
        client_id: source.clientId === null ? undefined : String(source.clientId),
      },
      signal,
      // Inside ky's retries, so that each attempt waits for its turn and has a time-out of its own.
      fetch: async (input, init) => {
        const received = await limiter.schedule(async () => {
          counters.requests++;
          if (attempts++ > 0) counters.retries++;
          const response = await attempt(input, { ...init, signal });
          const decoded = decodeAnswer(response, redact);
          // Before anybody else has a turn.
          if (decoded.kind === 'rateLimited') limiter.pause(decoded.retryAfterMs ?? config.rateLimitPauseMs);
          return { decoded, headers: response.headers };
        }, signal);
        answer = received.decoded;
        if (answer.kind === 'unreadable') throw new AttemptFailed(answer.reason, true);
        // ky decides by the status whether to try again; all the rest is in the answer.
        const status = answer.kind === 'unavailable' ? Math.min(answer.status, 599) : 200;
        return new Response(null, { status, headers: received.headers });
      },
      hooks: {
        beforeRetry: [
          ({ error }) => {
            const reason = reasonOf(error);
            const message = `Kondado did not answer ${source.stream} properly (${reason}); trying again.`;
            log.write('warn', 'request_retried', message, { stream: source.stream, reason });
          },
        ],
      },
    });
    return answer as Exclude<Answer, { kind: 'unreadable' | 'unavailable' }>;
  }

  /** One request, from sending to the last byte of the answer, within the time-out. */
  async function attempt(input: Parameters<typeof fetch>[0], init: RequestInit & { signal: AbortSignal }) {
    // AbortSignal.timeout and .any would live on after the request, thousands of them in a long run.
    const attemptEnd = new AbortController();
    const end = () => attemptEnd.abort();
    const timer = setTimeout(end, Math.min(config.requestTimeoutMs, 2 ** 31 - 1));
    init.signal.addEventListener('abort', end, { once: true });
    try {
      const response = await fetch(input, { ...init, signal: attemptEnd.signal });
      return { status: response.status, headers: response.headers, text: await readText(response) };
    } catch (error) {
      if (init.signal.aborted) throw new BudgetUsedUp();
      if (error instanceof AttemptFailed) throw error;
      const reason = attemptEnd.signal.aborted
        ? `no whole answer within ${config.requestTimeoutMs / 1000} seconds`
        : `the connection failed: ${networkReason(error)}`;
      throw new AttemptFailed(reason, false);
    } finally {
      clearTimeout(timer);
      init.signal.removeEventListener('abort', end);
    }
  }

  return {
    waitMs: limiter.waitMs,
    async readPage(source, startId, counters, signal) {
      for (let hits = 1; ; hits++) {
        const answer = await request(source, startId, counters, signal).catch((error: unknown) => {
          throw signal.aborted && !(error instanceof AttemptFailed || error instanceof HTTPError)
            ? new BudgetUsedUp()
            : unavailable(error, source, config);
        });
        if (answer.kind === 'page') return answer.page;
        if (answer.kind === 'refused') throw refusal(answer, source, config);
        counters.rate_limit_hits++;
        if (hits === RATE_LIMIT_HITS_IN_A_ROW) throw rateLimited(source, config);
        const pauseMs = answer.retryAfterMs ?? config.rateLimitPauseMs;
        const message = `Kondado's rate limit was hit, probably by another program with the same key or address; pausing for ${Math.round(pauseMs / 1000)} seconds.`;
        log.write('warn', 'rate_limited', message, { stream: source.stream, pause_ms: pauseMs });
      }
    },
  };
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES)
      throw new AttemptFailed(`an answer of more than ${MAX_BODY_BYTES} bytes`, true);
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

/** Why an attempt is repeated; the message of any other error may hold the URL. */
function reasonOf(error: unknown): string {
  if (error instanceof HTTPError) return `HTTP ${error.response.status}`;
  return error instanceof AttemptFailed ? error.message : 'unknown';
}

/** The code of a network error, such as ECONNRESET; its message may hold the URL. */
function networkReason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no code';
  return /^[\w ]+$/.test(code) ? code : 'unknown code';
}

function unavailable(error: unknown, { stream }: Source, { baseUrl }: KondadoConfig): unknown {
  if (!(error instanceof HTTPError || error instanceof AttemptFailed)) return error;
  const what = `${stream} could not be read from ${baseUrl}: ${reasonOf(error)}, after ${ATTEMPTS} attempts. Nothing is lost`;
  return error instanceof AttemptFailed && error.isAnswered
    ? new SyncError(
        'KONDADO_UNEXPECTED_RESPONSE',
        `${what}; check KONDADO_BASE_URL, or what stands between here and Kondado.`,
      )
    : new SyncError('KONDADO_UNAVAILABLE', `${what}, the next run tries again.`);
}

function refusal(
  { status, error, message }: { status: number; error: string; message: string },
  { stream }: Source,
  { baseUrl, paths }: KondadoConfig,
): SyncError {
  const said =
    `Kondado answered ${stream} with HTTP ${status} ${[error, message].filter(Boolean).join(': ')}`.trim();
  if (status === 401 || status === 403 || /auth|key|token|permission|forbidden|credential/i.test(error)) {
    return new SyncError(
      'KONDADO_UNAUTHORIZED',
      `${said}. Check KONDADO_API_KEY and KONDADO_TOKEN (or the secrets they are read from): both must belong to the same user, who must be allowed to see the logs.`,
    );
  }
  const advice =
    status === 404
      ? `There is no ${paths[stream]} at ${baseUrl}: check ${stream === 'pipeline_logs' ? 'KONDADO_PIPELINE_LOGS_PATH' : 'KONDADO_MODEL_LOGS_PATH'}`
      : 'This is not an answer that the sync knows; if it stays, ask Kondado what it means';
  return new SyncError('KONDADO_UNEXPECTED_RESPONSE', `${said}. ${advice}.`);
}

function rateLimited({ stream }: Source, { rateLimitPauseMs }: KondadoConfig): SyncError {
  return new SyncError(
    'KONDADO_RATE_LIMITED',
    `Kondado refused ${stream} ${RATE_LIMIT_HITS_IN_A_ROW} times in a row with RATE_LIMIT_EXCEEDED, in spite of pauses of ${rateLimitPauseMs / 1000} seconds. Another program uses the same key or address: stop it, or lower KONDADO_REQUESTS_PER_MINUTE.`,
  );
}

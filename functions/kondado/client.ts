import ky, { HTTPError } from 'ky';
import type { Budget } from '../budget.ts';
import type { KondadoConfig } from '../config.ts';
import { BudgetUsedUp, PauseTooLong } from '../errors.ts';
import type { Log } from '../log.ts';
import { createRedactor, createSecretRemover } from '../redaction.ts';
import type { ObjectKind, Source } from '../streams.ts';
import { type Answer, decodeAnswer, type Page } from './answer.ts';
import { readText } from './body.ts';
import { type Endpoint, pageAt, statusAt } from './endpoints.ts';
import { AttemptFailed, rateLimited, refusal, unavailable } from './faults.ts';
import { limiterFor, type Patience } from './limiter.ts';
import { GONE, type ObjectStatus } from './statuses.ts';

/** A request that was sent so long ago has reached Kondado: the rest of the time until its answer is Kondado's own. */
const DELIVERY_MS = 500;

/** How often something is asked for before it has failed. */
export interface Persistence {
  /** Requests that are not answered, or with nothing that can be read. */
  attempts: number;
  /** Answers RATE_LIMIT_EXCEEDED in a row. */
  rateLimitHits: number;
}

const PERSISTENCE: Persistence = { attempts: 4, rateLimitHits: 6 };

/** What the requests of one source have cost so far. */
export interface RequestCounters {
  requests: number;
  retries: number;
  rate_limit_hits: number;
}

/** Something that is asked of Kondado, one kind of request after the other. */
export interface KondadoApi {
  /** Counted on with each request. */
  readonly counters: Readonly<RequestCounters>;
  /** Ends what is under way; nobody wants its answer any more. */
  stop(): void;
}

/** Kondado's API as one source sees it. */
export interface SourceApi extends KondadoApi {
  /**
   * Reads one page of log rows, from `startId` on.
   *
   * @throws {SyncError} with a code KONDADO_…, after the retries that make sense.
   * @throws {BudgetUsedUp} if the budget ends first.
   * @throws {PauseTooLong} if it would have to wait for longer than the budget.
   */
  readPage(startId: bigint): Promise<Page>;
}

export interface StatusApi extends KondadoApi {
  /** Reads the status of a pipeline or model; rejects as `readPage` does. */
  readStatus(kind: ObjectKind, id: bigint): Promise<ObjectStatus>;
}

export interface KondadoClient {
  of(source: Source): SourceApi;
  /** @param mostRequests after so many no request is repeated any more. @default no limit */
  ofStatuses(mostRequests?: number): StatusApi;
  /** Milliseconds until the next request may go out. */
  waitMs(): number;
  /** How far Kondado's clock was ahead of ours at its last answer, to the second; null if none has said the time. */
  clockAheadMs(): number | null;
}

/**
 * Makes the client of Kondado's API: credentials, limits, retries and time-outs are its business alone.
 *
 * @param persistence @default four attempts, six hits of the rate limit
 */
export function createKondadoClient(
  config: KondadoConfig,
  credentials: { key: string; token: string },
  budget: Budget,
  log: Log,
  persistence: Persistence = PERSISTENCE,
): KondadoClient {
  const limiter = limiterFor(credentials.key, config.limits);
  const secrets = [credentials.key, credentials.token];
  const redact = createRedactor(secrets);
  const removeSecrets = createSecretRemover(secrets);
  let clockAheadMs: number | null = null;
  const api = ky.create({
    prefix: config.baseUrl,
    redirect: 'manual', // key and token are for this host only
    timeout: false, // ky would count the limiter's wait
    throwHttpErrors: (status) => status === 408 || status >= 500,
    retry: {
      limit: persistence.attempts - 1,
      statusCodes: [408, ...Array.from({ length: 100 }, (_, index) => 500 + index)],
      afterStatusCodes: [], // a Retry-After is the limiter's business, see `pauseFor`
      delay: (attempt) => 500 * 2 ** attempt,
      jitter: (delay) => delay * (0.5 + Math.random() / 2),
    },
  });

  /** Makes what asks, and counts its requests. */
  function createAsker(mostRequests = Number.POSITIVE_INFINITY) {
    const counters: RequestCounters = { requests: 0, retries: 0, rate_limit_hits: 0 };
    const stopped = new AbortController();
    const signal = AbortSignal.any([budget.reading, stopped.signal]);
    const patience: Patience = { reading: signal, readingMs: budget.readingMs };
    const mayRepeat = () => counters.requests < mostRequests;
    let isGarbled = false;

    /** One answer, after as many attempts as make sense. */
    async function request<T>({ name, path, query, shape, fields }: Endpoint<T>) {
      let answer: Answer<T> | undefined;
      let attempts = 0;
      await api.get(path, {
        searchParams: { ...credentials, ...query },
        signal,
        retry: {
          shouldRetry: ({ error }) => {
            if (!mayRepeat()) return false;
            return error instanceof AttemptFailed ? true : error instanceof HTTPError ? undefined : false;
          },
        },
        // Inside ky's retries, so that each attempt waits for its turn and has a time-out of its own.
        fetch: async (input, init) => {
          answer = await limiter.schedule(async (hasArrived) => {
            counters.requests++;
            if (attempts++ > 0) counters.retries++;
            const delivery = setTimeout(hasArrived, DELIVERY_MS);
            const response = await attempt(input, init, signal).finally(() => clearTimeout(delivery));
            if (!response.isExact) warnOfGarbling(name, response.charset, fields);
            const decoded = decodeAnswer(response, shape);
            pauseFor(decoded); // before anybody else has a turn
            return decoded;
          }, patience);
          if (answer.kind === 'unreadable') throw new AttemptFailed(answer.reason, true);
          // ky decides by the status whether to try again; all the rest is in the answer.
          return new Response(null, {
            status: answer.kind === 'unavailable' ? Math.min(answer.status, 599) : 200,
          });
        },
        hooks: {
          beforeRetry: [
            ({ error }) => {
              const reason = reasonOf(error);
              const message = `Kondado did not answer ${name} properly (${reason}); trying again.`;
              log.write('warn', 'request_retried', message, { ...fields, reason });
            },
          ],
        },
      });
      return answer as Exclude<Answer<T>, { kind: 'unreadable' | 'unavailable' }>;
    }

    function warnOfGarbling(name: string, charset: string, fields: Record<string, unknown>): void {
      if (isGarbled) return;
      isGarbled = true;
      const message =
        `Kondado's answer for ${name} holds bytes that are not ${charset}, the charset that it declares or ` +
        'defaults to: they are stored as U+FFFD.';
      log.write('warn', 'schema_drift', message, { ...fields, charset });
    }

    return {
      counters,
      stop: () => stopped.abort(),
      /** What was asked for, or what repeating would not change, after the pauses that the rate limit asks for. */
      async ask<T>(endpoint: Endpoint<T>): Promise<Extract<Answer<T>, { kind: 'value' | 'refused' }>> {
        for (let hits = 1; ; hits++) {
          const sentBefore = counters.requests;
          const answer = await request(endpoint).catch((error: unknown) => {
            if (error instanceof HTTPError || error instanceof AttemptFailed) {
              const isAnswered = error instanceof AttemptFailed && error.isAnswered;
              const said = { message: reasonOf(error), isAnswered };
              throw unavailable(said, counters.requests - sentBefore, endpoint, config);
            }
            throw signal.aborted && !(error instanceof PauseTooLong) ? new BudgetUsedUp() : error;
          });
          if (answer.kind !== 'rateLimited') return answer;
          counters.rate_limit_hits++;
          if (hits === persistence.rateLimitHits || !mayRepeat()) throw rateLimited(hits, endpoint, config);
          const pauseMs = pauseMsAfter(answer);
          const message =
            `Kondado's rate limit was hit, probably by another program with the same key or address; pausing for ` +
            `${Math.round(pauseMs / 1000)} seconds.`;
          log.write('warn', 'rate_limited', message, { ...endpoint.fields, pause_ms: pauseMs });
        }
      },
    };
  }

  function clientOf(source: Source): SourceApi {
    const { counters, stop, ask } = createAsker();
    return {
      counters,
      stop,
      async readPage(startId) {
        const endpoint = pageAt(startId, source, config);
        const answer = await ask(endpoint);
        if (answer.kind === 'refused') throw refusal(answer, redact, endpoint, config);
        return answer.value;
      },
    };
  }

  function clientOfStatuses(mostRequests?: number): StatusApi {
    const { counters, stop, ask } = createAsker(mostRequests);
    return {
      counters,
      stop,
      async readStatus(kind, id) {
        const endpoint = statusAt(kind, id, config);
        const answer = await ask(endpoint);
        if (answer.kind === 'value') return withoutSecrets(answer.value);
        if (answer.status === 404) return GONE;
        throw refusal(answer, redact, endpoint, config);
      },
    };
  }

  /** What Kondado says goes into a table, and whatever stands between may say our own request back to us. */
  function withoutSecrets(status: ObjectStatus): ObjectStatus {
    const clean = (text: string | null) => (text === null ? null : removeSecrets(text));
    return {
      ...status,
      status: clean(status.status),
      kubo_status_type: clean(status.kubo_status_type),
      message: status.message === null ? null : redact(status.message),
      extra: clean(status.extra),
    };
  }

  function pauseMsAfter({ retryAfterMs }: { retryAfterMs: number }): number {
    return Math.max(retryAfterMs, config.rateLimitPauseMs);
  }

  function pauseFor(answer: Answer<unknown>): void {
    if (answer.kind === 'rateLimited') {
      limiter.pause(pauseMsAfter(answer), 'KONDADO_RATE_LIMITED');
    } else if (answer.kind === 'unavailable' && answer.retryAfterMs > 0) {
      limiter.pause(answer.retryAfterMs, 'KONDADO_UNAVAILABLE');
    }
  }

  /** One request, from sending to the last byte of the answer, within the time-out. */
  async function attempt(
    input: Parameters<typeof fetch>[0],
    init: RequestInit | undefined,
    signal: AbortSignal,
  ) {
    // AbortSignal.timeout and .any would live on after the request, thousands of them in a long run.
    const attemptEnd = new AbortController();
    const end = () => attemptEnd.abort();
    const timer = setTimeout(end, Math.min(config.requestTimeoutMs, 2 ** 31 - 1));
    signal.addEventListener('abort', end, { once: true });
    try {
      const response = await fetch(input, { ...init, signal: attemptEnd.signal });
      const dateMs = Date.parse(response.headers.get('date') ?? '');
      if (!Number.isNaN(dateMs)) clockAheadMs = dateMs - Date.now();
      return { status: response.status, headers: response.headers, ...(await readText(response)) };
    } catch (error) {
      if (signal.aborted) throw new BudgetUsedUp();
      if (error instanceof AttemptFailed) throw error;
      const reason = attemptEnd.signal.aborted
        ? `no whole answer within ${config.requestTimeoutMs / 1000} seconds`
        : `the connection failed: ${networkReason(error)}`;
      throw new AttemptFailed(reason, false);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
    }
  }

  return {
    of: clientOf,
    ofStatuses: clientOfStatuses,
    waitMs: limiter.waitMs,
    clockAheadMs: () => clockAheadMs,
  };
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

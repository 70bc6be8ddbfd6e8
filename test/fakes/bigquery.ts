import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Config } from '../../functions/config.ts';
import {
  type Answer,
  errorAnswer,
  htmlAnswer,
  insertAnswer,
  refusalAnswer,
  send,
} from './bigquery/answers.ts';
import { describeCall, type FakeCall, type Route, readBytes, routeOf } from './bigquery/calls.ts';
import { type BigQueryFault, respondWithFault } from './bigquery/faults.ts';
import { createJobs } from './bigquery/jobs.ts';
import { openStore } from './bigquery/store.ts';

export type { FakeCall } from './bigquery/calls.ts';
export type { BigQueryFault } from './bigquery/faults.ts';

export interface FakeBigQueryOptions {
  /** @default 'test-project' */
  project?: string;
  /** @default 'kondado' */
  dataset?: string;
  /** Tables of `functions/schema/` that do not exist here; then there are no views either. */
  missingTables?: string[];
  /** Whether the views that every run looks at know anything; what is about something else takes half the time without. @default false */
  isJudged?: boolean;
  /** What the views are made with. @default São Paulo, no plan */
  billing?: Config['billing'];
  /** Drop rows whose insertId was stored before. Off by default: BigQuery promises it for about a minute at best. */
  dedupe?: boolean;
  /** The clock of CURRENT_TIMESTAMP() and of the partition bounds. @default Date.now */
  now?: () => number;
  /** What goes wrong with a call; asked when it has arrived, and waited for. */
  fault?: (call: FakeCall) => BigQueryFault | undefined | Promise<BigQueryFault | undefined>;
}

export interface FakeBigQuery {
  /** `http://127.0.0.1:PORT`, the client's `apiEndpoint`. */
  url: string;
  project: string;
  dataset: string;
  calls: FakeCall[];
  /** The stored rows in the order of storing: INT64 as bigint, TIMESTAMP as ISO text with 6 digits and Z. */
  rows(table: string): Promise<Record<string, unknown>[]>;
  /** DuckDB SQL (not BigQuery's) on the stored data. */
  run(sql: string): Promise<Record<string, unknown>[]>;
  clear(table: string): Promise<void>;
  close(): Promise<void>;
}

const REQUEST_LIMIT_BYTES = 10_000_000;

/**
 * Serves the part of the BigQuery REST API that the product uses, on a free port of this computer.
 *
 * It is stricter than BigQuery where it can be, and answers rows without ORDER BY in reverse, so that nothing relies
 * on what BigQuery does not promise.
 *
 * @example
 * const fake = await startFakeBigQuery();
 * new BigQuery({ projectId: fake.project, apiEndpoint: fake.url, authClient: new PassThroughClient() });
 */
export async function startFakeBigQuery(options: FakeBigQueryOptions = {}): Promise<FakeBigQuery> {
  const { project = 'test-project', dataset = 'kondado', fault } = options;
  const calls: FakeCall[] = [];
  const closing = new AbortController();
  const store = await openStore({
    project,
    dataset,
    missingTables: options.missingTables ?? [],
    isJudged: options.isJudged === true,
    billing: options.billing ?? { timeZone: 'America/Sao_Paulo', planRecords: null, planPipelines: null },
    isDeduping: options.dedupe === true,
    now: options.now ?? Date.now,
    isClockFixed: options.now !== undefined,
  });
  const jobs = createJobs(store, project, closing.signal);

  async function answerTo(call: FakeCall, route: Route, isComplete = true): Promise<Answer> {
    try {
      if (route.name !== 'insertAll') return await jobs.answer(call, route, isComplete);
      const errors = await store.insertAll(call, route);
      return insertAnswer(errors.length > 0 ? errors : undefined);
    } catch (error) {
      return refusalAnswer(error);
    }
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const bytes = await readBytes(request);
    const route = routeOf(request);
    const text = bytes.toString('utf8');
    const call = describeCall(calls.length, request, route, text, jobs.queryOf);
    calls.push(call);
    if (bytes.length > REQUEST_LIMIT_BYTES) return send(response, htmlAnswer(413));
    if (text !== '' && typeof call.body === 'string') {
      return send(response, errorAnswer(400, 'parseError', 'Parse Error: the body is not JSON.'));
    }
    const failure = await fault?.(call);
    const work = async (isComplete?: boolean) => {
      const answer = await answerTo(call, route, isComplete);
      call.answerBytes = Buffer.byteLength(answer.text);
      return answer;
    };
    if (!failure) return send(response, await work());
    await respondWithFault(failure, { call, response, work, closing: closing.signal });
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      // Nobody waits for an answer after the end; anything else must be seen.
      if (closing.signal.aborted || response.headersSent) response.destroy();
      else send(response, refusalAnswer(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    project,
    dataset,
    calls,
    run: store.run,
    rows: store.rows,
    clear: store.clear,
    async close() {
      closing.abort();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await store.close();
    },
  };
}

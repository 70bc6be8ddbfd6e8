import { BigQuery, type BigQueryOptions } from '@google-cloud/bigquery';
import { PassThroughClient } from 'google-auth-library';
import { untilAborted, withDeadline } from '../../budget.ts';
import type { BigQueryConfig } from '../../config.ts';
import { BudgetUsedUp, SyncError } from '../../errors.ts';
import type { Ask } from '../adapter.ts';
import { callFault, reasonOf } from './faults.ts';

const TABLE = /\{(\w+)\}/g;
const MAX_BYTES_BILLED = String(10 * 2 ** 30);

/** A BigQuery dataset, and how to call it so that every failure is a SyncError, and none takes longer than it may. */
export interface BigQueryConnection {
  client: BigQuery;
  /**
   * One call to BigQuery, the retries of its client included, with a deadline of its own.
   *
   * @param signal ends it with BudgetUsedUp. @default the signal of the connection
   */
  call<T>(what: string, send: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  ask: Ask;
  /** Rejects if BigQuery would refuse such a query; it is not run, and costs nothing. */
  tryQuery(sql: string): Promise<void>;
}

const NEVER = new AbortController().signal;

/** @param until ends a call with BudgetUsedUp. */
export function connectBigQuery(config: BigQueryConfig, until: AbortSignal = NEVER): BigQueryConnection {
  const client = createClient(config);

  async function call<T>(what: string, send: () => Promise<T>, signal = until): Promise<T> {
    const late = () =>
      new SyncError(
        'WAREHOUSE_UNAVAILABLE',
        `BigQuery did not answer within ${config.timeoutMs / 1000} seconds (${what}). Nothing is lost: the next try goes on from what is stored.`,
      );
    try {
      signal.throwIfAborted();
      return await untilAborted(withDeadline(send(), config.timeoutMs, late), signal);
    } catch (error) {
      throw signal.aborted && !(error instanceof SyncError) ? new BudgetUsedUp() : callFault(error, what);
    }
  }

  let project = config.project;
  async function nameOf(table: string): Promise<string> {
    project ??= await call('looking up the project', () => client.getProjectId());
    return `\`${project}.${config.dataset}.${table}\``;
  }

  /** The query with the whole names of its tables, which are named too. */
  async function completed(sql: string) {
    const tables = [...new Set([...sql.matchAll(TABLE)].map(([, table = '']) => table))];
    const names = new Map(
      await Promise.all(tables.map(async (table) => [table, await nameOf(table)] as const)),
    );
    const query = sql.replaceAll(TABLE, (_match, table: string) => names.get(table) ?? table);
    const location = config.location === undefined ? {} : { location: config.location };
    return { tables: tables.join(' and '), options: { query, ...location } };
  }

  return {
    client,
    call,
    async ask(sql) {
      const { tables, options } = await completed(sql);
      const [rows] = await call(`reading ${tables}`, () =>
        client.query({ ...options, maximumBytesBilled: MAX_BYTES_BILLED }),
      );
      return rows.map((row: Record<string, unknown>) =>
        Object.fromEntries(
          Object.entries(row).map(([name, value]) => [name, value === null ? null : String(value)]),
        ),
      );
    },
    async tryQuery(sql) {
      const { tables, options } = await completed(sql);
      const json = { ...options, useLegacySql: false, dryRun: true };
      // The client's own dry run rejects where nobody can catch it if the answer is not what it expects.
      const send = () => {
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        client.request({ method: 'POST', uri: '/queries', json }, (error) =>
          error ? reject(error) : resolve(),
        );
        return promise;
      };
      await call(`trying ${tables}`, send);
    },
  };
}

function createClient(config: BigQueryConfig): BigQuery {
  const client = new BigQuery(clientOptions(config));
  const request: Send = client.request.bind(client);
  // A query that is answered with HTML and status 200 makes the client reject where nobody can catch it.
  const send: Send = (options, callback) =>
    request(options, (error, body, response) => {
      const isAnswer = typeof body === 'object' && body !== null;
      callback(error ?? (isAnswer ? null : new Error('The answer is no JSON.')), body, response);
    });
  return Object.assign(client, { request: send });
}

type Send = (...args: Parameters<BigQuery['request']>) => void;

function clientOptions({ project, apiEndpoint }: BigQueryConfig): BigQueryOptions {
  return {
    ...(project === undefined ? {} : { projectId: project }),
    // Another server than Google's gets no credentials, and none are searched for.
    ...(apiEndpoint === undefined ? {} : { apiEndpoint, authClient: new PassThroughClient() }),
    ...(apiEndpoint !== undefined && project === undefined ? { projectId: 'local' } : {}),
    retryOptions: {
      // BigQuery says "slow down" with a 403 too: https://docs.cloud.google.com/bigquery/docs/error-messages
      retryableErrorFn: (error) => {
        // Here the reason is not where it is in the error that comes out in the end.
        const reason = error.response?.body?.error?.errors?.[0]?.reason ?? reasonOf(error);
        return [408, 429, 500, 502, 503, 504].includes(error.code ?? 0) || reason === 'rateLimitExceeded';
      },
    },
  };
}

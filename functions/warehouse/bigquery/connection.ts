import { BigQuery, type BigQueryOptions } from '@google-cloud/bigquery';
import { PassThroughClient } from 'google-auth-library';
import { withDeadline } from '../../budget.ts';
import type { BigQueryConfig } from '../../config.ts';
import { BudgetUsedUp, SyncError } from '../../errors.ts';
import { callFault, reasonOf } from './faults.ts';

const MAX_BYTES_BILLED = String(10 * 2 ** 30);

/** A BigQuery dataset, and how to call it so that every failure is a SyncError, and none takes longer than it may. */
export interface BigQueryConnection {
  client: BigQuery;
  /** One call to BigQuery, the retries of its client included, with a deadline of its own. */
  call<T>(what: string, send: () => Promise<T>, leftMs?: number): Promise<T>;
  /**
   * Asks a query of one table or view.
   *
   * @param sql is given its whole name, in backticks.
   */
  query(
    table: string,
    sql: (name: string) => string,
    params?: Record<string, unknown>,
    types?: Record<string, string[]>,
  ): Promise<Record<string, unknown>[]>;
}

/** @param timeLeftMs until BudgetUsedUp ends a call. */
export function connectBigQuery(config: BigQueryConfig, timeLeftMs: () => number): BigQueryConnection {
  const client = createClient(config);

  async function call<T>(what: string, send: () => Promise<T>, leftMs = timeLeftMs()): Promise<T> {
    const isCutShort = leftMs < config.timeoutMs;
    const late = () =>
      isCutShort
        ? new BudgetUsedUp()
        : new SyncError(
            'WAREHOUSE_UNAVAILABLE',
            `BigQuery did not answer within ${config.timeoutMs / 1000} seconds (${what}). Nothing is lost: the next try goes on from what is stored.`,
          );
    try {
      return await withDeadline(send(), Math.min(config.timeoutMs, leftMs), late);
    } catch (error) {
      throw callFault(error, what);
    }
  }

  let project = config.project;
  async function nameOf(table: string): Promise<string> {
    project ??= await call('looking up the project', () => client.getProjectId());
    return `\`${project}.${config.dataset}.${table}\``;
  }

  return {
    client,
    call,
    async query(table, sql, params = {}, types = {}) {
      const query = sql(await nameOf(table));
      const location = config.location === undefined ? {} : { location: config.location };
      const [rows] = await call(`reading ${table}`, () =>
        client.query({ query, params, types, maximumBytesBilled: MAX_BYTES_BILLED, ...location }),
      );
      return rows;
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

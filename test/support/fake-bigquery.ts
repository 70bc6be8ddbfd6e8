import { BigQuery } from '@google-cloud/bigquery';
import { PassThroughClient } from 'google-auth-library';
import type { FakeBigQuery, FakeBigQueryOptions } from '../fakes/bigquery.ts';
import { test as base } from './test.ts';

export const TODAY = new Date().toISOString().slice(0, 10);

/** A fake BigQuery, and Google's client to ask it with. */
export type OpenedFake = ReturnType<typeof opened>;

export const test = base.extend<{ start: (options?: FakeBigQueryOptions) => Promise<OpenedFake> }>({
  async start({ startBigQuery }, use) {
    await use(async (options) => opened(await startBigQuery(options)));
  },
});

export function opened(fake: FakeBigQuery) {
  const client = new BigQuery({
    projectId: fake.project,
    apiEndpoint: fake.url,
    authClient: new PassThroughClient(),
    autoRetry: false,
  });
  const insert = (
    table: string,
    rows: Record<string, unknown>[],
    insertOptions: Record<string, unknown> = {},
  ) =>
    client
      .dataset(fake.dataset)
      .table(table)
      .insert(
        rows.map((json) => ({ insertId: `${json.id}`, json })),
        { raw: true, partialRetries: 0, ...insertOptions },
      );
  const query = async (
    sql: string,
    params: Record<string, unknown> = {},
    types: Record<string, string | string[]> = {},
  ) => {
    const [rows] = await client.query({
      query: sql.replaceAll('`p.d.', `\`${fake.project}.${fake.dataset}.`),
      params,
      types,
      wrapIntegers: true,
    });
    return rows.map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, unwrapped(value)])),
    );
  };
  return { fake, client, insert, query };
}

/** The text of the client's wrappers of INT64 and TIMESTAMP. */
export function unwrapped(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'value' in value ? value.value : value;
}

export function log(id: number | string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { id, createdat: `${TODAY}T00:00:00Z`, _run_id: 'run', _synced_at: `${TODAY}T00:00:00Z`, ...more };
}

/** What a rejected promise was rejected with, whatever class the client made of it. */
// biome-ignore lint/suspicious/noExplicitAny: its shape is what the tests check
export async function failureOf(promise: Promise<unknown>): Promise<any> {
  return promise.then(
    () => undefined,
    (error) => error,
  );
}

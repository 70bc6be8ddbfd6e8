import { expect } from 'vitest';
import type { BigQueryFault, FakeCall } from '../../fakes/bigquery.ts';
import { serveInProcess } from '../../support/framework.ts';
import { load } from '../../support/rows.ts';
import { test } from '../../support/test.ts';
import { bigQueryWarehouse, duckDbWarehouse, type TestWarehouse } from '../../support/warehouses.ts';

const MOST_MILLISECONDS = 8_000;

/** Sends SIGTERM to a function in mid-check; the outcomes that it answered. */
async function outcomesOf(env: Record<string, string>, come: Promise<void>): Promise<Record<string, string>> {
  const { child, post, terminate } = await serveInProcess(env);
  try {
    const answer = post({ check: true });
    await come;
    expect((await terminate()).milliseconds).toBeLessThan(MOST_MILLISECONDS);
    const { status, text } = (await answer) ?? { status: 0, text: '{"checks":[]}' };
    const report: { outcome: string; checks: { name: string; outcome: string }[] } = JSON.parse(text);
    expect({ status, outcome: report.outcome }).toEqual({ status: 200, outcome: 'failed' });
    return Object.fromEntries(report.checks.map(({ name, outcome }) => [name, outcome]));
  } finally {
    child.kill('SIGKILL');
  }
}

test.for(['DuckDB', 'BigQuery'])(
  'SIGTERM while Kondado hangs ends a check of %s, and says of what',
  {
    timeout: 60_000,
  },
  async (kind, { folder, startKondado, startBigQuery }) => {
    const { promise: come, resolve: tell } = Promise.withResolvers<void>();
    const kondado = await startKondado({
      pipeline_logs: load('pipeline_logs', 400),
      fault({ index }) {
        if (index < 2) return undefined;
        tell();
        return { kind: 'hang' };
      },
    });
    const warehouse: TestWarehouse =
      kind === 'DuckDB' ? duckDbWarehouse(`${folder}/x.duckdb`) : bigQueryWarehouse(await startBigQuery());
    const outcomes = await outcomesOf({ ...kondado.env, ...warehouse.env }, come);
    expect(outcomes).toMatchObject({ tables: 'ok', 'paging.pipeline_logs': 'failed', writing: 'skipped' });
    expect(await warehouse.rows('sync_runs')).toEqual([]);
  },
);

test('SIGTERM while BigQuery hangs ends a check all the same', { timeout: 60_000 }, async ({
  startKondado,
  startBigQuery,
}) => {
  const { promise: come, resolve: tell } = Promise.withResolvers<void>();
  const kondado = await startKondado({ pipeline_logs: load('pipeline_logs', 3) });
  const fault = ({ method, table }: FakeCall): BigQueryFault | undefined => {
    if (method !== 'GET' || table === undefined) return undefined;
    tell();
    return { kind: 'hang' };
  };
  const { env } = bigQueryWarehouse(await startBigQuery({ fault }));
  const outcomes = await outcomesOf({ ...kondado.env, ...env, BIGQUERY_TIMEOUT_SECONDS: '60' }, come);
  expect(outcomes).toMatchObject({ warehouse: 'ok', tables: 'failed', 'kondado.pipeline_logs': 'skipped' });
  expect(kondado.sandbox.requests).toEqual([]);
});

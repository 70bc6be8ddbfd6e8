import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseRunRequest } from '../../functions/request.ts';
import { TABLES } from '../../functions/tables.ts';
import { parseTimestamp } from '../../functions/timestamps.ts';
import { rowsSource } from '../../local/sandbox/company.ts';
import { SANDBOX_KEY, SANDBOX_TOKEN, type Sandbox, startSandbox } from '../../local/sandbox/server.ts';
import { type FakeBigQuery, startFakeBigQuery } from '../fakes/bigquery.ts';
import { load, pipelineRow } from '../functions/support/rows.ts';
import { runSync } from '../functions/support/runs.ts';
import { bigQueryWarehouse } from '../functions/support/warehouses.ts';
import { type Oracle, type OracleParameters, startOracle } from './oracle.ts';

let oracle: Oracle;
let sandbox: Sandbox;
let fake: FakeBigQuery;

/** Everything that the sync asks BigQuery, from runs of every mode, with and without a client. */
beforeAll(async () => {
  oracle = await startOracle();
  fake = await startFakeBigQuery();
  const pipeline_logs = [...load('pipeline_logs', 120), pipelineRow(100_000, { createdAt: 'never' })];
  sandbox = await startSandbox({
    source: rowsSource({ pipeline_logs, model_logs: load('model_logs', 3) }),
    limits: null,
  });
  const env = {
    KONDADO_BASE_URL: sandbox.url,
    KONDADO_API_KEY: SANDBOX_KEY,
    KONDADO_TOKEN: SANDBOX_TOKEN,
    KONDADO_REQUESTS_PER_SECOND: '100000',
    KONDADO_REQUESTS_PER_MINUTE: '1000000',
    ...bigQueryWarehouse(fake).env,
  };
  const from = new Date(Date.now() - 3_600_000).toISOString();
  const bodies = [
    '',
    '',
    `{"from":"${from}"}`,
    '{"from_id":1}',
    '{"verify":true}',
    '{"from_id":1,"dry_run":true}',
  ];
  for (const body of bodies) await runSync(env, parseRunRequest(body));
  await runSync({ ...env, KONDADO_CLIENT_IDS: '1' });
});

afterAll(async () => {
  await oracle.stop();
  await sandbox.close();
  await fake.close();
});

test('every statement means to BigQuery what it means to the tests', async () => {
  const statements = fake.calls.filter(({ kind }) => kind === 'query');
  expect(statements.length).toBeGreaterThan(20);
  const tables = await Promise.all(
    Object.entries(TABLES).map(async ([table, { schema }]) => ({
      name: `${fake.project}.${fake.dataset}.${table}`,
      columns: schema,
      rows: await fake.rows(table),
    })),
  );
  for (const { body } of statements) {
    const expected = await oracle.evaluate(body.query, tables, parametersOf(body.queryParameters ?? []));
    const answer = await fetch(`${fake.url}/bigquery/v2/projects/${fake.project}/queries`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(rowsOf((await answer.json()) as Answer), body.query).toEqual(expected.rows.map(comparable));
  }
});

function parametersOf(
  sent: { name: string; parameterType: Type; parameterValue: Value }[],
): OracleParameters {
  return Object.fromEntries(
    sent.map(({ name, parameterType, parameterValue }) => {
      const { type, arrayType } = parameterType;
      if (arrayType) {
        const values = (parameterValue.arrayValues ?? []).map(({ value }) => value);
        return [name, [`ARRAY<${arrayType.type}>`, values]];
      }
      return [
        name,
        [type, type === 'TIMESTAMP' ? parseTimestamp(parameterValue.value ?? '') : parameterValue.value],
      ];
    }),
  );
}

interface Type {
  type: string;
  arrayType?: Type;
}

interface Value {
  value?: string;
  arrayValues?: Value[];
}

interface Answer {
  schema: { fields: { name: string; type: string }[] };
  rows?: { f: { v: string | null }[] }[];
}

/** The rows of an answer of the REST API, in which everything is a text and a time is in microseconds. */
function rowsOf({ schema, rows = [] }: Answer): Record<string, unknown>[] {
  return rows.map(({ f }) =>
    Object.fromEntries(
      schema.fields.map(({ name, type }, index) => {
        const text = f[index]?.v ?? null;
        return [name, text !== null && type === 'TIMESTAMP' ? timestampFrom(BigInt(text)) : text];
      }),
    ),
  );
}

function timestampFrom(micros: bigint): string {
  const iso = new Date(Number(micros / 1000n)).toISOString();
  return iso.replace('Z', `${String(micros % 1000n).padStart(3, '0')}Z`);
}

function comparable(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? String(value) : value]),
  );
}

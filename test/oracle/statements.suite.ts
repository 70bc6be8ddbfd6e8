import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBudget } from '../../functions/budget.ts';
import { check } from '../../functions/check/check.ts';
import { readConfig } from '../../functions/config.ts';
import type { RejectedRow } from '../../functions/rows.ts';
import { TABLES } from '../../functions/schema/tables.ts';
import { parseRunRequest } from '../../functions/sync/request.ts';
import { parseTimestamp } from '../../functions/timestamps.ts';
import { openWarehouse } from '../../functions/warehouse/open.ts';
import { SANDBOX_KEY, SANDBOX_TOKEN, type Sandbox, startSandbox } from '../../local/sandbox/server.ts';
import { rowsSource } from '../../local/sandbox/source.ts';
import { type FakeBigQuery, type FakeCall, startFakeBigQuery } from '../fakes/bigquery.ts';
import { startFakePubSub } from '../fakes/pubsub.ts';
import { TOPIC, topicEnv } from '../support/events.ts';
import { load, pipelineRow } from '../support/rows.ts';
import { recordLog, runSync } from '../support/runs.ts';
import { bigQueryWarehouse } from '../support/warehouses.ts';
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
  let isAway = true;
  const pubsub = await startFakePubSub(TOPIC, undefined, () => (isAway ? 400 : undefined));
  await runSync({ ...env, ...topicEnv(pubsub) });
  isAway = false;
  await runSync({ ...env, ...topicEnv(pubsub) });
  expect(pubsub.messages).toHaveLength(123);
  await pubsub.close();
  for (const body of bodies) await runSync(env, parseRunRequest(body));
  await runSync({ ...env, KONDADO_CLIENT_IDS: '1' });
  await runSync({ ...env, KONDADO_CLIENT_IDS: '1' }, { mode: 'verify' });
  await check({ streams: undefined }, { readConfig: () => readConfig(env), log: recordLog().log });
});

afterAll(async () => {
  await oracle.stop();
  await sandbox.close();
  await fake.close();
});

test('every statement means to BigQuery what it means to the tests', async () => {
  // What is read of views, as JSON, reader.suite.ts judges; the check's dry runs of views read nothing.
  const statements = fake.calls.filter(
    ({ kind, body, query = '' }) =>
      kind === 'query' && !body.dryRun && !query.includes('TO_JSON_STRING(part)'),
  );
  expect(statements.length).toBeGreaterThan(20);
  await judge(statements);
});

test('every statement means the same on hostile rows', async () => {
  const sent = fake.calls.length;
  const createdat = [
    "'2026-11-20T10:00:00Z'",
    "'2026-11-20T10:00:00.000001Z'",
    "'2026-11-20T09:00:00.000001Z'",
  ];
  const rows = [
    [1, createdat[0], 'NULL', 1],
    [1, createdat[0], 'NULL', 1], // twice the same, as after an answer that got lost
    [1, createdat[0], createdat[1], 1],
    [2, createdat[2], createdat[2], 'NULL'],
    [3, "'2026-11-20T09:00:00Z'", createdat[0], 2], // one microsecond outside the lookback
    ['9007199254740993', createdat[1], createdat[1], 1],
    ['9007199254740992', createdat[1], createdat[0], 2],
    ['9223372036854775807', "'2024-02-29T02:30:00Z'", 'NULL', 1], // a date far off its place
    [-5, "'2026-11-19T00:00:00Z'", 'NULL', 3],
    [4, "'2026-11-24T00:00:00Z'", 'NULL', 2], // ahead of now
  ];
  const values = rows.map(
    ([id, created, updated, clientId]) => `(${id}, ${created}, ${updated}, ${clientId}, 'r', now())`,
  );
  for (const table of ['pipeline_logs', 'model_logs']) {
    await fake.clear(table);
    await fake.run(
      `INSERT INTO ${fake.dataset}.${table} (id, createdat, updatedat, client_id, _run_id, _synced_at) VALUES ${values.join(', ')}`,
    );
  }
  const texts = ['null', '"x"', '1', '1.5', '{"a":[1,null,"é😀"],"b":9007199254740993}', '[]', '{"":{}}'];
  for (const [index, text] of texts.entries()) {
    const id = index % 3 === 0 ? 'NULL' : `9007199254740992 + ${index}`;
    await fake.run(
      `INSERT INTO ${fake.dataset}.rejected_rows VALUES (now(), 'r', 'model_logs', ${id}, 'why', '${text}', 'hash ${index}')`,
    );
  }
  const looks = [
    ["'2026-11-20T09:00:00Z'", 'pipeline', 1, 'ok'],
    ["'2026-11-20T10:00:00Z'", 'pipeline', 1, 'failing'],
    ["'2026-11-20T10:00:00Z'", 'pipeline', 1, 'failing'], // stored twice
    ["'2026-11-20T10:00:00.000001Z'", 'pipeline', 'NULL', 'gone'],
    ["'2026-11-20T10:00:00.000002Z'", 'pipeline', 1, 'blocked'], // ahead of now
    ["'2026-08-20T10:00:00Z'", 'model', 2, 'ok'], // longer ago than is asked
    ["'2026-11-19T10:00:00Z'", 'model', 2, 'unknown'],
  ].map(
    ([at, kind, clientId, state]) => `(${at}, '${kind}', ${clientId}, 9007199254740993, '${state}', 'r')`,
  );
  await fake.run(
    `INSERT INTO ${fake.dataset}.status_observations (observed_at, kind, client_id, object_id, state, _run_id)
     VALUES ${looks.join(', ')}`,
  );
  await fake.run(`UPDATE ${fake.dataset}.pipeline_logs SET pipeline_id = 9007199254740993`);
  await fake.run(`UPDATE ${fake.dataset}.model_logs SET model_id = id`);

  const { env } = bigQueryWarehouse(fake);
  const config = readConfig({ ...env, KONDADO_API_KEY: 'k', KONDADO_TOKEN: 't' });
  const warehouse = await openWarehouse(config, startBudget(60_000));
  const rejected = (contentHash: string) => ({ contentHash }) as RejectedRow;
  for (const stream of ['pipeline_logs', 'model_logs'] as const) {
    await warehouse.rejectedBefore(stream, [rejected('hash 1'), rejected('hash 99'), rejected('hash 1')]);
    await warehouse.hasRuns(stream);
    await warehouse.idsOfOtherRuns(stream, [2n, 9_007_199_254_740_993n], 'x');
    for (const clientId of [null, 1n, 2n, 99n]) {
      const source = { stream, clientId };
      for (const lookbackMs of [0, 1, 3_600_000, 400 * 86_400_000]) {
        await warehouse.standing(source, '2026-11-20T10:00:00.000000Z', lookbackMs);
        await warehouse.standing(source, '2026-11-20T10:00:00.000001Z', lookbackMs);
      }
      await warehouse.standing(source, '2020-01-01T00:00:00.000000Z', 0);
      await warehouse.earlierRuns(source, '2026-11-20T10:00:00.000000Z');
      await warehouse.earlierRuns(source, null);
      await warehouse.largestId(source);
      for (const moment of [
        '0001-01-01T00:00:00.000000Z',
        '2026-11-20T10:00:00.000001Z',
        '2027-01-01T00:00:00.000000Z',
      ]) {
        await warehouse.idsAround(source, moment);
      }
      await warehouse.countIds(source, { firstId: -10n, lastId: 3n });
      await warehouse.countIds(source, {
        firstId: 9_007_199_254_740_993n,
        lastId: 2n ** 63n - 1n,
      });
      await warehouse.countYoungIds(source, 2n, '2026-11-20T10:00:00.000001Z');
    }
    for (const createdSince of [null, '2026-11-20T10:00:00.000001Z']) {
      for (const firstId of [-(2n ** 63n), 2n, 9_007_199_254_740_993n]) {
        await warehouse.storedVersions({ stream, firstId, createdSince, limit: 1_000 });
      }
    }
  }
  for (const now of ['2026-11-20T10:00:00.000001Z', '2020-01-01T00:00:00.000000Z']) {
    await warehouse.isLookedAtSince('2019-12-31T23:10:00.000000Z', now);
    await warehouse.lastLooks(now);
  }
  await warehouse.close();
  const statements = fake.calls.slice(sent).filter(({ kind }) => kind === 'query');
  expect(statements.length).toBeGreaterThan(100);
  await judge(statements);
});

/** Asks the oracle and the fake the same, of what is stored now. */
async function judge(statements: readonly FakeCall[]): Promise<void> {
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
    const found = (await answer.json()) as Answer;
    const types = expected.columns.map(({ name, type }) => [name, type]);
    expect(
      found.schema.fields.map(({ name, type }) => [name, SHORT_TYPES[type] ?? type]),
      body.query,
    ).toEqual(types);
    const [rows, expectedRows] = [rowsOf(found), expected.rows.map(comparable)];
    // Only ids are ordered by: versions of one id, and all rows elsewhere, come in any order.
    expect(sorted(rows), body.query).toEqual(sorted(expectedRows));
    const ids = (some: typeof rows) => some.map(({ version_id }) => version_id);
    if (/ORDER BY/.test(body.query)) expect(ids(rows), body.query).toEqual(ids(expectedRows));
  }
}

/** Some names that BigQuery's answers have for a type. */
const SHORT_TYPES: Record<string, string> = { INTEGER: 'INT64', FLOAT: 'FLOAT64', BOOLEAN: 'BOOL' };

function sorted(rows: readonly object[]): string[] {
  return rows.map((row) => JSON.stringify(row)).sort();
}

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

import { BigQuery } from '@google-cloud/bigquery';
import { PassThroughClient } from 'google-auth-library';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readConfig } from '../../functions/config.ts';
import { createLog } from '../../functions/log.ts';
import { run } from '../../functions/run.ts';
import { TABLES } from '../../functions/schema/tables.ts';
import type { StreamReport } from '../../functions/sync/report.ts';
import { parseRunRequest } from '../../functions/sync/request.ts';
import { MINUTE_MS } from '../../functions/timestamps.ts';
import { readViews } from '../../functions/views/templates.ts';
import { SANDBOX_KEY, SANDBOX_TOKEN, type Sandbox, startSandbox } from '../../local/sandbox/server.ts';
import { rowsSource } from '../../local/sandbox/source.ts';
import { api, PROJECT, uniqueName, url } from './rest.ts';

const FIRST_ID = 2n ** 53n - 40n; // the ids cross the end of what a double can hold

const client = new BigQuery({ projectId: PROJECT, apiEndpoint: url, authClient: new PassThroughClient() });

let rows: Record<string, unknown>[];
let sandbox: Sandbox;
let dataset = '';

function logRow(index: number, fields: Record<string, unknown> = {}): Record<string, unknown> {
  const createdAt = new Date(Date.now() - (3 * 24 * 60 - index * 10) * MINUTE_MS).toISOString();
  return {
    id: FIRST_ID + BigInt(index) * 3n,
    client_id: 1,
    pipeline_id: 7,
    pipeline_name: 'Vendas {{projectId}} é😀',
    row_count: '256',
    is_billable: true,
    createdAt,
    updatedAt: createdAt,
    ...fields,
  };
}

async function sync(body = ''): Promise<StreamReport> {
  const env = {
    KONDADO_BASE_URL: sandbox.url,
    KONDADO_API_KEY: SANDBOX_KEY,
    KONDADO_TOKEN: SANDBOX_TOKEN,
    KONDADO_REQUESTS_PER_SECOND: '100000',
    KONDADO_REQUESTS_PER_MINUTE: '1000000',
    STREAMS: 'pipeline_logs',
    BIGQUERY_API_ENDPOINT: url,
    BIGQUERY_PROJECT: PROJECT,
    BIGQUERY_DATASET: dataset,
  };
  const log = createLog({ level: 'error', isReadable: true, write: (line) => process.stderr.write(line) });
  const { report } = await run(parseRunRequest(body), { readConfig: () => readConfig(env), log });
  const [stream] = report.streams;
  if (!stream) throw new Error(JSON.stringify(report.error));
  return stream;
}

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const [found] = await client.query({ query: sql });
  return found;
}

/** The ids in the view of the newest versions, as text: a double would lose their last digits. */
async function latestIds(): Promise<string[]> {
  const placeholders = {
    now: 'CURRENT_TIMESTAMP()',
    time_zone: 'UTC',
    plan_records: 'NULL',
    plan_pipelines: 'NULL',
  };
  const view = readViews({ dataset: `${PROJECT}.${dataset}`, ...placeholders }).get('pipeline_logs_latest');
  const found = await query(`SELECT CAST(id AS STRING) AS version_id FROM (${view}) ORDER BY id`);
  return found.map((row) => String(row.version_id));
}

const sourceIds = () => rows.map(({ id }) => String(id));

beforeAll(async () => {
  rows = [];
  sandbox = await startSandbox({ source: rowsSource({ pipeline_logs: rows, model_logs: [] }), limits: null });
});

afterAll(() => sandbox.close());

beforeEach(async () => {
  rows.splice(0, rows.length, ...Array.from({ length: 120 }, (_, index) => logRow(index)));
  dataset = uniqueName('kondado');
  await api('POST', '/datasets', { datasetReference: { projectId: PROJECT, datasetId: dataset } });
  for (const [tableId, { schema, partition, clustering }] of Object.entries(TABLES)) {
    await api('POST', `/datasets/${dataset}/tables`, {
      tableReference: { projectId: PROJECT, datasetId: dataset, tableId },
      schema: { fields: schema },
      timePartitioning: partition,
      clustering: { fields: clustering },
    });
  }
});

test('a first load arrives complete, with all digits and all characters', async () => {
  expect(await sync()).toMatchObject({ outcome: 'success', rows_read: 120, rows_inserted: 120, requests: 4 });
  expect(await latestIds()).toEqual(sourceIds());
  const names = await query(`SELECT DISTINCT pipeline_name FROM \`${PROJECT}.${dataset}.pipeline_logs\``);
  expect(names).toEqual([{ pipeline_name: 'Vendas {{projectId}} é😀' }]);
});

test('a second run stores what is new and what has changed, and nothing else', async () => {
  const first = await sync();
  rows.push(logRow(120));
  rows[119] = { ...rows[119], updatedAt: new Date().toISOString(), row_count: '257' };
  const second = await sync();
  expect(second).toMatchObject({
    outcome: 'success',
    rows_inserted: 2,
    watermark_before: first.watermark_after,
  });
  expect(await sync()).toMatchObject({ rows_inserted: 0, requests: 2 });
  expect(await latestIds()).toEqual(sourceIds());
  const versions = await query(`SELECT COUNT(*) AS versions FROM \`${PROJECT}.${dataset}.pipeline_logs\``);
  expect(versions).toEqual([{ versions: 122 }]);
});

test('a row that cannot be stored is set aside once, and the rest of its page is stored', async () => {
  rows[60] = { ...rows[60], createdAt: 'yesterday' };
  expect(await sync()).toMatchObject({ outcome: 'success', rows_inserted: 119, rows_rejected: 1 });
  const again = await sync(`{"from_id": ${FIRST_ID}}`);
  expect(again).toMatchObject({ rows_read: 120, rows_inserted: 0, rows_duplicate: 120, rows_rejected: 0 });
  const rejected = await query(`SELECT reason FROM \`${PROJECT}.${dataset}.rejected_rows\``);
  expect(rejected).toEqual([{ reason: 'The row has no usable createdAt.' }]);
});

test('a backfill fills a hole, a verification finds the next one', async () => {
  await sync();
  const table = `\`${PROJECT}.${dataset}.pipeline_logs\``;
  const hole = (from: number, to: number) => `id BETWEEN ${rows[from]?.id} AND ${rows[to]?.id}`;
  await query(`DELETE FROM ${table} WHERE ${hole(10, 30)}`);
  const from = new Date(Date.now() - 4 * 24 * 60 * MINUTE_MS).toISOString();
  expect(await sync(`{"from": "${from}"}`)).toMatchObject({ outcome: 'success', rows_inserted: 21 });
  expect(await latestIds()).toEqual(sourceIds());

  await query(`DELETE FROM ${table} WHERE ${hole(50, 54)}`);
  expect(await sync('{"verify": true}')).toMatchObject({
    outcome: 'success',
    rows_repaired: 5,
    rows_inserted: 5,
  });
  expect(await latestIds()).toEqual(sourceIds());
});

test('a dry run counts what is stored and writes nothing', async () => {
  await sync();
  const { plan } = await sync(`{"from_id": ${FIRST_ID}, "dry_run": true}`);
  expect(plan).toMatchObject({ rows_estimated: 120, rows_stored: 120, requests_estimated: 4 });
  const runs = await query(`SELECT COUNT(*) AS runs FROM \`${PROJECT}.${dataset}.sync_runs\``);
  expect(runs).toEqual([{ runs: 1 }]);
});

test('a table that is missing is said to be missing', async () => {
  dataset = 'nowhere';
  const report = await sync();
  expect(report.error).toMatchObject({ code: 'WAREHOUSE_REJECTED' });
  expect(report.error?.message).toContain('terraform apply');
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TABLES, type TableName } from '../../functions/tables.ts';
import { openDuckDb } from '../../functions/warehouse/duckdb.ts';
import { readViews } from '../../functions/warehouse/views.ts';
import { runInDuckDb } from '../functions/support/warehouses.ts';
import { type Oracle, type OracleTable, startOracle } from './oracle.ts';

const NOW = '2026-03-01T12:00:00.000000Z';
const PLACEHOLDERS = { time_zone: 'America/Sao_Paulo', plan_records: '1000', plan_pipelines: 'NULL' };
const TYPES: Record<string, string> = {
  BIGINT: 'INT64',
  DOUBLE: 'FLOAT64',
  BOOLEAN: 'BOOL',
  VARCHAR: 'STRING',
  'TIMESTAMP WITH TIME ZONE': 'TIMESTAMP',
  JSON: 'JSON',
  DATE: 'DATE',
};

/** A log row, as hostile as it can be stored. */
function logRow(id: bigint, fields: Record<string, unknown> = {}) {
  return {
    id,
    createdat: '2026-02-28T10:00:00.000000Z',
    updatedat: '2026-02-28T10:00:00.000000Z',
    _run_id: 'run',
    _synced_at: '2026-02-28T11:00:00.000000Z',
    ...fields,
  };
}

/** Versions of the same ids, told apart by a microsecond, by nothing but the time of the sync, or by nothing at all. */
const versions = (extra: Record<string, unknown>) => [
  logRow(1n, { row_count: 1n, ...extra }),
  logRow(1n, { row_count: 2n, updatedat: '2026-02-28T10:00:00.000001Z', ...extra }),
  logRow(2n, { row_count: 3n, updatedat: null }),
  logRow(2n, { row_count: 4n }),
  logRow(3n, { row_count: 5n, updatedat: null }),
  logRow(3n, { row_count: 6n, updatedat: null, _synced_at: '2026-02-28T11:00:00.000001Z' }),
  logRow(4n, { row_count: 7n }),
  logRow(4n, { row_count: 7n }),
  logRow(9_007_199_254_740_993n, { row_count: null, createdat: '2024-02-29T02:30:00.000000Z' }),
  logRow(9_007_199_254_740_995n, {
    row_count: 8n,
    createdat: '2026-03-01T02:30:00.000000Z',
    _extra: '{"a":[1,null]}',
  }),
];

const FIXTURES: Record<string, Record<TableName, Record<string, unknown>[]>> = {
  'hostile rows': {
    pipeline_logs: versions({
      pipeline_id: 7n,
      pipeline_name: "d'água 🚰 <b>",
      client_id: 1n,
      is_billable: null,
    }),
    model_logs: versions({ model_id: 9n, model_name: '', client_id: 2n }),
    rejected_rows: [],
    sync_runs: [],
  },
  'a single execution': {
    pipeline_logs: [logRow(1n)],
    model_logs: [logRow(1n)],
    rejected_rows: [],
    sync_runs: [],
  },
  'empty tables': { pipeline_logs: [], model_logs: [], rejected_rows: [], sync_runs: [] },
};

const bigQueryViews = readViews('bigquery', {
  dataset: 'p.d',
  now: `TIMESTAMP '${NOW}'`,
  ...PLACEHOLDERS,
});

let oracle: Oracle;
beforeAll(async () => {
  oracle = await startOracle();
});
afterAll(() => oracle.stop());

describe.each(Object.entries(FIXTURES))('on %s', (_name, fixture) => {
  test.each([...bigQueryViews])('%s is the same in both dialects', async (name, sql) => {
    const tables = Object.entries(TABLES).map(
      ([table, { schema }]): OracleTable => ({
        name: `p.d.${table}`,
        columns: schema,
        rows: fixture[table as TableName],
      }),
    );
    const expected = await oracle.evaluate(sql, tables);
    const twin = await evaluateTwin(name, fixture);
    expect(twin.types).toEqual(
      Object.fromEntries(expected.columns.map((column) => [column.name, column.type])),
    );
    expect(sorted(twin.rows)).toEqual(sorted(expected.rows));
  });
});

test('the newest version is the one with the newest updatedat, then the newest sync', async () => {
  const { pipeline_logs } = FIXTURES['hostile rows'] ?? { pipeline_logs: [] };
  const { rows } = await oracle.evaluate(bigQueryViews.get('pipeline_logs_latest') ?? '', [
    { name: 'p.d.pipeline_logs', columns: TABLES.pipeline_logs.schema, rows: pipeline_logs },
  ]);
  const counts = Object.fromEntries(rows.map(({ id, row_count }) => [String(id), row_count]));
  expect(counts).toEqual({ 1: 2n, 2: 4n, 3: 6n, 4: 7n, '9007199254740993': null, '9007199254740995': 8n });
  expect(rows).toHaveLength(6);
});

async function evaluateTwin(view: string, fixture: Record<TableName, Record<string, unknown>[]>) {
  const folder = mkdtempSync(path.join(tmpdir(), 'kondado-oracle-'));
  const file = path.join(folder, 'twin.duckdb');
  try {
    const billing = { timeZone: PLACEHOLDERS.time_zone, planRecords: 1000, planPipelines: null };
    await (await openDuckDb({ kind: 'duckdb', path: file }, billing)).close();
    const inserts = Object.entries(fixture).flatMap(([table, rows]) =>
      rows.map(
        (row) =>
          `INSERT INTO ${table} (${Object.keys(row).join(', ')}) VALUES (${Object.values(row).map(literal).join(', ')});`,
      ),
    );
    await runInDuckDb(file, inserts.length > 0 ? inserts.join('\n') : 'SELECT 1');
    const sql = readViews('duckdb', { dataset: 'main', now: `TIMESTAMPTZ '${NOW}'`, ...PLACEHOLDERS }).get(
      view,
    );
    const columns = await runInDuckDb(file, `DESCRIBE ${sql}`);
    const types = columns.map(({ column_name, column_type }) => [
      column_name,
      TYPES[String(column_type)] ?? column_type,
    ]);
    return { types: Object.fromEntries(types), rows: await runInDuckDb(file, sql ?? '') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function literal(value: unknown): string {
  return value === null || typeof value !== 'string' ? String(value) : `'${value.replaceAll("'", "''")}'`;
}

/** In one order, with JSON as it reads. */
function sorted(rows: readonly Record<string, unknown>[]): string[] {
  return rows
    .map((row) => JSON.stringify(row, (_key, value) => (typeof value === 'bigint' ? `${value}n` : value)))
    .sort();
}

import {
  DuckDBDateValue,
  DuckDBInstance,
  DuckDBListValue,
  type DuckDBResultReader,
  DuckDBTimestampTZValue,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { StreamName } from '../../functions/streams.ts';
import { readDuckDbViews } from '../../functions/warehouse/duckdb/schema.ts';
import type { FakeBigQuery } from '../fakes/bigquery.ts';
import type { Environment } from './runs.ts';

export type StoredRow = Record<string, unknown>;

/** A warehouse as its users see it: what is in it, not how it got there. */
export interface TestWarehouse {
  env: Environment;
  /** All rows of a table or view: INT64 as bigint, TIMESTAMP as ISO text with six digits, JSON as text. */
  rows(name: string): Promise<StoredRow[]>;
  /** What the view `_latest` shows, by id. */
  latest(stream: StreamName): Promise<StoredRow[]>;
  /** DuckDB's SQL, also on the stand-in for BigQuery. */
  run(sql: string): Promise<StoredRow[]>;
}

export function duckDbWarehouse(path: string): TestWarehouse {
  const run = (sql: string) => runInDuckDb(path, sql);
  return {
    env: { WAREHOUSE: 'duckdb', DUCKDB_PATH: path },
    run,
    rows: (name) => run(`SELECT * FROM ${name}`),
    latest: (stream) => run(`SELECT * FROM ${stream}_latest ORDER BY id`),
  };
}

export function bigQueryWarehouse(fake: FakeBigQuery): TestWarehouse {
  const placeholders = { now: 'now()', time_zone: 'UTC', plan_records: 'NULL', plan_pipelines: 'NULL' };
  const views = readDuckDbViews({ dataset: fake.dataset, ...placeholders });
  return {
    env: {
      WAREHOUSE: 'bigquery',
      BIGQUERY_API_ENDPOINT: fake.url,
      BIGQUERY_PROJECT: fake.project,
      BIGQUERY_DATASET: fake.dataset,
      BIGQUERY_TIMEOUT_SECONDS: '20',
    },
    run: fake.run,
    rows: fake.rows,
    latest: (stream) => fake.run(`SELECT * FROM (${views.get(`${stream}_latest`)}) ORDER BY id`),
  };
}

/** Opens the file anew each time, because only one may hold it. */
export async function runInDuckDb(path: string, sql: string): Promise<StoredRow[]> {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  try {
    return plainRows(await connection.runAndReadAll(sql));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** INT64 as bigint, TIMESTAMP as ISO text with six digits, DATE as text, JSON as text, ARRAY as array. */
export function plainRows(reader: DuckDBResultReader): StoredRow[] {
  const names = reader.columnNames();
  return reader
    .getRows()
    .map((row) => Object.fromEntries(row.map((value, index) => [names[index], plain(value)])));
}

function plain(value: DuckDBValue): unknown {
  if (value instanceof DuckDBListValue) return value.items.map(plain);
  if (value instanceof DuckDBDateValue) return String(value);
  if (!(value instanceof DuckDBTimestampTZValue)) return value;
  const fraction = ((value.micros % 1000n) + 1000n) % 1000n;
  const iso = new Date(Number((value.micros - fraction) / 1000n)).toISOString();
  return `${iso.slice(0, -1)}${String(fraction).padStart(3, '0')}Z`;
}

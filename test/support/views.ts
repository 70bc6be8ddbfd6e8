import { DuckDBInstance } from '@duckdb/node-api';
import {
  type ColumnType,
  type Row,
  TABLES,
  type TableName,
  type Value,
} from '../../functions/schema/tables.ts';
import type { ViewPlaceholders } from '../../functions/views/templates.ts';
import { makeTables, makeViews } from '../../functions/warehouse/duckdb/schema.ts';
import type { Fixture } from '../fixtures/fixture.ts';
import { plainRows, type StoredRow } from './warehouses.ts';

export interface ViewResult {
  columns: { name: string; type: string }[];
  rows: StoredRow[];
}

/** The placeholders, all but those that the dialects write differently. */
export function placeholdersOf(fixture: Fixture): Omit<ViewPlaceholders, 'dataset' | 'now'> {
  const { timeZone = 'America/Sao_Paulo', planRecords = 'NULL', planPipelines = 'NULL' } = fixture;
  return { time_zone: timeZone, plan_records: planRecords, plan_pipelines: planPipelines };
}

/** The DuckDB twins of the views, on the rows of a fixture. */
export interface Twins {
  read(view: string): Promise<ViewResult>;
  close(): void;
}

/** The rows of one view in DuckDB. */
export async function readView(fixture: Fixture, view: string): Promise<StoredRow[]> {
  const twins = await openTwins(fixture);
  try {
    return (await twins.read(view)).rows;
  } finally {
    twins.close();
  }
}

/**
 * Makes the tables and views of a fixture in memory.
 *
 * The session is that of somebody far away who set nothing: no view may depend on its time zone or on where it sorts nulls.
 */
export async function openTwins(fixture: Fixture): Promise<Twins> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'Pacific/Auckland'");
  await makeTables(connection);
  for (const [table, rows] of Object.entries(fixture.tables ?? {})) {
    if (rows.length > 0) await connection.run(insertion(table as TableName, rows));
  }
  const now = `TIMESTAMPTZ '${fixture.now}'`;
  await makeViews(connection, { dataset: 'main', now, ...placeholdersOf(fixture) });
  return {
    async read(view) {
      const columns = plainRows(await connection.runAndReadAll(`DESCRIBE ${view}`));
      return {
        columns: columns.map(({ column_name, column_type }) => ({
          name: String(column_name),
          type: bigQueryType(String(column_type)),
        })),
        rows: plainRows(await connection.runAndReadAll(`SELECT * FROM ${view}`)),
      };
    },
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

function insertion(table: TableName, rows: readonly Row[]): string {
  const { schema } = TABLES[table];
  const values = rows.map((row) => {
    const unknown = Object.keys(row).filter((name) => !schema.some((column) => column.name === name));
    if (unknown.length > 0) throw new Error(`The table ${table} has no column ${unknown}.`);
    return `(${schema.map(({ name, type }) => literal(row[name] ?? null, type)).join(', ')})`;
  });
  return `INSERT INTO ${table} VALUES ${values.join(',\n')}`;
}

/** What BigQuery calls a type of DuckDB; its own name if no view may have it. */
function bigQueryType(type: string): string {
  const names: Record<string, string> = {
    BIGINT: 'INT64',
    DOUBLE: 'FLOAT64',
    BOOLEAN: 'BOOL',
    VARCHAR: 'STRING',
    'TIMESTAMP WITH TIME ZONE': 'TIMESTAMP',
    JSON: 'JSON',
    DATE: 'DATE',
  };
  const [, element] = /^(.*)\[\]$/.exec(type) ?? [];
  return element === undefined ? (names[type] ?? type) : `ARRAY<${bigQueryType(element)}>`;
}

function literal(value: Value, type: ColumnType): string {
  if (value === null) return 'NULL';
  if (typeof value !== 'string') return type === 'FLOAT64' ? `'${value}'::DOUBLE` : String(value);
  return `'${value.replaceAll("'", "''")}'`;
}

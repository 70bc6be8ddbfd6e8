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
import { type Answer, openFarAway } from './duckdb.ts';
import type { StoredRow } from './warehouses.ts';

/** The placeholders, all but those that the dialects write differently. */
export function placeholdersOf(fixture: Fixture): Omit<ViewPlaceholders, 'dataset' | 'now'> {
  const { timeZone = 'America/Sao_Paulo', planRecords = 'NULL', planPipelines = 'NULL' } = fixture;
  return { time_zone: timeZone, plan_records: planRecords, plan_pipelines: planPipelines };
}

/** What DuckDB makes of the views, on the rows of a fixture. */
export interface DuckDbViews {
  read(view: string): Promise<Answer>;
  close(): void;
}

/** The rows of one view in DuckDB. */
export async function readView(fixture: Fixture, view: string): Promise<StoredRow[]> {
  const views = await openViews(fixture);
  try {
    return (await views.read(view)).rows;
  } finally {
    views.close();
  }
}

/** Makes the tables and views of a fixture in memory. */
export async function openViews(fixture: Fixture): Promise<DuckDbViews> {
  const { connection, ask, close } = await openFarAway();
  await makeTables(connection);
  for (const [table, rows] of Object.entries(fixture.tables ?? {})) {
    if (rows.length > 0) await connection.run(insertion(table as TableName, rows));
  }
  const now = `TIMESTAMPTZ '${fixture.now}'`;
  await makeViews(connection, { dataset: 'main', now, ...placeholdersOf(fixture) });
  return { read: (view) => ask(`SELECT * FROM ${view}`), close };
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

function literal(value: Value, type: ColumnType): string {
  if (value === null) return 'NULL';
  if (typeof value !== 'string') return type === 'FLOAT64' ? `'${value}'::DOUBLE` : String(value);
  return `'${value.replaceAll("'", "''")}'`;
}

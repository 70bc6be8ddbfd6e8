import type { DuckDBConnection } from '@duckdb/node-api';
import type { Config } from '../../config.ts';
import { type Column, type ColumnType, TABLES } from '../../schema/tables.ts';
import {
  billingPlaceholders,
  fillTemplate,
  readTemplates,
  type ViewPlaceholders,
} from '../../views/templates.ts';
import { toDuckDb } from './dialect.ts';

const TYPES: Record<ColumnType, string> = {
  INT64: 'BIGINT',
  FLOAT64: 'DOUBLE',
  BOOL: 'BOOLEAN',
  STRING: 'VARCHAR',
  TIMESTAMP: 'TIMESTAMPTZ',
  JSON: 'JSON',
};

const NAMES = new Map<string, ColumnType>(
  Object.entries({ ...TYPES, TIMESTAMP: 'TIMESTAMP WITH TIME ZONE' }).map(([type, name]) => [
    name,
    type as ColumnType,
  ]),
);

/** The texts never change, translating them takes a tenth of a second, and a file is opened several times in a run. */
let translated: [name: string, text: string][] | undefined;

/** What BigQuery calls a type of DuckDB; its own name if there is none. */
export function typeOf(name: string): string {
  return NAMES.get(name) ?? name;
}

/** Makes the tables that are missing, and adds the columns that those of an older version lack. */
export async function makeTables(connection: DuckDBConnection): Promise<void> {
  for (const [name, { schema }] of Object.entries(TABLES)) {
    await connection.run(`CREATE TABLE IF NOT EXISTS ${name} (${schema.map(columnDefinition).join(', ')})`);
    for (const column of schema) {
      if (column.mode === 'REQUIRED') continue; // columns are only ever added as NULLABLE
      await connection.run(`ALTER TABLE ${name} ADD COLUMN IF NOT EXISTS ${columnDefinition(column)}`);
    }
  }
}

/**
 * Makes every view, or replaces it, whatever it was before.
 *
 * A view with `SELECT *` breaks when its table gets a column, so that an unchanged text would be no reason to keep it.
 */
export async function makeViews(connection: DuckDBConnection, placeholders: ViewPlaceholders): Promise<void> {
  for (const [name, sql] of readDuckDbViews(placeholders)) {
    await connection.run(`CREATE OR REPLACE VIEW ${name} AS ${sql}`);
  }
}

/** What the views of a file are filled with. */
export function placeholdersOf(billing: Config['billing']): ViewPlaceholders {
  return { dataset: 'main', now: 'now()', ...billingPlaceholders(billing) };
}

/**
 * The SELECT of every view in DuckDB's SQL, by name, in an order in which they can be made.
 *
 * @param placeholders in DuckDB's SQL.
 */
export function readDuckDbViews(placeholders: ViewPlaceholders): Map<string, string> {
  translated ??= [...readTemplates()].map(([name, text]) => [name, toDuckDb(text)]);
  return new Map(translated.map(([name, text]) => [name, fillTemplate(text, placeholders)]));
}

function columnDefinition({ name, type, mode }: Column): string {
  return `"${name}" ${TYPES[type]}${mode === 'REQUIRED' ? ' NOT NULL' : ''}`;
}

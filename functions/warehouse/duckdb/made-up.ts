import { basename } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { type DuckDbConfig, SANDBOX_FILE } from '../../config.ts';
import { SyncError } from '../../errors.ts';
import { TABLES } from '../../schema/tables.ts';

/** An empty schema, because nothing that reads tables or views meets it. */
const MARK = 'made_up';

/** Whether the rows of a file are known to be made up: by the mark, or by the name, because older files lack the mark. */
export async function isMadeUp(connection: DuckDBConnection, path: string): Promise<boolean> {
  const marks = await connection.runAndReadAll(
    `SELECT 1 FROM duckdb_schemas() WHERE database_name = current_database() AND schema_name = '${MARK}'`,
  );
  return marks.currentRowCount > 0 || basename(path) === SANDBOX_FILE;
}

/**
 * Marks a file that the sandbox fills, whose tables must be there; rows are never deleted, so what is mixed stays mixed.
 *
 * @throws {SyncError} CONFIG_INVALID if made-up rows would get among others, or others among made-up ones.
 */
export async function keepApart(
  connection: DuckDBConnection,
  { path, isSandbox }: DuckDbConfig,
): Promise<void> {
  const isMarked = await isMadeUp(connection, path);
  if (isMarked && !isSandbox) {
    throw new SyncError(
      'CONFIG_INVALID',
      `The DuckDB file ${path} was filled by the built-in sandbox, so its rows are made up and nothing of your ` +
        'account was written to it. Set DUCKDB_PATH to another file.',
    );
  }
  if (!isSandbox) return;
  if (!isMarked && (await hasRows(connection))) throw realRowsFault(path);
  await connection.run(`CREATE SCHEMA IF NOT EXISTS ${MARK}`);
}

/** Says that a file is not the sandbox's. */
export function realRowsFault(path: string): SyncError {
  return new SyncError(
    'CONFIG_INVALID',
    `There are no credentials, so this is the built-in sandbox, and the DuckDB file ${path} is not marked as made up: ` +
      'nothing was written to it. Set KONDADO_API_KEY and KONDADO_TOKEN for your account, or DUCKDB_PATH to a new file ' +
      'for the sandbox.',
  );
}

async function hasRows(connection: DuckDBConnection): Promise<boolean> {
  const tables = Object.keys(TABLES).map((table) => `(SELECT 1 FROM ${table} LIMIT 1)`);
  return (await connection.runAndReadAll(tables.join(' UNION ALL '))).currentRowCount > 0;
}

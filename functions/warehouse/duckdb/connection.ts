import { totalmem } from 'node:os';
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { SyncError } from '../../errors.ts';
import type { AnswerRow } from '../adapter.ts';
import { toDuckDb } from './dialect.ts';

export type DuckDb = typeof import('@duckdb/node-api');

export interface DuckDbConnection {
  duckdb: DuckDb;
  connection: DuckDBConnection;
  close(): void;
}

/**
 * Opens a DuckDB file, which is made if it is missing, as BigQuery would sort and tell the time.
 *
 * All connections of this process share the file, so that the page can be read during a run; no other process can open
 * it meanwhile.
 */
export async function connectDuckDb(path: string): Promise<DuckDbConnection> {
  const duckdb = await load();
  const instance = await open(duckdb, path);
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  await connection.run("SET default_null_order = 'nulls_first_on_asc_last_on_desc'");
  return {
    duckdb,
    connection,
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/**
 * Asks a question as `Ask` does.
 *
 * @param views texts in DuckDB's SQL that take the place of the file's views of these names.
 */
export async function askDuckDb(
  connection: DuckDBConnection,
  sql: string,
  views: ReadonlyMap<string, string> = new Map(),
): Promise<AnswerRow[]> {
  const statement = toDuckDb(sql.replaceAll(/\{(\w+)\}/g, '`main.$1`'));
  const withViews = statement.replaceAll(/"main"\."(\w+)"/g, (relation, name) => {
    const text = views.get(name);
    return text === undefined ? relation : `(${text})`;
  });
  const answer = await connection.runAndReadAll(withViews);
  const names = answer.columnNames();
  return answer
    .getRows()
    .map((row) =>
      Object.fromEntries(
        row.map((value, index) => [names[index] ?? '', value === null ? null : String(value)]),
      ),
    );
}

/** DuckDB's own default. `RESET memory_limit` names it too, but leaves the limit as it was (DuckDB 1.5.5). */
export const DEFAULT_MEMORY = `${Math.floor((0.8 * totalmem()) / 2 ** 20)}MiB`;

async function load(): Promise<DuckDb> {
  try {
    return await import('@duckdb/node-api');
  } catch {
    throw new SyncError(
      'CONFIG_INVALID',
      'WAREHOUSE=duckdb needs the package @duckdb/node-api, which is installed on a computer (npm ci) but ' +
        'not deployed. On Google Cloud set WAREHOUSE=bigquery.',
    );
  }
}

async function open(duckdb: DuckDb, path: string): Promise<DuckDBInstance> {
  try {
    return await duckdb.DuckDBInstance.fromCache(path, { threads: '1' });
  } catch (error) {
    throw openFault(error, path);
  }
}

/** Says in words why a file could not be opened. */
export function openFault(error: unknown, path: string): SyncError {
  const said = error instanceof Error ? error.message.replaceAll(path, '') : '';
  return /lock/i.test(said)
    ? new SyncError(
        'WAREHOUSE_UNAVAILABLE',
        `The DuckDB file ${path} is held by another process, perhaps a duckdb shell or another sync: end it, or set DUCKDB_PATH to another file.`,
      )
    : new SyncError(
        'WAREHOUSE_REJECTED',
        `The DuckDB file ${path} could not be opened or made: check that its folder exists and may be written, and that it is a DuckDB file.`,
      );
}

/** Makes a function that runs one piece of work after the other, as one connection must, and names the file in errors. */
export function inTurn(path: string): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work).catch((error: unknown) => {
      throw duckDbFault(error, path);
    });
    last = result.catch(() => undefined);
    return result;
  };
}

/** Turns what a call to DuckDB threw into WAREHOUSE_UNAVAILABLE or WAREHOUSE_REJECTED; what is none of DuckDB's stays as it is. */
function duckDbFault(error: unknown, path: string): unknown {
  if (!(error instanceof Error)) return error;
  const { message } = error;
  const [, kind] = /^([A-Za-z -]+) Error:/.exec(message) ?? [];
  if (kind === undefined) return error;
  return kind === 'IO' || /memory|allocate/i.test(message)
    ? new SyncError(
        'WAREHOUSE_UNAVAILABLE',
        `The DuckDB file ${path} could not be read or written (${kind} error): check the disk, its free space, and the memory.`,
      )
    : new SyncError(
        'WAREHOUSE_REJECTED',
        `The DuckDB file ${path} refused the data (${kind} error): its tables do not fit this version of the sync. Set DUCKDB_PATH to a new file.`,
      );
}

import { existsSync } from 'node:fs';
import type { Config, DuckDbConfig } from '../../config.ts';
import { SyncError } from '../../errors.ts';
import type { ReadingAdapter } from '../adapter.ts';
import { askDuckDb, connectDuckDb, DEFAULT_MEMORY, inTurn } from './connection.ts';
import { isMadeUp, realRowsFault } from './made-up.ts';
import { placeholdersOf, readDuckDbViews } from './schema.ts';

/** Enough for a million executions; with the default, reading would take more memory than a run with all its rows. */
const LOW_MEMORY = '64MB';

/**
 * Opens a DuckDB file for reading, also while a run of this process writes to it; null if there is none.
 *
 * Its views are those of the run that wrote last, so they may be of another plan: what is read are their texts of today.
 *
 * @throws {SyncError} CONFIG_INVALID if this is the sandbox and the file is not: the plan that is made up would be told of it.
 */
export async function openDuckDbForReading(
  { path, isSandbox }: DuckDbConfig,
  billing: Config['billing'],
): Promise<ReadingAdapter | null> {
  if (!existsSync(path)) return null;
  const { connection, close } = await connectDuckDb(path);
  const work = inTurn(path);
  const views = readDuckDbViews(placeholdersOf(billing));
  let hasMadeUpRows: boolean;
  try {
    await connection.run('SET threads = 2'); // the views add up many rows
    await connection.run(`SET memory_limit = '${LOW_MEMORY}'`);
    await connection.run('BEGIN TRANSACTION READ ONLY');
    hasMadeUpRows = await work(() => isMadeUp(connection, path));
    if (isSandbox && !hasMadeUpRows) throw realRowsFault(path);
    const there = await connection.runAndReadAll('SELECT view_name FROM duckdb_views()');
    const names = new Set(there.getRows().map(([name]) => name));
    for (const name of views.keys()) if (!names.has(name)) views.delete(name);
  } catch (error) {
    close();
    throw error;
  }
  return {
    isMadeUp: hasMadeUpRows,
    ask: (sql) =>
      work(async () => {
        try {
          return await askDuckDb(connection, sql, views).catch(async (error: unknown) => {
            if (!isOutOfMemory(error)) throw error;
            // So many rows, or a run that has lowered the limit meanwhile.
            await connection.run('ROLLBACK');
            await connection.run(`SET memory_limit = '${DEFAULT_MEMORY}'`);
            await connection.run('BEGIN TRANSACTION READ ONLY');
            return askDuckDb(connection, sql, views);
          });
        } catch (error) {
          if (!isMissing(error)) throw error;
          const [, view = 'a view'] = /\{(\w+)\}/.exec(sql) ?? [];
          throw new SyncError(
            'WAREHOUSE_REJECTED',
            `The DuckDB file ${path} lacks ${view}, or has an older one: the next run of the sync makes it.`,
          );
        }
      }),
    close: () => work(async () => close()),
  };
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && /^(?:Catalog|Binder) Error:/.test(error.message);
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && /^Out of Memory Error:/.test(error.message);
}

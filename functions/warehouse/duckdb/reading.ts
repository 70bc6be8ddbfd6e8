import { existsSync } from 'node:fs';
import type { DuckDbConfig } from '../../config.ts';
import { SyncError } from '../../errors.ts';
import type { Adapter } from '../adapter.ts';
import { askDuckDb, connectDuckDb, DEFAULT_MEMORY, inTurn } from './connection.ts';

/** Enough for a million executions; with the default, reading would take more memory than a run with all its rows. */
const LOW_MEMORY = '64MB';

/** Opens a DuckDB file for reading, also while a run of this process writes to it; null if there is none. */
export async function openDuckDbForReading({
  path,
}: DuckDbConfig): Promise<Pick<Adapter, 'ask' | 'close'> | null> {
  if (!existsSync(path)) return null;
  const { connection, close } = await connectDuckDb(path);
  const work = inTurn(path);
  try {
    await connection.run('SET threads = 2'); // the views add up many rows
    await connection.run(`SET memory_limit = '${LOW_MEMORY}'`);
    await connection.run('BEGIN TRANSACTION READ ONLY');
  } catch (error) {
    close();
    throw error;
  }
  return {
    ask: (sql) =>
      work(async () => {
        try {
          return await askDuckDb(connection, sql).catch(async (error: unknown) => {
            if (!isOutOfMemory(error)) throw error;
            // So many rows, or a run that has lowered the limit meanwhile.
            await connection.run('ROLLBACK');
            await connection.run(`SET memory_limit = '${DEFAULT_MEMORY}'`);
            await connection.run('BEGIN TRANSACTION READ ONLY');
            return askDuckDb(connection, sql);
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

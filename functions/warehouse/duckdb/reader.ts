import { existsSync } from 'node:fs';
import type { DuckDbConfig } from '../../config.ts';
import { SyncError } from '../../errors.ts';
import { parseRow, selectJson } from '../../views/columns.ts';
import type { Reader } from '../reader.ts';
import { connectDuckDb, DEFAULT_MEMORY, inTurn } from './connection.ts';

/** Enough for a million executions; with the default, reading would take more memory than a run with all its rows. */
const LOW_MEMORY = '64MB';

/** Opens a DuckDB file for reading, also while a run of this process writes to it; null if there is none. */
export async function openDuckDbReader({ path }: DuckDbConfig): Promise<Reader | null> {
  if (!existsSync(path)) return null;
  const { connection, close } = await connectDuckDb(path);
  const work = inTurn(path);
  try {
    await connection.run('SET threads = 2'); // the views add up many rows
    await connection.run(`SET memory_limit = '${LOW_MEMORY}'`);
    await connection.run('CREATE TEMP MACRO to_json_string(value) AS CAST(to_json(value) AS VARCHAR)');
    await connection.run('BEGIN TRANSACTION READ ONLY');
  } catch (error) {
    close();
    throw error;
  }
  return {
    read: (view, condition = 'TRUE') =>
      work(async () => {
        try {
          const select = selectJson(view, view, condition);
          const answer = await connection.runAndReadAll(select).catch(async (error: unknown) => {
            if (!isOutOfMemory(error)) throw error;
            // So many rows, or a run that has lowered the limit meanwhile.
            await connection.run('ROLLBACK');
            await connection.run(`SET memory_limit = '${DEFAULT_MEMORY}'`);
            await connection.run('BEGIN TRANSACTION READ ONLY');
            return connection.runAndReadAll(select);
          });
          return answer.getRows().map(([content]) => parseRow(view, String(content)));
        } catch (error) {
          if (!isMissing(error)) throw error;
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

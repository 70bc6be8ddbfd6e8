import { existsSync } from 'node:fs';
import type { DuckDbConfig } from '../config.ts';
import { SyncError } from '../errors.ts';
import { parseRow, selectJson } from '../views.ts';
import { connectDuckDb, inTurn } from './duckdb-connection.ts';
import type { Reader } from './reader.ts';

/** Opens a DuckDB file for reading, also while a run of this process writes to it; null if there is none. */
export async function openDuckDbReader({ path }: DuckDbConfig): Promise<Reader | null> {
  if (!existsSync(path)) return null;
  const { connection, close } = await connectDuckDb(path);
  const work = inTurn(path);
  try {
    await connection.run('SET threads = 4'); // the views add up many rows, unlike a run, which stays small with one
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
          const answer = await connection.runAndReadAll(selectJson(view, view, condition));
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

import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { openFault } from '../functions/warehouse/duckdb/connection.ts';

/**
 * Reads a DuckDB file without ever changing it; times are UTC.
 *
 * @throws {SyncError} if the file cannot be opened, with what to do.
 */
export async function readDuckDb<T>(
  path: string,
  read: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  const instance = await DuckDBInstance.create(path, { access_mode: 'READ_ONLY' }).catch((error: unknown) => {
    throw openFault(error, path);
  });
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    return await read(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';

/** Reads a DuckDB file without ever changing it; times are UTC. */
export async function readDuckDb<T>(
  path: string,
  read: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  const instance = await DuckDBInstance.create(path, { access_mode: 'READ_ONLY' });
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    return await read(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { plainRows, type StoredRow } from './warehouses.ts';

export interface Answer {
  columns: { name: string; type: string }[];
  rows: StoredRow[];
}

export interface DuckDbInMemory {
  connection: DuckDBConnection;
  /** Asks in DuckDB's SQL, and calls the types as BigQuery does. */
  ask(sql: string): Promise<Answer>;
  close(): void;
}

/**
 * Opens a database in memory.
 *
 * The session is that of somebody far away who set nothing: no view may depend on its time zone or on where it sorts nulls.
 */
export async function openFarAway(): Promise<DuckDbInMemory> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'Pacific/Auckland'");
  return {
    connection,
    async ask(sql) {
      const answer = await connection.runAndReadAll(sql);
      const types = answer.columnTypes().map((type) => bigQueryType(type.alias ?? String(type)));
      const columns = answer.columnNames().map((name, index) => ({ name, type: types[index] ?? '' }));
      return { columns, rows: plainRows(answer) };
    },
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** What BigQuery calls a type of DuckDB; its own name if no view may have it. */
function bigQueryType(type: string): string {
  const names: Record<string, string> = {
    BIGINT: 'INT64',
    DOUBLE: 'FLOAT64',
    BOOLEAN: 'BOOL',
    VARCHAR: 'STRING',
    'TIMESTAMP WITH TIME ZONE': 'TIMESTAMP',
    JSON: 'JSON',
    DATE: 'DATE',
  };
  const [, element] = /^(.*)\[\]$/.exec(type) ?? [];
  return element === undefined ? (names[type] ?? type) : `ARRAY<${bigQueryType(element)}>`;
}

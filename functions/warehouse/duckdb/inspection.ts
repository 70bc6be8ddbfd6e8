import type { DuckDBConnection } from '@duckdb/node-api';
import type { Inspector } from '../adapter.ts';
import type { inTurn } from './connection.ts';
import { typeOf } from './schema.ts';

/** Makes what looks at a DuckDB file. */
export function createDuckDbInspector(
  connection: DuckDBConnection,
  work: ReturnType<typeof inTurn>,
  path: string,
): Inspector {
  return {
    locate: async () => `the DuckDB file ${path}`,
    describe: (table) =>
      work(async () => {
        const answer = await connection.runAndReadAll(
          `SELECT column_name, data_type FROM duckdb_columns()
           WHERE schema_name = 'main' AND table_name = '${table}' ORDER BY column_index`,
        );
        const columns = new Map(
          answer.getRows().map(([name, type]) => [String(name), typeOf(String(type))] as const),
        );
        return columns.size === 0 ? null : { columns, layout: null };
      }),
    tryView: (view) =>
      work(async () => {
        await connection.run(`EXPLAIN SELECT * FROM main."${view}"`);
      }),
  };
}

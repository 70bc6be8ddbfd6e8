import { DuckDBInstance } from '@duckdb/node-api';
import { VIEWS, type ViewName, type ViewRow } from '../../functions/views/columns.ts';

const TYPES: Record<string, string> = {
  id: 'BIGINT',
  text: 'VARCHAR',
  number: 'DOUBLE',
  moment: 'TIMESTAMPTZ',
  day: 'DATE',
};

/** Makes a DuckDB file with tables instead of views, so that a test decides what they say. */
export async function writeRelations(path: string, rows: { [V in ViewName]?: ViewRow<V>[] }): Promise<void> {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  try {
    for (const [view, kinds] of Object.entries(VIEWS)) {
      const columns = Object.entries<string>(kinds);
      const definitions = columns.map(([name, kind]) => `${name} ${TYPES[kind.replace('?', '')]}`);
      await connection.run(`CREATE TABLE ${view} (${definitions.join(', ')})`);
      for (const row of rows[view as ViewName] ?? []) {
        const values = columns.map(([name]) => literal((row as Record<string, unknown>)[name]));
        await connection.run(`INSERT INTO ${view} VALUES (${values.join(', ')})`);
      }
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function literal(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  const text = value instanceof Date ? value.toISOString() : String(value);
  return `'${text.replaceAll("'", "''")}'`;
}

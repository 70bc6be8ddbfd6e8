// npm run query -- "SELECT ...": asks the DuckDB file that npm run sync writes.
import { existsSync } from 'node:fs';
import { VARIABLES } from '../functions/variables.ts';
import { readDuckDb } from './duckdb.ts';
import { withLocalDefaults } from './environment.ts';
import { createPainter, letReadersLeave } from './terminal/screen.ts';
import { renderTable } from './terminal/table.ts';
import { printable } from './terminal/texts.ts';

const { stdout, stderr } = process;

async function main(): Promise<number> {
  const [sql, ...rest] = process.argv.slice(2);
  if (!sql || rest.length > 0 || /^--?h(?:elp)?$/.test(sql)) {
    stderr.write('Usage: npm run query -- "SELECT count(*) FROM pipeline_logs_latest"\n');
    return 2;
  }
  const path = withLocalDefaults(process.env).env.DUCKDB_PATH ?? VARIABLES.DUCKDB_PATH.default;
  if (!existsSync(path)) {
    stderr.write(`There is no ${path} yet: npm run sync makes it. DUCKDB_PATH names another file.\n`);
    return 1;
  }
  const { titles, rows } = await readDuckDb(path, async (connection) => {
    const answer = await connection.runAndReadAll(sql);
    return { titles: answer.columnNames(), rows: answer.getRowsJson() };
  });
  const texts = rows.map((row) => row.map(textOf));
  const columns = titles.map((title, index) => ({
    title,
    align: texts.every((row) => /^-?[\d.]*$/.test(row[index] ?? '')) ? ('right' as const) : ('left' as const),
  }));
  const paint = createPainter(stdout);
  const options = { maxWidth: Number.POSITIVE_INFINITY, emphasize: (text: string) => paint('bold', text) };
  stdout.write(`${renderTable(columns, texts, options).join('\n')}\n`);
  return 0;
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  return printable(typeof value === 'object' ? JSON.stringify(value) : String(value));
}

letReadersLeave(stdout);
try {
  process.exitCode = await main();
} catch (error) {
  stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}

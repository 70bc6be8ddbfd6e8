// npm run query: asks the DuckDB file that npm run sync writes, see `--help`.
import { existsSync } from 'node:fs';
import type { DuckDBConnection } from '@duckdb/node-api';
import { SANDBOX_FILE } from '../functions/config.ts';
import { stringifyJson } from '../functions/json.ts';
import { VARIABLES } from '../functions/variables.ts';
import { readQuestions } from '../functions/views/templates.ts';
import { readOptions, runCommand, UsageError } from './command.ts';
import { readDuckDb } from './duckdb.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { answerTable } from './terminal/answer.ts';
import { createPainter, say, sayHelp, widthOf } from './terminal/screen.ts';
import { LEAST_TABLE_WIDTH, renderTable } from './terminal/table.ts';
import { hanging, printable } from './terminal/texts.ts';

const { stdout, stderr } = process;

const HELP = `Asks the DuckDB file that npm run sync writes, and never changes it. Times are UTC.

npm run query -- [options] "SELECT ..."

  --json                 print an array with an object for each row, and nothing else
  --csv                  print CSV with a line of titles, and nothing else
  --help                 show this text

The file is DUCKDB_PATH, else ${VARIABLES.DUCKDB_PATH.default} if there is one, else ${SANDBOX_FILE}.
Exit status: 0 answered, 1 failed, 2 wrong usage.

What can be asked, next to the tables pipeline_logs, model_logs, sync_runs and rejected_rows:
`;

const OPTIONS = {
  json: { type: 'boolean' },
  csv: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const WHOLE_NUMBERS = /^U?(?:BIGINT|HUGEINT)$/;

interface Answer {
  titles: string[];
  rows: unknown[][];
}

type Format = 'table' | 'json' | 'csv';

async function main(env: Environment): Promise<number> {
  const { sql, format } = parseQuery(process.argv.slice(2), env);
  if (sql === undefined) {
    sayHelp(stdout, HELP);
    stdout.write(`\n${questionLines(widthOf(stdout)).join('\n')}\n`);
    return 0;
  }
  const path = fileOf(env);
  if (!existsSync(path)) {
    say(stderr, `There is no ${path} yet: npm run sync makes it. DUCKDB_PATH names another file.`);
    return 1;
  }
  stderr.write(`Asking ${path}.\n`);
  const answer = await readDuckDb(path, (connection) => ask(connection, sql));
  stdout.write(`${FORMATS[format](answer)}\n`);
  return 0;
}

/** What every view answers. */
function questionLines(maxWidth: number): string[] {
  const questions = [...readQuestions()];
  if (maxWidth < LEAST_TABLE_WIDTH)
    return questions.flatMap(([name, question]) => hanging(`  ${name}: ${question}`, maxWidth, 4));
  const columns = [{ title: '' }, { title: '', holds: 'sentences' as const }];
  const [, ...lines] = renderTable(columns, questions, { maxWidth: maxWidth - 2, emphasize: String });
  return lines.map((line) => `  ${line}`);
}

/** @throws {UsageError} that names every fault. */
function parseQuery(args: string[], env: Environment): { sql: string | undefined; format: Format } {
  // A statement may begin with a comment, which has two dashes too.
  const isOption = (text: string) => /^-[^\s]*$/.test(text);
  const statements = args.filter((text) => !isOption(text));
  const { values, faults } = readOptions('query', OPTIONS, args.filter(isOption), env);
  if (values.has('json') && values.has('csv')) faults.push('--json and --csv exclude each other');
  if (statements.length > 1) faults.push('one statement at a time, in quotes');
  if (faults.length > 0) throw new UsageError(faults.join('; '));
  const sql = values.has('help') ? undefined : statements[0]?.trim() || undefined;
  return { sql, format: values.has('json') ? 'json' : values.has('csv') ? 'csv' : 'table' };
}

function fileOf({ DUCKDB_PATH }: Environment): string {
  const { parse, default: realFile } = VARIABLES.DUCKDB_PATH;
  if (DUCKDB_PATH) return parse(DUCKDB_PATH);
  return existsSync(realFile) ? realFile : SANDBOX_FILE;
}

async function ask(connection: DuckDBConnection, sql: string): Promise<Answer> {
  const statements = await connection.extractStatements(sql);
  if (statements.count !== 1) throw new UsageError('one statement at a time, in quotes');
  const statement = await statements.prepare(0);
  const answer = await statement.runAndReadAll();
  const areWhole = answer.columnTypes().map((type) => WHOLE_NUMBERS.test(String(type)));
  const rows = answer
    .getRowsJson()
    .map((row) =>
      row.map((value, index) => (areWhole[index] && value !== null ? BigInt(String(value)) : value)),
    );
  return { titles: answer.deduplicatedColumnNames(), rows };
}

const FORMATS: Record<Format, (answer: Answer) => string> = {
  table({ titles, rows }) {
    const texts = rows.map((row) => row.map((value) => printable(textOf(value))));
    const paint = createPainter(stdout);
    const options = { maxWidth: widthOf(stdout), emphasize: (text: string) => paint('bold', text) };
    const { lines, leftOut } = answerTable(titles, texts, options);
    if (leftOut.length > 0)
      say(stderr, `There is no room for ${leftOut.join(', ')}: --json and --csv print everything.`);
    return lines.join('\n');
  },
  json({ titles, rows }) {
    const objects = rows.map((row) => Object.fromEntries(titles.map((title, index) => [title, row[index]])));
    return `[${objects.map((object) => stringifyJson(object)).join(',\n')}]`;
  },
  csv({ titles, rows }) {
    return [titles, ...rows].map((row) => row.map((value) => csvField(textOf(value))).join(',')).join('\n');
  },
};

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? stringifyJson(value) : String(value);
}

/** A field of CSV as RFC 4180 has it. */
function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

await runCommand('query', () => main(readEnvironment()).catch(failed));

function failed(error: unknown): number {
  if (error instanceof UsageError) throw error;
  stderr.write(`${error instanceof Error ? error.message : error}\n`);
  return 1;
}

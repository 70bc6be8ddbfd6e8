// npm run views: the SQL of every view, see `--help`.
import { VARIABLES } from '../functions/variables.ts';
import { readQuestions, readViews, type ViewPlaceholders } from '../functions/views/templates.ts';
import { toDuckDb } from '../functions/warehouse/duckdb/dialect.ts';
import { readDuckDbViews } from '../functions/warehouse/duckdb/schema.ts';
import { UnknownSql } from '../functions/warehouse/duckdb/tokens.ts';
import { readOptions, runCommand, UsageError } from './command.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { sayHelp } from './terminal/screen.ts';

const { stdout } = process;

const HELP = `Prints the SQL of every view as JSON, {"views": [{"name", "question", "sql"}]}, in an order in which they can be made.

npm run --silent views -- [options]

  --dialect NAME         bigquery or duckdb (default: bigquery)
  --dataset NAME         where the tables are (default: PROJECT.kondado for bigquery, main for duckdb)
  --now EXPRESSION       the moment that counts as now, in SQL (default: the present one)
  --time-zone NAME       in which days and months are cut (default: BILLING_TIME_ZONE, else ${VARIABLES.BILLING_TIME_ZONE.default})
  --plan-records N       records a month of the plan (default: NULL)
  --plan-pipelines N     active pipelines of the plan (default: NULL)
  --help                 show this text

Every value is filled in as it is given. For duckdb, --now may be written in BigQuery's SQL too.
`;

const OPTIONS = {
  dialect: { type: 'string' },
  dataset: { type: 'string' },
  now: { type: 'string' },
  'time-zone': { type: 'string' },
  'plan-records': { type: 'string' },
  'plan-pipelines': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

const DIALECTS = {
  bigquery: {
    read: readViews,
    dataset: 'PROJECT.kondado',
    now: 'CURRENT_TIMESTAMP()',
    momentOf: (now: string) => now,
  },
  duckdb: { read: readDuckDbViews, dataset: 'main', now: 'now()', momentOf: momentInDuckDb },
};

function main(env: Environment): number {
  const values = parseViewOptions(process.argv.slice(2), env);
  if (values.has('help')) {
    sayHelp(stdout, HELP);
    return 0;
  }
  const dialect = DIALECTS[(values.get('dialect') ?? 'bigquery') as keyof typeof DIALECTS];
  const placeholders: ViewPlaceholders = {
    dataset: values.get('dataset') ?? dialect.dataset,
    now: dialect.momentOf(values.get('now') ?? dialect.now),
    time_zone: values.get('time-zone') ?? (env.BILLING_TIME_ZONE || VARIABLES.BILLING_TIME_ZONE.default),
    plan_records: values.get('plan-records') ?? 'NULL',
    plan_pipelines: values.get('plan-pipelines') ?? 'NULL',
  };
  const questions = readQuestions();
  const views = [...dialect.read(placeholders)].map(([name, sql]) => ({
    name,
    question: questions.get(name),
    sql,
  }));
  stdout.write(`${JSON.stringify({ views }, null, 2)}\n`);
  return 0;
}

/** @throws {UsageError} that names every fault. */
function parseViewOptions(args: string[], env: Environment): ReadonlyMap<string, string> {
  const { values, faults } = readOptions('views', OPTIONS, args, env);
  const dialect = values.get('dialect');
  if (dialect !== undefined && !Object.hasOwn(DIALECTS, dialect)) {
    faults.push(`--dialect must be bigquery or duckdb, not ${JSON.stringify(dialect)}`);
  }
  if (faults.length > 0) throw new UsageError(faults.join('; '));
  return values;
}

/** A moment in DuckDB's SQL, which may be given in BigQuery's: what the dialect does not know is DuckDB's. */
function momentInDuckDb(now: string): string {
  try {
    return toDuckDb(now);
  } catch (error) {
    if (error instanceof UnknownSql) return now;
    throw error;
  }
}

await runCommand('views', () => main(readEnvironment()));

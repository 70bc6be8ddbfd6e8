// npm run views: the SQL of every view, see `--help`.
import { parseArgs } from 'node:util';
import { VARIABLES } from '../functions/variables.ts';
import { readQuestions, readViews, type ViewPlaceholders } from '../functions/views/templates.ts';
import { readDuckDbViews } from '../functions/warehouse/duckdb/schema.ts';
import { readEnvironment } from './environment.ts';
import { letReadersLeave } from './terminal/screen.ts';

const { stdout, stderr } = process;

const HELP = `Prints the SQL of every view as JSON, {"views": [{"name", "question", "sql"}]}, in an order in which they can be made.

npm run --silent views -- [options]

  --dialect NAME         bigquery or duckdb (default: bigquery)
  --dataset NAME         where the tables are (default: PROJECT.kondado for bigquery, main for duckdb)
  --now EXPRESSION       the moment that counts as now, in SQL (default: the present one)
  --time-zone NAME       in which days and months are cut (default: BILLING_TIME_ZONE, else ${VARIABLES.BILLING_TIME_ZONE.default})
  --plan-records N       records a month of the plan (default: NULL)
  --plan-pipelines N     active pipelines of the plan (default: NULL)

Every value is filled in as it is given.
`;

const OPTIONS = {
  dialect: { type: 'string', default: 'bigquery' },
  dataset: { type: 'string' },
  now: { type: 'string' },
  'time-zone': { type: 'string' },
  'plan-records': { type: 'string', default: 'NULL' },
  'plan-pipelines': { type: 'string', default: 'NULL' },
  help: { type: 'boolean', short: 'h' },
} as const;

const DIALECTS = {
  bigquery: { read: readViews, dataset: 'PROJECT.kondado', now: 'CURRENT_TIMESTAMP()' },
  duckdb: { read: readDuckDbViews, dataset: 'main', now: 'now()' },
};

function main(): void {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) {
    stdout.write(HELP);
    return;
  }
  if (!Object.hasOwn(DIALECTS, values.dialect)) {
    throw new TypeError(
      `--dialect: received ${JSON.stringify(values.dialect)}, accepted is bigquery or duckdb`,
    );
  }
  const dialect = DIALECTS[values.dialect as keyof typeof DIALECTS];
  const placeholders: ViewPlaceholders = {
    dataset: values.dataset ?? dialect.dataset,
    now: values.now ?? dialect.now,
    time_zone:
      values['time-zone'] ?? (readEnvironment().BILLING_TIME_ZONE || VARIABLES.BILLING_TIME_ZONE.default),
    plan_records: values['plan-records'],
    plan_pipelines: values['plan-pipelines'],
  };
  const questions = readQuestions();
  const views = [...dialect.read(placeholders)].map(([name, sql]) => ({
    name,
    question: questions.get(name),
    sql,
  }));
  stdout.write(`${JSON.stringify({ views }, null, 2)}\n`);
}

letReadersLeave(stdout);
try {
  main();
} catch (error) {
  const isUsage = error instanceof TypeError;
  if (!isUsage) throw error;
  stderr.write(`Wrong usage: ${error.message}.\nnpm run views -- --help tells what there is.\n`);
  process.exitCode = 2;
}

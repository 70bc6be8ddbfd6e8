import type { Config } from '../../functions/config.ts';
import { type Contents, readContents } from './contents.ts';
import { count, percentage, plural, printable, shortened } from './quantities.ts';
import { renderTable, type TableOptions } from './table.ts';

const TOP_PIPELINES = 10;
const NAME_LENGTH = 44;

const MONTHS = new Intl.DateTimeFormat('en', { month: 'long', year: 'numeric', timeZone: 'UTC' });

/** What is stored now, where, and how to look at it. */
export async function destinationLines(
  { warehouse, billing }: Config,
  table: TableOptions,
): Promise<string[]> {
  if (warehouse.kind === 'bigquery') {
    const dataset = warehouse.project ? `${warehouse.project}.${warehouse.dataset}` : warehouse.dataset;
    return [
      `The data is in BigQuery, dataset ${dataset}. Ask for it with:`,
      `  bq query --use_legacy_sql=false 'SELECT * FROM \`${dataset}.pipeline_logs_latest\` WHERE createdat >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)'`,
    ];
  }
  try {
    const contents = await readContents(warehouse.path, billing);
    return [...usageLines(contents, billing, table), ...fileLines(contents, warehouse.path)];
  } catch (error) {
    // The run itself is over; another one may hold the file by now.
    const reason = printable(error instanceof Error ? error.message : String(error));
    return [`The data is in ${warehouse.path}, which could not be read for this summary: ${reason}`];
  }
}

function usageLines({ month, usage }: Contents, billing: Config['billing'], table: TableOptions): string[] {
  const plan = billing.planRecords;
  const title = `Billable records in ${MONTHS.format(new Date(`${month}-01T00:00:00Z`))} (${billing.timeZone})`;
  if (usage.length === 0) return [table.emphasize(title), '  none yet', ''];

  const total = usage.reduce((sum, { records }) => sum + records, 0);
  const others = usage.slice(TOP_PIPELINES);
  const otherRecords = others.reduce((sum, { records }) => sum + records, 0);
  const hasClients = new Set(usage.map(({ clientId }) => clientId)).size > 1;
  const row = (name: string, clientId: string | null, records: number) => [
    shortened(printable(name), NAME_LENGTH),
    ...(hasClients ? [clientId ?? ''] : []),
    count(records),
    ...(plan === null ? [] : [percentage(records / plan)]),
  ];
  const rows = [
    ...usage.slice(0, TOP_PIPELINES).map(({ name, clientId, records }) => row(name, clientId, records)),
    ...(others.length > 0 ? [row(plural(others.length, 'other'), null, otherRecords)] : []),
    row('all', null, total),
  ];
  const columns = [
    { title: 'pipeline' },
    ...(hasClients ? [{ title: 'client', align: 'right' } as const] : []),
    { title: 'records', align: 'right' } as const,
    ...(plan === null ? [] : [{ title: `of the plan's ${count(plan)}`, align: 'right' } as const]),
  ];
  const lines = renderTable(columns, rows, { ...table, maxWidth: Number.POSITIVE_INFINITY });
  return [table.emphasize(title), ...lines.map((line) => `  ${line}`), ''];
}

function fileLines({ views }: Contents, path: string): string[] {
  const rows = views.map(({ name, rows, oldest, newest }) => [
    name,
    count(rows),
    oldest === null ? '' : `${oldest} to ${newest} UTC`,
  ]);
  const columns = [{ title: 'view' }, { title: 'rows', align: 'right' } as const, { title: 'created' }];
  const [, ...lines] = renderTable(columns, rows, {
    maxWidth: Number.POSITIVE_INFINITY,
    emphasize: (text) => text,
  });
  return [
    `The data is in ${path}`,
    ...lines.map((line) => `  ${line}`),
    'Look at it with',
    '  npm run query -- "SELECT pipeline_name, createdat, row_count FROM pipeline_logs_latest ORDER BY createdat DESC LIMIT 10"',
  ];
}

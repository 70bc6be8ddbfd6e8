import { writeFile } from 'node:fs/promises';
import type { Config } from '../../functions/config.ts';
import { type AttentionItem, attentionItems, pipelineName } from '../../functions/insights/findings.ts';
import { forecastSentence } from '../../functions/insights/forecast.ts';
import { loadOverview, type Overview } from '../../functions/insights/overview.ts';
import { count, monthOf, percent, plural, shortened } from '../../functions/insights/wording.ts';
import { renderPage } from '../../functions/page/page.ts';
import { readContents, type StoredView } from './contents.ts';
import { renderTable, type TableOptions } from './table.ts';
import { printable } from './texts.ts';

const TOP_PIPELINES = 10;
const TOP_ITEMS = 10;
const NAME_LENGTH = 44;
const PAGE = 'dashboard.html';

/** What is stored now, what it says, and how to look at it; a DuckDB file gets its page. */
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
    const contents = await readContents(warehouse.path);
    const overview = await loadOverview({ warehouse, billing });
    await writeFile(PAGE, renderPage(overview, billing.timeZone));
    return [
      ...(overview ? overviewLines(overview, billing, table) : []),
      ...fileLines(contents, warehouse.path),
    ];
  } catch (error) {
    // The run itself is over; another one may hold the file by now, or the folder may not be written to.
    const reason = printable(error instanceof Error ? error.message : String(error));
    return [`The data is in ${warehouse.path}. Its summary and ${PAGE} could not be made: ${reason}`];
  }
}

function overviewLines(overview: Overview, billing: Config['billing'], table: TableOptions): string[] {
  return [
    table.emphasize(forecastSentence(overview.plan_forecast)),
    '',
    ...attentionLines(attentionItems(overview), table),
    '',
    ...usageLines(overview, billing, table),
    '',
  ];
}

function attentionLines(items: readonly AttentionItem[], { emphasize }: TableOptions): string[] {
  if (items.length === 0) return ['Nothing needs attention.'];
  const rows = items
    .slice(0, TOP_ITEMS)
    .map(({ what, subject, text }) => [what, shortened(printable(subject), NAME_LENGTH), printable(text)]);
  const columns = [{ title: 'what' }, { title: 'where' }, { title: 'why' }];
  const [, ...lines] = renderTable(columns, rows, { maxWidth: Number.POSITIVE_INFINITY, emphasize });
  const others = items.length - rows.length;
  return [
    emphasize('Needs attention'),
    ...lines.map((line) => `  ${line}`),
    ...(others > 0 ? [`  and ${plural(others, 'more item')}, see ${PAGE}`] : []),
  ];
}

function usageLines(
  { plan_forecast, monthly_usage }: Overview,
  billing: Config['billing'],
  table: TableOptions,
): string[] {
  const { month, plan_records: plan, month_to_date_records: total } = plan_forecast;
  const usage = monthly_usage
    .filter((row) => row.month === month)
    .sort((one, other) => other.billable_records - one.billable_records);
  const title = table.emphasize(`Billable records in ${monthOf(month)} (${billing.timeZone})`);
  if (usage.length === 0) return [title, '  none yet'];

  const others = usage.slice(TOP_PIPELINES);
  const otherRecords = others.reduce((sum, { billable_records }) => sum + billable_records, 0);
  const hasClients = new Set(usage.map(({ client_id }) => client_id)).size > 1;
  const row = (name: string, clientId: string | null, records: number) => [
    shortened(printable(name), NAME_LENGTH),
    ...(hasClients ? [clientId ?? ''] : []),
    count(records),
    ...(plan === null ? [] : [percent(records / plan)]),
  ];
  const rows = [
    ...usage
      .slice(0, TOP_PIPELINES)
      .map((each) => row(pipelineName(each), each.client_id, each.billable_records)),
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
  return [title, ...lines.map((line) => `  ${line}`)];
}

function fileLines(views: readonly StoredView[], path: string): string[] {
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
    `The page is ${PAGE}: open it in a browser. Or ask:`,
    '  npm run query -- "SELECT pipeline_name, createdat, row_count FROM pipeline_logs_latest ORDER BY createdat DESC LIMIT 10"',
  ];
}

import type { Config } from '../../functions/config.ts';
import { type AttentionItem, attentionItems, pipelineName } from '../../functions/insights/findings.ts';
import { forecastSentence } from '../../functions/insights/forecast.ts';
import type { Overview } from '../../functions/insights/overview.ts';
import { count, monthOf, percent, plural, shortened } from '../../functions/insights/wording.ts';
import { renderTable, type TableOptions } from './table.ts';
import { printable } from './texts.ts';

const TOP_PIPELINES = 10;
const TOP_ITEMS = 10;
const NAME_LENGTH = 44;

/** Where a run put its rows, and what is there now. */
export type Destination =
  | { kind: 'bigquery'; dataset: string }
  | { kind: 'duckdb'; path: string; page: string; views: StoredView[]; overview: Overview | null }
  | { kind: 'unreadable'; path: string; page: string; reason: string };

export interface StoredView {
  name: string;
  rows: number;
  /** To the minute, UTC; null if there are no rows. */
  oldest: string | null;
  newest: string | null;
}

/** What is stored now, what it says, and how to look at it. */
export function destinationLines(
  destination: Destination,
  billing: Config['billing'],
  table: TableOptions,
): string[] {
  switch (destination.kind) {
    case 'bigquery':
      return bigQueryLines(destination.dataset);
    case 'unreadable': {
      const { path, page, reason } = destination;
      return [`The data is in ${path}. Its summary and ${page} could not be made: ${printable(reason)}`];
    }
    case 'duckdb': {
      const { overview, page } = destination;
      return [...(overview ? overviewLines(overview, page, billing, table) : []), ...fileLines(destination)];
    }
  }
}

function bigQueryLines(dataset: string): string[] {
  const table = `\`${dataset}.pipeline_logs_latest\``;
  const lastDay = 'createdat >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)';
  return [
    `The data is in BigQuery, dataset ${dataset}. Ask for it with:`,
    `  bq query --use_legacy_sql=false 'SELECT * FROM ${table} WHERE ${lastDay}'`,
  ];
}

function overviewLines(
  overview: Overview,
  page: string,
  billing: Config['billing'],
  table: TableOptions,
): string[] {
  return [
    table.emphasize(forecastSentence(overview.plan_forecast)),
    '',
    ...attentionLines(attentionItems(overview), page, table),
    '',
    ...usageLines(overview, billing, table),
    '',
  ];
}

function attentionLines(
  items: readonly AttentionItem[],
  page: string,
  { emphasize }: TableOptions,
): string[] {
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
    ...(others > 0 ? [`  and ${plural(others, 'more item')}, see ${page}`] : []),
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

function fileLines({ path, page, views }: Extract<Destination, { kind: 'duckdb' }>): string[] {
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
    `The page is ${page}: open it in a browser. Or ask:`,
    '  npm run query -- "SELECT pipeline_name, createdat, row_count FROM pipeline_logs_latest ORDER BY createdat DESC LIMIT 10"',
  ];
}

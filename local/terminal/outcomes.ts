import { count } from '../../functions/insights/wording.ts';
import type { StreamReport } from '../../functions/sync/report.ts';
import { type Column, renderTable, type TableOptions } from './table.ts';
import { duration, ids, moment } from './texts.ts';

interface Field extends Column {
  text: (stream: StreamReport) => string;
}

const CLIENT: Field = {
  title: 'client',
  align: 'right',
  text: ({ client_id }) => String(client_id ?? 'all'),
};

const FIELDS: readonly Field[] = [
  { title: 'outcome', text: ({ outcome }) => outcome },
  { title: 'inserted', align: 'right', text: ({ rows_inserted }) => count(rows_inserted) },
  { title: 'duplicate', align: 'right', text: ({ rows_duplicate }) => count(rows_duplicate) },
  { title: 'rejected', align: 'right', text: ({ rows_rejected }) => count(rows_rejected) },
  { title: 'ids', text: ({ first_id, last_id }) => ids(first_id, last_id) },
  { title: 'data through (UTC)', text: ({ watermark_after }) => moment(watermark_after) },
  { title: 'requests', align: 'right', text: ({ requests }) => count(requests) },
  { title: 'time', align: 'right', text: ({ duration_ms }) => duration(duration_ms) },
];

const PLAN_FIELDS: readonly Field[] = [
  { title: 'outcome', text: ({ outcome }) => outcome },
  { title: 'ids', text: ({ plan }) => ids(plan?.first_id ?? null, plan?.last_id ?? null) },
  { title: 'rows', align: 'right', text: ({ plan }) => estimate(plan?.rows_estimated) },
  { title: 'stored already', align: 'right', text: ({ plan }) => estimate(plan?.rows_stored) },
  { title: 'requests', align: 'right', text: ({ plan }) => estimate(plan?.requests_estimated) },
  {
    title: 'time',
    align: 'right',
    text: ({ plan }) => (plan ? duration(plan.minutes_estimated * 60_000) : '-'),
  },
  { title: 'runs', align: 'right', text: ({ plan }) => estimate(plan?.runs_estimated) },
];

/** What each stream of each client has brought. */
export function streamsTable(streams: readonly StreamReport[], options: TableOptions): string[] {
  return fieldsTable(FIELDS, streams, options);
}

/** What each stream would bring. */
export function plansTable(streams: readonly StreamReport[], options: TableOptions): string[] {
  return fieldsTable(PLAN_FIELDS, streams, options);
}

function fieldsTable(
  fields: readonly Field[],
  streams: readonly StreamReport[],
  options: TableOptions,
): string[] {
  const hasClients = streams.some(({ client_id }) => client_id !== null);
  const columns: Field[] = [
    { title: 'stream', text: ({ stream }) => stream },
    ...(hasClients ? [CLIENT] : []),
    ...fields,
  ];
  const rows = streams.map((stream) => columns.map(({ text }) => text(stream)));
  return renderTable(columns, rows, options);
}

function estimate(number: number | undefined): string {
  return number === undefined ? '-' : count(number);
}

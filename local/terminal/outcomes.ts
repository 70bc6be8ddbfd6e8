import type { Wording } from '../../functions/insights/wording/wording.ts';
import type { StreamReport } from '../../functions/sync/report.ts';
import { type Column, renderTable, type TableOptions } from './table.ts';
import { ids, moment } from './texts.ts';

interface Field extends Column {
  text: (stream: StreamReport) => string;
}

/** What each stream of each client has brought. */
export function streamsTable(
  streams: readonly StreamReport[],
  wording: Wording,
  options: TableOptions,
): string[] {
  const { titles } = wording.terminal;
  const { count, seconds } = wording.formats;
  const fields: Field[] = [
    { title: titles.outcome, text: ({ outcome }) => outcome },
    { title: titles.inserted, align: 'right', text: ({ rows_inserted }) => count(rows_inserted) },
    {
      title: titles.duplicate,
      align: 'right',
      isOptional: true,
      text: ({ rows_duplicate }) => count(rows_duplicate),
    },
    {
      title: titles.rejected,
      align: 'right',
      isOptional: true,
      text: ({ rows_rejected }) => count(rows_rejected),
    },
    { title: titles.ids, isOptional: true, text: ({ first_id, last_id }) => ids(first_id, last_id) },
    {
      title: titles.dataThrough,
      isOptional: 'at last',
      text: ({ watermark_after }) => moment(watermark_after),
    },
    { title: titles.requests, align: 'right', isOptional: true, text: ({ requests }) => count(requests) },
    {
      title: titles.time,
      align: 'right',
      isOptional: true,
      text: ({ duration_ms }) => seconds(duration_ms / 1000),
    },
  ];
  return fieldsTable(fields, streams, wording, options);
}

/** What each stream would bring. */
export function plansTable(
  streams: readonly StreamReport[],
  wording: Wording,
  options: TableOptions,
): string[] {
  const { titles } = wording.terminal;
  const { count, seconds } = wording.formats;
  const estimate = (number: number | undefined) => (number === undefined ? '-' : count(number));
  const fields: Field[] = [
    { title: titles.outcome, text: ({ outcome }) => outcome },
    {
      title: titles.ids,
      isOptional: true,
      text: ({ plan }) => ids(plan?.first_id ?? null, plan?.last_id ?? null),
    },
    { title: titles.rows, align: 'right', text: ({ plan }) => estimate(plan?.rows_estimated) },
    {
      title: titles.storedAlready,
      align: 'right',
      isOptional: true,
      text: ({ plan }) => estimate(plan?.rows_stored),
    },
    {
      title: titles.requests,
      align: 'right',
      isOptional: 'at last',
      text: ({ plan }) => estimate(plan?.requests_estimated),
    },
    {
      title: titles.time,
      align: 'right',
      isOptional: 'at last',
      text: ({ plan }) => (plan ? seconds(plan.minutes_estimated * 60) : '-'),
    },
    {
      title: titles.runs,
      align: 'right',
      isOptional: true,
      text: ({ plan }) => estimate(plan?.runs_estimated),
    },
  ];
  return fieldsTable(fields, streams, wording, options);
}

function fieldsTable(
  fields: readonly Field[],
  streams: readonly StreamReport[],
  { terminal }: Wording,
  options: TableOptions,
): string[] {
  const client: Field = {
    title: terminal.client,
    align: 'right',
    text: ({ client_id }) => String(client_id ?? terminal.all),
  };
  const hasClients = streams.some(({ client_id }) => client_id !== null);
  const columns: Field[] = [
    { title: terminal.titles.stream, text: ({ stream }) => stream },
    ...(hasClients ? [client] : []),
    ...fields,
  ];
  const rows = streams.map((stream) => columns.map(({ text }) => text(stream)));
  return renderTable(columns, rows, options);
}

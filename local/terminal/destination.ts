import type { Config } from '../../functions/config.ts';
import type { Finding } from '../../functions/insights/finding.ts';
import { findingsOf, subjectName } from '../../functions/insights/findings.ts';
import { headlineOf, isUnknownMonth, staleNote } from '../../functions/insights/headline.ts';
import { linkOf, namesOf } from '../../functions/insights/objects.ts';
import type { Overview } from '../../functions/insights/overview.ts';
import { shortened } from '../../functions/insights/shortened.ts';
import { stateOf } from '../../functions/insights/state.ts';
import { usageOf } from '../../functions/insights/usage.ts';
import { createWording, type Wording } from '../../functions/insights/wording/wording.ts';
import { type Column, renderTable, type TableOptions } from './table.ts';
import { hanging, printable } from './texts.ts';

const TOP_PIPELINES = 10;
const TOP_FINDINGS = 10;
const NAME_LENGTH = 44;

/** Where a run put its rows, and what is there now. */
export type Destination =
  | { kind: 'bigquery'; dataset: string }
  | {
      kind: 'duckdb';
      path: string;
      page: string;
      views: StoredView[];
      overview: Overview | null;
      isMadeUp: boolean;
    }
  | { kind: 'unreadable'; path: string; page: string; reason: string };

export interface StoredView {
  name: string;
  /** Without those that are dated ahead of now, which count nowhere. */
  rows: number;
  ahead: number;
  /** Of them, to the minute, UTC; null if there are none. */
  oldest: string | null;
  newest: string | null;
}

type Settings = Pick<Config, 'billing' | 'language' | 'muted'>;

/** What is stored now, what it says, and how to look at it. */
export function destinationLines(
  destination: Destination,
  settings: Settings,
  table: TableOptions,
): string[] {
  const { language, billing, muted } = settings;
  const wording = createWording({ language, timeZone: billing.timeZone });
  switch (destination.kind) {
    case 'bigquery':
      return bigQueryLines(destination.dataset, wording, table);
    case 'unreadable': {
      const { path, page, reason } = destination;
      return hanging(wording.terminal.unreadable(path, page, printable(reason)), table.maxWidth, 0);
    }
    case 'duckdb': {
      const { overview, page, isMadeUp } = destination;
      return [
        ...(overview ? overviewLines(overview, { page, isMadeUp, muted }, wording, table) : []),
        ...fileLines(destination, wording, table),
      ];
    }
  }
}

function bigQueryLines(dataset: string, { terminal }: Wording, { maxWidth }: TableOptions): string[] {
  const table = `\`${dataset}.pipeline_logs_latest\``;
  const lastDay = 'createdat >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)';
  return [
    ...hanging(terminal.inBigQuery(dataset), maxWidth, 0),
    `  bq query --use_legacy_sql=false 'SELECT * FROM ${table} WHERE ${lastDay}'`,
  ];
}

/** The same sentences as on the page, in the same order. */
function overviewLines(
  overview: Overview,
  { page, isMadeUp, muted }: { page: string; isMadeUp: boolean; muted: Config['muted'] },
  wording: Wording,
  table: TableOptions,
): string[] {
  const { states, findings } = wording;
  const state = stateOf(overview);
  const { sentence, advice } = headlineOf(state, overview, wording);
  const { listed, switchedOff, muted: mutedCount } = findingsOf(overview, muted, wording);
  const wrapped = (text: string) => hanging(text, table.maxWidth, 0);
  const usage =
    state.kind === 'loading' || state.kind === 'empty' ? [] : ['', ...usageLines(overview, wording, table)];
  return [
    ...(isMadeUp ? wrapped(states.madeUp) : []),
    ...wrapped(sentence).map(table.emphasize),
    ...(advice === null ? [] : wrapped(advice)),
    ...(state.kind === 'loading' ? wrapped(states.loadingNote) : []),
    ...(state.kind === 'stale' ? wrapped(staleNote(state, overview, wording)) : []),
    '',
    ...findingLines(listed, state.kind === 'known', page, wording, table),
    ...switchedOffLines(switchedOff, wording, table),
    ...(mutedCount > 0
      ? hanging(`  ${findings.muted(mutedCount, 'MUTED_PIPELINES, MUTED_MODELS')}`, table.maxWidth, 4)
      : []),
    ...usage,
    '',
  ];
}

function findingLines(
  findings: readonly Finding[],
  isKnown: boolean,
  page: string,
  wording: Wording,
  { emphasize, maxWidth }: TableOptions,
): string[] {
  const { terminal } = wording;
  if (findings.length === 0) return isKnown ? hanging(wording.page.nothingToDo, maxWidth, 0) : [];
  const ofSync = findings.filter(({ group }) => group === 'sync').length;
  const shown = findings.slice(0, Math.max(TOP_FINDINGS, ofSync));
  const others = findings.length - shown.length;
  return [
    `${emphasize(terminal.attention)} (${wording.formats.timeZone})`,
    ...shown.flatMap((finding) => {
      const { kind, reasons, subject } = finding;
      const name = shortened(printable(subjectName(finding)), NAME_LENGTH);
      const link = typeof subject === 'string' ? null : linkOf(subject);
      const text = [`${wording.findings.kinds[kind][0]}: ${name}.`, ...reasons.map(printable), link ?? ''];
      return hanging(`  ${text.join(' ').trimEnd()}`, maxWidth, 4);
    }),
    ...(others > 0 ? hanging(`  ${terminal.moreItems(others, page)}`, maxWidth, 4) : []),
  ];
}

function switchedOffLines(found: readonly Finding[], wording: Wording, { maxWidth }: TableOptions): string[] {
  const objects = found.flatMap(({ subject }) => (typeof subject === 'string' ? [] : [subject]));
  if (objects.length === 0) return [];
  return hanging(`  ${printable(wording.findings.switchedOff(namesOf(objects, wording)))}`, maxWidth, 4);
}

function usageLines(overview: Overview, wording: Wording, table: TableOptions): string[] {
  const { terminal, formats } = wording;
  const { plan_forecast } = overview;
  if (plan_forecast === null) return [];
  const { month, plan_records: plan, month_to_date_records: total } = plan_forecast;
  const usage = usageOf(overview, wording);
  const title = hanging(terminal.usage(month, formats.timeZone), table.maxWidth, 2).map(table.emphasize);
  if (isUnknownMonth(stateOf(overview), plan_forecast, wording))
    return [...title, `  ${wording.page.monthUnknown}`];
  if (usage.length === 0) return [...title, `  ${terminal.noneYet}`];

  const others = usage.slice(TOP_PIPELINES);
  const hasClients = new Set(usage.map(({ pipeline }) => pipeline.clientId)).size > 1;
  const sum = (part: readonly { records: number }[]) => part.reduce((all, { records }) => all + records, 0);
  const whole = plan ?? sum(usage);
  const row = (name: string, clientId: string | null, records: number) => [
    shortened(printable(name), NAME_LENGTH),
    ...(hasClients ? [clientId ?? ''] : []),
    formats.count(records),
    whole === 0 ? '-' : formats.percent(records / whole),
  ];
  const rows = [
    ...usage
      .slice(0, TOP_PIPELINES)
      .map(({ pipeline, records }) => row(pipeline.name, pipeline.clientId, records)),
    ...(others.length > 0 ? [row(terminal.others(others.length), null, sum(others))] : []),
    row(terminal.all, null, total),
  ];
  const columns = [
    { title: terminal.pipeline, holds: 'names' } as const,
    ...(hasClients ? [{ title: terminal.client, align: 'right', isOptional: true } as const] : []),
    { title: terminal.records, align: 'right' } as const,
    {
      title: plan === null ? terminal.ofMonth : terminal.ofPlan(plan),
      align: 'right',
      isOptional: 'at last',
    } as const,
  ];
  return [...title, ...indentedTable(columns, rows, table)];
}

function fileLines(
  { path, page, views }: Extract<Destination, { kind: 'duckdb' }>,
  { terminal, formats }: Wording,
  table: TableOptions,
): string[] {
  const rows = views.map(({ name, rows, ahead, oldest, newest }) => [
    name,
    formats.count(rows),
    [
      ...(oldest === null || newest === null ? [] : [terminal.createdBetween(oldest, newest)]),
      ...(ahead === 0 ? [] : [terminal.ahead(ahead)]),
    ].join('; '),
  ]);
  const columns = [
    { title: '' },
    { title: '', align: 'right' },
    { title: '', isOptional: 'at last', holds: 'sentences' },
  ] as const satisfies Column[];
  return [
    ...hanging(terminal.inFile(path), table.maxWidth, 2),
    ...indentedTable(columns, rows, table).slice(1),
    ...hanging(terminal.page(page), table.maxWidth, 2),
    '  npm run query -- "SELECT pipeline_name, createdat, row_count FROM pipeline_logs_latest ORDER BY createdat DESC LIMIT 10"',
  ];
}

function indentedTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { maxWidth, emphasize }: TableOptions,
): string[] {
  const indent = '  ';
  const lines = renderTable(columns, rows, { maxWidth: maxWidth - indent.length, emphasize });
  return lines.map((line) => `${indent}${line}`);
}

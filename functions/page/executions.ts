import { dayAfter, daysBetween } from '../insights/days.ts';
import { type KondadoObject, keyOf, modelOf, pipelineOf } from '../insights/objects.ts';
import { judgementOf, type Status } from '../insights/reasons.ts';
import type { Wording } from '../insights/wording/wording.ts';
import { type Column, missing, type PageContext, row, section, table, titles } from './context.ts';
import { severalClients } from './findings.ts';
import { collapsed, type Html, html, objectName } from './html.ts';
import { DAYS, type Days, monthLabels, monthMarks, noDays, strip } from './strip.ts';

const PIPELINES_SHOWN = 20;
const MODELS_SHOWN = 8;
const BROKEN_FIRST = ['silent', 'late', 'failing', 'blocked', 'stopped', 'switched_off'] as const;

interface Observed {
  object: KondadoObject;
  status: Status;
}

/** When each pipeline ran, day by day, and how long its executions take, what is broken first; the models in short. */
export function executionsSection(context: PageContext): Html {
  const { overview, clock, wording } = context;
  const { page } = wording;
  const today = clock.dayOf(overview.asOf);
  const views = ['pipeline_status', 'daily_usage'] as const;
  const pipelines = section(context, { id: 'executions', title: page.executions, views }, () =>
    drawPipelines(context, today),
  );
  return html`${pipelines}
${modelsPart(context)}`;
}

function drawPipelines(context: PageContext, today: string): Html {
  const { overview, wording } = context;
  const { page } = wording;
  const pipelines = overview.pipeline_status
    .map((status) => ({ status, object: pipelineOf(status, wording) }))
    .sort(byUrgency);
  if (pipelines.length === 0) return html`<p class="nothing">${page.noExecutions}</p>`;
  const days = daysByPipeline(context, today);
  const hasClients = severalClients(context);
  const head = titles([
    [page.pipeline],
    [html`${page.last90Days}${monthLabels(today, wording)}`, 'days'],
    ...statusTitles(wording),
  ]);
  const draw = (part: readonly Observed[]) =>
    table(
      'executions',
      head,
      part.map((each) =>
        row(heading(each, hasClients, wording), [
          [strip(days.get(keyOf(each.object)) ?? noDays(), wording), 'strip'],
          ...statusCells(each.status, context),
        ]),
      ),
      'strips',
    );
  return html`${monthMarks(today)}<p class="note">${page.executionsNote(dayAfter(today, 1 - DAYS), today)}</p>
${collapsed(pipelines, PIPELINES_SHOWN, draw, page.morePipelines)}`;
}

function modelsPart(context: PageContext): Html | undefined {
  const { overview, wording } = context;
  const { page } = wording;
  const isMissing = overview.failures.model_status !== undefined;
  const models = overview.model_status
    .map((status) => ({ status, object: modelOf(status, wording) }))
    .sort(byUrgency);
  if (models.length === 0 && !isMissing) return undefined;
  const hasClients = severalClients(context);
  const head = titles([[page.model], ...statusTitles(wording)]);
  const draw = (part: readonly Observed[]) =>
    table(
      'models',
      head,
      part.map((each) => row(heading(each, hasClients, wording), statusCells(each.status, context))),
    );
  return html`<section class="follows" aria-labelledby="models">
<h3 id="models">${page.models}</h3>
${isMissing ? missing('model_status', overview, wording) : collapsed(models, MODELS_SHOWN, draw, page.moreModels)}
</section>`;
}

function byUrgency({ status: one }: Observed, { status: other }: Observed): number {
  const rank = (status: Status) => {
    const kind = judgementOf(status)?.kind;
    return kind === undefined ? BROKEN_FIRST.length : BROKEN_FIRST.indexOf(kind);
  };
  return rank(one) - rank(other) || other.executions_7d - one.executions_7d;
}

function heading({ object, status }: Observed, hasClients: boolean, { findings, page }: Wording): Html {
  const judgement = judgementOf(status);
  const about = [
    object.id === null ? '' : page.id(object.id),
    hasClients && object.clientId !== null ? page.ofClient(object.clientId) : '',
  ].filter((text) => text !== '');
  return html`${objectName(object)}${judgement !== undefined && html` <span class="badge ${judgement.severity}">${findings.kinds[judgement.kind][0]}</span>`}
<span class="about">${about.join(', ')}</span>`;
}

function statusTitles({ page }: Wording): Column[] {
  return [
    [page.lastExecution],
    [page.nextExpected, 'wide'],
    [page.runsEvery, 'n wide'],
    [page.onTime, 'n wide'],
    [page.failing, 'n wide extra'],
    [page.usuallyTakes, 'n wide extra'],
    [page.lastTook, 'n wide extra'],
  ];
}

function statusCells(status: Status, { clock, wording }: PageContext): Column[] {
  const { formats, page } = wording;
  const {
    usual_interval_minutes: interval,
    on_time_share_30d: onTime,
    failing_share_30d: failing,
    consecutive_empty_executions: empty,
  } = status;
  const shown = (value: number | null, format: (known: number) => string) =>
    value === null ? '–' : format(value);
  // What was never read to its end may have run since.
  const isJudged = status.health !== 'unknown';
  const emptyNote = empty > 1 && html` <span class="about">${page.emptyInARow(empty)}</span>`;
  return [
    [html`${clock.time(status.last_execution_at)}${emptyNote}`],
    [clock.time(isJudged ? status.expected_by : null), 'wide'],
    [shown(interval, formats.roughTime), 'n wide'],
    [shown(isJudged ? onTime : null, formats.percent), 'n wide'],
    [shown(failing, formats.percent), 'n wide extra'],
    [shown(status.usual_execution_seconds, formats.seconds), 'n wide extra'],
    [shown(status.last_execution_seconds, formats.seconds), 'n wide extra'],
  ];
}

function daysByPipeline(context: PageContext, today: string): Map<string, Days> {
  const isKnown = knownDays(context, today);
  const found = new Map<string, Days>();
  for (const row of context.overview.daily_usage) {
    const index = DAYS - 1 - daysBetween(row.day, today);
    if (index < 0 || index >= DAYS) continue;
    const key = keyOf({ kind: 'pipeline', clientId: row.client_id, id: row.pipeline_id });
    const days = found.get(key) ?? noDays();
    days.executions[index] = row.executions > 0 || isKnown(key, row.day) ? row.executions : null;
    days.medianSeconds[index] = row.median_execution_seconds;
    found.set(key, days);
  }
  return found;
}

/** Tells whether a day on which a pipeline has no executions had none: it may not have been read. */
function knownDays({ overview, state, wording, clock }: PageContext, today: string) {
  const readThrough = state.kind === 'loading' ? state.through : null;
  const ends = new Map(
    overview.pipeline_status.map((row) => {
      const through = row.known_through ?? readThrough;
      return [keyOf(pipelineOf(row, wording)), through === null ? '' : clock.dayOf(through)];
    }),
  );
  return (key: string, day: string): boolean => {
    const end = ends.get(key) ?? '';
    return day < end || (day === end && end === today);
  };
}

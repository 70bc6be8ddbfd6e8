import { modelName, pipelineName } from '../insights/findings.ts';
import type { Overview } from '../insights/overview.ts';
import { count, dayAfter, daysBetween, percent, roughTime, seconds, shortDay } from '../insights/wording.ts';
import type { ViewRow } from '../views/columns.ts';
import type { Clock } from './clock.ts';
import { folded, type Html, html, outsideName } from './html.ts';
import { DAYS, type Days, noDays, strip } from './strip.ts';

const PIPELINES_SHOWN = 20;
const MODELS_SHOWN = 8;

interface Pipeline {
  status: ViewRow<'pipeline_status'>;
  days: Days;
}

/** When each pipeline ran, day by day, and how long its executions take; the models in short. */
export function executionsSection(overview: Overview, clock: Clock): Html {
  const { model_status } = overview;
  const today = clock.dayOf(overview.plan_forecast.as_of);
  const days = daysByPipeline(overview, today);
  const pipelines = overview.pipeline_status
    .map((status) => ({ status, days: days.get(keyOf(status)) ?? noDays() }))
    .sort((one, other) => other.status.executions_7d - one.status.executions_7d);
  const models = model_status.toSorted((one, other) => other.executions_7d - one.executions_7d);
  return html`<section aria-labelledby="executions">
<h2 id="executions">Executions</h2>
<p class="note">A column a day, from ${shortDay(dayAfter(today, 1 - DAYS))} to ${shortDay(today)}: the stronger, the more executions, by the pipeline’s own busiest day. The line below is the median duration. On time: of the executions due in 30 days.</p>
${
  pipelines.length === 0
    ? html`<p class="nothing">No pipeline ran in the last 90 days.</p>`
    : folded(pipelines, PIPELINES_SHOWN, pipelinesTable, (more) => `${count(more)} more pipelines`)
}
${
  models.length > 0 &&
  html`<h3 id="models">Models</h3>
${folded(
  models,
  MODELS_SHOWN,
  (part) => modelsTable(part, clock),
  (more) => `${count(more)} more models`,
)}`
}
</section>`;
}

function pipelinesTable(pipelines: readonly Pipeline[]): Html {
  return html`<div class="scroll" role="region" aria-labelledby="executions" tabindex="0"><table class="strips">
<thead><tr><th scope="col">Pipeline</th><th scope="col">Last 90 days</th>${STATUS_TITLES}</tr></thead>
<tbody>
${pipelines.map(
  ({ status, days }) =>
    html`<tr><th scope="row">${outsideName(pipelineName(status))}${healthBadge(status.health)}</th><td class="strip">${strip(days)}</td>${statusCells(status)}</tr>
`,
)}</tbody></table></div>`;
}

function modelsTable(models: readonly ViewRow<'model_status'>[], clock: Clock): Html {
  return html`<div class="scroll" role="region" aria-labelledby="models" tabindex="0"><table>
<thead><tr><th scope="col">Model</th><th scope="col">Last execution</th>${STATUS_TITLES}</tr></thead>
<tbody>
${models.map(
  (status) =>
    html`<tr><th scope="row">${outsideName(modelName(status))}${healthBadge(status.health)}</th><td>${clock.time(status.last_execution_at)}</td>${statusCells(status)}</tr>
`,
)}</tbody></table></div>`;
}

const STATUS_TITLES = html`<th scope="col" class="n wide">Runs every</th><th scope="col" class="n wide">On time</th><th scope="col" class="n">Usually takes</th><th scope="col" class="n wide">Last took</th>`;

function statusCells(status: ViewRow<'pipeline_status'> | ViewRow<'model_status'>): Html {
  const { on_time_share_30d: onTime, usual_interval_minutes: minutes } = status;
  const interval = minutes === null ? '–' : roughTime(minutes);
  const duration = (number: number | null) => (number === null ? '–' : seconds(number));
  return html`<td class="n wide">${interval}</td><td class="n wide">${onTime === null ? '–' : percent(onTime)}</td><td class="n">${duration(status.usual_execution_seconds)}</td><td class="n wide">${duration(status.last_execution_seconds)}</td>`;
}

const BADGES: Record<string, string> = { late: 'warning', silent: 'critical', stopped: 'notice' };

function healthBadge(health: string): Html | undefined {
  const severity = BADGES[health];
  return severity === undefined ? undefined : html` <span class="badge ${severity}">${health}</span>`;
}

function daysByPipeline({ daily_usage }: Overview, today: string): Map<string, Days> {
  const found = new Map<string, Days>();
  for (const row of daily_usage) {
    const index = DAYS - 1 - daysBetween(row.day, today);
    if (index < 0 || index >= DAYS) continue;
    const days = found.get(keyOf(row)) ?? noDays();
    days.executions[index] = row.executions;
    days.medianSeconds[index] = row.median_execution_seconds;
    found.set(keyOf(row), days);
  }
  return found;
}

function keyOf({ client_id, pipeline_id }: { client_id: string | null; pipeline_id: string | null }): string {
  return `${client_id} ${pipeline_id}`;
}

import { scaleLinear } from 'd3-scale';
import { area, line } from 'd3-shape';
import type { Overview } from '../insights/overview.ts';
import { count, dayAfter, longDay, monthOf, percent, roughCount, shortDay } from '../insights/wording.ts';
import type { Clock } from './clock.ts';
import { type Course, courseOf, type Point } from './course.ts';
import { type Html, html } from './html.ts';

const HEIGHT = 290;
const TOP = 30;
const BOTTOM = HEIGHT - 26;
/** The drawing is stretched to the width of the screen; its labels and the width of its lines are not. */
const WIDTH = 1000;

/** The month's billable records, summed up, with the forecast and the limit of the plan. */
export function monthSection(overview: Overview, clock: Clock): Html {
  const { month } = overview.plan_forecast;
  const course = courseOf(overview, clock);
  return html`<section aria-labelledby="month">
<h2 id="month">Billable records in ${monthOf(month)}</h2>
${chart(course, month)}
${legend(course)}
<details><summary>By day, as a table</summary>
<div class="scroll" role="region" aria-labelledby="month" tabindex="0"><table class="compact">
<thead><tr><th scope="col">Day</th><th scope="col" class="n">Records</th><th scope="col" class="n">Month so far</th></tr></thead>
<tbody>
${course.days.map(
  ({ day, records, total }) =>
    html`<tr><th scope="row">${shortDay(day)}</th><td class="n">${count(records)}</td><td class="n">${count(total)}</td></tr>
`,
)}</tbody></table></div></details>
</section>`;
}

function chart(course: Course, month: string): Html {
  const { length, past, future, reached, end, plan, limit } = course;
  const y = scaleLinear([0, 1.08 * Math.max(plan ?? 0, end?.high ?? 0, reached.records, 1)], [BOTTOM, TOP]);
  const x = scaleLinear([0, length], [0, WIDTH]);
  const across = (at: number) => `${((100 * at) / length).toFixed(2)}%`;
  const up = (records: number, shift = 0) => (y(records) + shift).toFixed(1);
  const path = line<Point>(
    ({ at }) => x(at),
    ({ records }) => y(records),
  ).digits(1);
  const fill = area<Point>(
    ({ at }) => x(at),
    BOTTOM,
    ({ records }) => y(records),
  ).digits(1);
  const band = area<(typeof future)[number]>(
    ({ at }) => x(at),
    ({ low }) => y(low),
    ({ high }) => y(high),
  ).digits(1);
  // Where the plan's line is, its label is enough.
  const labelled = y.ticks(4).filter((tick) => tick > 0 && Math.abs(y(tick) - y(plan ?? 0)) > 18);
  return html`<svg class="chart" width="100%" height="${HEIGHT}" role="img" aria-label="${summary(course)}">
${y.ticks(4).map((tick) => html`<line class="grid" x2="100%" y1="${up(tick)}" y2="${up(tick)}"/>`)}
<svg width="100%" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none">
<path class="band" d="${band(future)}"/>
<path class="fill" d="${fill(past)}"/><path class="past" d="${path(past)}"/><path class="future" d="${path(future)}"/>
</svg>
${labelled.map((tick) => html`<text x="0" y="${up(tick, -5)}">${roughCount(tick)}</text>`)}
${[0, 7, 14, 21].map((at) => html`<text x="${across(at)}" y="${HEIGHT - 8}">${shortDay(dayAfter(month, at))}</text>`)}
<text x="100%" y="${HEIGHT - 8}" text-anchor="end">${shortDay(dayAfter(month, length - 1))}</text>
${
  plan !== null &&
  html`<line class="plan" x2="100%" y1="${up(plan)}" y2="${up(plan)}"/>
${planLabel(course, up(plan, -7))}`
}
${
  limit &&
  html`<line class="limit" x1="${across(limit.at)}" x2="${across(limit.at)}" y1="${up(limit.records)}" y2="${BOTTOM}"/>
<circle class="limit-dot" cx="${across(limit.at)}" cy="${up(limit.records)}" r="5"/>
<text class="limit-label" x="${across(limit.at)}" y="${up(limit.records, -12)}" text-anchor="${limit.at > length / 2 ? 'end' : 'start'}">limit on ${shortDay(limit.day)}</text>`
}
<circle class="reached" cx="${across(reached.at)}" cy="${up(reached.records)}" r="4"/>
</svg>`;
}

/** Where the label of the limit is not. */
function planLabel({ plan, limit, length }: Course, y: string): Html {
  const text = `plan ${roughCount(plan ?? 0)}`;
  return limit && limit.at <= length / 2
    ? html`<text class="plan-label" x="100%" y="${y}" text-anchor="end">${text}</text>`
    : html`<text class="plan-label" x="0" dx="52" y="${y}">${text}</text>`;
}

function legend({ reached, end, plan }: Course): Html {
  const of = (records: number) =>
    plan === null ? roughCount(records) : `${roughCount(records)} (${percent(records / plan)})`;
  return html`<ul class="legend">
<li class="key-past">So far: ${of(reached.records)}</li>
${end && html`<li class="key-future">Forecast: ${of(end.records)}, in 4 of 5 cases ${roughCount(end.low)} to ${roughCount(end.high)}</li>`}
${plan !== null && html`<li class="key-plan">Plan: ${count(plan)}</li>`}
</ul>`;
}

function summary({ reached, end, limit, plan }: Course): string {
  const parts = [
    `Line chart of the month: ${count(reached.records)} billable records so far`,
    ...(end ? [`the forecast for its end is ${count(end.records)}`] : []),
    ...(plan === null ? [] : [`the plan has ${count(plan)}`]),
    ...(limit ? [`the limit is reached on ${longDay(limit.day)}`] : []),
  ];
  return `${parts.join('; ')}.`;
}

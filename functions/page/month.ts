import { scaleLinear } from 'd3-scale';
import { area, line } from 'd3-shape';
import { dayAfter } from '../insights/days.ts';
import type { Forecast } from '../insights/forecast.ts';
import { isUnknownMonth } from '../insights/headline.ts';
import type { Wording } from '../insights/wording/wording.ts';
import { type PageContext, row, section, table, titles } from './context.ts';
import { type Course, courseOf, type Point } from './course.ts';
import { type Html, html } from './html.ts';

const HEIGHT = 290;
const TOP = 30;
const BOTTOM = HEIGHT - 26;
/** The drawing is stretched to the width of the screen; its labels and the width of its lines are not. */
const WIDTH = 1000;

/** The month's billable records, summed up, with the forecast and the limit of the plan. */
export function monthSection(context: PageContext, forecast: Forecast): Html {
  const { page } = context.wording;
  const part = { id: 'month', title: page.monthTitle(forecast.month), views: ['daily_usage'] as const };
  return section(context, part, () => drawMonth(context, forecast));
}

function drawMonth({ overview, state, clock, wording }: PageContext, forecast: Forecast): Html {
  const { page, formats } = wording;
  if (isUnknownMonth(state, forecast, wording)) return html`<p class="nothing">${page.monthUnknown}</p>`;
  const course = courseOf(forecast, overview.daily_usage, clock);
  const columns = titles([[page.day], [page.records, 'n'], [page.monthSoFar, 'n']]);
  const rows = course.days.map(({ day, records, total }) =>
    row(formats.shortDay(day), [
      [formats.count(records), 'n'],
      [formats.count(total), 'n'],
    ]),
  );
  return html`${chart(course, forecast.month, wording)}
${legend(course, wording)}
${forecast.isOfOtherPlan && html`<p class="note">${page.oldPlan}</p>`}
<details><summary>${page.byDay}</summary>
${table('month', columns, rows, 'compact')}</details>`;
}

function chart(course: Course, month: string, wording: Wording): Html {
  const { length, past, future, reached, end, plan, limit } = course;
  const { page, formats } = wording;
  const y = scaleLinear(
    [0, 1.08 * Math.max(plan ?? 0, end?.high ?? 0, reached.records, 1)],
    [BOTTOM, TOP],
  ).clamp(true);
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
  const label = page.chart(reached.records, end?.records ?? null, plan, limit?.day ?? null);
  return html`<svg class="chart" width="100%" height="${HEIGHT}" role="img" aria-label="${label}">
${y.ticks(4).map((tick) => html`<line class="grid" x2="100%" y1="${up(tick)}" y2="${up(tick)}"/>`)}
<svg width="100%" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none">
<path class="band" d="${band(future)}"/>
<path class="fill" d="${fill(past)}"/><path class="past" d="${path(past)}"/><path class="future" d="${path(future)}"/>
</svg>
${labelled.map((tick) => html`<text x="0" y="${up(tick, -5)}">${formats.roughCount(tick)}</text>`)}
${[0, 7, 14, 21].map((at) => html`<text x="${across(at)}" y="${HEIGHT - 8}">${formats.shortDay(dayAfter(month, at))}</text>`)}
<text x="100%" y="${HEIGHT - 8}" text-anchor="end">${formats.shortDay(dayAfter(month, length - 1))}</text>
${
  plan !== null &&
  html`<line class="plan" x2="100%" y1="${up(plan)}" y2="${up(plan)}"/>
${planLabel(course, up(plan, -7), wording)}`
}
${
  limit &&
  html`<line class="limit" x1="${across(limit.at)}" x2="${across(limit.at)}" y1="${up(limit.records)}" y2="${BOTTOM}"/>
<circle class="limit-dot" cx="${across(limit.at)}" cy="${up(limit.records)}" r="5"/>
<text class="limit-label" x="${across(limit.at)}" y="${up(limit.records, -12)}"
 text-anchor="${limit.at > length / 2 ? 'end' : 'start'}">${page.limitOn(limit.day)}</text>`
}
<circle class="reached" cx="${across(reached.at)}" cy="${up(reached.records)}" r="4"/>
</svg>`;
}

/** Where the label of the limit is not. */
function planLabel({ plan, limit, length }: Course, y: string, { page }: Wording): Html {
  const text = page.planLabel(plan ?? 0);
  return limit && limit.at <= length / 2
    ? html`<text class="plan-label" x="100%" y="${y}" text-anchor="end">${text}</text>`
    : html`<text class="plan-label" x="0" dx="64" y="${y}">${text}</text>`;
}

function legend({ reached, end, plan }: Course, { page }: Wording): Html {
  const of = (records: number) => page.ofPlan(records, plan === null ? null : records / plan);
  return html`<ul class="legend">
<li class="key-past">${page.soFar(of(reached.records))}</li>
${end && html`<li class="key-future">${page.forecast(of(end.records), end.low, end.high)}</li>`}
${plan !== null && html`<li class="key-plan">${page.plan(plan)}</li>`}
</ul>`;
}

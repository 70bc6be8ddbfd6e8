import { line } from 'd3-shape';
import { dayAfter } from '../insights/days.ts';
import type { Wording } from '../insights/wording/wording.ts';
import { type Html, html } from './html.ts';

export const DAYS = 90;

const LEVELS = 4;
const HEIGHT = 28;
/** Where the days are, the line of the durations comes below them. */
const DAYS_HEIGHT = 14;
const LINE_TOP = 15;
const LINE_HEIGHT = 12;
/** The id of the marks that all strips share. */
const MONTHS = 'months';

/** What a pipeline did day by day, the last one today. */
export interface Days {
  /** Null before the first execution, and where it is not known. */
  executions: (number | null)[];
  medianSeconds: (number | null)[];
}

export function noDays(): Days {
  const empty = () => Array.from({ length: DAYS }, () => null);
  return { executions: empty(), medianSeconds: empty() };
}

/** The days side by side: how often it ran as a colour, how long it took as a line, and where the months begin. */
export function strip({ executions, medianSeconds }: Days, { page }: Wording): Html {
  const active = executions.filter((number) => (number ?? 0) > 0).length;
  const without = executions.filter((number) => number === 0).length;
  const total = executions.reduce<number>((sum, number) => sum + (number ?? 0), 0);
  const label = page.executionsOn(total, active, without);
  return html`<svg width="100%" height="${HEIGHT}" viewBox="0 0 ${DAYS} ${HEIGHT}" preserveAspectRatio="none"
 role="img" aria-label="${label}">${levelPaths(executions)}<use href="#${MONTHS}"/>${durationLine(medianSeconds)}</svg>`;
}

/** The names of the months above the strips. */
export function monthLabels(today: string, { formats }: Wording): Html {
  return html`<svg class="months" width="100%" height="14" aria-hidden="true">${monthStarts(today).map(
    ({ at, day }) =>
      html`<text x="${((100 * at) / DAYS).toFixed(1)}%" y="11">${formats.shortMonth(day)}</text>`,
  )}</svg>`;
}

/** Where the months begin, drawn once for all strips: 500 of them would be heavy. */
export function monthMarks(today: string): Html {
  const marks = monthStarts(today).map(({ at }) => `M${at} 0v${DAYS_HEIGHT}`);
  return html`<svg class="defs" aria-hidden="true" width="0" height="0"><path id="${MONTHS}" class="month" d="${marks.join('')}"/></svg>`;
}

function monthStarts(today: string): { at: number; day: string }[] {
  return Array.from({ length: DAYS }, (_, at) => ({ at, day: dayAfter(today, at + 1 - DAYS) })).filter(
    ({ day }) => day.endsWith('-01'),
  );
}

/** One path for each level, equal days in one stroke: 500 pipelines have 45,000 days. */
function levelPaths(executions: Days['executions']): Html[] {
  const highest = Math.max(...executions.map((number) => number ?? 0), 1);
  const levels = executions.map((number) => number && Math.ceil((LEVELS * number) / highest));
  const paths = new Map<number, string>();
  for (let start = 0, end = 0; start < levels.length; start = end) {
    const level = levels[start] ?? null;
    do end++;
    while (end < levels.length && levels[end] === level);
    if (level !== null)
      paths.set(level, `${paths.get(level) ?? ''}M${start} ${DAYS_HEIGHT / 2}h${end - start}`);
  }
  return [...paths].map(([level, path]) => html`<path class="l${level}" d="${path}"/>`);
}

function durationLine(values: Days['medianSeconds']): Html | undefined {
  const highest = Math.max(...values.map((value) => value ?? 0));
  if (highest === 0) return undefined;
  const heights = values.map((value) =>
    value === null ? null : Math.round(LINE_TOP + LINE_HEIGHT * (1 - value / highest)),
  );
  // A point between two of its own height says nothing.
  const points = [...heights.entries()].filter(
    ([index, height]) => height !== heights[index - 1] || height !== heights[index + 1],
  );
  const path = line<[number, number | null]>()
    .defined(([, height]) => height !== null)
    .x(([index]) => index)
    .y(([, height]) => height ?? 0);
  return html`<path class="duration" d="${path(points)}"/>`;
}

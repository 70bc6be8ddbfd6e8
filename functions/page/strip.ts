import { line } from 'd3-shape';
import { plural } from '../insights/wording.ts';
import { type Html, html } from './html.ts';

export const DAYS = 90;

const LEVELS = 4;
const SPARK_HEIGHT = 20;

/** What a pipeline did day by day, the last one today. */
export interface Days {
  /** Null before the first execution. */
  executions: (number | null)[];
  medianSeconds: (number | null)[];
}

export function noDays(): Days {
  const empty = () => Array.from({ length: DAYS }, () => null);
  return { executions: empty(), medianSeconds: empty() };
}

/** The days side by side: how often it ran as a colour, how long it took as a line. */
export function strip({ executions, medianSeconds }: Days): Html {
  const active = executions.filter((number) => (number ?? 0) > 0).length;
  const total = executions.reduce<number>((sum, number) => sum + (number ?? 0), 0);
  const label = `${plural(total, 'execution')} on ${plural(active, 'day')}`;
  return html`<svg width="100%" height="14" viewBox="0 -.5 ${DAYS} 1" preserveAspectRatio="none" role="img" aria-label="${label}">${levelPaths(executions)}</svg>${durationLine(medianSeconds)}`;
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
    if (level !== null) paths.set(level, `${paths.get(level) ?? ''}M${start} 0h${end - start}`);
  }
  return [...paths].map(([level, path]) => html`<path class="l${level}" d="${path}"/>`);
}

function durationLine(values: Days['medianSeconds']): Html | undefined {
  const highest = Math.max(...values.map((value) => value ?? 0));
  if (highest === 0) return undefined;
  const path = line<number | null>()
    .defined((value) => value !== null)
    .x((_value, index) => index)
    .y((value) => Math.round(SPARK_HEIGHT * (1 - (value ?? 0) / highest)));
  return html`<svg class="spark" aria-hidden="true" width="100%" height="14" viewBox="0 -1 ${DAYS} ${SPARK_HEIGHT + 2}" preserveAspectRatio="none"><path d="${path(values)}"/></svg>`;
}

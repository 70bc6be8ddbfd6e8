import { describe, expect, test } from 'vitest';
import type { Overview } from '../../../functions/insights/overview.ts';
import { type PageOptions, renderPage } from '../../../functions/page/page.ts';
import { DAY_MS } from '../../../functions/timestamps.ts';
import { DEAD, LOADING, WELL } from '../../fixtures/states.ts';
import { attribute, elementsOf, type HtmlElement, textOf } from '../../support/html.ts';

const OPTIONS: PageOptions = {
  billing: { timeZone: 'America/Sao_Paulo', planRecords: null, planPipelines: null },
  language: 'en',
  muted: { pipelines: [], models: [] },
  isMadeUp: false,
};

function read(overview: Overview, options: Partial<PageOptions> = {}) {
  const { elements } = elementsOf(renderPage(overview, { ...OPTIONS, ...options }));
  const part = (id: string) => {
    const sections = elements.filter((element) => attribute(element, 'aria-labelledby') === id);
    return sections.map(textOf).join();
  };
  return { elements, part, text: textOf(elements.find(({ tagName }) => tagName === 'body') as HtmlElement) };
}

/** The cells of a column of the executions, such as `Next by`. */
function cellsUnder(title: string, { elements }: ReturnType<typeof read>): string[] {
  const table = elements.find((element) => attribute(element, 'class') === 'strips') as HtmlElement;
  const inTable = elements.filter((element) => {
    for (let node = element.parentNode; node; node = 'parentNode' in node ? node.parentNode : null)
      if (node === table) return true;
    return false;
  });
  const rows = inTable
    .filter(({ tagName }) => tagName === 'tr')
    .map((row) => inTable.filter(({ parentNode }) => parentNode === row).map((cell) => textOf(cell).trim()));
  const [head = [], ...body] = rows;
  return body.map((cells) => cells[head.indexOf(title)] ?? '');
}

describe('a sync that died in the month before', () => {
  const died: Overview = {
    ...DEAD,
    asOf: new Date('2026-12-02T15:00:00Z'),
    plan_forecast: DEAD.plan_forecast && {
      ...DEAD.plan_forecast,
      month: '2026-12-01',
      month_to_date_records: 0,
      known_through: new Date('2026-11-25T21:40:00Z'),
      data_through: new Date('2026-11-25T21:30:00Z'),
      projected_month_records: null,
    },
    monthly_usage: [],
  };

  test('says nothing of the month that nobody has read', () => {
    const { text, part } = read(died);
    expect(text).toContain('Everything below is as of Wednesday 25 November 18:40.');
    expect(text).not.toMatch(/By then|0 %|No billable records|So far/);
    for (const id of ['month', 'usage']) expect(part(id)).toContain('Nothing is known of this month.');
    expect(read(died, { language: 'pt-BR' }).part('usage')).toContain('Nada se sabe deste mês.');
  });

  test('shows what is stored of this month, though it is not all, where a run has come so far', () => {
    const forecast = died.plan_forecast && {
      ...died.plan_forecast,
      data_through: new Date('2026-12-01T12:00:00Z'),
      month_to_date_records: 70,
    };
    const { text, part } = read({ ...died, plan_forecast: forecast });
    expect(part('month')).toContain('So far: 70');
    expect(text).not.toMatch(/By then|Nothing is known of this month/);
  });

  test('is told by the day of the billing zone: in the last hours of November in Sao Paulo it is December in London', () => {
    const known_through = new Date('2026-12-01T01:00:00Z');
    const plan_forecast = died.plan_forecast && {
      ...died.plan_forecast,
      known_through,
      data_through: known_through,
    };
    const overview = { ...died, plan_forecast };
    expect(read(overview).text).toContain('Nothing is known of this month.');
    const london = { billing: { ...OPTIONS.billing, timeZone: 'Europe/London' } };
    expect(read(overview, london).text).not.toContain('Nothing is known of this month.');
  });
});

describe('a day that nobody has read', () => {
  const LAST_DAYS = 5;
  /** None ran in the last days, of which three are not known. */
  const silent = (overview: Overview): Overview => ({
    ...overview,
    daily_usage: WELL.daily_usage.map((row) =>
      row.day > '2026-11-19'
        ? { ...row, executions: 0, billable_records: 0, median_execution_seconds: null }
        : { ...row, executions: 2 },
    ),
  });
  const labels = (overview: Overview) =>
    read(silent(overview))
      .elements.flatMap((element) => attribute(element, 'aria-label') ?? [])
      .filter((label) => label.includes('executions on'));
  const knownFor = (days: number): Overview => ({
    ...DEAD,
    pipeline_status: DEAD.pipeline_status.map((row) => ({
      ...row,
      known_through: new Date(DEAD.asOf.getTime() - days * DAY_MS),
    })),
  });

  test('is no day without executions', () => {
    // Of the 21st only a part is known.
    expect(new Set(labels(knownFor(3)))).toEqual(new Set(['170 executions on 85 days, 1 day without']));
    expect(new Set(labels(WELL))).toEqual(new Set([`170 executions on 85 days, ${LAST_DAYS} days without`]));
  });

  test('is none either where the reading of a first load has not arrived', () => {
    expect(new Set(labels(LOADING))).toEqual(new Set(['170 executions on 85 days, 0 days without']));
  });

  test('is what the legend says', () => {
    expect(read(WELL).part('executions')).toContain(
      'where nothing is drawn, it had not begun or nothing is known',
    );
  });
});

test('of a pipeline that was never read to its end no next execution and no punctuality is told', () => {
  const expected_by = new Date('2026-09-14T12:00:00Z');
  const withFigures = (overview: Overview): Overview => ({
    ...overview,
    pipeline_status: overview.pipeline_status.map((row) => ({ ...row, expected_by, on_time_share_30d: 0 })),
  });
  const loading = read(withFigures(LOADING));
  const well = read(withFigures(WELL));
  expect(new Set(cellsUnder('Next by', loading))).toEqual(new Set(['–']));
  expect(new Set(cellsUnder('On time', loading))).toEqual(new Set(['–']));
  expect(new Set(cellsUnder('Next by', well))).toEqual(new Set(['14 Sept 09:00']));
  expect(new Set(cellsUnder('On time', well))).toEqual(new Set(['0 %']));
});

test('a sum below nought, from corrections, is no share below 0 %, and draws nothing out of bounds', () => {
  const records = -8_695_652_110_000;
  const { text, elements } = read({
    ...WELL,
    plan_forecast: WELL.plan_forecast && {
      ...WELL.plan_forecast,
      month_to_date_records: records,
      projected_month_records: records,
      projected_low: records,
      projected_high: records,
    },
    monthly_usage: WELL.monthly_usage.map((row) => ({ ...row, billable_records: records })),
  });
  expect(text).toContain('Day 24 of 30: 0 % of the plan used, on course for 0 %: it lasts this month.');
  expect(text).toContain('So far: -8.7T (0 %)');
  // A cell and the next one: the sum, and its share.
  expect(text).toContain('-8,695,652,110,0000 %');
  const numbers = elements.flatMap(({ attrs }) =>
    attrs.flatMap(({ name, value }) =>
      /^(?:d|width|y1|y2|cy)$/.test(name) ? (value.match(/-?\d+(?:\.\d+)?/g) ?? []) : [],
    ),
  );
  expect(numbers.length).toBeGreaterThan(100);
  for (const number of numbers) expect(Math.abs(Number(number))).toBeLessThanOrEqual(1000);
  expect(numbers.filter((number) => Number(number) < -30)).toEqual([]);
});

import { describe, expect, test } from 'vitest';
import { type PageOptions, renderPage } from '../../../functions/page/page.ts';
import { createOverview } from '../../fixtures/overview.ts';
import { attribute, type HtmlElement as Element, elementsOf, textOf } from '../../support/html.ts';

const HOSTILE = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>\'',
  '</title></style></svg><svg onload=alert(1)>',
  '<!-- {{7*7}} &lt;b&gt; -->',
  '\u202Eevil\u0000\ud800\u0007',
  'שלום عليكم',
  '🛒👩‍👩‍👧',
  'x'.repeat(300),
];

const OPTIONS: PageOptions = {
  billing: { timeZone: 'America/Sao_Paulo', planRecords: null, planPipelines: null },
  language: 'en',
  muted: { pipelines: [], models: [] },
  isMadeUp: false,
};
const inZone = (timeZone: string) => ({ ...OPTIONS, billing: { ...OPTIONS.billing, timeZone } });

const hostile = createOverview({ pipelines: 24, models: 16, nameOf: (index) => HOSTILE[index % 8] ?? '' });
const page = renderPage(
  {
    ...hostile,
    pipeline_status: hostile.pipeline_status.map((row, index) => ({
      ...row,
      failing_share_30d: 0.25,
      state: 'failing',
      state_message: HOSTILE[index % 8] ?? '',
      ...(index === 3 ? { state: 'disabled', silence_reason: 'switched_off' } : {}),
    })),
    sync_runs: hostile.sync_runs.map((row) => ({
      ...row,
      mode: '<i>',
      error_code: '<b onclick=x>',
      version: '<u>',
    })),
  },
  OPTIONS,
);

describe('names that somebody chose with malice', () => {
  const { elements, errors } = elementsOf(page);

  test('become text, and nothing else', () => {
    expect(errors).toEqual([]);
    const names = new Set(elements.map(({ tagName }) => tagName));
    for (const name of ['script', 'img', 'iframe', 'object', 'i', 'b', 'link', 'form']) {
      expect(names).not.toContain(name);
    }
    const attributes = elements.flatMap(({ attrs }) => attrs.map(({ name }) => name));
    expect(attributes.filter((name) => name.startsWith('on') || name === 'style')).toEqual([]);
    const shown = elements.filter(({ tagName }) => tagName === 'bdi').map(textOf);
    expect(shown).toContain('<script>alert(1)</script>');
    expect(shown).toContain('🛒👩‍👩‍👧');
    expect(shown).toContain(`${'x'.repeat(79)}…`);
  });

  test('are no more in what Kondado says, and what is switched off stands apart', () => {
    const reasons = elements.filter(({ tagName }) => tagName === 'p').map(textOf);
    expect(reasons.filter((reason) => reason.includes('“"><img src=x onerror=alert(1)>\'”'))).not.toEqual([]);
    expect(elements.filter(({ tagName }) => tagName === 'h3').map(textOf)).toContain(
      'Switched off in Kondado',
    );
    expect(elements.filter(({ tagName }) => tagName === 'td').map(textOf)).toContain('25 %');
  });

  test('keep the direction of their writing to themselves', () => {
    const texts = elements.flatMap(({ childNodes }) =>
      childNodes.filter((node) => textOf(node).includes('\u202E')),
    );
    const own = texts.filter((node) => 'value' in node);
    expect(own.length).toBeGreaterThan(2);
    for (const { parentNode } of own) expect((parentNode as Element).tagName).toBe('bdi');
  });
});

describe('the page', () => {
  const { elements } = elementsOf(page);
  const named = (...names: string[]) => elements.filter(({ tagName }) => names.includes(tagName));

  test('loads nothing', () => {
    const links = elements.flatMap(({ attrs }) =>
      attrs.filter(({ name }) => /^(?:src|href|srcset|data|action|poster|xlink:href|background)$/.test(name)),
    );
    const outside = links.filter(({ value }) => !value.startsWith('#'));
    expect(outside.length).toBeGreaterThan(20);
    // Where Kondado shows a pipeline or model: a link, which is followed only by who clicks on it.
    for (const { value } of outside) {
      expect(value).toMatch(/^https:\/\/app\.kondado\.com\.br\/(?:pipelines|models)\/\d+$/);
    }
    const leading = elements.filter((element) => attribute(element, 'href')?.startsWith('https:'));
    expect(leading).toHaveLength(outside.length);
    for (const { tagName } of leading) expect(tagName).toBe('a');
    expect(page).not.toMatch(/url\(|@import|@font-face/);
  });

  test('forbids scripts when it is opened as a file too', () => {
    const policy = named('meta').find((meta) => attribute(meta, 'http-equiv') === 'Content-Security-Policy');
    expect(policy && attribute(policy, 'content')).toContain("default-src 'none'");
  });

  test('has one first heading, and no heading skips a level', () => {
    const levels = named('h1', 'h2', 'h3', 'h4').map(({ tagName }) => Number(tagName[1]));
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    levels.reduce((before, level) => {
      expect(level).toBeLessThanOrEqual(before + 1);
      return level;
    }, 0);
  });

  test('can be read without seeing it', () => {
    expect(attribute(named('html')[0] as Element, 'lang')).toBe('en');
    const drawings = named('svg').filter(({ parentNode }) => (parentNode as Element).tagName !== 'svg');
    expect(drawings.length).toBeGreaterThan(20);
    for (const svg of drawings) {
      const isDecoration = attribute(svg, 'aria-hidden') === 'true';
      expect(isDecoration || (attribute(svg, 'role') === 'img' && attribute(svg, 'aria-label'))).toBeTruthy();
    }
    const ids = new Set(elements.map((element) => attribute(element, 'id')));
    for (const element of elements) {
      const label = attribute(element, 'aria-labelledby');
      if (label !== undefined) expect(ids).toContain(label);
    }
    for (const table of named('table')) {
      const region = table.parentNode as Element;
      expect(attribute(region, 'tabindex')).toBe('0');
      expect(attribute(region, 'role')).toBe('region');
    }
    for (const cell of named('th')) expect(attribute(cell, 'scope')).toMatch(/^(?:row|col)$/);
  });

  test('is below 1 MB with 500 pipelines, 90 days, and long names', () => {
    const nameOf = (index: number) => `Pipeline ${index} ${'of a very long name '.repeat(15)}`;
    const large = renderPage(createOverview({ pipelines: 500, models: 100, nameOf }), OPTIONS);
    expect(large.match(/class="strip"/g)).toHaveLength(500);
    expect(Buffer.byteLength(large)).toBeLessThan(1_000_000);
  });
});

test('times are those of the billing time zone, which is named', () => {
  expect(page).toContain('<time datetime="2026-11-24T11:00Z">24 Nov 08:00</time>');
  const tokyo = renderPage(hostile, inZone('Asia/Tokyo'));
  expect(tokyo).toContain('<time datetime="2026-11-24T11:00Z">24 Nov 20:00</time>');
  expect(tokyo).toContain('Asia/Tokyo');
});

test.each([
  ['the month has just begun, with nothing of it stored', { month: '2026-12-01', month_to_date_records: 0 }],
  ['the data ends with the last moment of the month', { data_through: new Date('2026-12-01T03:00:00Z') }],
  ['there is neither plan nor forecast', { plan_records: null, projected_month_records: null }],
  ['nothing at all was billable', { month_to_date_records: 0, projected_month_records: 0 }],
  ['the limit was reached on the first day', { plan_records: 10, limit_date: '2026-11-01' }],
])('all numbers are numbers where %s', (_case, fields) => {
  const overview = { ...hostile, plan_forecast: { ...hostile.plan_forecast, ...fields } };
  for (const usage of [overview, { ...overview, daily_usage: [], monthly_usage: [], pipeline_status: [] }]) {
    expect(renderPage(usage, OPTIONS)).not.toMatch(/NaN|Infinity|undefined|null/);
  }
});

test('a warehouse in which no run has stored anything tells how the runs went', () => {
  const sync_health = hostile.sync_health.map((row) => ({
    ...row,
    health: 'failing',
    last_success_at: null,
    minutes_since_success: null,
    watermark: null,
    known_through: null,
  }));
  const [run] = hostile.sync_runs;
  const sync_runs = sync_health.flatMap(({ stream }) =>
    run === undefined ? [] : { ...run, stream, outcome: 'failed', error_code: 'KONDADO_UNAVAILABLE' },
  );
  const plan_forecast = { ...hostile.plan_forecast, data_through: null, known_through: null };
  const text = renderPage({ ...hostile, plan_forecast, sync_health, sync_runs }, OPTIONS);
  expect(text).toContain('nothing is stored yet; the last run failed.');
  expect(text).toContain('The last run failed with KONDADO_UNAVAILABLE; none has succeeded yet.');
});

import { describe, expect, test } from 'vitest';
import type { Overview } from '../../../functions/insights/overview.ts';
import { renderErrorPage } from '../../../functions/page/error.ts';
import { type PageOptions, renderPage } from '../../../functions/page/page.ts';
import type { Language } from '../../../functions/variables.ts';
import { createOverview } from '../../fixtures/overview.ts';
import { DEAD, EMPTY, LOADING, SHORT, WELL } from '../../fixtures/states.ts';
import { attribute, elementsOf, textOf } from '../../support/html.ts';

const OPTIONS: PageOptions = {
  billing: { timeZone: 'America/Sao_Paulo', planRecords: null, planPipelines: null },
  language: 'en',
  muted: { pipelines: [], models: [] },
  isMadeUp: false,
};
const STATES: Record<string, Overview> = { WELL, SHORT, LOADING, DEAD, EMPTY };

function read(overview: Overview | null, options: Partial<PageOptions> = {}) {
  const { elements, errors } = elementsOf(renderPage(overview, { ...OPTIONS, ...options }));
  const named = (name: string) => elements.filter(({ tagName }) => tagName === name);
  const classes = elements.flatMap((element) => attribute(element, 'class')?.split(' ') ?? []);
  const [body] = named('body');
  const texts = elements.flatMap(({ tagName, childNodes }) =>
    tagName === 'style' ? [] : childNodes.flatMap((node) => ('value' in node ? node.value : [])),
  );
  return { elements, errors, named, classes, texts, text: body === undefined ? '' : textOf(body) };
}

describe('green is what all is well with', () => {
  test('and nothing else', () => {
    expect(read(WELL).classes.filter((name) => name === 'good')).toHaveLength(1);
  });

  test.each([
    ['a first load', LOADING, {}],
    ['a dead sync', DEAD, {}],
    ['made-up data', WELL, { isMadeUp: true }],
    ['nothing at all', EMPTY, {}],
  ])('not %s', (_case, overview, options) => {
    expect(read(overview, options).classes).not.toContain('good');
  });
});

test('made-up data is said to be made up before anything else', () => {
  for (const overview of [WELL, LOADING, DEAD, EMPTY, null]) {
    expect(read(overview, { isMadeUp: true }).text.trim()).toMatch(/^Made-up data: /);
  }
  expect(read(WELL).text).not.toContain('Made-up');
});

test('a first load shows neither forecast nor judgement', () => {
  const { text, elements } = read(LOADING);
  const ids = elements.flatMap((element) => attribute(element, 'id') ?? []);
  expect(ids).toEqual(expect.arrayContaining(['attention', 'executions', 'sync']));
  expect(ids).not.toContain('month');
  expect(ids).not.toContain('usage');
  expect(text).not.toMatch(/of the plan used|on course|Nothing\.|Nothing needs attention/);
});

test('a dead sync tells how much was used then, and nothing of what lies ahead', () => {
  const { text } = read(DEAD);
  expect(text).toContain('By then 60 % of the plan was used.');
  expect(text).not.toContain('it lasts');
  expect(text).toContain('KONDADO_UNAUTHORIZED: Check the API key and the token of Kondado');
});

test('the troubles of the sync are in no fold, however many there are', () => {
  const { named } = read(
    {
      ...createOverview({ pipelines: 40, nameOf: (index) => `Fonte ${index}` }),
      sync_health: Array.from({ length: 30 }, (_, index) => ({
        ...(DEAD.sync_health[0] as Overview['sync_health'][0]),
        client_id: String(index),
      })),
    },
    {},
  );
  const folded = named('details').map(textOf).join();
  const all = named('main').map(textOf).join();
  expect(all.match(/sync failing/g)).toHaveLength(30);
  expect(folded).toMatch(/many records|slow/);
  expect(folded).not.toContain('sync failing');
});

describe('a view that cannot be read', () => {
  const VIEWS = [
    'daily_usage',
    'monthly_usage',
    'pipeline_status',
    'model_status',
    'sync_health',
    'sync_runs',
    'coverage',
    'execution_anomalies',
  ] as const;

  test.each(VIEWS)('%s: only its own part is lost, and says so', (view) => {
    const { text, elements } = read({ ...SHORT, [view]: [], failures: { [view]: 'WAREHOUSE_REJECTED' } });
    expect(text).toContain('Day 24 of 30: 71 % of the plan used');
    expect(text).toMatch(new RegExp(`not readable\\s+${view}`));
    const ids = elements.flatMap((element) => attribute(element, 'id') ?? []);
    expect(ids).toEqual(expect.arrayContaining(['month', 'attention', 'usage', 'executions', 'sync']));
  });

  test('plan_forecast: what needs attention and the executions are still there', () => {
    const { text } = read({
      ...SHORT,
      plan_forecast: null,
      failures: { plan_forecast: 'WAREHOUSE_REJECTED' },
    });
    expect(text).toContain('How far the plan is used could not be read.');
    expect(text).toMatch(/silent\s+Fonte 3/);
    expect(text).toContain('Last execution');
  });
});

describe('in Portuguese', () => {
  /** Words that English cannot do without, and Portuguese does not have. */
  const ENGLISH = new RegExp(
    String.raw`\b(?:`.concat(
      'the|of|is|are|and|with|through|since|it|to|for|by|on|this|not|yet|what|more|than|last|next|',
      'day|days|hours?|minutes?|rows|records|runs?|plan|nothing|needs|late|silent|stopped|slow|known|set|aside|share|change|used|stored',
      String.raw`)\b`,
    ),
    'gi',
  );
  /** Without days of a month, which have words in one language only. */
  function numbersIn(text: string, language: Language): string[] {
    const plain =
      language === 'en'
        ? text.replaceAll(/\b\d{1,2} (?:Aug|Sep|Oct|Nov|Dec)\w*/g, '').replaceAll(/(\d),(?=\d{3})/g, '$1')
        : text
            .replaceAll(/\b\d{1,2}(?:\/\d{2}| de (?:ago|set|out|nov|dez)\p{L}*)/gu, '')
            .replaceAll(/(\d)\.(?=\d{3})/g, '$1')
            .replaceAll(/(\d),(?=\d)/g, '$1.');
    return plain.match(/\d+(?:\.\d+)?(?: %)?/g) ?? [];
  }

  /** Codes and names are what they are. */
  const codes = (text: string) =>
    text.replaceAll(
      /\b(?:npm run \w+|POST \/|[A-Z]+_[A-Z_]+|\w+_\w+|incremental|success|failed|partial|backfill|from_id \d+|America\/Sao_Paulo)\b/g,
      ' ',
    );
  const inPortuguese = (overview: Overview | null) => read(overview, { language: 'pt-BR', isMadeUp: true });

  test.each(Object.keys(STATES))('no English word is left where it is %s', (name) => {
    const { text, named, elements } = inPortuguese(STATES[name] ?? null);
    expect(attribute(named('html')[0] as never, 'lang')).toBe('pt-BR');
    const labels = elements.flatMap((element) => attribute(element, 'aria-label') ?? []);
    for (const shown of [text, ...labels]) expect(codes(shown).match(ENGLISH)).toBeNull();
  });

  test('the list of English words finds them', () => {
    expect(codes(read(SHORT).text).match(ENGLISH)?.length).toBeGreaterThan(50);
  });

  test.each(Object.keys(STATES))('the same facts stand there where it is %s', (name) => {
    const figures = (language: Language) => {
      const { texts, elements } = read(STATES[name] ?? null, { language });
      const times = elements.flatMap((element) => attribute(element, 'datetime') ?? []);
      const links = elements.flatMap((element) => attribute(element, 'href') ?? []);
      return { times, links, numbers: texts.flatMap((text) => numbersIn(text, language)) };
    };
    expect(figures('pt-BR')).toEqual(figures('en'));
  });

  test('numbers, dates and units are written as in Brazil', () => {
    const { text } = inPortuguese(SHORT);
    expect(text).toContain('71 % do plano consumido');
    expect(text).toContain('1.000.000');
    expect(text).toContain('novembro de 2026');
    expect(text).toContain('sexta-feira, 27 de novembro');
    expect(text).toMatch(/há 20 minutos/);
    expect(text).toMatch(/a cada (?:hora|dia|6 horas)/);
  });
});

test('the time zone stands on the page, and days that were cut in another one are said to be', () => {
  expect(read(WELL).text).toContain('Days and times are those of America/Sao_Paulo.');
  expect(read(WELL).text).not.toContain('another time zone');
  const tokyo = { billing: { ...OPTIONS.billing, timeZone: 'Pacific/Kiritimati' } };
  expect(read(WELL, tokyo).text).toContain('The views cut their days in another time zone');
});

test('muted pipelines are one line that says how many', () => {
  const muted = { pipelines: ['703', '704'], models: [] };
  const { named } = read(SHORT, { muted });
  const findings = named('ul').filter((element) => attribute(element, 'class') === 'findings');
  expect(findings.map(textOf).join()).not.toMatch(/Pipeline, id 70[34]/);
  expect(read(SHORT).text).toMatch(/Pipeline, id 703/);
  expect(textOf(named('main')[0] as never)).toContain(
    '2 more that are muted (MUTED_PIPELINES, MUTED_MODELS).',
  );
});

test.each([
  ['en', 'The page could not be made'],
  ['pt-BR', 'Não foi possível montar a página'],
] as const)('an error is a short page in %s, whatever its message holds', (language, title) => {
  const page = renderErrorPage(
    { code: 'WAREHOUSE_REJECTED', message: 'No <script>table</script>.' },
    language,
  );
  const { elements, errors } = elementsOf(page);
  expect(errors).toEqual([]);
  expect(elements.map(({ tagName }) => tagName)).not.toContain('script');
  const [heading] = elements.filter(({ tagName }) => tagName === 'h1');
  expect(heading && textOf(heading)).toBe(title);
  expect(page).toContain('WAREHOUSE_REJECTED');
  expect(page).toContain('No &lt;script&gt;table&lt;/script&gt;.');
});

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { TABLES } from '../../../functions/schema/tables.ts';
import { readViews } from '../../../functions/views/templates.ts';

const DIALECTS = ['bigquery', 'duckdb'] as const;
type Dialect = (typeof DIALECTS)[number];

const PLACEHOLDERS = {
  dataset: 'd',
  now: 'n',
  time_zone: 'z',
  plan_records: 'r',
  plan_pipelines: 'p',
};

function templates(dialect: Dialect): [view: string, text: string][] {
  const folder = new URL(`../../../functions/views/${dialect}/`, import.meta.url);
  return readdirSync(folder).map((file) => [
    file.replace('.sql', ''),
    readFileSync(new URL(file, folder), 'utf8'),
  ]);
}

/** The tables and views that a view names. */
function reads(text: string): string[] {
  return [...text.matchAll(/\$\{dataset\}\.(\w+)/g)].map(([, name = '']) => name);
}

test('every view is there in both dialects, with the same question in its first line', () => {
  const [questions, twins] = DIALECTS.map((dialect) =>
    templates(dialect).map(([view, text]) => [view, /^-- .*[?.]$/m.exec(text.split('\n')[0] ?? '')?.[0]]),
  );
  expect(questions).toEqual(twins);
  expect(questions?.filter(([, question]) => question === undefined)).toEqual([]);
});

describe.each(DIALECTS)('in the dialect of %s', (dialect) => {
  test('a view comes after those that it reads', () => {
    const order = [...readViews(dialect, PLACEHOLDERS).keys()];
    const pairs = templates(dialect).flatMap(([view, text]) =>
      reads(text)
        .filter((name) => !(name in TABLES))
        .map((name) => [name, view]),
    );
    expect(pairs.length).toBeGreaterThan(3);
    for (const [name = '', view = ''] of pairs) {
      expect(order, `${view} reads ${name}`).toContain(name);
      expect(order.indexOf(name), `${view} reads ${name}`).toBeLessThan(order.indexOf(view));
    }
  });

  test('only the views of the newest versions read the log tables, in which a row may be twice', () => {
    const readers = templates(dialect)
      .filter(([, text]) => reads(text).some((name) => name === 'pipeline_logs' || name === 'model_logs'))
      .map(([view]) => view);
    expect(readers).toEqual(['model_logs_latest', 'pipeline_logs_latest']);
  });

  test('only placeholders that are filled are used', () => {
    const used = templates(dialect).flatMap(([, text]) =>
      [...text.matchAll(/\$\{(\w*)/g)].map(([, name]) => name),
    );
    expect(Object.keys(PLACEHOLDERS)).toEqual(expect.arrayContaining([...new Set(used)]));
  });

  test('every place that a view is read from is one that exists', () => {
    const known = [...Object.keys(TABLES), ...templates(dialect).map(([view]) => view)];
    const named = templates(dialect).flatMap(([, text]) => reads(text));
    expect(known).toEqual(expect.arrayContaining([...new Set(named)]));
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { TABLES } from '../../../functions/schema/tables.ts';
import { readTemplates, readViews } from '../../../functions/views/templates.ts';
import { readDuckDbViews } from '../../../functions/warehouse/duckdb/schema.ts';

const FOLDER = new URL('../../../functions/views/', import.meta.url);
const PLACEHOLDERS = {
  dataset: 'main',
  now: 'CURRENT_TIMESTAMP()',
  time_zone: 'UTC',
  plan_records: '1000',
  plan_pipelines: 'NULL',
};
const TEMPLATES = readTemplates();

/** The tables and views that a view names. */
function reads(text: string): string[] {
  return [...text.matchAll(/\$\{dataset\}\.(\w+)/g)].map(([, name = '']) => name);
}

test('every file is a view, or one for pipelines and one for models', () => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.sql'));
  expect(TEMPLATES.size).toBe(files.length + files.filter((file) => file.includes('{object}')).length);
  for (const [view, text] of TEMPLATES) expect(text, view).not.toMatch(/\$\{object\}/);
});

test.each([...TEMPLATES])('%s says in its first line what question it answers', (_view, text) => {
  expect(text.split('\n')[0]).toMatch(/^-- [A-Z].*[?.]$/);
});

test.each([...TEMPLATES])('%s reads tables and the newest versions of the logs only', (view, text) => {
  const names = reads(text);
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) {
    if (view.endsWith('_latest')) expect(name).toBe(view.replace('_latest', ''));
    else expect(name).toMatch(/^(?:\w+_logs_latest|sync_runs|rejected_rows|status_observations)$/);
    expect(name in TABLES || TEMPLATES.has(name), name).toBe(true);
  }
});

test('a view comes after those that it reads', () => {
  const order = [...readViews(PLACEHOLDERS).keys()];
  expect([...readDuckDbViews(PLACEHOLDERS).keys()]).toEqual(order);
  const pairs = [...TEMPLATES].flatMap(([view, text]) =>
    reads(text).flatMap((name) => (TEMPLATES.has(name) ? [[name, view]] : [])),
  );
  expect(pairs.length).toBeGreaterThan(3);
  for (const [name = '', view = ''] of pairs) expect(order.indexOf(name)).toBeLessThan(order.indexOf(view));
});

test('every placeholder is filled as given', () => {
  for (const views of [readViews(PLACEHOLDERS), readDuckDbViews(PLACEHOLDERS)]) {
    for (const [view, sql] of views) expect(sql, view).not.toMatch(/\$\{|undefined/);
  }
});

test('Terraform finds the same texts', () => {
  const text = readFileSync(new URL('../../../infra/bigquery.tf', import.meta.url), 'utf8');
  expect(text).toContain('functions/views');
  expect(text).toContain('{object}');
  const steps = readdirSync(new URL('steps/', FOLDER)).map((file) => file.replace('.sql', ''));
  expect(steps.toSorted()).toEqual(['regimes', 'silence']);
  for (const name of steps)
    expect(text).toContain(`${name} = trimspace(templatefile("${'$'}{local._view_folder}/steps/${name}.sql"`);
});

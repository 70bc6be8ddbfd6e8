import { expect, test } from 'vitest';
import { readViews } from '../../../functions/views/templates.ts';

const MOST_READS = 35;

const views = readViews('bigquery', {
  dataset: 'p.d',
  now: 'CURRENT_TIMESTAMP()',
  time_zone: 'UTC',
  plan_records: 'NULL',
  plan_pipelines: 'NULL',
});

/** The steps of a WITH clause by name, and the SELECT behind it, without comments. */
function stepsOf(view: string): Map<string, string> {
  const sql = view.replaceAll(/--.*/g, '');
  const starts = [...sql.matchAll(/^(?:WITH (?:RECURSIVE )?)?(\w+) AS \($/gm)];
  const last = sql.lastIndexOf('\n)\n');
  const steps = starts.map(({ 1: name = '', index }, place): [string, string] => [
    name,
    sql.slice(index, starts[place + 1]?.index ?? last),
  ]);
  return new Map([...steps, ['', sql.slice(Math.max(last, 0))]]);
}

/** How often BigQuery reads a table or a result that it keeps: it keeps that of a recursive step, and no other. */
function readsOf(view: string): number {
  const steps = stepsOf(view);
  const isKept = (name: string) => steps.get(name)?.includes(`FROM ${name} WHERE FALSE`) ?? false;
  function reads(step: string): number {
    const found = (steps.get(step) ?? '').matchAll(/\b(?:FROM|JOIN)\s+(`[^`]+`|\w+)/g);
    const sources = [...found].flatMap(({ 1: name = '' }) => (name === step ? [] : [name]));
    return sources.reduce(
      (sum, name) => sum + (name.startsWith('`') || isKept(name) ? 1 : steps.has(name) ? reads(name) : 0),
      0,
    );
  }
  return [...steps.keys()]
    .filter((name) => name === '' || isKept(name))
    .reduce((sum, name) => sum + reads(name), 0);
}

// https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#with_clause
test.each([...views])('%s makes BigQuery run few steps again', (_name, view) => {
  const reads = readsOf(view);
  expect(reads).toBeGreaterThan(0);
  expect(reads).toBeLessThanOrEqual(MOST_READS);
});

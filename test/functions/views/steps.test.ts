import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readTemplates } from '../../../functions/views/templates.ts';

const MOST_READS = 4;
const MOST_LINES = 1_500;
const FOLDER = new URL('../../../functions/views/', import.meta.url);
const TEMPLATES = readTemplates();

/** What a text names after FROM and JOIN, with comments left out: a step of its own, or a table or view in backticks. */
function sourcesIn(sql: string): string[] {
  return [...sql.matchAll(/\b(?:FROM|JOIN)\s+(?:`\$\{dataset\}\.(\w+)`|(\w+)\b(?!\())/g)].flatMap(
    ([, relation, step]) => relation ?? step ?? [],
  );
}

/** The steps of a WITH clause by name, and the SELECT after it under the empty name. */
function stepsOf(text: string): Map<string, string> {
  const sql = text.replaceAll(/--.*/g, '');
  const starts = [...sql.matchAll(/^(?:WITH )?(\w+) AS \($/gm)];
  const end = starts.length === 0 ? 0 : sql.lastIndexOf('\n)\n');
  const steps = starts.map(({ 1: name = '', index }, place): [string, string] => [
    name,
    sql.slice(index, starts[place + 1]?.index ?? end),
  ]);
  return new Map([...steps, ['', sql.slice(end)]]);
}

/**
 * How often a view reads a table of logs once all its steps, and the views that it reads, are written out.
 *
 * BigQuery runs a step anew for each step that reads it:
 * https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#with_clause
 */
function readsOfLogs(view: string): number {
  const steps = stepsOf(TEMPLATES.get(view) ?? '');
  const reads = (step: string): number =>
    sourcesIn(steps.get(step) ?? '').reduce((sum, source) => {
      if (source !== step && steps.has(source)) return sum + reads(source);
      if (TEMPLATES.has(source)) return sum + readsOfLogs(source);
      return sum + (/^(?:pipeline|model)_logs$/.test(source) ? 1 : 0);
    }, 0);
  return reads('');
}

test.each([...TEMPLATES.keys()])('%s reads no table of logs more than four times', (view) => {
  const readsLogs = !['coverage', 'sync_health'].includes(view);
  expect(readsOfLogs(view)).toBeGreaterThanOrEqual(readsLogs ? 1 : 0);
  expect(readsOfLogs(view)).toBeLessThanOrEqual(MOST_READS);
});

test.each([...TEMPLATES])('%s is one SELECT without recursion', (_view, text) => {
  const sql = text.replaceAll(/--.*/g, '');
  expect(sql).toMatch(/^\s*(?:WITH|SELECT)\b/);
  expect(sql).not.toMatch(/\bRECURSIVE\b|;/);
});

test('all views together are short enough to be read', () => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.sql'));
  const lines = files.map((file) => readFileSync(new URL(file, FOLDER), 'utf8').split('\n').length);
  expect(lines.length).toBeGreaterThan(5);
  expect(lines.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(MOST_LINES);
});

test('a read is counted through steps and views, as often as it happens', () => {
  expect(
    sourcesIn('SELECT * FROM a JOIN b USING (c) JOIN `$' + '{dataset}.d_latest` AS e CROSS JOIN UNNEST(f)'),
  ).toEqual(['a', 'b', 'd_latest']);
});

import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { expression, ROOT, readResources } from './hcl.ts';

const VIEWS = new URL('functions/views/', ROOT);
const tables = readdirSync(new URL('functions/schema/', ROOT))
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.replace('.json', ''));

/** Every view with its text; a file whose name holds {object} is one of pipelines and one of models. */
const views = readdirSync(VIEWS)
  .filter((file) => file.endsWith('.sql'))
  .flatMap((file) => {
    const sql = readFileSync(new URL(encodeURIComponent(file), VIEWS), 'utf8').replace(
      expression('silence'),
      readFileSync(new URL('steps/silence.sql', VIEWS), 'utf8'),
    );
    const objects = file.includes('{object}') ? ['pipeline', 'model'] : [''];
    return objects.map((object) => ({
      name: file.replace('{object}', object).replace('.sql', ''),
      sql: sql.replaceAll(expression('object'), object),
    }));
  });
const isLatest = (name: string) => name.endsWith('_latest');

test('the views that read tables only are made after the tables, and the others after these', async () => {
  const resources = (await readResources()).filter(({ body }) => 'view' in body);
  expect(Object.fromEntries(resources.map(({ name, body }) => [name, body.depends_on]))).toEqual({
    latest_views: [expression('google_bigquery_table.tables')],
    views: [expression('google_bigquery_table.latest_views')],
  });
});

test('there is one view of the newest version of each row for each of the two logs', () => {
  expect(
    views
      .map(({ name }) => name)
      .filter(isLatest)
      .sort(),
  ).toEqual(['model_logs_latest', 'pipeline_logs_latest']);
});

test.each(views)('$name reads nothing that is made after it', ({ name, sql }) => {
  const reads = [...sql.matchAll(/\$\{dataset\}\.(\w+)/g)].map(([, read]) => read);
  const before = isLatest(name) ? [] : views.map((view) => view.name).filter(isLatest);
  expect(reads).not.toEqual([]);
  expect([...tables, ...before]).toEqual(expect.arrayContaining(reads));
});

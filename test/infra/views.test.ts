import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import released from '../../infra/released/views.json' with { type: 'json' };
import { expression, MODULE, ROOT, readFolder, readResources } from './hcl.ts';

const VIEWS = new URL('functions/views/bigquery/', ROOT);
const tables = readdirSync(new URL('functions/schema/', ROOT))
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.replace('.json', ''));
const views = readdirSync(VIEWS).map((file) => file.replace('.sql', ''));

/** The resources of bigquery.tf for views: the first reads tables only, each other one reads those before it. */
const LEVELS = ['views', 'views_on_views', 'views_two_up', 'views_three_up'];

function reads(view: string): string[] {
  const sql = readFileSync(new URL(`${view}.sql`, VIEWS), 'utf8');
  return [...sql.matchAll(/\$\{dataset\}\.(\w+)/g)].map(([, name]) => name as string);
}

/** How many views lie between this one and the tables. */
function depth(view: string, above: readonly string[] = []): number {
  if (above.includes(view)) throw new Error(`These views read each other: ${above.join(', ')}.`);
  const below = reads(view).filter((name) => views.includes(name));
  return Math.max(-1, ...below.map((name) => depth(name, [...above, view]))) + 1;
}

test('Terraform has a resource for each depth of views, one made after the other', async () => {
  const resources = (await readResources()).filter(({ body }) => 'view' in body);
  const after = Object.fromEntries(resources.map(({ name, body }) => [name, body.depends_on]));
  const below = ['tables', ...LEVELS];
  expect(after).toEqual(
    Object.fromEntries(
      LEVELS.map((name, index) => [name, [expression(`google_bigquery_table.${below[index]}`)]]),
    ),
  );
});

test.each(views)('%s reads tables and views that exist, and there is a resource for its depth', (view) => {
  expect([...tables, ...views]).toEqual(expect.arrayContaining(reads(view)));
  expect(LEVELS[depth(view)]).toBeDefined();
});

// infra/released/views.json says in which resource each view of the last release is. In another one it has another address:
// Terraform would delete and make it at the same time, and the second may fail because it is still there.
test('a view whose depth has changed since the last release has a moved block', async () => {
  const moved = Object.values(await readFolder(MODULE)).flatMap((file) => file.moved ?? []);
  for (const [view, resource] of Object.entries(released)) {
    const now = views.includes(view) ? LEVELS[depth(view)] : resource;
    const [from, to] = [resource, now].map((name) => expression(`google_bigquery_table.${name}["${view}"]`));
    if (now !== resource) expect(moved, view).toContainEqual({ from, to });
  }
});

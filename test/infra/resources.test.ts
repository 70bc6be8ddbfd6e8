import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseRunRequest } from '../../functions/sync/request.ts';
import { readSchemas } from './check/schemas.ts';
import {
  type Block,
  expression,
  INFRA,
  readFolder,
  readHcl,
  readLocal,
  readResources,
  readTexts,
  readVariables,
} from './hcl.ts';

test('no credential is written where Terraform keeps it', async () => {
  const resources = await readResources();
  for (const { type, body } of resources)
    if (type === 'google_secret_manager_secret_version') {
      expect(body).not.toHaveProperty('secret_data');
      expect(body.secret_data_wo).toBe(expression('local._values[each.key]'));
    }
  const users = Object.entries(await readFolder(INFRA)).filter(([, file]) =>
    /var\.kondado_(api_key|token)/.test(JSON.stringify({ ...file, variable: undefined })),
  );
  expect(users.map(([name]) => name)).toEqual(['secrets.tf']);
});

test('at most one instance, standard SQL, and the identity is for the service itself', async () => {
  const resources = await readResources();
  const find = (type: string) => resources.filter((resource) => resource.type === type);
  const [sync] = find('google_cloudfunctions2_function');
  expect(sync?.body.service_config[0].max_instance_count).toBe(1);
  for (const { name, body } of find('google_bigquery_table'))
    if ('view' in body) expect(body.view[0].use_legacy_sql, name).toBe(false);
  const uri = expression('google_cloudfunctions2_function.sync.service_config[0].uri');
  const jobs = find('google_cloud_scheduler_job');
  expect(jobs).toHaveLength(1);
  for (const { name, body } of jobs) {
    expect(body.http_target[0].uri, name).toBe(uri);
    expect(body.http_target[0].oidc_token[0].audience, name).toBe(uri);
  }
  const [queue] = find('google_cloud_tasks_queue');
  expect(queue?.body.http_target[0].oidc_token[0].audience).toBe(uri);
  expect(queue?.body.http_target[0].uri_override[0].uri_override_enforce_mode).toBe('ALWAYS');
});

test('the function is deployed after its tables: new code never meets a table whose update failed', async () => {
  const sync = (await readResources()).find(({ type }) => type === 'google_cloudfunctions2_function');
  expect(sync?.body.depends_on).toContain(expression('google_bigquery_table.tables'));
});

test('the source is named with its generation, which would be known only after each apply otherwise', async () => {
  const sync = (await readResources()).find(({ type }) => type === 'google_cloudfunctions2_function');
  // A mock would make a number of nothing.
  expect(sync?.body.build_config[0].source[0].storage_source[0].generation).toBe(
    expression('google_storage_bucket_object.source.generation'),
  );
});

test('a run ends before the function’s time-out, and that before Cloud Scheduler stops waiting', async () => {
  const { time_budget_seconds: budget } = await readVariables();
  const largestBudget = Number(/<= (\d+)/.exec(budget?.validation[0].condition)?.[1]);
  const timeout = (await readLocal('timeout_seconds')) as number;
  const deadline = (await readLocal('attempt_deadline_seconds')) as number;
  expect(budget?.default).toBeLessThanOrEqual(largestBudget);
  expect(largestBudget).toBeLessThanOrEqual(timeout - 60);
  expect(timeout).toBeLessThan(deadline);
  expect(deadline).toBeLessThanOrEqual(1800);

  const resources = await readResources();
  const body = (type: string) => resources.find((resource) => resource.type === type)?.body;
  expect(body('google_cloudfunctions2_function')?.service_config[0].timeout_seconds).toBe(
    expression('local.timeout_seconds'),
  );
  expect(body('google_cloud_scheduler_job')?.attempt_deadline).toBe(
    `${expression('local.attempt_deadline_seconds')}s`,
  );
});

test('every reference is to something that there is', async () => {
  const files = Object.values(await readFolder(INFRA));
  const addresses = (kind: 'resource' | 'data') =>
    files.flatMap((file) =>
      Object.entries(file[kind] ?? {}).flatMap(([type, bodies]) =>
        Object.keys(bodies).map((name) => `${kind === 'data' ? 'data.' : ''}${type}.${name}`),
      ),
    );
  const known = new Set([
    ...Object.keys(await readVariables()).map((name) => `var.${name}`),
    ...files.flatMap(({ locals = [] }) => locals.flatMap(Object.keys)).map((name) => `local.${name}`),
    ...addresses('resource'),
    ...addresses('data'),
  ]);
  const references = readTexts(INFRA)
    .replaceAll(/^\s*(#|(description|error_message) +=).*$/gm, '')
    .matchAll(/(?<![\w."/-])(?:(?:var|local|module)\.\w+|(?:data\.)?(?:google|time|archive)_\w+\.\w+)/g);
  for (const [reference] of references) expect(known).toContain(reference);
});

test('the data is protected against deletion, and never expires, unless somebody asks for it', async () => {
  const resources = await readResources();
  const find = (type: string) => resources.filter((resource) => resource.type === type);
  for (const { name, body } of [...find('google_bigquery_table'), ...find('google_secret_manager_secret')])
    expect(body.deletion_protection, name).toBe('view' in body ? false : expression('var.protect_data'));
  const [dataset] = find('google_bigquery_dataset');
  expect(dataset?.body).toMatchObject({
    deletion_policy: expression('var.protect_data ? "PREVENT" : "DELETE"'),
    delete_contents_on_destroy: false,
  });
  const { protect_data, partition_expiration_days } = await readVariables();
  expect(protect_data?.default).toBe(true);
  expect(partition_expiration_days?.default).toBe(0);
});

test('nothing that people change casually makes data be replaced', async () => {
  // A change of these replaces the resource, and what it holds.
  const FORCES_NEW: Record<string, string[]> = {
    google_bigquery_dataset: ['project', 'dataset_id'],
    google_bigquery_table: ['project', 'dataset_id', 'table_id', 'time_partitioning.0.field'],
    google_secret_manager_secret: ['project', 'secret_id'],
  };
  const allowed = new Set([
    expression('var.project_id'),
    expression('var.dataset_id'),
    expression('google_bigquery_dataset.kondado.dataset_id'),
    expression('each.key'),
    expression('each.value'),
    expression('each.value.partition.field'),
  ]);
  const found: string[] = [];
  for (const { type, name, body } of await readResources()) {
    for (const path of FORCES_NEW[type] ?? []) {
      const value = path.split('.').reduce((at: Block | undefined, key) => at?.[key], body);
      if (value === undefined) continue;
      expect(allowed, `${type}.${name}.${path}`).toContain(value);
      found.push(`${type}.${path}`);
    }
  }
  expect(new Set(found).size).toBe(8);
  const dataset = (await readResources()).find(({ type }) => type === 'google_bigquery_dataset');
  expect(dataset?.body.lifecycle[0].ignore_changes).toEqual([expression('location')]);
  const { locals = [] } = await readHcl(new URL('secrets.tf', INFRA));
  expect(JSON.stringify(locals[0]?.secrets)).not.toMatch(/var\.(?!dataset_id\b)/);
  expect(readFileSync(new URL('bigquery.tf', INFRA), 'utf8')).toContain(
    'ignore_changes = [encryption_configuration]',
  );
});

test('the function accepts what the two schedules post', async () => {
  const schedules = JSON.stringify(await readLocal('schedules'));
  const bodies = [...schedules.matchAll(/jsonencode\((.*?)\)/g)].map(([, body = '']) =>
    body.replaceAll(/(\w+) = /g, '"$1": '),
  );
  expect(bodies.map((body) => parseRunRequest(body).mode)).toEqual(['incremental', 'verify']);
});

test('infra/ is a root that can be a module: no provider block and no module, each resource names its place', async () => {
  for (const [name, { module, provider }] of Object.entries(await readFolder(INFRA)))
    expect({ module, provider }, name).toEqual({});
  const { resources } = readSchemas('google');
  const IMPLIED = ['google_secret_manager_secret_version']; // by the full name of its secret
  for (const { type, name, body } of await readResources()) {
    const attributes = resources[type]?.block.attributes ?? {};
    const canSet = (attribute: string) => attributes[attribute]?.optional || attributes[attribute]?.required;
    if (canSet('project') && !IMPLIED.includes(type))
      expect(body.project, `${type}.${name}`).toBe(expression('var.project_id'));
    for (const place of ['region', 'location'])
      if (canSet(place)) expect(body[place], `${type}.${name}`).toBeDefined();
    for (const labels of ['labels', 'user_labels'])
      if (canSet(labels) && body[labels]?.email_address === undefined)
        expect(body[labels], `${type}.${name}`).toBe(expression('local.labels'));
  }
});

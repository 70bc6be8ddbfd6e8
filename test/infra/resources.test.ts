import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseRunRequest } from '../../functions/sync/request.ts';
import {
  type Block,
  expression,
  INFRA,
  MODULE,
  readFolder,
  readHcl,
  readLocal,
  readResources,
  readTexts,
} from './hcl.ts';

test('no credential is written where Terraform keeps it', async () => {
  const resources = await readResources();
  for (const { type, body } of resources)
    if (type === 'google_secret_manager_secret_version') {
      expect(body).not.toHaveProperty('secret_data');
      expect(body.secret_data_wo).toBe(expression('local._values[each.key]'));
    }
  const users = Object.entries(await readFolder(MODULE)).filter(([, file]) =>
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
  expect(jobs).toHaveLength(2);
  for (const { name, body } of jobs) {
    expect(body.http_target[0].uri, name).toBe(uri);
    expect(body.http_target[0].oidc_token[0].audience, name).toBe(uri);
  }
  const [queue] = find('google_cloud_tasks_queue');
  expect(queue?.body.http_target[0].oidc_token[0].audience).toBe(uri);
  expect(queue?.body.http_target[0].uri_override[0].uri_override_enforce_mode).toBe('ALWAYS');
});

test('a run ends before the function’s time-out, and that before Cloud Scheduler stops waiting', async () => {
  const { variable } = await readHcl(new URL('variables.tf', MODULE));
  const budget = variable?.time_budget_seconds?.[0];
  const largestBudget = Number(/<= (\d+)\}?$/.exec(budget?.validation[0].condition)?.[1]);
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
  for (const folder of [INFRA, MODULE]) {
    const files = Object.values(await readFolder(folder));
    const names = (kind: 'variable' | 'module') => files.flatMap((file) => Object.keys(file[kind] ?? {}));
    const addresses = (kind: 'resource' | 'data') =>
      files.flatMap((file) =>
        Object.entries(file[kind] ?? {}).flatMap(([type, bodies]) =>
          Object.keys(bodies).map((name) => `${kind === 'data' ? 'data.' : ''}${type}.${name}`),
        ),
      );
    const known = new Set([
      ...names('variable').map((name) => `var.${name}`),
      ...names('module').map((name) => `module.${name}`),
      ...files.flatMap(({ locals = [] }) => locals.flatMap(Object.keys)).map((name) => `local.${name}`),
      ...addresses('resource'),
      ...addresses('data'),
    ]);
    const references = readTexts(folder)
      .replaceAll(/^\s*(#|(description|error_message|content|text) +=).*$/gm, '')
      .matchAll(/(?<![\w."/-])(?:(?:var|local|module)\.\w+|(?:data\.)?(?:google|time|archive)_\w+\.\w+)/g);
    for (const [reference] of references) expect(known).toContain(reference);
  }
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
  const { variable } = await readHcl(new URL('variables.tf', INFRA));
  expect(variable?.protect_data?.[0]?.default).toBe(true);
  expect(variable?.partition_expiration_days?.[0]?.default).toBe(null);
});

test('nothing that people change casually makes data be replaced', async () => {
  // A change of these replaces the resource, and what it holds.
  const FORCES_NEW: Record<string, string[]> = {
    google_bigquery_dataset: ['project', 'dataset_id', 'location'],
    google_bigquery_table: ['project', 'dataset_id', 'table_id', 'time_partitioning.0.field'],
    google_secret_manager_secret: ['project', 'secret_id'],
  };
  const allowed = new Set([
    expression('var.project_id'),
    expression('var.dataset_id'),
    expression('var.dataset_location'),
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
  expect(new Set(found).size).toBe(9);
  const { locals = [] } = await readHcl(new URL('secrets.tf', MODULE));
  expect(JSON.stringify(locals[0]?.secrets)).not.toMatch(/var\.(?!dataset_id\b)/);
  expect(readFileSync(new URL('bigquery.tf', MODULE), 'utf8')).toContain(
    'ignore_changes = [encryption_configuration]',
  );
});

test('the function accepts the body of the schedule', async () => {
  const [job] = (await readResources()).filter(({ type }) => type === 'google_cloud_scheduler_job');
  const scheduled = /^\$\{base64encode\("(.*)"\)\}$/.exec(job?.body.http_target[0].body)?.[1] ?? '';
  expect(parseRunRequest(scheduled)).toMatchObject({ mode: 'incremental', dryRun: false });
});

test('only the root has a provider block, and it calls one module', async () => {
  expect(readTexts(MODULE)).not.toMatch(/^provider /m);
  const files = await readFolder(INFRA);
  expect(Object.values(files).flatMap(({ module = {} }) => Object.keys(module))).toEqual(['kondado']);
  expect(Object.values(files).flatMap(({ resource = {} }) => Object.keys(resource))).toEqual([]);
});

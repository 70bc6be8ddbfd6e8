import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readConfig } from '../../functions/config.ts';
import { STREAM_NAMES } from '../../functions/streams.ts';
import { VARIABLES } from '../../functions/variables.ts';
import { type Block, expression, INFRA, ROOT, readLocal, readVariables } from './hcl.ts';

/** What the function knows and the cloud does not need, with the reason. */
const LEFT_OUT = {
  BIGQUERY_API_ENDPOINT: 'another server instead of BigQuery, for tests',
  PUBSUB_API_ENDPOINT: 'another server instead of Pub/Sub, for tests',
  DUCKDB_PATH: 'a file on somebody’s computer',
  KONDADO_API_KEY: 'the key itself; the cloud reads it from Secret Manager',
  KONDADO_TOKEN: 'the token itself; the cloud reads it from Secret Manager',
};
const REQUIRED = ['project_id', 'region'];
/** What terraform.tfvars.example asks for, before all else. */
const ASKED = [...REQUIRED, 'plan_records_per_month', 'plan_active_pipelines', 'alert_emails'];

/** The order of the blocks as they stand in the file, which the parser does not keep. */
function namesInOrder(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, name]) => name as string);
}

test('Terraform sets exactly the variables that functions/variables.ts knows, but for those left out with a reason', async () => {
  const environment = (await readLocal('environment')) as Block;
  const expected = Object.keys(VARIABLES).filter((name) => !Object.hasOwn(LEFT_OUT, name));
  expect(Object.keys(environment).sort()).toEqual(expected.sort());
  expect(Object.keys(VARIABLES)).toEqual(expect.arrayContaining(Object.keys(LEFT_OUT)));
});

test('what Terraform sets by default is a configuration that the function accepts, with the function’s own defaults', async () => {
  const variables = await readVariables();
  const defaultOf = (name: string): unknown => variables[name]?.default;
  const api = variables.kondado_api?.type as string;
  const apiDefault = (name: string) =>
    new RegExp(`${name} *= *optional\\(\\w+, *"?([^")]+)"?\\)`).exec(api)?.[1];
  const set: Record<string, unknown> = {
    BIGQUERY_DATASET: defaultOf('dataset_id'),
    BIGQUERY_TIMEOUT_SECONDS: defaultOf('bigquery_timeout_seconds'),
    BILLING_TIME_ZONE: defaultOf('billing_time_zone'),
    DISPLAY_LANGUAGE: defaultOf('language'),
    INITIAL_ELEMENT_ID: defaultOf('initial_element_id'),
    KONDADO_BASE_URL: apiDefault('base_url'),
    KONDADO_MODEL_LOGS_PATH: apiDefault('model_logs_path'),
    KONDADO_MODEL_STATUS_PATH: apiDefault('model_status_path'),
    KONDADO_PIPELINE_LOGS_PATH: apiDefault('pipeline_logs_path'),
    KONDADO_PIPELINE_STATUS_PATH: apiDefault('pipeline_status_path'),
    KONDADO_RATE_LIMIT_PAUSE_SECONDS: apiDefault('rate_limit_pause_seconds'),
    KONDADO_REQUESTS_PER_MINUTE: apiDefault('requests_per_minute'),
    KONDADO_REQUESTS_PER_SECOND: apiDefault('requests_per_second'),
    KONDADO_REQUEST_TIMEOUT_SECONDS: apiDefault('request_timeout_seconds'),
    LOG_LEVEL: defaultOf('log_level'),
    LOOKBACK_MINUTES: defaultOf('lookback_minutes'),
    STATUS_REQUESTS_PER_RUN: defaultOf('status_requests_per_run'),
    TIME_BUDGET_SECONDS: defaultOf('time_budget_seconds'),
  };
  for (const [name, value] of Object.entries(set))
    expect(String(value), name).toBe(VARIABLES[name as keyof typeof VARIABLES].default);
  expect([...(defaultOf('streams') as string[])].sort()).toEqual([...STREAM_NAMES].sort());
  const environment = {
    ...Object.fromEntries(Object.entries(set).map(([name, value]) => [name, String(value)])),
    BIGQUERY_LOCATION: 'southamerica-east1',
    BIGQUERY_PROJECT: 'my-project',
    KONDADO_API_KEY_SECRET: 'projects/my-project/secrets/kondado-api-key-kondado/versions/latest',
    KONDADO_TOKEN_SECRET: 'projects/my-project/secrets/kondado-token-kondado/versions/latest',
  };
  expect(() => readConfig(environment)).not.toThrow();
});

test('the variables are described, typed, and alphabetical in each file', async () => {
  for (const file of globSync('variables*.tf', { cwd: INFRA })) {
    const names = namesInOrder(readFileSync(new URL(file, INFRA), 'utf8'), /^variable "(\w+)"/gm);
    expect(names, file).toEqual([...names].sort());
  }
  for (const [name, body] of Object.entries(await readVariables())) {
    expect(body.description, name).toMatch(/^[A-Z].*\.$/);
    expect(body.type, name).toBeDefined();
    const accepted = (body.validation as Block[] | undefined) ?? [];
    // A bool cannot be wrong.
    if (body.type !== expression('bool') && body.type !== 'bool')
      expect(accepted.length, name).toBeGreaterThan(0);
    for (const { error_message } of accepted) expect(error_message, name).toMatch(/must .*\.$/s);
  }
});

test('Terraform’s tests refuse a bad value for every validation', async () => {
  const runs = readFileSync(new URL('tests/validation.tftest.hcl', INFRA), 'utf8').split(/^run /m);
  for (const [name, { validation = [] }] of Object.entries(await readVariables())) {
    const refusals = runs.filter((run) =>
      new RegExp(`\\bvar\\.${name}\\b`).test(run.split('expect_failures')[1] ?? ''),
    );
    expect(refusals.length, name).toBeGreaterThanOrEqual(validation.length);
  }
});

test('only what nobody can guess is required', async () => {
  const variables = await readVariables();
  const required = Object.keys(variables).filter((name) => !('default' in (variables[name] ?? {})));
  expect(required.sort()).toEqual(REQUIRED);
});

test('the credentials are ephemeral and sensitive', async () => {
  const variables = await readVariables();
  for (const name of ['kondado_api_key', 'kondado_token'])
    expect(variables[name]).toMatchObject({ ephemeral: true, sensitive: true, default: null });
});

test('terraform.tfvars.example asks for what matters first, and lists the others alphabetically', async () => {
  const text = readFileSync(new URL('terraform.tfvars.example', ROOT), 'utf8');
  const names = namesInOrder(text, /^(?:# )?([a-z_]+) = /gm);
  const optional = Object.keys(await readVariables()).filter((name) => !ASKED.includes(name));
  expect(names).toEqual([...ASKED, ...optional.sort()]);
  expect(namesInOrder(text, /^([a-z_]+) = /gm)).toEqual(ASKED);
  expect(text).toContain('cp terraform.tfvars.example infra/terraform.tfvars');
  expect(readFileSync(new URL('.gitignore', ROOT), 'utf8')).toMatch(/^terraform\.tfvars$/m);
});

test('terraform.tfvars.example says of each variable what its description says', async () => {
  const text = readFileSync(new URL('terraform.tfvars.example', ROOT), 'utf8');
  const shown = [...text.matchAll(/((?:^# [A-Z].*\n(?:^# .*\n)*?))^(?:# )?([a-z_]+) = /gm)].map(
    ([, comment = '', name]) => [name, comment.replaceAll(/^# /gm, '').trim().replaceAll('\n', ' ')],
  );
  const variables = Object.entries(await readVariables());
  expect(Object.fromEntries(shown)).toEqual(
    Object.fromEntries(variables.map(([name, { description }]) => [name, description])),
  );
});

test('what terraform.tfvars.example shows are the defaults', async () => {
  const text = readFileSync(new URL('terraform.tfvars.example', ROOT), 'utf8');
  const variables = await readVariables();
  for (const [, name = '', value] of text.matchAll(/^(?:# )?([a-z_]+) = ([^{\n]+|\{\})$/gm)) {
    if (REQUIRED.includes(name)) continue;
    expect(value, name).toBe(JSON.stringify(variables[name]?.default).replaceAll(',"', ', "'));
  }
});

import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Config, MADE_UP_KEY, readConfig, readReadingConfig } from '../../functions/config.ts';
import { SyncError } from '../../functions/errors.ts';
import { VARIABLES } from '../../functions/variables.ts';

const CREDENTIALS = { KONDADO_API_KEY: 'the-key', KONDADO_TOKEN: 'the-token' };

function read(env: Record<string, string>): Config {
  return readConfig({ ...CREDENTIALS, ...env });
}

function faultsOf(env: Record<string, string>): string {
  try {
    readConfig(env);
  } catch (error) {
    expect(error).toBeInstanceOf(SyncError);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    return (error as SyncError).message;
  }
  throw new Error('accepted');
}

const DEFAULTS: Config = {
  kondado: {
    baseUrl: 'https://k2.kondado.com.br',
    key: { value: 'the-key' },
    token: { value: 'the-token' },
    paths: { pipeline_logs: 'pipeline_logs', model_logs: 'model_logs' },
    statusPaths: { pipeline: 'pipelines/{id}/status', model: 'models/{id}/status' },
    limits: { perSecond: 1, perMinute: 20 },
    rateLimitPauseMs: 60_000,
    requestTimeoutMs: 30_000,
  },
  clientIds: [],
  streams: ['pipeline_logs', 'model_logs'],
  lookbackMs: 3_600_000,
  initialElementId: 0n,
  timeBudgetMs: 1_500_000,
  statusRequestsPerRun: 20,
  continuationQueue: undefined,
  events: undefined,
  warehouse: {
    kind: 'bigquery',
    project: undefined,
    dataset: 'kondado',
    location: undefined,
    apiEndpoint: undefined,
    timeoutMs: 60_000,
  },
  billing: { timeZone: 'America/Sao_Paulo', planRecords: null, planPipelines: null },
  language: 'en',
  muted: { pipelines: [], models: [] },
  logLevel: 'info',
};

const EVERY_VARIABLE = Object.keys(VARIABLES).filter((name) => !Object.hasOwn(CREDENTIALS, name));

test('only the credentials have no default', () => {
  expect(read({})).toEqual(DEFAULTS);
  expect(read({ WAREHOUSE: 'duckdb' }).warehouse).toEqual({
    kind: 'duckdb',
    path: 'kondado.duckdb',
    isSandbox: false,
  });
});

test('an empty variable counts as unset', () => {
  expect(read(Object.fromEntries(EVERY_VARIABLE.map((name) => [name, ''])))).toEqual(DEFAULTS);
  expect(read({ KONDADO_API_KEY_SECRET: '', KONDADO_TOKEN_SECRET: '' })).toEqual(DEFAULTS);
});

test('every variable of the contract is read', () => {
  const env = {
    KONDADO_BASE_URL: 'http://127.0.0.1:8081/api/',
    KONDADO_CLIENT_IDS: '12, 7',
    KONDADO_PIPELINE_LOGS_PATH: '/v2/pipelines/',
    KONDADO_MODEL_LOGS_PATH: 'v2/models',
    KONDADO_PIPELINE_STATUS_PATH: '/v2/status/pipelines/{id}/',
    KONDADO_MODEL_STATUS_PATH: 'v2/models/{id}.json',
    KONDADO_REQUESTS_PER_SECOND: '0.5',
    KONDADO_REQUESTS_PER_MINUTE: '10.5',
    KONDADO_RATE_LIMIT_PAUSE_SECONDS: '1.5',
    KONDADO_REQUEST_TIMEOUT_SECONDS: '2',
    STREAMS: 'model_logs',
    LOOKBACK_MINUTES: '0',
    INITIAL_ELEMENT_ID: '0',
    TIME_BUDGET_SECONDS: '10',
    STATUS_REQUESTS_PER_RUN: '0',
    CONTINUATION_QUEUE: 'projects/my-project/locations/europe-west1/queues/my-queue',
    EVENTS_TOPIC: 'projects/my-project/topics/kondado-events',
    PUBSUB_API_ENDPOINT: 'http://127.0.0.1:8085',
    WAREHOUSE: 'bigquery',
    BIGQUERY_PROJECT: 'my-project',
    BIGQUERY_DATASET: 'logs',
    BIGQUERY_LOCATION: 'southamerica-east1',
    BIGQUERY_API_ENDPOINT: 'http://127.0.0.1:9050',
    BIGQUERY_TIMEOUT_SECONDS: '5',
    BILLING_TIME_ZONE: 'UTC',
    DISPLAY_LANGUAGE: 'pt-BR',
    PLAN_RECORDS_PER_MONTH: '30000000',
    PLAN_ACTIVE_PIPELINES: '40',
    MUTED_PIPELINES: '7, 9007199254740993',
    MUTED_MODELS: '3',
    LOG_LEVEL: 'debug',
  };
  expect(read(env)).toEqual({
    kondado: {
      baseUrl: 'http://127.0.0.1:8081/api',
      key: { value: 'the-key' },
      token: { value: 'the-token' },
      paths: { pipeline_logs: 'v2/pipelines', model_logs: 'v2/models' },
      statusPaths: { pipeline: 'v2/status/pipelines/{id}', model: 'v2/models/{id}.json' },
      limits: { perSecond: 0.5, perMinute: 10.5 },
      rateLimitPauseMs: 1_500,
      requestTimeoutMs: 2_000,
    },
    clientIds: [12n, 7n],
    streams: ['model_logs'],
    lookbackMs: 0,
    initialElementId: 0n,
    timeBudgetMs: 10_000,
    statusRequestsPerRun: 0,
    continuationQueue: 'projects/my-project/locations/europe-west1/queues/my-queue',
    events: { topic: 'projects/my-project/topics/kondado-events', apiEndpoint: 'http://127.0.0.1:8085' },
    warehouse: {
      kind: 'bigquery',
      project: 'my-project',
      dataset: 'logs',
      location: 'southamerica-east1',
      apiEndpoint: 'http://127.0.0.1:9050',
      timeoutMs: 5_000,
    },
    billing: { timeZone: 'UTC', planRecords: 30_000_000, planPipelines: 40 },
    language: 'pt-BR',
    muted: { pipelines: ['7', '9007199254740993'], models: ['3'] },
    logLevel: 'debug',
  });
  expect(read({ WAREHOUSE: 'duckdb', DUCKDB_PATH: '/data/logs é.duckdb' }).warehouse).toEqual({
    kind: 'duckdb',
    path: '/data/logs é.duckdb',
    isSandbox: false,
  });
});

test.each([
  ['~/logs/kondado.duckdb', join(homedir(), 'logs/kondado.duckdb')],
  ['logs/~/kondado.duckdb', 'logs/~/kondado.duckdb'],
  ['a~/kondado.duckdb', 'a~/kondado.duckdb'],
  ['~logs.duckdb', './~logs.duckdb'],
])('of the file %s only a leading ~/ is the home folder', (received, path) => {
  const env = { WAREHOUSE: 'duckdb', DUCKDB_PATH: received };
  expect(read(env).warehouse).toMatchObject({ path });
  expect(readReadingConfig(env).warehouse).toMatchObject({ path });
});

test('the file of the sandbox is not for rows of an account, but its page can be had', () => {
  const env = { WAREHOUSE: 'duckdb', DUCKDB_PATH: '/data/sandbox.duckdb' };
  expect(() => read(env)).toThrow(/DUCKDB_PATH: received a file called sandbox\.duckdb, .* made-up rows/);
  expect(readReadingConfig(env).warehouse).toMatchObject({ path: '/data/sandbox.duckdb', isSandbox: false });
  expect(read({ ...env, KONDADO_API_KEY: MADE_UP_KEY }).warehouse).toMatchObject({ isSandbox: true });
});

test('ids beyond 2^53 stay exact', () => {
  const config = read({ KONDADO_CLIENT_IDS: '9007199254740993', INITIAL_ELEMENT_ID: '9007199254740993' });
  expect(config.clientIds).toEqual([9007199254740993n]);
  expect(config.initialElementId).toBe(9007199254740993n);
});

describe('a value that is not accepted is named with what came and what is accepted', () => {
  const number = /a positive number/;
  test.each<[string, string, RegExp]>([
    ['KONDADO_BASE_URL', 'k2.kondado.com.br', /http:\/\/ or https:\/\//],
    ['KONDADO_BASE_URL', 'ftp://k2.kondado.com.br', /http:\/\/ or https:\/\//],
    ['KONDADO_BASE_URL', 'https://user@k2.kondado.com.br', /without user/],
    ['KONDADO_CLIENT_IDS', '1,,2', /whole numbers with commas/],
    ['KONDADO_CLIENT_IDS', '1,1', /none twice/],
    ['KONDADO_CLIENT_IDS', 'all', /whole numbers with commas/],
    ['KONDADO_PIPELINE_LOGS_PATH', '../admin', /a path below KONDADO_BASE_URL/],
    ['KONDADO_MODEL_LOGS_PATH', 'http://elsewhere/logs', /a path below KONDADO_BASE_URL/],
    ['KONDADO_PIPELINE_STATUS_PATH', 'pipelines/status', /with \{id\} in it once/],
    ['KONDADO_PIPELINE_STATUS_PATH', '{id}/{id}', /with \{id\} in it once/],
    ['KONDADO_MODEL_STATUS_PATH', '../{id}', /a path below KONDADO_BASE_URL/],
    ['KONDADO_REQUESTS_PER_SECOND', '0', number],
    ['KONDADO_REQUESTS_PER_MINUTE', '-1', number],
    ['KONDADO_RATE_LIMIT_PAUSE_SECONDS', '0', number],
    ['KONDADO_REQUEST_TIMEOUT_SECONDS', 'Infinity', number],
    ['KONDADO_REQUEST_TIMEOUT_SECONDS', '30s', number],
    ['STREAMS', 'pipeline_logs,models', /pipeline_logs, model_logs/],
    ['STREAMS', 'model_logs,model_logs', /pipeline_logs, model_logs/],
    ['LOOKBACK_MINUTES', '-1', /a number from 0 on/],
    ['INITIAL_ELEMENT_ID', '1.5', /a whole number from 0 on/],
    ['TIME_BUDGET_SECONDS', '0', number],
    ['TIME_BUDGET_SECONDS', ' ', number],
    ['CONTINUATION_QUEUE', 'my-queue', /projects\/P\/locations\/L\/queues\/Q/],
    ['CONTINUATION_QUEUE', 'projects/p/locations/l/queues/q/tasks/t', /the name of a queue/],
    ['EVENTS_TOPIC', 'kondado-events', /projects\/P\/topics\/T/],
    ['PUBSUB_API_ENDPOINT', 'localhost:8085', /http:\/\/ or https:\/\//],
    ['WAREHOUSE', 'snowflake', /bigquery or duckdb/],
    ['BIGQUERY_PROJECT', 'my project', /a project id/],
    ['BIGQUERY_DATASET', 'my-dataset', /letters, digits and underscores/],
    ['BIGQUERY_DATASET', 'kondado`; DROP', /letters, digits and underscores/],
    ['BIGQUERY_LOCATION', 'E U', /a location/],
    ['BIGQUERY_API_ENDPOINT', 'localhost:9050', /http:\/\/ or https:\/\//],
    ['BIGQUERY_TIMEOUT_SECONDS', 'NaN', number],
    ['BILLING_TIME_ZONE', 'Sao_Paulo', /the IANA time zone database/],
    ['BILLING_TIME_ZONE', '-03:00', /the IANA time zone database/],
    ['BILLING_TIME_ZONE', 'america/sao_paulo', /spelt as there/],
    ['BILLING_TIME_ZONE', 'PST', /such as America\/Sao_Paulo/],
    ['PLAN_RECORDS_PER_MONTH', '0', /a whole number from 1 on/],
    ['PLAN_ACTIVE_PIPELINES', '1e3', /a whole number from 1 on/],
    ['LOG_LEVEL', 'verbose', /debug or info or warn or error/],
  ])('%s=%s', (name, value, accepted) => {
    const message = faultsOf({ ...CREDENTIALS, [name]: value });
    expect(message).toContain(`${name}: received ${JSON.stringify(value)}`);
    expect(message).toMatch(accepted);
    expect(message.match(/received/g)).toHaveLength(1);
  });
});

test('all faults are reported at once', () => {
  const message = faultsOf({
    KONDADO_API_KEY_SECRET: 'kondado-key',
    WAREHOUSE: 'x',
    STREAMS: 'y',
    TIME_BUDGET_SECONDS: 'z',
    BIGQUERY_DATASET: '?',
  });
  for (const name of [
    'KONDADO_API_KEY_SECRET',
    'KONDADO_TOKEN',
    'WAREHOUSE',
    'STREAMS',
    'TIME_BUDGET_SECONDS',
    'BIGQUERY_DATASET',
  ]) {
    expect(message).toContain(name);
  }
});

describe('each credential comes in exactly one of two forms', () => {
  const secretVersions = {
    KONDADO_API_KEY_SECRET: 'projects/p/secrets/kondado-key/versions/latest',
    KONDADO_TOKEN_SECRET: 'projects/123/secrets/kondado_token/versions/7',
  };
  test('as the name of a secret version', () => {
    expect(readConfig(secretVersions).kondado).toMatchObject({
      key: { secretVersion: secretVersions.KONDADO_API_KEY_SECRET },
      token: { secretVersion: secretVersions.KONDADO_TOKEN_SECRET },
    });
  });

  test('one so and one so', () => {
    const { KONDADO_API_KEY_SECRET } = secretVersions;
    expect(readConfig({ KONDADO_API_KEY_SECRET, KONDADO_TOKEN: 'the-token' }).kondado).toMatchObject({
      key: { secretVersion: KONDADO_API_KEY_SECRET },
      token: { value: 'the-token' },
    });
  });

  test.each<[string, Record<string, string>, RegExp]>([
    [
      'both of one',
      { ...CREDENTIALS, ...secretVersions },
      /KONDADO_API_KEY, KONDADO_API_KEY_SECRET: both are set/,
    ],
    ['none of one', { KONDADO_API_KEY: 'k' }, /KONDADO_TOKEN, KONDADO_TOKEN_SECRET: neither is set/],
    [
      'none at all',
      {},
      /KONDADO_API_KEY, KONDADO_API_KEY_SECRET: neither.*KONDADO_TOKEN, KONDADO_TOKEN_SECRET: neither/,
    ],
    ['a blank one', { ...CREDENTIALS, KONDADO_TOKEN: ' ' }, /KONDADO_TOKEN/],
  ])('%s is a fault', (_name, env, message) => {
    expect(faultsOf(env)).toMatch(message);
  });
});

describe('a credential is never shown', () => {
  const key = '5a4db0c5-7a1e-4c0b-9d2e-6b6f6e646164';
  const token = '73616e64626f78206f66206b6f6e6461646f';
  const url = `https://k2.kondado.com.br/pipeline_logs?key=${key}&token=${token}`;
  const withoutScheme = url.replace('https://', '');
  test.each<[string, Record<string, string>]>([
    ['beside a fault', { WAREHOUSE: 'x' }],
    ['in place of the name of its secret', { KONDADO_API_KEY: '', KONDADO_API_KEY_SECRET: key }],
    ['beside the name of its secret', { KONDADO_TOKEN_SECRET: 'projects/p/secrets/s/versions/1' }],
    ['in a URL as base URL', { KONDADO_BASE_URL: url }],
    ['in a URL without scheme as base URL', { KONDADO_BASE_URL: withoutScheme }],
    ['in a URL as path', { KONDADO_PIPELINE_LOGS_PATH: url }],
    ['in a path with its query', { KONDADO_PIPELINE_LOGS_PATH: `pipeline_logs?key=${key}&token=${token}` }],
    ['in place of a number', { KONDADO_CLIENT_IDS: key, INITIAL_ELEMENT_ID: token }],
  ])('%s', (_name, env) => {
    const message = faultsOf({ KONDADO_API_KEY: key, KONDADO_TOKEN: token, ...env });
    expect(message).not.toContain(key);
    expect(message).not.toContain(token);
  });
});

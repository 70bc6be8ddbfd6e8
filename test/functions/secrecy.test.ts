import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, vi } from 'vitest';
import { startBudget } from '../../functions/budget.ts';
import { readConfig } from '../../functions/config.ts';
import { createKondadoClient } from '../../functions/kondado/client.ts';
import { VARIABLES } from '../../functions/variables.ts';
import type { Fault, SandboxRequest } from '../../local/sandbox/server.ts';
import type { BigQueryFault } from '../fakes/bigquery.ts';
import { load } from '../support/rows.ts';
import { type Environment, runSync } from '../support/runs.ts';
import { findSecrets, KEY, TOKEN } from '../support/secrets.ts';
import { type FunctionServer, startFunction } from '../support/server.ts';
import { test } from '../support/test.ts';
import { bigQueryWarehouse, duckDbWarehouse, type TestWarehouse } from '../support/warehouses.ts';

const TABLES = ['pipeline_logs', 'model_logs', 'rejected_rows', 'sync_runs', 'status_observations'];

/** All that the tests of this file print, which run side by side. */
let printed = '';
beforeAll(() => {
  const keep = (chunk: unknown) => {
    printed += typeof chunk === 'string' ? chunk : inspect(chunk, { depth: 12, showHidden: true });
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(keep);
  vi.spyOn(process.stderr, 'write').mockImplementation(keep);
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    vi.spyOn(console, method).mockImplementation((...values) => void values.forEach(keep));
  }
});
afterAll(() => {
  vi.restoreAllMocks();
});

async function dump({ rows }: TestWarehouse): Promise<string> {
  const tables = await Promise.all(TABLES.map((table) => rows(table).catch(() => [])));
  return inspect(tables, { depth: 10, maxArrayLength: null, maxStringLength: null });
}

const html = (text: string) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;');

/** Everything that may go wrong with a request, and say the URL while it does. */
const FAULTS: [string, (request: SandboxRequest, url: string) => Fault][] = [
  [
    'an envelope error with the URL',
    (_, url) => ({ kind: 'envelopeError', error: 'ODD', message: `No: ${url}` }),
  ],
  [
    'an envelope error with the path',
    ({ url }) => ({ kind: 'envelopeError', error: 'ODD', message: `No: ${url}.` }),
  ],
  [
    'an envelope error with both as they are',
    () => ({ kind: 'envelopeError', error: `bad ${KEY}`, message: `${TOKEN} is wrong, ${KEY} too` }),
  ],
  [
    'an unauthorized error with the decoded URL',
    (_, url) => ({
      kind: 'envelopeError',
      error: 'UNAUTHORIZED',
      message: decodeURIComponent(url),
      status: 401,
    }),
  ],
  [
    'an error that is an object with the URL',
    ({ url }) => ({
      kind: 'json',
      value: {
        success: false,
        error: { request: { url, key: KEY, params: [TOKEN] } },
        message: [KEY, { TOKEN }],
      },
    }),
  ],
  [
    'a message with the URL escaped for HTML',
    () => ({ kind: 'envelopeError', error: 'ODD', message: `<b>${html(KEY)}</b> ${html(TOKEN)}` }),
  ],
  [
    'a message in base64 and hexadecimal',
    () => ({
      kind: 'envelopeError',
      error: Buffer.from(KEY).toString('hex'),
      message: `${btoa('x')} ${Buffer.from(TOKEN).toString('base64')}`,
    }),
  ],
  [
    'HTTP 400 with HTML of the URL',
    (_, url) => ({ kind: 'status', status: 400, body: `<a href="${html(url)}">` }),
  ],
  ['HTTP 404 with the URL', (_, url) => ({ kind: 'status', status: 404, body: url })],
  ['HTTP 500 with the URL', (_, url) => ({ kind: 'status', status: 500, body: url })],
  [
    'a redirect to a URL with key and token',
    (_, url) => ({ kind: 'status', status: 302, headers: { location: url } }),
  ],
  ['HTML at 200', (_, url) => ({ kind: 'text', body: `<html>${url} ${KEY} ${TOKEN}` })],
  ['another JSON value', (_, url) => ({ kind: 'json', value: { success: true, data: { [url]: KEY } } })],
  [
    'a cursor that is the key',
    () => ({
      kind: 'json',
      value: { success: true, data: { data: [], pagination: { next_start_element_id: KEY } } },
    }),
  ],
  [
    'a charset that is the token',
    () => ({ kind: 'text', body: '\xff', headers: { 'content-type': `text/json; charset=${TOKEN}` } }),
  ],
  [
    'a pause as long as the token',
    () => ({ kind: 'status', status: 429, headers: { 'retry-after': TOKEN } }),
  ],
  ['a reset', () => ({ kind: 'reset' })],
  ['a reset behind the headers', () => ({ kind: 'resetAfterHeaders' })],
  ['a cut-off body', () => ({ kind: 'cutOff' })],
  ['silence', () => ({ kind: 'hang' })],
  ['RATE_LIMIT_EXCEEDED', () => ({ kind: 'rateLimit' })],
];

describe.concurrent('key and token appear nowhere, however Kondado fails:', () => {
  test.for(FAULTS)('%s', async ([, fault], { folder, startKondado, expect }) => {
    const kondado = await startKondado({
      key: KEY,
      token: TOKEN,
      pipeline_logs: load('pipeline_logs', 60),
      fault: (request) =>
        request.startElementId === 0n ? undefined : fault(request, `${kondado.sandbox.url}${request.url}`),
    });
    const warehouse = duckDbWarehouse(`${folder}/secrecy.duckdb`);
    const env = {
      ...kondado.env,
      ...warehouse.env,
      STREAMS: 'pipeline_logs',
      KONDADO_REQUEST_TIMEOUT_SECONDS: '1',
      // A limiter of its own, so that no test waits for another with the same key.
      KONDADO_REQUESTS_PER_MINUTE: String(1_000_000 + kondado.sandbox.port),
    };
    const { report, lines } = await runSync(env);
    expect(report.outcome).toBe('failed');

    // What is thrown within, with all that hangs on it.
    const config = readConfig(env);
    const budget = startBudget(60_000);
    const client = createKondadoClient(config.kondado, { key: KEY, token: TOKEN }, budget, {
      write: () => {},
    });
    const thrown: unknown = await client
      .of({ stream: 'pipeline_logs', clientId: null })
      .readPage(7n)
      .catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(Error);

    const shown = inspect([report, lines, thrown], { depth: 20, showHidden: true, maxStringLength: null });
    expect(findSecrets(shown)).toEqual([]);
    expect(findSecrets(JSON.stringify(lines))).toEqual([]);
    expect(findSecrets(await dump(warehouse))).toEqual([]);
    expect(findSecrets(printed)).toEqual([]);
  });
});

describe.concurrent('nor however BigQuery fails:', () => {
  const url = `https://k2.kondado.com.br/pipeline_logs?${new URLSearchParams({ key: KEY, token: TOKEN })}`;
  const error = (status: number, reason: string): BigQueryFault => ({
    kind: 'error',
    status,
    reason,
    message: `Cannot do it for ${url}`,
  });
  test.for<[string, BigQueryFault]>([
    ['it refuses', error(400, 'invalid')],
    ['it forbids', error(403, 'accessDenied')],
    ['it fails', error(501, 'backendError')],
    [
      'it refuses rows',
      {
        kind: 'insertErrors',
        errors: (rows) =>
          rows.map((_, index) => ({
            index,
            errors: [{ reason: 'invalid', location: 'id', debugInfo: url, message: `no such field: ${url}` }],
          })),
      },
    ],
  ])('%s', async ([, fault], { startKondado, startBigQuery, expect }) => {
    const kondado = await startKondado({ key: KEY, token: TOKEN, pipeline_logs: load('pipeline_logs', 5) });
    const fake = await startBigQuery({
      fault: ({ table }) => (table === 'pipeline_logs' ? fault : undefined),
    });
    const warehouse = bigQueryWarehouse(fake);
    const run = await runSync({
      ...kondado.env,
      ...warehouse.env,
      KONDADO_REQUESTS_PER_MINUTE: String(1_000_000 + kondado.sandbox.port),
    });
    expect(run.report.outcome).toBe('failed');
    expect(findSecrets(inspect(run, { depth: 20, showHidden: true }))).toEqual([]);
    expect(findSecrets(await dump(warehouse))).toEqual([]);
    expect(findSecrets(JSON.stringify(fake.calls))).toEqual([]);
    expect(findSecrets(printed)).toEqual([]);
  });
});

describe('nor in what the function answers or prints:', () => {
  let server: FunctionServer;
  let url: string;
  beforeAll(async () => {
    server = await startFunction();
    url = server.url;
  });
  afterAll(() => server.close());

  afterEach(() => {
    vi.unstubAllEnvs();
  });

  async function answerTo(env: Environment, body = '{}'): Promise<string> {
    for (const name of Object.keys(VARIABLES)) vi.stubEnv(name, undefined);
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const response = await fetch(url, { method: 'POST', body, headers: { 'content-type': 'text/plain' } });
    return `${inspect([...response.headers])} ${await response.text()}`;
  }

  test('a run that works', async ({ folder, startKondado }) => {
    const kondado = await startKondado({ key: KEY, token: TOKEN, pipeline_logs: load('pipeline_logs', 60) });
    const warehouse = duckDbWarehouse(`${folder}/answer.duckdb`);
    const answer = await answerTo({ ...kondado.env, ...warehouse.env, LOG_LEVEL: 'debug' });
    expect(answer).toContain('"outcome":"success"');
    expect(printed).toContain('sync_finished');
    expect(findSecrets(answer + printed + (await dump(warehouse)))).toEqual([]);
  });

  test('a run that Kondado refuses with the URL', async ({ folder, startKondado }) => {
    const kondado = await startKondado({
      key: KEY,
      token: TOKEN,
      fault: ({ url: path }) => ({
        kind: 'envelopeError',
        error: 'UNAUTHORIZED',
        message: `See ${path} ${KEY}`,
      }),
    });
    const warehouse = duckDbWarehouse(`${folder}/answer.duckdb`);
    const answer = await answerTo({ ...kondado.env, ...warehouse.env, LOG_LEVEL: 'debug' });
    expect(answer).toContain('KONDADO_UNAUTHORIZED');
    expect(findSecrets(answer + printed + (await dump(warehouse)))).toEqual([]);
  });

  test.for<[string, (path: string) => Fault]>([
    [
      'refuses with the URL',
      (path) => ({ kind: 'envelopeError', error: 'OOPS', message: `See ${path} ${KEY}` }),
    ],
    [
      'answers with fields and statuses of that name',
      (path) => ({
        kind: 'json',
        value: path.includes('/status')
          ? { 702: { status: `error_${TOKEN}`, raw_msg: path, [KEY]: TOKEN } }
          : {
              success: true,
              data: {
                data: [{ id: 1, pipeline_id: 702, createdAt: new Date().toISOString(), [KEY]: TOKEN }],
              },
            },
      }),
    ],
  ])('a check that Kondado %s', async ([, fault], { folder, startKondado }) => {
    const kondado = await startKondado({ key: KEY, token: TOKEN, fault: ({ url: path }) => fault(path) });
    const warehouse = duckDbWarehouse(`${folder}/answer.duckdb`);
    const env = { ...kondado.env, ...warehouse.env, LOG_LEVEL: 'debug' };
    const answer = await answerTo(env, '{"check":true}');
    expect(answer).toContain('"mode":"check"');
    expect(findSecrets(answer + printed + (await dump(warehouse)))).toEqual([]);
  });

  test('a configuration that is wrong beside them', async () => {
    const answer = await answerTo({
      KONDADO_API_KEY: KEY,
      KONDADO_TOKEN: TOKEN,
      KONDADO_TOKEN_SECRET: TOKEN,
      KONDADO_BASE_URL: `https://k2.kondado.com.br/?key=${encodeURIComponent(KEY)}`,
      WAREHOUSE: 'x',
    });
    expect(answer).toContain('CONFIG_INVALID');
    expect(findSecrets(answer + printed)).toEqual([]);
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, vi } from 'vitest';
import { VARIABLES } from '../../functions/config.ts';
import { parseJson } from '../../functions/json.ts';
import { load } from '../support/rows.ts';
import type { Environment } from '../support/runs.ts';
import { type FunctionServer, startFunction } from '../support/server.ts';
import { type Kondado, test } from '../support/test.ts';
import { runInDuckDb } from '../support/warehouses.ts';

const REPORT_KEYS = ['run_id', 'mode', 'dry_run', 'outcome', 'started_at', 'finished_at', 'streams'];
const STREAM_KEYS = [
  'stream',
  'client_id',
  'outcome',
  'watermark_before',
  'watermark_after',
  'first_id',
  'last_id',
  'rows_read',
  'rows_inserted',
  'rows_duplicate',
  'rows_rejected',
  'rows_repaired',
  'requests',
  'retries',
  'rate_limit_hits',
  'duration_ms',
  'next_id',
  'error',
];
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

let server: FunctionServer;
let url: string;
let output: string;

beforeAll(async () => {
  server = await startFunction();
  url = server.url;
});
afterAll(() => server.close());
beforeEach(() => {
  output = '';
  vi.spyOn(console, 'error').mockImplementation(() => {}); // the framework's own lines about malformed requests
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    output += chunk;
    return true;
  });
  for (const name of Object.keys(VARIABLES)) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

function setEnvironment(env: Environment): void {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
}

interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: its shape is what the tests check
  body: any;
}

async function send(init: RequestInit, path = ''): Promise<Answer> {
  const response = await fetch(`${url}${path}`, init);
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson && text !== '' ? parseJson(text) : undefined,
  };
}

const post = (body?: string, contentType = 'application/json') =>
  send(
    body === undefined
      ? { method: 'POST' }
      : { method: 'POST', body, headers: { 'content-type': contentType } },
  );

function expectRefusal(answer: Answer, status: number, code: string): void {
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  expect(answer.body).toEqual({
    run_id: expect.stringMatching(UUID),
    outcome: 'failed',
    error: { code, message: expect.stringMatching(/\w{3,}/) },
    streams: [],
  });
  expect(Object.keys(answer.body)).toEqual(['run_id', 'outcome', 'error', 'streams']);
  expect(answer.status).toBe(status);
}

function useDuckDb(kondado: Kondado, folder: string): string {
  const path = join(folder, 'kondado.duckdb');
  setEnvironment({ ...kondado.env, WAREHOUSE: 'duckdb', DUCKDB_PATH: path });
  return path;
}

describe('a run', () => {
  test('answers with exactly the keys and types of the contract', async ({ folder, startKondado }) => {
    const kondado = await startKondado({ pipeline_logs: load('pipeline_logs', 51) });
    useDuckDb(kondado, folder);
    const { status, headers, body } = await post();

    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(Object.keys(body)).toEqual(REPORT_KEYS);
    expect(body).toMatchObject({
      run_id: expect.stringMatching(UUID),
      mode: 'incremental',
      dry_run: false,
      outcome: 'success',
      started_at: expect.stringMatching(ISO),
      finished_at: expect.stringMatching(ISO),
    });
    expect(Date.parse(body.finished_at)).toBeGreaterThanOrEqual(Date.parse(body.started_at));
    expect(body.streams.map(Object.keys)).toEqual([STREAM_KEYS, STREAM_KEYS]);
    expect(body.streams[0]).toEqual({
      stream: 'pipeline_logs',
      client_id: null,
      outcome: 'success',
      watermark_before: null,
      watermark_after: kondado.streams.pipeline_logs.at(-1)?.createdAt,
      first_id: 1000,
      last_id: 1150,
      rows_read: 51,
      rows_inserted: 51,
      rows_duplicate: 0,
      rows_rejected: 0,
      rows_repaired: 0,
      requests: 2,
      retries: 0,
      rate_limit_hits: 0,
      duration_ms: expect.any(Number),
      next_id: null,
      error: null,
    });
    expect(body.streams[1]).toMatchObject({
      stream: 'model_logs',
      outcome: 'success',
      first_id: null,
      requests: 1,
    });
  });

  test('that fails in one stream still does the other, and takes the status of the failure', async ({
    folder,
    startKondado,
  }) => {
    const kondado = await startKondado({
      model_logs: load('model_logs', 3),
      fault: ({ stream }) => (stream === 'pipeline_logs' ? { kind: 'status', status: 401 } : undefined),
    });
    const path = useDuckDb(kondado, folder);
    const { status, body } = await post('{}');

    expect(status).toBe(502);
    expect(Object.keys(body)).toEqual(REPORT_KEYS);
    expect(body.outcome).toBe('failed');
    expect(body.streams[0]).toMatchObject({
      outcome: 'failed',
      next_id: 0,
      error: { code: 'KONDADO_UNAUTHORIZED', message: expect.stringContaining('KONDADO_API_KEY') },
    });
    expect(body.streams[1]).toMatchObject({ outcome: 'success', rows_inserted: 3, error: null });
    expect(await runInDuckDb(path, 'SELECT count(*) AS n FROM model_logs')).toEqual([{ n: 3n }]);
  });

  test('whose time is over is partial, and still a 200', async ({ folder, startKondado }) => {
    const kondado = await startKondado({
      pipeline_logs: load('pipeline_logs', 120),
      fault: ({ startElementId }) => (startElementId === 0n ? undefined : { kind: 'hang' }),
    });
    useDuckDb(kondado, folder);
    setEnvironment({ STREAMS: 'pipeline_logs', TIME_BUDGET_SECONDS: '3.0071' });
    const { status, body } = await post('{}');
    expect(status).toBe(200);
    expect(body.outcome).toBe('partial');
    expect(body.streams).toMatchObject([
      { outcome: 'partial', rows_inserted: 50, next_id: 1147, error: null },
    ]);
  });

  test('that cannot be handed on to Cloud Tasks says so in the log, and in no other place', async ({
    folder,
    startKondado,
  }) => {
    const kondado = await startKondado({
      pipeline_logs: load('pipeline_logs', 120),
      fault: ({ startElementId }) => (startElementId === 0n ? undefined : { kind: 'hang' }),
    });
    useDuckDb(kondado, folder);
    setEnvironment({
      STREAMS: 'pipeline_logs',
      TIME_BUDGET_SECONDS: '3',
      CONTINUATION_QUEUE: 'projects/p/locations/l/queues/q',
      GOOGLE_APPLICATION_CREDENTIALS: join(folder, 'missing.json'),
    });
    const { status, body } = await post('{}');
    expect(status).toBe(200);
    expect(body).toMatchObject({ outcome: 'partial', streams: [{ rows_inserted: 50, error: null }] });
    expect(body.error).toBeUndefined();
    const lines = output.split('\n').filter((line) => line.includes('continuation'));
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { event: 'continuation_failed', severity: 'ERROR', body: '{"streams":["pipeline_logs"]}' },
    ]);
  });

  test('reads only the streams that the body names', async ({ folder, startKondado }) => {
    const kondado = await startKondado({ model_logs: load('model_logs', 2) });
    useDuckDb(kondado, folder);
    const { body } = await post('{"streams":["model_logs"]}');
    expect(body.streams).toMatchObject([{ stream: 'model_logs', rows_inserted: 2 }]);
    expect(kondado.sandbox.requests).toHaveLength(1);
  });

  test('shows ids beyond 2^53 with all their digits', async ({ folder, startKondado }) => {
    const [row] = load('pipeline_logs', 1);
    const kondado = await startKondado({ pipeline_logs: [{ ...row, id: 9007199254740993n }] });
    useDuckDb(kondado, folder);
    const { text } = await post('{"streams":["pipeline_logs"]}');
    expect(text).toMatch(/"last_id":\s*9007199254740993\b/);
  });

  test('writes one line sync_finished of JSON, with the trace of the request', async ({
    folder,
    startKondado,
  }) => {
    useDuckDb(await startKondado(), folder);
    setEnvironment({ BIGQUERY_PROJECT: 'my-project' });
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    await send({ method: 'POST', headers: { 'x-cloud-trace-context': `${trace}/1;o=1` } });
    const lines = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.filter(({ event }) => event === 'sync_finished')).toMatchObject([
      {
        severity: 'INFO',
        outcome: 'success',
        message: expect.any(String),
        'logging.googleapis.com/trace': `projects/my-project/traces/${trace}`,
      },
    ]);
  });

  test('asked to be dry says what it would read, and writes nothing', async ({ folder, startKondado }) => {
    const path = useDuckDb(await startKondado({ pipeline_logs: load('pipeline_logs', 5) }), folder);
    const { status, body } = await post('{"dry_run":true,"streams":["pipeline_logs"]}');
    expect(status).toBe(200);
    expect(body).toMatchObject({ dry_run: true, outcome: 'success' });
    expect(Object.keys(body.streams[0].plan ?? {})).toEqual([
      'first_id',
      'last_id',
      'rows_estimated',
      'requests_estimated',
      'minutes_estimated',
      'runs_estimated',
      'rows_stored',
    ]);
    expect(await runInDuckDb(path, 'SELECT id FROM pipeline_logs')).toEqual([]);
    expect(await runInDuckDb(path, 'SELECT run_id FROM sync_runs')).toEqual([]);
  });
});

describe('the body', () => {
  const body = '{"streams":["model_logs"]}';
  test.for([
    'application/json',
    'application/json; charset=utf-8',
    'application/octet-stream',
    'application/x-www-form-urlencoded',
    'text/plain',
    'text/html',
    'application/cloudevents+json',
    'multipart/form-data; boundary=x',
  ])('is read as JSON when it comes as %s', async (contentType, { folder, startKondado }) => {
    useDuckDb(await startKondado(), folder);
    const answer = await post(body, contentType);
    expect(answer.status).toBe(200);
    expect(answer.body.streams.map(({ stream }: { stream: string }) => stream)).toEqual(['model_logs']);
  });

  test('is read when it is compressed, too', async ({ folder, startKondado }) => {
    useDuckDb(await startKondado(), folder);
    const headers = { 'content-type': 'application/octet-stream', 'content-encoding': 'gzip' };
    const answer = await send({ method: 'POST', body: gzipSync(body), headers });
    expect(answer.body.streams).toHaveLength(1);
  });

  test.for<[string, RequestInit]>([
    ['nothing', {}],
    ['nothing, as JSON', { headers: { 'content-type': 'application/json' } }],
    ['nothing, as bytes', { headers: { 'content-type': 'application/octet-stream' } }],
    ['an empty text', { body: '' }],
    ['white space', { body: ' \r\n' }],
    ['an empty stream', { body: new Blob([]).stream(), duplex: 'half' } as RequestInit],
    ['an empty object', { body: '{}' }],
    ['an empty object behind a byte order mark', { body: '\ufeff{}' }],
  ])('of %s asks for all streams', async ([, init], { folder, startKondado }) => {
    useDuckDb(await startKondado(), folder);
    const answer = await send({ method: 'POST', ...init });
    expect(answer.body).toMatchObject({ outcome: 'success' });
    expect(answer.body.streams).toHaveLength(2);
  });

  test.for<[string, RequestInit, RegExp]>([
    ['without a Content-Type', { body: new TextEncoder().encode(body) }, /Content-Type/],
    [
      'in chunks without a Content-Type',
      { body: new Blob([body]).stream(), duplex: 'half' } as RequestInit,
      /Content-Type/,
    ],
    ['with an empty Content-Type', { body, headers: { 'content-type': '' } }, /Content-Type/],
    ['with a Content-Type that is none', { body, headers: { 'content-type': 'garbage' } }, /Content-Type/],
    ['that is no JSON, as a text', { body: 'streams=model_logs' }, /not JSON/],
    [
      'that is a form',
      { body: 'streams=model_logs', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      /not JSON/,
    ],
    [
      'that is no UTF-8',
      { body: new Uint8Array([0x7b, 0xff, 0x7d]), headers: { 'content-type': 'text/plain' } },
      /UTF-8/,
    ],
    ['that is an array', { body: '[]', headers: { 'content-type': 'application/json' } }, /JSON object/],
    ['with a key that does not exist', { body: '{"stream":["model_logs"]}' }, /"stream" is not a known key/],
  ])('%s is refused, and nothing is read or written', async ([, init, message], { folder, startKondado }) => {
    const kondado = await startKondado();
    const path = useDuckDb(kondado, folder);
    const answer = await send({ method: 'POST', ...init });
    expectRefusal(answer, 400, 'INVALID_REQUEST');
    expect(answer.body.error.message).toMatch(message);
    expect(kondado.sandbox.requests).toEqual([]);
    expect(await runInDuckDb(path, 'SHOW TABLES')).toEqual([]);
  });

  test('names every fault at once', async () => {
    const answer = await post('{"streams":[],"from":"2026-09-01T00:00:00","from_id":-1,"speed":9}');
    expectRefusal(answer, 400, 'INVALID_REQUEST');
    for (const name of ['"streams"', '"from"', '"from_id"', '"speed"']) {
      expect(answer.body.error.message).toContain(name);
    }
  });

  test('sent as JSON that is none is refused by the framework with 400, without a stack', async () => {
    const { status, text } = await post('{"streams":', 'application/json');
    expect(status).toBe(400);
    expect(text).not.toMatch(/\bat .*:\d+:\d+|node_modules|SyntaxError/);
  });
});

describe('what is not served', () => {
  test.for(['x', 'sync', 'index.html', 'favicon', '%2e%2e/etc/passwd', '%zz'])('/%s', async (path) => {
    const answer = await send({ method: 'POST', body: '{}' }, path);
    if (path === '%zz') expect(answer.status).toBeGreaterThanOrEqual(400);
    else expectRefusal(answer, 404, 'NOT_FOUND');
    expect(answer.text).not.toMatch(/node_modules/);
  });

  test.for(['PUT', 'PATCH', 'DELETE', 'OPTIONS'])('%s', async (method) => {
    const answer = await send({ method });
    expectRefusal(answer, 405, 'METHOD_NOT_ALLOWED');
    expect(answer.headers.get('allow')).toBe('GET, POST');
  });

  test('a query does not make it another path', async ({ folder, startKondado }) => {
    useDuckDb(await startKondado(), folder);
    expect((await send({ method: 'POST' }, '?a=1')).status).toBe(200);
  });
});

describe('checks come in order:', () => {
  test('the path before the method', async () => {
    expectRefusal(await send({ method: 'GET' }, 'x'), 404, 'NOT_FOUND');
  });

  test('the method before the body', async () => {
    expectRefusal(await send({ method: 'PUT', body: 'x' }), 405, 'METHOD_NOT_ALLOWED');
  });

  test('the body before the configuration', async () => {
    expectRefusal(await post('{"x":1}'), 400, 'INVALID_REQUEST');
  });

  test('a run in progress before the configuration, after the body, and at once', async ({
    folder,
    startKondado,
  }) => {
    const { promise: held, resolve: release } = Promise.withResolvers<undefined>();
    const kondado = await startKondado({ pipeline_logs: load('pipeline_logs', 1), fault: () => held });
    useDuckDb(kondado, folder);
    const first = post('{"streams":["pipeline_logs"]}');
    await vi.waitUntil(() => kondado.sandbox.requests.length === 1, { timeout: 10_000 });

    expectRefusal(await post('{}'), 409, 'RUN_IN_PROGRESS');
    expectRefusal(await post('{"x":1}'), 400, 'INVALID_REQUEST');
    vi.stubEnv('KONDADO_TOKEN', '');
    expectRefusal(await post('{}'), 409, 'RUN_IN_PROGRESS');

    release(undefined);
    expect((await first).body).toMatchObject({ outcome: 'success', streams: [{ rows_inserted: 1 }] });
    expectRefusal(await post('{}'), 500, 'CONFIG_INVALID');
  });

  test('a run that failed leaves the way free for the next', async ({ folder, startKondado }) => {
    const kondado = await startKondado({
      fault: ({ index }) => (index === 0 ? { kind: 'status', status: 403 } : undefined),
    });
    useDuckDb(kondado, folder);
    expect((await post('{"streams":["pipeline_logs"]}')).status).toBe(502);
    expect((await post('{"streams":["pipeline_logs"]}')).status).toBe(200);
  });
});

describe('what keeps a run from starting', () => {
  test('a configuration that cannot be used', async () => {
    setEnvironment({ KONDADO_TOKEN: 'abc', TIME_BUDGET_SECONDS: 'soon' });
    const answer = await post('{}');
    expectRefusal(answer, 500, 'CONFIG_INVALID');
    expect(answer.body.error.message).toContain('KONDADO_API_KEY');
    expect(answer.body.error.message).toContain('TIME_BUDGET_SECONDS: received "soon"');
  });

  test('a secret that cannot be read', async ({ folder, startKondado }) => {
    const path = useDuckDb(await startKondado(), folder);
    const name = 'projects/p/secrets/kondado-token/versions/latest';
    setEnvironment({
      KONDADO_TOKEN: '',
      KONDADO_TOKEN_SECRET: name,
      GOOGLE_APPLICATION_CREDENTIALS: join(folder, 'missing.json'),
    });
    const answer = await post('{}');
    expectRefusal(answer, 500, 'SECRET_UNAVAILABLE');
    expect(answer.body.error.message).toContain(name);
    expect(answer.body.error.message).toContain('roles/secretmanager.secretAccessor');
    const runs = await runInDuckDb(path, 'SELECT stream, outcome, error_code FROM sync_runs ORDER BY stream');
    const failed = { outcome: 'failed', error_code: 'SECRET_UNAVAILABLE' };
    expect(runs).toEqual([
      { stream: 'model_logs', ...failed },
      { stream: 'pipeline_logs', ...failed },
    ]);
  });

  test('a DuckDB file that cannot be opened', async ({ folder, startKondado }) => {
    const kondado = await startKondado();
    useDuckDb(kondado, folder);
    setEnvironment({ DUCKDB_PATH: join(folder, 'missing', 'kondado.duckdb') });
    expectRefusal(await post('{}'), 503, 'WAREHOUSE_REJECTED');
    expect(kondado.sandbox.requests).toEqual([]);
  });
});

test.for([
  'development',
  'test',
  '',
])('the function, served with NODE_ENV "%s", hands out no stack for malformed JSON', async (nodeEnv, {
  onTestFinished,
}) => {
  const framework = new URL(
    '../../node_modules/@google-cloud/functions-framework/build/src/main.js',
    import.meta.url,
  );
  const port = await freePort();
  const child = spawn(process.execPath, [framework.pathname, '--target=sync', `--port=${port}`], {
    cwd: new URL('../../', import.meta.url),
    env: { PATH: process.env.PATH, NODE_ENV: nodeEnv },
    stdio: 'ignore',
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const response = await vi.waitFor(
    () =>
      fetch(`http://127.0.0.1:${port}/`, {
        method: 'POST',
        body: '{"streams":',
        headers: { 'content-type': 'application/json' },
      }),
    { timeout: 20_000 },
  );
  expect(response.status).toBe(400);
  expect(await response.text()).not.toMatch(/\bat .*:\d+:\d+|node_modules|SyntaxError/);
});

/** A port that nobody listens on now: the framework does not tell which one it got for 0. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

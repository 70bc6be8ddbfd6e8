import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { load } from '../../support/rows.ts';
import { expectRefusal, serveFunction, setEnvironment, UUID, useDuckDb } from '../../support/server.ts';
import { test } from '../../support/test.ts';
import { runInDuckDb } from '../../support/warehouses.ts';

const REPORT_KEYS = [
  'run_id',
  'mode',
  'dry_run',
  'outcome',
  'started_at',
  'finished_at',
  'streams',
  'statuses',
  'events',
];
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
  'rows_vanished',
  'requests',
  'retries',
  'rate_limit_hits',
  'duration_ms',
  'progressed',
  'next_id',
  'error',
];
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const { send, post, output } = serveFunction();

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
      rows_vanished: 0,
      requests: 3,
      retries: 0,
      rate_limit_hits: 0,
      duration_ms: expect.any(Number),
      progressed: true,
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
    const lines = output()
      .split('\n')
      .filter((line) => line.includes('continuation'));
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { event: 'continuation_failed', severity: 'ERROR', body: '{"streams":["pipeline_logs"]}' },
    ]);
  });

  test('reads only the streams that the body names', async ({ folder, startKondado }) => {
    const kondado = await startKondado({ model_logs: load('model_logs', 2) });
    useDuckDb(kondado, folder);
    const { body } = await post('{"streams":["model_logs"]}');
    expect(body.streams).toMatchObject([{ stream: 'model_logs', rows_inserted: 2 }]);
    expect(kondado.sandbox.requests.map(({ stream }) => stream)).toEqual(['model_logs', 'model_logs']);
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
    const lines = output()
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

import { describe, expect } from 'vitest';
import { withoutQueries } from '../../../functions/redaction.ts';
import type { Envelope, Fault, SandboxRequest } from '../../../local/sandbox/server.ts';
import { type Checked, checked, outcomes, requestsOf } from '../../support/checks.ts';
import { load, minutesAgo, modelRow, pipelineRow } from '../../support/rows.ts';
import { serveFunction } from '../../support/server.ts';
import { test as base, type Kondado, type KondadoOptions } from '../../support/test.ts';
import { duckDbWarehouse } from '../../support/warehouses.ts';

const served = serveFunction();
const DAYS = 1_440;
/** What cannot be found out of the pipelines once their first page has failed. */
const NO_PIPELINES = {
  'kondado.pipeline_logs': 'failed',
  'paging.pipeline_logs': 'skipped',
  'status.pipelines': 'skipped',
};

type Check = (
  options?: KondadoOptions,
  env?: Record<string, string>,
) => Promise<Checked & { requests: ReturnType<typeof requestsOf>; kondado: Kondado }>;

const test = base.extend<{ check: Check }>({
  /** A check of two streams with rows, into one DuckDB file. */
  async check({ folder, startKondado }, use) {
    await use(async (options = {}, env = {}) => {
      const streams = { pipeline_logs: load('pipeline_logs', 120), model_logs: load('model_logs', 60) };
      const kondado = await startKondado({ ...streams, ...options });
      const warehouse = duckDbWarehouse(`${folder}/kondado.duckdb`);
      const check = await checked(served, kondado, warehouse, { env });
      return { ...check, requests: requestsOf(kondado), kondado };
    });
  },
});

type Rows = Envelope['data']['data'];

/** A page with other rows. */
const changedRows =
  (change: (rows: Rows) => Rows) =>
  (page: Envelope): Envelope => ({ ...page, data: { ...page.data, data: change(page.data.data) } });

/** One fault for every request of the pipelines' logs. */
const logs = (fault: Fault) => (request: SandboxRequest) =>
  request.stream === 'pipeline_logs' ? fault : undefined;
/** One for every request of a status. */
const statuses = (fault: Fault) => (request: SandboxRequest) =>
  request.url.includes('/status') ? fault : undefined;

describe('what Kondado refuses', () => {
  test.for<[string, Fault, RegExp, number]>([
    ['HTTP 401', { kind: 'status', status: 401 }, /KONDADO_API_KEY and KONDADO_TOKEN/, 1],
    [
      'a key that is not allowed',
      { kind: 'envelopeError', error: 'UNAUTHORIZED', message: 'No.' },
      /UNAUTHORIZED: No/,
      1,
    ],
    ['HTTP 404', { kind: 'status', status: 404 }, /check KONDADO_PIPELINE_LOGS_PATH/, 1],
    ['HTML', { kind: 'html' }, /HTML instead of JSON\. Nothing/, 1],
    ['HTTP 503 for good', { kind: 'status', status: 503 }, /HTTP 503\. Nothing/, 3],
    ['RATE_LIMIT_EXCEEDED for good', { kind: 'rateLimit' }, /RATE_LIMIT_EXCEEDED\. Another program/, 3],
  ])('%s is said, and asked for no more than may help', async ([, fault, message, asked], { check }) => {
    const { outcomes: found, messages, requests } = await check({ fault: logs(fault) });
    expect(found).toEqual(outcomes(NO_PIPELINES));
    expect(messages['kondado.pipeline_logs']).toMatch(message);
    expect(messages['paging.pipeline_logs']).toBe('Not possible without kondado.pipeline_logs.');
    expect(requests).toEqual({ pipelines: asked, models: 4 });
  });

  test('now and then costs at most six requests a stream', async ({ check }) => {
    const faults: (Fault | undefined)[] = [{ kind: 'rateLimit' }, undefined, { kind: 'status', status: 502 }];
    const { outcomes: found, requests } = await check({
      fault: ({ stream }) => (stream === 'pipeline_logs' ? faults.shift() : undefined),
    });
    expect(found).toEqual(outcomes());
    expect(requests).toEqual({ pipelines: 6, models: 4 });
  });

  test('once too often fails what came last, and still costs no seventh request', async ({ check }) => {
    let asked = 0;
    const { outcomes: found, requests } = await check({
      fault: ({ url }) => (url.startsWith('/pipeline') && asked++ % 2 === 0 ? { kind: 'reset' } : undefined),
    });
    expect(found).toEqual(outcomes({ 'paging.pipeline_logs': 'failed' }));
    expect(requests.pipelines).toBe(6);
  });
});

describe('the page', () => {
  test('without rows is a warning, and leaves nothing to page through', async ({ check }) => {
    const { outcomes: found, messages, requests } = await check({ model_logs: [] });
    expect(found).toEqual(
      outcomes({
        'kondado.model_logs': 'warning',
        'paging.model_logs': 'skipped',
        'status.models': 'skipped',
      }),
    );
    expect(messages['kondado.model_logs']).toMatch(
      /no row of model_logs .* from id 0 on.*KONDADO_CLIENT_IDS/,
    );
    expect(requests.models).toBe(1);
  });

  test('that shows less than is stored is a key that sees less', async ({ check, folder, startKondado }) => {
    const kondado = await startKondado({ pipeline_logs: load('pipeline_logs', 3) });
    const warehouse = duckDbWarehouse(`${folder}/kondado.duckdb`);
    await checked(served, kondado, warehouse);
    await served.post('{}');
    const { outcomes: found, messages } = await check({ pipeline_logs: [] });
    expect(found).toEqual(outcomes(NO_PIPELINES));
    expect(messages['kondado.pipeline_logs']).toMatch(/see less than they did/);
  });

  test('with fields that nobody knows, and rows that cannot be stored, names them', async ({ check }) => {
    const rows = [
      pipelineRow(1, { colour: 'red', 'a "quoted" name': 1 }),
      pipelineRow(2, { row_count: 'many' }),
      pipelineRow(3, { createdAt: minutesAgo(20 * 365 * DAYS) }),
    ];
    const { outcomes: found, messages } = await check({ pipeline_logs: rows });
    expect(found).toEqual(outcomes({ 'kondado.pipeline_logs': 'warning' }));
    expect(messages['kondado.pipeline_logs']).toMatch(
      /3 rows .*fit theirs: colour, row_count and others; and .*: createdAt is more than ten years back\. Nothing is lost/,
    );
    expect(messages['kondado.pipeline_logs']).not.toContain('quoted');
  });

  test('out of order fails', async ({ check }) => {
    const { outcomes: found, messages } = await check({
      fault: logs({ kind: 'mutate', change: changedRows((rows) => rows.reverse()) }),
    });
    expect(found).toEqual(outcomes(NO_PIPELINES));
    expect(messages['kondado.pipeline_logs']).toMatch(/out of order/);
  });

  test('is that of the first client, where there are several', async ({ check }) => {
    const { messages, kondado } = await check({}, { KONDADO_CLIENT_IDS: '1,2' });
    expect(messages['kondado.pipeline_logs']).toContain('50 rows of pipeline_logs of client 1 came');
    const clients = kondado.sandbox.requests.flatMap(({ stream, clientId }) => (stream ? [clientId] : []));
    expect(new Set(clients)).toEqual(new Set(['1']));
  });
});

describe('paging', () => {
  test.for<[NonNullable<KondadoOptions['paging']>, string, RegExp]>([
    ['inclusive', 'ok', /is inclusive/],
    ['exclusive', 'ok', /is exclusive/],
    ['alwaysNull', 'ok', /names no next id/],
    ['never', 'ok', /names no next id/],
    ['still', 'warning', /names id 0, neither.*report it/],
    ['far', 'warning', /names id 9000000000000000, neither/],
  ])('with a cursor that is %s: %s', async ([paging, outcome, message], { check }) => {
    const { outcomes: found, messages } = await check({ paging });
    expect(found).toEqual(outcomes({ 'paging.pipeline_logs': outcome, 'paging.model_logs': outcome }));
    expect(messages['paging.pipeline_logs']).toMatch(message);
  });

  test.for([7, 25, 120, 500])('tells how many rows a page of %i has, and how it goes on', async (pageSize, {
    check,
  }) => {
    const { outcomes: found, messages } = await check({ pageSize });
    expect(found).toEqual(outcomes());
    expect(messages['paging.pipeline_logs']).toContain(`has ${Math.min(pageSize, 120)} rows`);
    const rest = pageSize < 120 ? `${pageSize - 1} rows that fit` : 'only its last row again, the end';
    expect(messages['paging.pipeline_logs']).toContain(rest);
  });

  test('fails where the id that is asked for is left out', async ({ check }) => {
    const { outcomes: found, messages } = await check({
      fault: ({ stream, startElementId }) =>
        stream === 'pipeline_logs' && startElementId !== 0n
          ? { kind: 'mutate', change: changedRows((rows) => rows.slice(1)) }
          : undefined,
    });
    expect(found).toEqual(outcomes({ 'paging.pipeline_logs': 'failed' }));
    expect(messages['paging.pipeline_logs']).toMatch(/ends with id 1147 .*not inclusive/);
  });

  test('stands an empty page that leads on', async ({ check }) => {
    const { outcomes: found, messages } = await check({ emptyEvery: 3 });
    expect(found).toMatchObject({ 'paging.pipeline_logs': 'warning' });
    expect(messages['paging.pipeline_logs']).toMatch(/an empty one whose cursor leads on/);
  });
});

describe('the status', () => {
  const pipeline = (fields: object): Fault => ({ kind: 'json', value: { 702: fields } });

  test.for<[string, Fault, string, RegExp]>([
    ['that is blocked', pipeline({ status: 'active__blocked' }), 'ok', /: blocked \(active__blocked\)\./],
    [
      'in an envelope',
      { kind: 'json', value: { success: true, data: { 702: { status: 'running' } } } },
      'ok',
      /: ok \(running\)\./,
    ],
    ['that nobody knows', pipeline({ status: 'dreaming' }), 'warning', /not documented/],
    ['without a word', pipeline({}), 'warning', /not documented/],
    [
      'that is not there',
      { kind: 'status', status: 404 },
      'warning',
      /HTTP 404.*KONDADO_PIPELINE_STATUS_PATH/,
    ],
    [
      'that is refused',
      { kind: 'status', status: 403 },
      'failed',
      /the status of pipeline 702 with HTTP 403/,
    ],
    [
      'of another pipeline',
      { kind: 'json', value: { 703: { status: 'running' } } },
      'failed',
      /not the documented envelope/,
    ],
    ['that is HTML', { kind: 'html' }, 'failed', /HTML instead of JSON/],
  ])('%s', async ([, fault, outcome, message], { check }) => {
    const { outcomes: found, messages } = await check({ model_logs: [], fault: statuses(fault) });
    expect(found).toMatchObject({ 'kondado.pipeline_logs': 'ok', 'status.pipelines': outcome });
    expect(messages['status.pipelines']).toMatch(message);
  });

  test('is asked of the newest that has run, at the path that is set', async ({ check }) => {
    const { kondado, outcomes: found } = await check(
      {
        pipeline_logs: [pipelineRow(1, { pipeline_id: 7 }), pipelineRow(2, { pipeline_id: 8 })],
        model_logs: [modelRow(1, { model_id: 9 })],
      },
      { KONDADO_PIPELINE_STATUS_PATH: 'v2/pipelines/{id}', KONDADO_MODEL_STATUS_PATH: 'models/{id}/status' },
    );
    const paths = kondado.sandbox.requests.flatMap(({ stream, url }) =>
      stream ? [] : [withoutQueries(`http://x${url}`)],
    );
    expect(paths).toEqual(['http://x/v2/pipelines/8', 'http://x/models/9/status']);
    expect(found).toMatchObject({ 'status.pipelines': 'warning', 'status.models': 'ok' });
  });
});

describe('the clock', () => {
  test.for([-90, 90])('that is %i seconds off is a warning', async (seconds, { check }) => {
    const date = new Date(Date.now() + seconds * 1000).toUTCString();
    const { outcomes: found, messages } = await check({ headers: { date } });
    expect(found).toEqual(outcomes({ clock: 'warning' }));
    expect(messages.clock).toMatch(seconds > 0 ? /[89]\d seconds behind/ : /9\d seconds ahead of/);
  });

  test('cannot be compared when nothing was answered', async ({ check }) => {
    const { outcomes: found } = await check({ fault: () => ({ kind: 'reset' }) });
    expect(found).toMatchObject({ clock: 'skipped', 'kondado.model_logs': 'failed', writing: 'ok' });
  });
});

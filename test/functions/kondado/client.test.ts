import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe } from 'vitest';
import type { Fault } from '../../../local/sandbox/server.ts';
import { ROWS, test } from '../../support/kondado.ts';
import { runSync, streamOf } from '../../support/runs.ts';
import type { KondadoOptions } from '../../support/test.ts';
import { duckDbWarehouse } from '../../support/warehouses.ts';

describe.concurrent('a fault that stays', () => {
  const timeoutFor = ({ kind }: Fault) =>
    kind === 'hang' || kind === 'slowBody' ? { KONDADO_REQUEST_TIMEOUT_SECONDS: '1.5' } : {};
  const UNAVAILABLE = { code: 'KONDADO_UNAVAILABLE', requests: 4, retries: 3 };
  const UNREADABLE = { code: 'KONDADO_UNEXPECTED_RESPONSE', requests: 4, retries: 3 };
  const UNEXPECTED = { code: 'KONDADO_UNEXPECTED_RESPONSE', requests: 1, retries: 0 };
  const UNAUTHORIZED = { code: 'KONDADO_UNAUTHORIZED', requests: 1, retries: 0 };
  const LIMITED = { code: 'KONDADO_RATE_LIMITED', requests: 6, retries: 0, hits: 6 };
  type Expected = { code: string; requests: number; retries: number; hits?: number };
  const envelopeError = (error: string, status = 200): Fault => ({
    kind: 'envelopeError',
    error,
    message: 'No.',
    status,
  });
  const json = (value: unknown): Fault => ({ kind: 'json', value });

  test.for<[string, Fault, Expected, RegExp]>([
    ['HTTP 500', { kind: 'status', status: 500 }, UNAVAILABLE, /HTTP 500, after 4 attempts/],
    ['HTTP 502 with HTML', { kind: 'status', status: 502, body: '<html>' }, UNAVAILABLE, /HTTP 502/],
    ['HTTP 503', { kind: 'status', status: 503 }, UNAVAILABLE, /HTTP 503/],
    ['HTTP 504', { kind: 'status', status: 504 }, UNAVAILABLE, /HTTP 504/],
    ['HTTP 520', { kind: 'status', status: 520 }, UNAVAILABLE, /HTTP 520/],
    ['HTTP 408', { kind: 'status', status: 408 }, UNAVAILABLE, /HTTP 408/],
    ['an error envelope at HTTP 500', envelopeError('OOPS', 500), UNAVAILABLE, /HTTP 500/],
    ['a reset', { kind: 'reset' }, UNAVAILABLE, /connection failed/],
    ['a reset behind the headers', { kind: 'resetAfterHeaders' }, UNAVAILABLE, /connection failed/],
    ['a body that is cut off', { kind: 'cutOff' }, UNAVAILABLE, /connection failed/],
    ['silence', { kind: 'hang' }, UNAVAILABLE, /no whole answer within 1.5 seconds/],
    [
      'a body that never ends',
      { kind: 'slowBody', intervalMs: 20 },
      UNAVAILABLE,
      /no whole answer within 1.5/,
    ],
    ['HTML', { kind: 'html' }, UNREADABLE, /HTML instead of JSON, after 4 attempts/],
    ['nothing', { kind: 'empty' }, UNREADABLE, /empty/],
    [
      'half of a JSON text',
      { kind: 'text', body: '{"success":true,"data":' },
      UNREADABLE,
      /no JSON, or cut off/,
    ],
    ['another JSON type', json([]), UNREADABLE, /envelope/],
    ['null', json(null), UNREADABLE, /envelope/],
    ['an envelope without data', json({ success: true }), UNREADABLE, /envelope/],
    [
      'an envelope whose data is no array',
      json({ success: true, data: { data: {} } }),
      UNREADABLE,
      /envelope/,
    ],
    [
      'a cursor that is no id',
      json({ success: true, data: { data: [], pagination: { next_start_element_id: 'x' } } }),
      UNREADABLE,
      /next_start_element_id/,
    ],
    ['success neither true nor false', json({ success: 'yes', data: { data: [] } }), UNREADABLE, /envelope/],
    ['HTTP 401', { kind: 'status', status: 401 }, UNAUTHORIZED, /KONDADO_API_KEY and KONDADO_TOKEN/],
    ['HTTP 403', { kind: 'status', status: 403, body: '<html>' }, UNAUTHORIZED, /KONDADO_API_KEY/],
    ['UNAUTHORIZED at HTTP 200', envelopeError('UNAUTHORIZED'), UNAUTHORIZED, /UNAUTHORIZED: No\./],
    ['Invalid token at HTTP 200', envelopeError('Invalid token'), UNAUTHORIZED, /KONDADO_TOKEN/],
    ['INVALID_KEY at HTTP 400', envelopeError('INVALID_KEY', 400), UNAUTHORIZED, /HTTP 400/],
    ['missing permission at HTTP 200', envelopeError('NO_PERMISSION'), UNAUTHORIZED, /allowed to see/],
    ['HTTP 404', { kind: 'status', status: 404 }, UNEXPECTED, /check KONDADO_PIPELINE_LOGS_PATH/],
    ['HTTP 400', { kind: 'status', status: 400 }, UNEXPECTED, /HTTP 400/],
    ['HTTP 422 with an envelope', envelopeError('BAD_CURSOR', 422), UNEXPECTED, /HTTP 422 BAD_CURSOR: No\./],
    ['an envelope error that nobody knows', envelopeError('MAINTENANCE'), UNEXPECTED, /MAINTENANCE: No\./],
    ['RATE_LIMIT_EXCEEDED', { kind: 'rateLimit' }, LIMITED, /6 times in a row.*KONDADO_REQUESTS_PER_MINUTE/],
    ['HTTP 429', { kind: 'status', status: 429 }, LIMITED, /6 times in a row/],
    ['RATE_LIMIT_EXCEEDED at HTTP 503', envelopeError('RATE_LIMIT_EXCEEDED', 503), LIMITED, /6 times/],
  ])('%s', async ([, fault, { code, requests, retries, hits = 0 }, message], { sync, expect }) => {
    const run = await sync(
      ({ startElementId }) => (startElementId === 1147n ? fault : undefined),
      timeoutFor(fault),
    );
    const counters = { requests: requests + 1, retries, rate_limit_hits: hits };
    expect(run.stream).toMatchObject({ outcome: 'failed', error: { code }, ...counters });
    expect(run.stream.error?.message).toMatch(message);
    expect(run.requests).toHaveLength(counters.requests);
    // What was stored before is kept and told, also in sync_runs.
    const kept = { rows_read: 50, rows_inserted: 50, last_id: 1147n };
    expect(run.stream).toMatchObject({ ...kept, next_id: 1147n });
    const [recorded] = run.recorded;
    expect(recorded).toMatchObject({ outcome: 'failed', error_code: code, rows_read: 50n, last_id: 1147n });
    expect(recorded).toMatchObject({ requests: BigInt(counters.requests), retries: BigInt(retries) });
  });

  test('nobody listening', async ({ folder, startKondado, expect }) => {
    const kondado = await startKondado();
    await kondado.sandbox.close();
    const env = { ...kondado.env, ...duckDbWarehouse(`${folder}/x.duckdb`).env, STREAMS: 'model_logs' };
    expect(streamOf(await runSync(env), 'model_logs')).toMatchObject({
      outcome: 'failed',
      requests: 4,
      error: { code: 'KONDADO_UNAVAILABLE', message: expect.stringContaining('ECONNREFUSED') },
    });
  });
});

describe.concurrent('a fault that passes', () => {
  const seconds = (count: string): Fault => ({
    kind: 'status',
    status: 429,
    headers: { 'retry-after': count },
  });
  const firstTimes = (count: number, fault: Fault): KondadoOptions['fault'] => {
    let left = count;
    return ({ startElementId }) => (startElementId === 1147n && left-- > 0 ? fault : undefined);
  };

  test.for<[string, number, Fault, { retries: number; rate_limit_hits: number }]>([
    ['HTTP 500 three times', 3, { kind: 'status', status: 500 }, { retries: 3, rate_limit_hits: 0 }],
    ['a reset', 1, { kind: 'reset' }, { retries: 1, rate_limit_hits: 0 }],
    ['a cut-off body', 1, { kind: 'cutOff' }, { retries: 1, rate_limit_hits: 0 }],
    ['HTML at 200', 1, { kind: 'html' }, { retries: 1, rate_limit_hits: 0 }],
    ['silence', 1, { kind: 'hang' }, { retries: 1, rate_limit_hits: 0 }],
    ['RATE_LIMIT_EXCEEDED five times', 5, { kind: 'rateLimit' }, { retries: 0, rate_limit_hits: 5 }],
  ])('%s leaves a complete run', async ([, count, fault, counters], { sync, expect }) => {
    const { stream } = await sync(firstTimes(count, fault), { KONDADO_REQUEST_TIMEOUT_SECONDS: '2' });
    expect(stream).toMatchObject({
      outcome: 'success',
      rows_inserted: ROWS,
      requests: 4 + count,
      ...counters,
    });
  });

  test('six limits that are not in a row do not end the run', async ({ sync, expect }) => {
    const limited = new Set<bigint | null>();
    let again = 0;
    const { stream } = await sync(({ startElementId }) => {
      const isFirst = !limited.has(startElementId);
      limited.add(startElementId);
      if (isFirst) again = 4;
      return again-- > 0 ? { kind: 'rateLimit' } : undefined;
    });
    expect(stream).toMatchObject({
      outcome: 'success',
      rate_limit_hits: 16,
      requests: 20,
      rows_inserted: ROWS,
    });
  });

  const gapMs = (requests: { atMs: number }[]) => (requests[2]?.atMs ?? 0) - (requests[1]?.atMs ?? 0);

  test('a pause of KONDADO_RATE_LIMIT_PAUSE_SECONDS is kept in full', async ({ sync, expect }) => {
    const { requests } = await sync(firstTimes(1, { kind: 'rateLimit' }), {
      KONDADO_RATE_LIMIT_PAUSE_SECONDS: '0.7',
    });
    expect(gapMs(requests)).toBeGreaterThanOrEqual(699);
  });

  test.for<[string, () => string, number]>([
    ['in seconds is honoured where it is longer', () => '1', 999],
    ['as a date is honoured where it is longer', () => new Date(Date.now() + 2_500).toUTCString(), 900],
    ['of nothing does not shorten the pause', () => '0', 700],
    ['below nothing does not shorten the pause', () => '-1', 700],
    ['of a fraction does not shorten the pause', () => '0.5', 700],
    ['in the past does not shorten the pause', () => 'Mon, 01 Jan 2024 00:00:00 GMT', 700],
  ])('Retry-After %s', async ([, retryAfter, leastMs], { sync, expect }) => {
    const { stream, requests } = await sync(
      ({ index }) => (index === 1 ? seconds(retryAfter()) : undefined),
      { KONDADO_RATE_LIMIT_PAUSE_SECONDS: '0.7', TIME_BUDGET_SECONDS: '60' },
    );
    expect(stream).toMatchObject({ outcome: 'success', rate_limit_hits: 1, rows_inserted: ROWS });
    expect(gapMs(requests)).toBeGreaterThanOrEqual(leastMs);
  });
});

test.concurrent('a redirect is not followed: key and token are for the one host', async ({
  sync,
  expect,
  onTestFinished,
}) => {
  const seen: string[] = [];
  const other = createServer((request, response) => {
    seen.push(request.url ?? '');
    response.end('{"success":true,"data":{"data":[]}}');
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    other.close();
  });
  await once(other, 'listening');
  const location = `http://localhost:${(other.address() as AddressInfo).port}/pipeline_logs`;
  const { stream } = await sync(() => ({ kind: 'status', status: 302, headers: { location } }));
  expect(stream).toMatchObject({
    outcome: 'failed',
    requests: 1,
    error: { code: 'KONDADO_UNEXPECTED_RESPONSE', message: expect.stringContaining('302') },
  });
  expect(seen).toEqual([]);
});

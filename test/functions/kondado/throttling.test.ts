import { describe, expect } from 'vitest';
import type { Fault, Sandbox } from '../../../local/sandbox/server.ts';
import { testWith } from '../../support/contract.ts';
import { poster } from '../../support/post.ts';
import { load } from '../../support/rows.ts';

const test = testWith('BigQuery');
const BOTH = {};
const PAUSE_MS = 300;
const PAUSE = { KONDADO_RATE_LIMIT_PAUSE_SECONDS: String(PAUSE_MS / 1000) };

const hour = { 'retry-after': '3600' };
const dateIn = (seconds: number) => new Date(Date.now() + seconds * 1000).toUTCString();

/** How Kondado may ask for a pause, and as what that may be told; to a later run a pause is a pause. */
const REFUSALS: { name: string; fault: (headers: Record<string, string>) => Fault; code: RegExp }[] = [
  {
    name: 'HTTP 429',
    fault: (headers) => ({ kind: 'status', status: 429, headers }),
    code: /^KONDADO_RATE_LIMITED$/,
  },
  {
    name: 'RATE_LIMIT_EXCEEDED',
    fault: (headers) => ({ kind: 'rateLimit', headers }),
    code: /^KONDADO_RATE_LIMITED$/,
  },
  {
    name: 'HTTP 503',
    fault: (headers) => ({ kind: 'status', status: 503, headers }),
    code: /^KONDADO_(UNAVAILABLE|RATE_LIMITED)$/,
  },
];

/** Milliseconds between one request and the next. */
function gaps({ requests }: Sandbox): number[] {
  return requests.slice(1).map(({ atMs }, index) => atMs - (requests[index]?.atMs ?? 0));
}

describe('a pause that lasts longer than the time budget', () => {
  describe.each(REFUSALS)('asked for with $name', ({ fault, code }) => {
    test.concurrent('is not waited for, is a failure, and lasts on in the process', async ({
      startKondado,
      warehouse,
    }) => {
      const kondado = await startKondado({ fault: () => fault(hour) });
      const post = poster(kondado, warehouse, BOTH);
      const startedMs = performance.now();
      for (const _ of [1, 2, 3]) {
        const { status, streams, lines } = await post({}, { env: { TIME_BUDGET_SECONDS: '60' } });
        expect(status).toBe(502);
        expect(streams.map(({ outcome, error }) => [outcome, error?.code])).toEqual([
          ['failed', expect.stringMatching(code)],
          ['failed', expect.stringMatching(code)],
        ]);
        expect(streams.some(({ progressed }) => progressed)).toBe(false);
        const [finished] = lines.filter(({ event }) => event === 'sync_finished');
        expect(finished).toMatchObject({
          severity: 'ERROR',
          error_code: expect.stringMatching(code),
          progressed: false,
        });
      }
      expect(performance.now() - startedMs).toBeLessThan(15_000);
      // One request found out; nobody asks again before the pause is over.
      expect(kondado.sandbox.requests).toHaveLength(1);
    });

    test.concurrent('ends a stream that has progressed as partial', async ({ startKondado, warehouse }) => {
      const rows = load('pipeline_logs', 120);
      const kondado = await startKondado({
        pipeline_logs: rows,
        fault: ({ index }) => (index === 1 ? fault(hour) : undefined),
      });
      const post = poster(kondado, warehouse);
      const { status, stream } = await post();
      expect(status).toBe(200);
      expect(stream).toMatchObject({
        outcome: 'partial',
        progressed: true,
        rows_inserted: 50,
        next_id: rows[49]?.id,
        error: null,
      });
      // The run after it finds the pause, and so no progress.
      const { stream: next } = await post();
      expect(next).toMatchObject({ outcome: 'failed', progressed: false, requests: 0 });
      expect(next.error?.code).toMatch(code);
      expect(kondado.sandbox.requests).toHaveLength(2);
    });
  });

  test.concurrent('is so also if it is the configured one', async ({ startKondado, warehouse }) => {
    const kondado = await startKondado({ fault: () => ({ kind: 'rateLimit' }) });
    const env = { KONDADO_RATE_LIMIT_PAUSE_SECONDS: '600', TIME_BUDGET_SECONDS: '30' };
    const { stream } = await poster(kondado, warehouse)({}, { env });
    expect(stream).toMatchObject({
      outcome: 'failed',
      rate_limit_hits: 1,
      error: { code: 'KONDADO_RATE_LIMITED' },
    });
    expect(stream.duration_ms).toBeLessThan(10_000);
  });

  test.concurrent.for([
    '86400',
    '1000000000',
    '99999999999999999999999',
    'Fri, 31 Dec 9999 23:59:59 GMT',
  ])('is not waited for either when it is as absurd as %s', async (retryAfter, {
    startKondado,
    warehouse,
  }) => {
    const kondado = await startKondado({
      fault: () => ({ kind: 'status', status: 429, headers: { 'retry-after': retryAfter } }),
    });
    const { stream } = await poster(kondado, warehouse)({}, { env: { TIME_BUDGET_SECONDS: '20' } });
    expect(stream).toMatchObject({ outcome: 'failed', error: { code: 'KONDADO_RATE_LIMITED' } });
    expect(stream.duration_ms).toBeLessThan(10_000);
  });

  test.concurrent('is waited out by a later run that has the time', async ({ startKondado, warehouse }) => {
    const kondado = await startKondado({
      pipeline_logs: load('pipeline_logs', 10),
      fault: ({ index }) =>
        index === 0 ? { kind: 'status', status: 429, headers: { 'retry-after': '4' } } : undefined,
    });
    const post = poster(kondado, warehouse);
    const first = await post({}, { env: { TIME_BUDGET_SECONDS: '3' } });
    expect(first.stream).toMatchObject({ outcome: 'failed', requests: 1 });
    const second = await post({}, { env: { TIME_BUDGET_SECONDS: '60' } });
    expect(second.stream).toMatchObject({ outcome: 'success', rows_inserted: 10, rate_limit_hits: 0 });
    expect(gaps(kondado.sandbox)[0]).toBeGreaterThanOrEqual(3_900);
  });
});

describe('a pause', () => {
  const NONSENSE = ['0', '-1', '1.5', '', 'soon', '1e3', '0x10', 'Sun, 06 Nov 1994 08:49:37 GMT', '1, 2'];

  test.concurrent.for(NONSENSE)('is the configured one at least, with Retry-After: %j', async (retryAfter, {
    startKondado,
    warehouse,
  }) => {
    const headers = { 'retry-after': retryAfter };
    const kondado = await startKondado({
      pipeline_logs: load('pipeline_logs', 3),
      fault: ({ index }) =>
        [{ kind: 'status', status: 429, headers } as const, { kind: 'rateLimit', headers } as const][index],
    });
    const { stream } = await poster(kondado, warehouse)({}, { env: PAUSE });
    expect(stream).toMatchObject({ outcome: 'success', rate_limit_hits: 2 });
    for (const gap of gaps(kondado.sandbox).slice(0, 2)) expect(gap).toBeGreaterThanOrEqual(PAUSE_MS);
  });

  test.concurrent.for<{ name: string; retryAfter: () => string; fault: (typeof REFUSALS)[number]['fault'] }>(
    REFUSALS.flatMap(({ name, fault }) => [
      { name: `${name} and seconds`, retryAfter: () => '2', fault },
      { name: `${name} and a date`, retryAfter: () => dateIn(3), fault },
    ]),
  )('is as long as Retry-After asks, if that is longer: $name', async ({ retryAfter, fault }, {
    startKondado,
    warehouse,
  }) => {
    const kondado = await startKondado({
      pipeline_logs: load('pipeline_logs', 3),
      fault: ({ index }) => (index === 0 ? fault({ 'retry-after': retryAfter() }) : undefined),
    });
    const { stream } = await poster(kondado, warehouse)({}, { env: PAUSE });
    expect(stream.outcome).toBe('success');
    expect(gaps(kondado.sandbox)[0]).toBeGreaterThanOrEqual(1_950);
  });

  test.concurrent.for([
    '0',
    '-1',
    '1.5',
    'Sun, 06 Nov 1994 08:49:37 GMT',
  ])('after HTTP 503 is never shorter than the back-off, with Retry-After: %j', async (retryAfter, {
    startKondado,
    warehouse,
  }) => {
    const kondado = await startKondado({
      fault: () => ({ kind: 'status', status: 503, headers: { 'retry-after': retryAfter } }),
    });
    const { stream } = await poster(kondado, warehouse)({}, { env: PAUSE });
    expect(stream).toMatchObject({
      outcome: 'failed',
      requests: 4,
      error: { code: 'KONDADO_UNAVAILABLE' },
    });
    for (const gap of gaps(kondado.sandbox)) expect(gap).toBeGreaterThanOrEqual(400);
  });

  test.concurrent('is the longer one, if Retry-After asks for a shorter', async ({
    startKondado,
    warehouse,
  }) => {
    const kondado = await startKondado({
      pipeline_logs: load('pipeline_logs', 3),
      fault: ({ index }) =>
        index === 0 ? { kind: 'status', status: 429, headers: { 'retry-after': '1' } } : undefined,
    });
    await poster(kondado, warehouse)({}, { env: { KONDADO_RATE_LIMIT_PAUSE_SECONDS: '2' } });
    expect(gaps(kondado.sandbox)[0]).toBeGreaterThanOrEqual(2_000);
  });

  test.concurrent('is made for six refusals in a row, not for six in all', async ({
    startKondado,
    warehouse,
  }) => {
    const rows = load('pipeline_logs', 400);
    const throttled = await startKondado({ pipeline_logs: rows, fault: () => ({ kind: 'rateLimit' }) });
    expect((await poster(throttled, warehouse)()).stream).toMatchObject({
      outcome: 'failed',
      rate_limit_hits: 6,
      requests: 6,
      error: { code: 'KONDADO_RATE_LIMITED' },
    });
    const halfThrottled = await startKondado({
      pipeline_logs: rows,
      fault: ({ index }) => (index % 3 > 0 ? { kind: 'rateLimit' } : undefined),
    });
    const { stream } = await poster(halfThrottled, warehouse)();
    expect(stream).toMatchObject({ outcome: 'success', rows_inserted: 400 });
    expect(stream.rate_limit_hits).toBeGreaterThan(6);
  });

  test.concurrent('is not made for a page that has a Retry-After of its own', async ({
    startKondado,
    warehouse,
  }) => {
    const kondado = await startKondado({ pipeline_logs: load('pipeline_logs', 120), headers: hour });
    const { stream } = await poster(kondado, warehouse)();
    expect(stream).toMatchObject({ outcome: 'success', rows_inserted: 120 });
    expect(stream.duration_ms).toBeLessThan(10_000);
  });
});

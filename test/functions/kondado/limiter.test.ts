import { afterEach, describe, expect, vi } from 'vitest';
import { BudgetUsedUp } from '../../../functions/errors.ts';
import { createLimiter } from '../../../functions/kondado/limiter.ts';
import { createLimiter as createJudge } from '../../../local/sandbox/limits.ts';
import { load } from '../../support/rows.ts';
import { runSync } from '../../support/runs.ts';
import { test } from '../../support/test.ts';
import { duckDbWarehouse } from '../../support/warehouses.ts';

const UNENDING = patienceOf(new AbortController().signal);

function patienceOf(reading: AbortSignal) {
  return { reading, readingMs: () => Number.POSITIVE_INFINITY };
}

/** The same numbers every time, between 0 and 1. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

describe('on a clock of its own', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Sends through a network that holds each way for a random time; tells when requests arrived where they are judged. */
  async function send(
    limits: { perSecond: number; perMinute: number },
    count: number,
    options: { outMs: number; backMs: number },
  ) {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
    const limiter = createLimiter(limits);
    const random = createRandom(7);
    const arrivals: number[] = [];
    const later = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
    const all = Promise.all(
      Array.from({ length: count }, () =>
        limiter.schedule(async () => {
          await later(random() * options.outMs);
          arrivals.push(performance.now());
          await later(random() * options.backMs);
        }, UNENDING),
      ),
    );
    await vi.runAllTimersAsync();
    await all;
    const keeps = createJudge(limits);
    return { violations: arrivals.filter((atMs) => !keeps(atMs)).length, arrivals };
  }

  test.for<[string, { perSecond: number; perMinute: number }, number, number, number]>([
    ['the documented limits on a fast line', { perSecond: 1, perMinute: 20 }, 200, 5, 5],
    ['the documented limits on a line that jitters', { perSecond: 1, perMinute: 20 }, 200, 800, 800],
    ['answers that take longer than the second', { perSecond: 1, perMinute: 20 }, 60, 3_000, 3_000],
    ['several in a second', { perSecond: 3.7, perMinute: 50 }, 200, 200, 10],
    ['fractions of one', { perSecond: 0.5, perMinute: 0.5 }, 10, 400, 400],
    ['a minute that is tighter than the second', { perSecond: 5, perMinute: 2 }, 20, 100, 100],
  ])('%s: never a violation', async ([, limits, count, outMs, backMs]) => {
    const { violations, arrivals } = await send(limits, count, { outMs, backMs });
    expect(arrivals).toHaveLength(count);
    expect(violations).toBe(0);
  });

  test('a long run reaches 99 % of what the limits allow', async () => {
    const { arrivals } = await send({ perSecond: 1, perMinute: 20 }, 400, { outMs: 100, backMs: 100 });
    const tookMs = (arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0);
    const leastMs = 19 * 60_000 + 19_000; // twenty minutes of twenty
    expect(leastMs / tookMs).toBeGreaterThanOrEqual(0.99);
  });

  test('the first requests of a short run wait for the second only', async () => {
    const { arrivals } = await send({ perSecond: 1, perMinute: 20 }, 5, { outMs: 0, backMs: 0 });
    expect(arrivals.map((atMs) => Math.round((atMs - (arrivals[0] ?? 0)) / 100) * 100)).toEqual([
      0, 1_000, 2_000, 3_000, 4_000,
    ]);
  });

  test('a pause holds what waits already', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
    const limiter = createLimiter({ perSecond: 1, perMinute: 20 });
    const sentAtMs: number[] = [];
    const request = async () => void sentAtMs.push(performance.now());
    const all = Promise.all([limiter.schedule(request, UNENDING), limiter.schedule(request, UNENDING)]);
    await vi.advanceTimersByTimeAsync(500);
    limiter.pause(60_000, 'KONDADO_RATE_LIMITED');
    await vi.runAllTimersAsync();
    await all;
    expect((sentAtMs[1] ?? 0) - (sentAtMs[0] ?? 0)).toBeGreaterThanOrEqual(60_500);
  });
});

test('who gives up while waiting leaves the queue usable for the others', async () => {
  const limiter = createLimiter({ perSecond: 10, perMinute: 1_000 });
  const order: string[] = [];
  const send = (name: string, signal?: AbortSignal) =>
    limiter.schedule(async () => void order.push(name), signal ? patienceOf(signal) : UNENDING);
  const [timing, queueing, late] = [new AbortController(), new AbortController(), AbortSignal.abort()];

  await send('first');
  const held = expect(send('waits for its time', timing.signal)).rejects.toBeInstanceOf(BudgetUsedUp);
  const queued = expect(send('waits for its turn', queueing.signal)).rejects.toBeInstanceOf(BudgetUsedUp);
  const second = send('second');
  await expect(send('comes too late', late)).rejects.toBeInstanceOf(BudgetUsedUp);
  queueing.abort();
  timing.abort();
  await Promise.all([held, queued, second]);
  await expect(limiter.schedule(() => Promise.reject(new Error('fails')), UNENDING)).rejects.toThrow('fails');
  await send('third');
  expect(order).toEqual(['first', 'second', 'third']);
});

describe.concurrent('against a server that counts', () => {
  const scaled = { KONDADO_REQUESTS_PER_SECOND: '20', KONDADO_REQUESTS_PER_MINUTE: '1000' };
  const limits = { perSecond: 20, perMinute: 1_000 };

  test('streams and clients side by side take turns and never break a limit, however the network jitters', async ({
    folder,
    startKondado,
    expect,
  }) => {
    const random = createRandom(11);
    const clients = (rows: Record<string, unknown>[]) =>
      rows.map((row, index) => ({ ...row, client_id: 1 + (index % 2) }));
    const kondado = await startKondado({
      pipeline_logs: clients(load('pipeline_logs', 500)),
      model_logs: clients(load('model_logs', 500)),
      limits,
      fault: () => ({ kind: 'delay', ms: random() * 40 }),
    });
    const { report } = await runSync({
      ...kondado.env,
      ...scaled,
      ...duckDbWarehouse(`${folder}/turns.duckdb`).env,
      KONDADO_CLIENT_IDS: '1,2',
    });
    expect(report.streams.map(({ rows_inserted }) => rows_inserted)).toEqual([250, 250, 250, 250]);
    expect(kondado.sandbox.violations).toBe(0);
    // 6 requests each: as long as all have some left, nobody is more than a page ahead of another that is still storing one.
    const order = kondado.sandbox.requests.map(({ stream, clientId }) => `${stream} ${clientId}`);
    for (let length = 4; length <= 20; length++) {
      const counts = Object.values(Object.groupBy(order.slice(0, length), (name) => name)).map(
        (list) => list?.length ?? 0,
      );
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2);
    }
  });

  test('a second run of the process goes on with the limits where the first ended', async ({
    folder,
    startKondado,
    expect,
  }) => {
    const kondado = await startKondado({ pipeline_logs: load('pipeline_logs', 400), limits });
    const env = { ...kondado.env, ...scaled, ...duckDbWarehouse(`${folder}/two.duckdb`).env };
    for (const outcome of ['success', 'success', 'success']) {
      expect((await runSync(env)).report.outcome).toBe(outcome);
    }
    expect(kondado.sandbox.violations).toBe(0);
  });

  test('somebody else on the same key costs time, and no rows', async ({ folder, startKondado, expect }) => {
    const kondado = await startKondado({ pipeline_logs: load('pipeline_logs', 600), limits });
    const warehouse = duckDbWarehouse(`${folder}/else.duckdb`);
    const query = `key=${kondado.env.KONDADO_API_KEY}&token=${kondado.env.KONDADO_TOKEN}&start_element_id=0`;
    const somebodyElse = (async () => {
      await vi.waitUntil(() => kondado.sandbox.requests.length >= 4, { timeout: 10_000 });
      const url = `${kondado.sandbox.url}/pipeline_logs?${query}`;
      await Promise.all(Array.from({ length: 20 }, () => fetch(url).then((response) => response.text())));
    })();
    const run = await runSync({
      ...kondado.env,
      ...scaled,
      ...warehouse.env,
      KONDADO_RATE_LIMIT_PAUSE_SECONDS: '1.1',
    });
    await somebodyElse;
    const [stream] = run.report.streams;
    expect(stream).toMatchObject({ outcome: 'success', rows_inserted: 600, error: null });
    expect(stream?.rate_limit_hits).toBeGreaterThan(0);
    expect(stream?.rate_limit_hits).toBeLessThan(6);
  });
});

import { describe, expect } from 'vitest';
import { type ContinuationDependencies, continueLater } from '../../../functions/sync/continuation.ts';
import type { RunReport } from '../../../functions/sync/report.ts';
import { parseRunRequest, type RunRequest } from '../../../functions/sync/request.ts';
import { type FakeCloudTasks, startFakeCloudTasks, type TaskFault } from '../../fakes/cloud-tasks.ts';
import { load, minutesAgo } from '../../support/rows.ts';
import { type Environment, type LogLine, recordLog, runSync } from '../../support/runs.ts';
import { test as base, type Kondado } from '../../support/test.ts';
import { duckDbWarehouse, type TestWarehouse } from '../../support/warehouses.ts';

const QUEUE = 'projects/my-project/locations/europe-west1/queues/my-queue';
const REQUESTS_A_RUN = 8;
const BODY = '{"streams":["pipeline_logs"]}';

const test = base.extend<{
  startTasks: (fault?: (index: number) => TaskFault | undefined) => Promise<FakeCloudTasks>;
}>({
  async startTasks({ task: _task }, use) {
    const fakes: FakeCloudTasks[] = [];
    await use(async (fault) => {
      const fake = await startFakeCloudTasks(QUEUE, fault);
      fakes.push(fake);
      return fake;
    });
    await Promise.all(fakes.map((fake) => fake.close()));
  },
});

/** A first load of one stream that came to an end in its middle. */
function partial(lastId = 5_000n): RunReport {
  const stream = {
    stream: 'pipeline_logs',
    client_id: null,
    outcome: 'partial',
    rows_inserted: 200,
    rows_rejected: 0,
    progressed: true,
  };
  const ids = { next_id: lastId, watermark_after: '2026-11-23T12:00:00.000000Z' };
  return {
    run_id: 'a-run',
    mode: 'incremental',
    outcome: 'partial',
    streams: [{ ...stream, ...ids }],
  } as RunReport;
}

async function goOn(
  request: RunRequest,
  report: RunReport,
  tasks: Pick<FakeCloudTasks, 'url'>,
): Promise<LogLine[]> {
  const { log, lines } = recordLog();
  const dependencies: ContinuationDependencies = { queue: QUEUE, log, endpoint: tasks.url };
  await continueLater(request, report, dependencies);
  return lines;
}

const decoded = (task: FakeCloudTasks['tasks'][number] | undefined) =>
  Buffer.from(task?.httpRequest.body ?? '', 'base64').toString();

/** Runs a body, each run ended after some requests, and then what Cloud Tasks got, until it has nothing left. */
async function runAll(
  body: string,
  kondado: { current: Kondado; stop?: AbortController; left: number },
  env: Environment,
  tasks: FakeCloudTasks,
) {
  const bodies = [body];
  const lines: LogLine[] = [];
  const outcomes: string[] = [];
  const rests: { streams: string[] }[] = [];
  for (let next: string | undefined = body; next !== undefined; ) {
    const request = parseRunRequest(next);
    kondado.stop = new AbortController();
    kondado.left = REQUESTS_A_RUN;
    const { report } = await runSync(env, request, kondado.stop.signal);
    outcomes.push(report.outcome);
    const rest = report.streams.filter(({ outcome }) => outcome === 'partial');
    rests.push({ streams: rest.map(({ stream }) => stream) });
    lines.push(...(await goOn(request, report, tasks)));
    const task = tasks.tasks.shift();
    next = task && decoded(task);
    if (next !== undefined) bodies.push(next);
    expect(bodies.length).toBeLessThan(40);
  }
  return { bodies, lines, outcomes, rests };
}

async function ids(warehouse: TestWarehouse, stream: 'pipeline_logs' | 'model_logs') {
  return (await warehouse.latest(stream)).map(({ id }) => Number(id));
}

describe('a chain of runs', () => {
  const chain = test.extend<{
    kondado: Parameters<typeof runAll>[1];
    warehouse: TestWarehouse;
    env: Environment;
  }>({
    async kondado({ startKondado }, use) {
      const state: { stop?: AbortController; left: number } = { left: Number.POSITIVE_INFINITY };
      const current = await startKondado({
        pipeline_logs: load('pipeline_logs', 800),
        model_logs: load('model_logs', 400),
        fault: () => {
          if (state.left-- === 0) state.stop?.abort();
          return undefined;
        },
      });
      await use(Object.assign(state, { current }));
    },
    async warehouse({ folder }, use) {
      await use(duckDbWarehouse(`${folder}/kondado.duckdb`));
    },
    async env({ kondado, warehouse }, use) {
      await use({ ...kondado.current.env, ...warehouse.env, LOOKBACK_MINUTES: '0' });
    },
  });

  chain(
    'ends a first load, and asks only for what is not done',
    async ({ kondado, warehouse, env, startTasks }) => {
      const tasks = await startTasks();
      const { bodies, outcomes, rests } = await runAll('{}', kondado, env, tasks);
      expect(outcomes.at(-1)).toBe('success');
      expect(outcomes.length).toBeGreaterThan(3);
      expect(bodies.slice(1).map((next) => JSON.parse(next))).toEqual(rests.slice(0, -1));
      expect(await ids(warehouse, 'pipeline_logs')).toHaveLength(800);
      expect(await ids(warehouse, 'model_logs')).toHaveLength(400);
    },
  );

  chain(
    'ends a backfill of each stream on its own, and keeps its end',
    async ({ kondado, warehouse, env, startTasks }) => {
      const tasks = await startTasks();
      const to = minutesAgo(6);
      await runSync(env);
      for (const table of ['pipeline_logs', 'model_logs'])
        await warehouse.run(`DELETE FROM ${table} WHERE createdat < TIMESTAMPTZ '${to}'`);
      const body = JSON.stringify({ from: minutesAgo(60), to });
      const { bodies, outcomes } = await runAll(body, kondado, env, tasks);
      expect(outcomes.at(-1)).toBe('success');
      const rests = bodies.slice(1).filter((text) => text !== '{}');
      for (const next of rests.map((text) => JSON.parse(text))) {
        expect(next).toEqual({
          streams: [expect.any(String)],
          to: to.replace('Z', '000Z'),
          from_id: expect.any(Number),
        });
      }
      // What is new meanwhile does not wait for the end.
      expect(bodies.filter((text) => text === '{}').length).toBeGreaterThanOrEqual(rests.length - 1);
      const expected = (stream: 'pipeline_logs' | 'model_logs') =>
        kondado.current.streams[stream].map(({ id }) => id);
      expect(await ids(warehouse, 'pipeline_logs')).toEqual(expected('pipeline_logs'));
      expect(await ids(warehouse, 'model_logs')).toEqual(expected('model_logs'));
    },
  );

  chain('ends a verification', async ({ kondado, warehouse, env, startTasks }) => {
    const tasks = await startTasks();
    await runSync(env);
    await warehouse.run('DELETE FROM pipeline_logs WHERE id % 7 = 0 AND id < 3300');
    const { outcomes } = await runAll('{"verify":true}', kondado, env, tasks);
    expect(outcomes.at(-1)).toBe('success');
    expect(await ids(warehouse, 'pipeline_logs')).toHaveLength(800);
  });

  chain('ends when a run comes no further', async ({ kondado, env, startTasks }) => {
    const tasks = await startTasks();
    for (const body of ['{}', '{"from_id":1000}', `{"from":"${minutesAgo(60)}"}`]) {
      const limit = { ...env, KONDADO_RATE_LIMIT_PAUSE_SECONDS: '60' };
      const request = parseRunRequest(body);
      kondado.stop = new AbortController();
      kondado.left = 0;
      const { report } = await runSync(limit, request, kondado.stop.signal);
      const lines = await goOn(request, report, tasks);
      const noted = lines.map(({ event, severity, message }) => ({ event, severity, message }));
      const { length } = report.streams;
      expect(noted).toEqual(
        Array.from({ length: body === '{}' ? 1 : length }, () => ({
          event: 'continuation_ended',
          severity: 'WARNING',
          message: expect.stringMatching(/no further.*(schedule goes on|next_id)/),
        })),
      );
    }
    expect(tasks.tasks).toEqual([]);
  });
});

describe('the task', () => {
  test('is one that the queue completes: no address, no identity, and time enough', async ({
    startTasks,
  }) => {
    const tasks = await startTasks();
    const lines = await goOn(parseRunRequest(''), partial(), tasks);
    expect(lines).toMatchObject([{ event: 'continuation_created', severity: 'INFO', run_id: 'a-run' }]);
    const [task] = tasks.tasks;
    expect(task).toEqual({
      name: expect.stringMatching(new RegExp(`^${QUEUE}/tasks/[0-9a-f]{64}$`)),
      scheduleTime: expect.any(String),
      dispatchDeadline: '1800s',
      httpRequest: {
        url: expect.stringMatching(/\.invalid\/$/),
        httpMethod: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: expect.any(String),
      },
    });
    expect(decoded(task)).toBe(BODY);
    const inSeconds = (Date.parse(task?.scheduleTime ?? '') - Date.now()) / 1000;
    expect(inSeconds).toBeGreaterThan(10);
    expect(inSeconds).toBeLessThanOrEqual(30);
    expect(tasks.headers.some(({ authorization }) => authorization)).toBe(false);
  });

  test('is made once for a checkpoint, and anew for the next', async ({ startTasks }) => {
    const tasks = await startTasks();
    for (const lastId of [5_000n, 5_000n, 6_000n]) {
      const [line] = await goOn(parseRunRequest(''), partial(lastId), tasks);
      expect(line?.event).toBe('continuation_created');
    }
    expect(tasks.headers).toHaveLength(3);
    expect(tasks.tasks).toHaveLength(2);
  });

  test('is not made for what is done, has failed, or was only planned', async ({ startTasks }) => {
    const tasks = await startTasks();
    const report = partial();
    for (const outcome of ['success', 'failed'] as const) {
      const streams = report.streams.map((stream) => ({ ...stream, outcome }));
      expect(await goOn(parseRunRequest(''), { ...report, streams }, tasks)).toEqual([]);
    }
    expect(await goOn(parseRunRequest('{"dry_run":true}'), report, tasks)).toEqual([]);
    expect(tasks.headers).toEqual([]);
  });

  test('of several clients is made from the least id that one of them has left', async ({ startTasks }) => {
    const tasks = await startTasks();
    const streams = [70n, 50n, 60n].map((next_id, index) => ({
      ...partial(next_id).streams[0],
      client_id: BigInt(index),
    })) as RunReport['streams'];
    const report = { ...partial(), mode: 'backfill', streams } as const;
    await goOn(parseRunRequest('{"from_id":1,"publish":true}'), report, tasks);
    expect(tasks.tasks.map(decoded)).toContain('{"streams":["pipeline_logs"],"from_id":50,"publish":true}');
    expect(tasks.tasks).toHaveLength(2);
  });

  test('of several clients is not made when one of them came no further', async ({ startTasks }) => {
    const tasks = await startTasks();
    const streams = [70n, 1n].map((next_id, index) => ({
      ...partial(next_id).streams[0],
      progressed: next_id > 1n,
      client_id: BigInt(index),
    })) as RunReport['streams'];
    const report = { ...partial(), mode: 'backfill', streams } as const;
    const lines = await goOn(parseRunRequest('{"from_id":1}'), report, tasks);
    expect(lines).toMatchObject([{ event: 'continuation_ended' }]);
    expect(tasks.headers).toEqual([]);
  });

  test('is tried again when Cloud Tasks stumbles', async ({ startTasks }) => {
    const tasks = await startTasks((index) => (index === 0 ? 503 : undefined));
    expect(await goOn(parseRunRequest(''), partial(), tasks)).toMatchObject([
      { event: 'continuation_created' },
    ]);
    expect(tasks.tasks).toHaveLength(1);
  });

  test.for<[TaskFault, RegExp]>([
    [403, /HTTP 403/],
    [404, /HTTP 404/],
    ['text', /HTTP 502/],
    ['reset', /could not be reached/],
  ])('that cannot be made (%s) is one error line, with what to do and without a token', async ([
    fault,
    said,
  ], { startTasks }) => {
    const tasks = await startTasks(() => fault);
    const lines = await goOn(parseRunRequest(''), partial(), tasks);
    expect(lines).toMatchObject([{ event: 'continuation_failed', severity: 'ERROR', body: BODY }]);
    expect(lines[0]?.message).toMatch(said);
    expect(lines[0]?.message).toMatch(/schedule goes on.*CONTINUATION_QUEUE.*cloudtasks\.enqueuer/);
    expect(lines[0]?.message).not.toContain(tasks.url);
  });
});

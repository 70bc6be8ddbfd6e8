import { describe, expect } from 'vitest';
import { sync, testWith, WAREHOUSES } from '../../support/contract.ts';
import { minutesAgo, modelRow, pipelineRow } from '../../support/rows.ts';
import {
  age,
  objectsSeen,
  plantLooks,
  STATUSES,
  statusesAsked,
  stoppedPipeline,
} from '../../support/statuses.ts';

describe.each(WAREHOUSES)('after the logs, with %s,', (kind) => {
  const test = testWith(kind, true);

  test('overdue ones are asked for first, then those not ok, those never looked at, and the oldest looks', async ({
    startKondado,
    warehouse,
  }) => {
    const seen = objectsSeen([2, 3, 4, 5, 6]);
    const kondado = await startKondado({
      ...seen,
      pipeline_logs: [...stoppedPipeline(1), ...seen.pipeline_logs],
    });
    await sync(kondado, warehouse, {}, { STREAMS: 'pipeline_logs,model_logs' });
    await plantLooks(warehouse, [
      ['pipeline', 4, 2, 'ok'],
      ['pipeline', 5, 5, 'ok'],
      ['pipeline', 6, 3, 'failing'],
      ['pipeline', 2, 4, 'unknown'],
      ['pipeline', 1, 1, 'ok'],
      ['model', 162, 3, 'ok'],
    ]);
    await sync(kondado, warehouse, {}, STATUSES);
    expect(statusesAsked(kondado)).toEqual([
      'pipelines/1',
      'pipelines/2',
      'pipelines/6',
      'pipelines/3',
      'pipelines/5',
      'models/162',
      'pipelines/4',
    ]);
    const asked = kondado.sandbox.requests.map(({ stream }) => stream);
    expect(asked.lastIndexOf('pipeline_logs')).toBeLessThan(asked.indexOf(null));
    expect(asked.lastIndexOf('model_logs')).toBeLessThan(asked.indexOf(null));
  });

  test('no more is asked for than a run may, and the next one goes on', async ({
    startKondado,
    warehouse,
  }) => {
    const kondado = await startKondado(objectsSeen([1, 2, 3, 4]));
    const first = await sync(kondado, warehouse, {}, { STATUS_REQUESTS_PER_RUN: '3' });
    expect(first.report.statuses).toEqual({ requests: 3, observed: 3, changed: 0, error: null });
    await age(warehouse, 51);
    await sync(kondado, warehouse, {}, { STATUS_REQUESTS_PER_RUN: '3' });
    expect(new Set(statusesAsked(kondado).slice(0, 5)).size).toBe(5);
    expect(statusesAsked(kondado)).toHaveLength(6);
  });

  test('what comes back counts, retries included, but not among the requests of the logs', async ({
    startKondado,
    warehouse,
  }) => {
    let failures = 0;
    const kondado = await startKondado({
      ...objectsSeen([1, 2, 3]),
      fault: ({ statusOf }) =>
        statusOf?.id === 1 && failures++ < 1 ? { kind: 'status', status: 502 } : undefined,
    });
    const { report } = await sync(kondado, warehouse, {}, { STATUS_REQUESTS_PER_RUN: '4' });
    expect(report.statuses).toEqual({ requests: 4, observed: 3, changed: 0, error: null });
    expect(statusesAsked(kondado)).toHaveLength(4);
    expect(report.streams.map(({ requests, retries }) => [requests, retries])).toEqual([
      [2, 0],
      [2, 0],
    ]);
  });

  test('an answer is a row', async ({ startKondado, warehouse }) => {
    const kondado = await startKondado({
      ...objectsSeen([9_007_199_254_740_991]),
      fault: ({ statusOf }) =>
        statusOf?.kind === 'pipelines'
          ? {
              kind: 'json',
              value: {
                [statusOf.id]: {
                  status: 'error_x__blocked',
                  is_active: 'yes',
                  raw_msg: ' No\nspace. \ud800',
                  more: [1],
                },
              },
            }
          : undefined,
    });
    const { report } = await sync(kondado, warehouse, {}, STATUSES);
    const rows = (await warehouse.rows('status_observations')).sort((one) => (one.kind === 'model' ? -1 : 1));
    expect(rows).toEqual([
      {
        observed_at: expect.stringMatching(/Z$/),
        kind: 'model',
        client_id: 1n,
        object_id: 162n,
        state: 'ok',
        status: 'scheduled',
        is_running: false,
        is_active: true,
        is_blocked: null,
        kubo_status_type: 'operational',
        message: null,
        _extra: null,
        _run_id: report.run_id,
      },
      {
        observed_at: expect.stringMatching(/Z$/),
        kind: 'pipeline',
        client_id: 1n,
        object_id: 9_007_199_254_740_991n,
        state: 'blocked',
        status: 'error_x__blocked',
        is_running: null,
        is_active: null,
        is_blocked: null,
        kubo_status_type: null,
        message: 'No space. \ufffd',
        _extra: '{"is_active":"yes","more":[1]}',
        _run_id: report.run_id,
      },
    ]);
  });

  test('a look is taken once in 50 minutes, and what differs from the look before is a change', async ({
    startKondado,
    warehouse,
  }) => {
    let status = 'scheduled';
    const kondado = await startKondado({
      ...objectsSeen([1]),
      fault: ({ statusOf }) =>
        statusOf?.kind === 'pipelines' ? { kind: 'json', value: { 1: { status } } } : undefined,
    });
    const look = async () => (await sync(kondado, warehouse, {}, STATUSES)).report.statuses;
    expect(await look()).toEqual({ requests: 2, observed: 2, changed: 0, error: null });
    await age(warehouse, 49);
    status = 'not_active';
    expect(await look()).toEqual({ requests: 0, observed: 0, changed: 0, error: null });
    await age(warehouse, 2);
    expect(await look()).toEqual({ requests: 2, observed: 2, changed: 1, error: null });
    await age(warehouse, 51);
    expect(await look()).toEqual({ requests: 2, observed: 2, changed: 0, error: null });
  });

  test('nothing is asked for in a run that has nothing to do with it', async ({
    startKondado,
    warehouse,
  }) => {
    const kondado = await startKondado(objectsSeen([1]));
    for (const [request, env] of [
      [{ dryRun: true }, STATUSES],
      [{}, { STATUS_REQUESTS_PER_RUN: '0' }],
      [{ mode: 'backfill', fromId: 0n }, STATUSES],
      [{ mode: 'verify' }, STATUSES],
    ] as const) {
      expect((await sync(kondado, warehouse, request, env)).report.statuses).toBeNull();
    }
    const failing = await startKondado({
      fault: ({ stream }) => (stream ? { kind: 'status', status: 403 } : undefined),
    });
    expect((await sync(failing, warehouse, {}, STATUSES)).report.statuses).toBeNull();
    expect([...statusesAsked(kondado), ...statusesAsked(failing)]).toEqual([]);
  });

  test('what the logs of 90 days, the streams or the clients do not name is not asked for', async ({
    startKondado,
    warehouse,
  }) => {
    const kondado = await startKondado({
      pipeline_logs: [
        pipelineRow(1, { pipeline_id: 7, createdAt: minutesAgo(91 * 1_440) }),
        pipelineRow(2, { pipeline_id: 8, client_id: 2 }),
        pipelineRow(3, { pipeline_id: 9 }),
        pipelineRow(4, { pipeline_id: null }),
      ],
      model_logs: [modelRow(1)],
    });
    await sync(kondado, warehouse, {}, {});
    await sync(kondado, warehouse, {}, { ...STATUSES, STREAMS: 'pipeline_logs', KONDADO_CLIENT_IDS: '1' });
    expect(statusesAsked(kondado)).toEqual(['pipelines/9']);
  });

  test('views that are missing cost their part of the order alone', async ({ startKondado, warehouse }) => {
    const kondado = await startKondado(objectsSeen([1]));
    await sync(kondado, warehouse, {}, {});
    const dataset = warehouse.fake ? `${warehouse.fake.dataset}.` : '';
    // DuckDB makes its views anew with each run.
    if (warehouse.fake)
      for (const name of ['pipeline', 'model']) await warehouse.run(`DROP VIEW ${dataset}${name}_status`);
    const { report } = await sync(kondado, warehouse, {}, STATUSES);
    expect(report.statuses).toEqual({ requests: 2, observed: 2, changed: 0, error: null });
  });
});

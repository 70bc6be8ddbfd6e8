import { describe, expect } from 'vitest';
import type { StreamReport } from '../../../functions/sync/report.ts';
import type { Fault } from '../../../local/sandbox/server.ts';
import { sync, testWith, WAREHOUSES } from '../../support/contract.ts';
import type { Run } from '../../support/runs.ts';
import { isStatus, objectsSeen, STATUSES, statusesAsked } from '../../support/statuses.ts';
import { duckDbWarehouse } from '../../support/warehouses.ts';

interface Outcome {
  name: string;
  fault: Fault;
  code: string | null;
  observed?: number;
  asked: string[];
  env?: Record<string, string>;
}

const FIRST = 'pipelines/1';
/** All three, of which each attempt counts. */
const all = (attempts: number) =>
  [FIRST, 'pipelines/2', 'models/162'].flatMap((object) => Array<string>(attempts).fill(object));

const FAULTS: Outcome[] = [
  { name: 'HTTP 401', fault: { kind: 'status', status: 401 }, code: 'KONDADO_UNAUTHORIZED', asked: [FIRST] },
  { name: 'HTTP 403', fault: { kind: 'status', status: 403 }, code: 'KONDADO_UNAUTHORIZED', asked: [FIRST] },
  {
    name: 'a refused key',
    fault: { kind: 'envelopeError', error: 'UNAUTHORIZED', message: 'No.' },
    code: 'KONDADO_UNAUTHORIZED',
    asked: [FIRST],
  },
  { name: 'HTTP 404', fault: { kind: 'status', status: 404 }, code: null, observed: 3, asked: all(1) },
  {
    name: 'another error',
    fault: { kind: 'envelopeError', error: 'ODD', message: 'No.' },
    code: 'KONDADO_UNEXPECTED_RESPONSE',
    asked: all(1),
  },
  {
    name: 'the status of something else',
    fault: { kind: 'json', value: { 9: { status: 'running' } } },
    code: 'KONDADO_UNEXPECTED_RESPONSE',
    asked: all(4).slice(0, 6),
    env: { STATUS_REQUESTS_PER_RUN: '6' },
  },
  {
    name: 'HTML',
    fault: { kind: 'html' },
    code: 'KONDADO_UNEXPECTED_RESPONSE',
    asked: [FIRST],
    env: { STATUS_REQUESTS_PER_RUN: '1' },
  },
  {
    name: 'HTTP 500',
    fault: { kind: 'status', status: 500 },
    code: 'KONDADO_UNAVAILABLE',
    asked: [FIRST, FIRST],
    env: { STATUS_REQUESTS_PER_RUN: '2' },
  },
  {
    name: 'a reset',
    fault: { kind: 'reset' },
    code: 'KONDADO_UNAVAILABLE',
    asked: [FIRST, FIRST],
    env: { STATUS_REQUESTS_PER_RUN: '2' },
  },
  {
    name: 'a cut-off answer',
    fault: { kind: 'cutOff' },
    code: 'KONDADO_UNAVAILABLE',
    asked: [FIRST],
    env: { STATUS_REQUESTS_PER_RUN: '1' },
  },
  {
    name: 'the rate limit again and again',
    fault: { kind: 'rateLimit' },
    code: 'KONDADO_RATE_LIMITED',
    asked: Array(6).fill(FIRST),
  },
  {
    name: 'a pause longer than the run',
    fault: { kind: 'rateLimit', headers: { 'retry-after': '3600' } },
    code: 'KONDADO_RATE_LIMITED',
    asked: [FIRST],
  },
  {
    name: 'silence until the budget is over',
    fault: { kind: 'hang' },
    code: null,
    asked: [FIRST],
    env: { TIME_BUDGET_SECONDS: '5' },
  },
];

const LOGS = objectsSeen([1, 2]);
/** The run of the same logs that asks for no status, which is the same for all. */
let undisturbed: Promise<Run> | undefined;

/** What a run says of its streams, whenever it was. */
function streamsOf({ report }: Run): Partial<StreamReport>[] {
  return report.streams.map(({ duration_ms: _, started_at: __, ...stream }) => stream);
}

describe.each(
  WAREHOUSES,
)('no fault of a status changes a log, an outcome or the rate of a run into %s:', (kind) => {
  const test = testWith(kind);
  // Limits that are reached, which no status may break.
  const LIMITS = { KONDADO_REQUESTS_PER_SECOND: '20', KONDADO_REQUESTS_PER_MINUTE: '1000' };
  const limits = { perSecond: 20, perMinute: 1000 };

  test.for(FAULTS)('$name', async ({ fault, code, observed = 0, asked, env }, {
    folder,
    startKondado,
    warehouse,
  }) => {
    const kondado = await startKondado({
      ...LOGS,
      limits,
      fault: (request) => (isStatus(request) ? fault : undefined),
    });
    const run = await sync(kondado, warehouse, {}, { ...LIMITS, ...STATUSES, ...env });
    expect(statusesAsked(kondado)).toEqual(asked);
    expect(kondado.sandbox.violations).toBe(0);
    const { statuses, outcome } = run.report;
    expect(outcome).toBe('success');
    expect(statuses).toMatchObject({ requests: asked.length, observed, changed: 0 });
    expect(statuses?.error?.code ?? null).toBe(code);
    expect(await warehouse.rows('status_observations')).toHaveLength(observed);
    const warnings = run.lines.filter(({ event }) => event === 'status_unavailable');
    expect(warnings.map(({ severity, error_code }) => [severity, error_code])).toEqual(
      code === null ? [] : [['WARNING', code]],
    );
    const counted = run.report.streams.map(({ requests, retries, rate_limit_hits }) => [
      requests,
      retries,
      rate_limit_hits,
    ]);
    expect(counted).toEqual([
      [2, 0, 0],
      [2, 0, 0],
    ]);
    expect(await warehouse.rows('sync_runs')).toMatchObject([
      { outcome: 'success', requests: 2n, rows_inserted: expect.any(BigInt) },
      { outcome: 'success', requests: 2n },
    ]);
    expect(await warehouse.latest('pipeline_logs')).toHaveLength(2);
    undisturbed ??= sync(await startKondado(LOGS), duckDbWarehouse(`${folder}/other.duckdb`), {}, {});
    expect(streamsOf(run)).toEqual(streamsOf(await undisturbed));
  });

  test('an answer that cannot be read says nothing of the next', async ({ startKondado, warehouse }) => {
    const kondado = await startKondado({
      ...objectsSeen([1, 2, 3]),
      fault: ({ statusOf }) =>
        statusOf?.id === 1 ? { kind: 'envelopeError', error: 'ODD', message: 'No.' } : undefined,
    });
    const { report } = await sync(kondado, warehouse, {}, STATUSES);
    expect(report.statuses).toMatchObject({
      requests: 4,
      observed: 3,
      error: { code: 'KONDADO_UNEXPECTED_RESPONSE', message: expect.stringContaining('pipeline 1') },
    });
  });

  test('what is gone is an observation', async ({ startKondado, warehouse }) => {
    const kondado = await startKondado({
      ...objectsSeen([1]),
      fault: ({ statusOf }) => (statusOf?.kind === 'pipelines' ? { kind: 'status', status: 404 } : undefined),
    });
    await sync(kondado, warehouse, {}, STATUSES);
    const rows = await warehouse.rows('status_observations');
    expect(rows.find(({ object_id }) => object_id === 1n)).toMatchObject({ state: 'gone', status: null });
  });

  test.for([
    { name: 'all, and ever since', isGone: () => true, pipelines: [1, 2, 3, 4, 5], warnings: 1 },
    { name: 'too few to say', isGone: () => true, pipelines: [1, 2, 3, 4], warnings: 0 },
    { name: 'not all', isGone: (id: number) => id !== 5, pipelines: [1, 2, 3, 4, 5], warnings: 0 },
  ])('where everything is gone, the path may be wrong: $name', async ({ isGone, pipelines, warnings }, {
    startKondado,
    warehouse,
  }) => {
    const kondado = await startKondado({
      ...objectsSeen(pipelines),
      fault: ({ statusOf }) =>
        statusOf?.kind === 'pipelines' && isGone(statusOf.id) ? { kind: 'status', status: 404 } : undefined,
    });
    const { lines, report } = await sync(kondado, warehouse, {}, STATUSES);
    expect(report.statuses).toMatchObject({ observed: pipelines.length + 1, error: null });
    const told = lines.filter(({ event }) => event === 'schema_drift');
    expect(told).toHaveLength(warnings);
    for (const { message } of told) expect(message).toContain('KONDADO_PIPELINE_STATUS_PATH');
  });

  test('what is not documented is kept as it was sent, and warned of once', async ({
    startKondado,
    warehouse,
  }) => {
    const kondado = await startKondado({
      ...objectsSeen([1, 2]),
      fault: ({ statusOf }) =>
        statusOf?.kind === 'pipelines'
          ? { kind: 'json', value: { [statusOf.id]: { status: 'Dreaming, again' } } }
          : undefined,
    });
    const { report, lines } = await sync(kondado, warehouse, {}, STATUSES);
    expect(report.statuses).toMatchObject({ observed: 3, error: null });
    const drift = lines.filter(({ event }) => event === 'schema_drift');
    expect(drift).toMatchObject([{ severity: 'WARNING', kind: 'pipeline', object_id: 1, unknown: 2 }]);
    expect(await warehouse.rows('status_observations')).toEqual(
      expect.arrayContaining([expect.objectContaining({ state: 'unknown', status: 'Dreaming, again' })]),
    );
  });

  test('a run that is stopped keeps what it has seen, and a run without time does without', async ({
    startKondado,
    warehouse,
  }) => {
    const stop = new AbortController();
    const kondado = await startKondado({
      ...objectsSeen([1, 2, 3]),
      fault: ({ statusOf }) => {
        if (statusOf?.id !== 2) return undefined;
        stop.abort();
        return { kind: 'hang' };
      },
    });
    const { report } = await sync(kondado, warehouse, {}, STATUSES, stop.signal);
    expect(report).toMatchObject({
      outcome: 'success',
      statuses: { requests: 2, observed: 1, changed: 0, error: null },
    });
    expect(await warehouse.rows('status_observations')).toMatchObject([{ object_id: 1n }]);
    const hanging = await startKondado({
      ...objectsSeen([1]),
      fault: ({ stream }) => (stream === 'model_logs' ? { kind: 'hang' } : undefined),
    });
    const late = await sync(hanging, warehouse, {}, { ...STATUSES, TIME_BUDGET_SECONDS: '3' });
    expect(late.report.outcome).toBe('partial');
    expect(late.report.statuses).toEqual({ requests: 0, observed: 0, changed: 0, error: null });
  });
});

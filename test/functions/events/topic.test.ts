import { expect } from 'vitest';
import { failuresOf, recorded, testEventsWith } from '../../support/events.ts';
import { idsOf } from '../../support/history.ts';
import { load, pipelineRow } from '../../support/rows.ts';
import { rowsBetween } from '../../support/worlds.ts';

const test = testEventsWith('DuckDB');

test('events that the topic does not take cost no row, and go out with the next run, first', async ({
  open,
}) => {
  const opened = await open({ pipeline_logs: load('pipeline_logs', 60), pageSize: 25 });
  const { post, arrived, faults, kondado } = opened;
  const rows = kondado.streams.pipeline_logs;
  faults.next = (publishing) => (publishing === 0 ? undefined : 400);
  for (const waiting of [35, 60]) {
    const posted = await post();
    expect(posted).toMatchObject({ outcome: 'success', status: 200 });
    const { events } = posted;
    expect(events).toMatchObject({ waiting, error: { message: expect.stringMatching(/\S/) } });
    expect(failuresOf(posted)).toMatchObject([{ severity: 'ERROR', waiting, code: events?.error?.code }]);
    expect(failuresOf(posted)[0]?.message).toMatch(/rows are stored, and the next run publishes first/);
  }
  expect(arrived()).toEqual(idsOf(rows.slice(0, 25)));
  faults.next = () => undefined;
  rows.push(...rowsBetween(4, 1, 3, 60_000));
  expect((await post()).events).toEqual({ published: 63, waiting: 0, error: null });
  expect(arrived()).toEqual(idsOf(rows));
  expect((await post()).events?.published).toBe(0);
  expect(await recorded(opened)).toEqual([null, null, 63, 0]);
});

test.concurrent('a topic that hangs keeps no page waiting, and ends with the time of the run', async ({
  open,
  expect,
}) => {
  const env = { STREAMS: 'pipeline_logs', TIME_BUDGET_SECONDS: '6' };
  const opened = await open({ pipeline_logs: load('pipeline_logs', 200), pageSize: 25 }, env);
  const { post, faults, kondado, pubsub } = opened;
  faults.next = () => 'silence';
  const startedMs = performance.now();
  const posted = await post();
  expect(posted.stream).toMatchObject({ outcome: 'success', rows_inserted: 200 });
  expect(posted.stream.duration_ms).toBeLessThan(6_000);
  expect(performance.now() - startedMs).toBeLessThan(15_000);
  expect(posted.events).toMatchObject({ published: 0, waiting: 200, error: { code: 'EVENTS_UNAVAILABLE' } });
  expect(failuresOf(posted)).toHaveLength(1);
  expect(pubsub.requests).toHaveLength(1);
  expect(await recorded(opened)).toEqual([null]);
  faults.next = () => undefined;
  expect((await post()).events).toEqual({ published: 200, waiting: 0, error: null });
  expect(opened.arrived()).toEqual(idsOf(kondado.streams.pipeline_logs));
});

test.concurrent('a topic that does not answer is given up after 20 seconds', { timeout: 60_000 }, async ({
  open,
  expect,
}) => {
  const { post, faults } = await open({ pipeline_logs: load('pipeline_logs', 20) });
  faults.next = () => 'silence';
  const startedMs = performance.now();
  const { events, outcome } = await post();
  expect(outcome).toBe('success');
  expect(events?.error?.message).toMatch(/did not answer within 20 seconds/);
  expect(performance.now() - startedMs).toBeGreaterThan(19_000);
  expect(performance.now() - startedMs).toBeLessThan(40_000);
});

test('a stop leaves the events of a topic that hangs to the next run', async ({ open, expect }) => {
  const opened = await open({ pipeline_logs: load('pipeline_logs', 20) });
  const stop = new AbortController();
  opened.faults.next = () => {
    stop.abort();
    return 'silence';
  };
  const { events, stream } = await opened.post({}, { stop: stop.signal });
  expect(stream.rows_inserted).toBe(20);
  expect(events).toMatchObject({ published: 0, waiting: 20 });
  expect(await recorded(opened)).toEqual([null]);
});

test('more than a request may hold goes out in several, in order', async ({ open, expect }) => {
  const large = Array.from({ length: 5 }, (_, index) =>
    pipelineRow(70_000 + index, { pipeline_name: String(index).repeat(3_000_000) }),
  );
  const rows = [...load('pipeline_logs', 2_500), ...large];
  const { post, faults, arrived, pubsub } = await open({ pipeline_logs: rows, pageSize: 500 });
  faults.next = () => 400;
  await post();
  faults.next = () => undefined;
  const before = pubsub.requests.length;
  expect((await post()).events).toEqual({ published: 2_505, waiting: 0, error: null });
  expect(arrived()).toEqual(idsOf(rows));
  expect(pubsub.requests.length - before).toBeGreaterThan(3);
});

test('events that come faster than they are taken do not fill the memory', async ({ open, expect }) => {
  const pipeline_name = 'n'.repeat(1_000_000);
  const rows = Array.from({ length: 40 }, (_, index) => pipelineRow(1_000 + index, { pipeline_name }));
  const { post, faults, arrived } = await open({ pipeline_logs: rows, pageSize: 5 });
  faults.next = () => new Promise((resolve) => setTimeout(resolve, 8_000));
  const { events, stream } = await post();
  expect(stream).toMatchObject({ outcome: 'success', rows_inserted: 40 });
  expect(events?.error?.message).toMatch(/faster than they were taken/);
  expect((events?.published ?? 0) + (events?.waiting ?? 0)).toBe(40);
  faults.next = () => undefined;
  arrived();
  await post();
  expect(arrived()).toEqual(idsOf(rows));
});

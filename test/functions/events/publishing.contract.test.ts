import { describe, expect } from 'vitest';
import { WAREHOUSES } from '../../support/contract.ts';
import { recorded, testEventsWith } from '../../support/events.ts';
import { DAY_MINUTES, dayAgo, idsOf } from '../../support/history.ts';
import { load, minutesAgo, modelRow, pipelineRow } from '../../support/rows.ts';
import { rowsBetween } from '../../support/worlds.ts';

describe.each(WAREHOUSES)('events, with %s', (kind) => {
  const test = testEventsWith(kind);

  test('go out once for each row, in the order of the rows', async ({ open }) => {
    const opened = await open({ pipeline_logs: load('pipeline_logs', 120), pageSize: 25 });
    const { post, arrived, kondado } = opened;
    const first = await post();
    expect(first.events).toEqual({ published: 120, waiting: 0, error: null });
    expect(arrived()).toEqual(idsOf(kondado.streams.pipeline_logs));
    expect((await post()).events).toEqual({ published: 0, waiting: 0, error: null });
    const news = rowsBetween(4, 1, 3, 6_000);
    kondado.streams.pipeline_logs.push(...news);
    expect((await post()).events).toEqual({ published: 3, waiting: 0, error: null });
    expect(arrived()).toEqual(idsOf(news));
    expect(await recorded(opened)).toEqual([120, 0, 3]);
    expect(opened.pubsub.requests.some(({ headers }) => headers.authorization)).toBe(false);
  });

  test('are what the API has sent, whether the page or the table is their source', async ({ open }) => {
    const row = pipelineRow(5_000, {
      createdAt: minutesAgo(10).replace('Z', '123Z'),
      row_count: '9007199254740993',
      execution_time_seconds: 0.1,
      has_deltas: null,
      pipeline_name: 'Ç"\\ 🐘',
      new_savepoint: '2026-01-01 00:00',
      unknown: 1,
    });
    const models = [modelRow(7)];
    const { post, pubsub, faults } = await open({ pipeline_logs: [row], model_logs: models }, {});
    faults.next = () => 'taken';
    expect((await post()).events?.error?.code).toBe('EVENTS_UNAVAILABLE');
    const fromPages = pubsub.messages.splice(0);
    faults.next = () => undefined;
    expect((await post()).events).toEqual({ published: 2, waiting: 0, error: null });
    expect(new Set(fromPages.map((message) => JSON.stringify(message)))).toEqual(
      new Set(pubsub.messages.map((message) => JSON.stringify(message))),
    );
  });

  test('are of no newer version of a known row, and of nothing older than a day', async ({ open }) => {
    const rows = [
      ...rowsBetween(30 * DAY_MINUTES, 25 * 60, 60, 1_000),
      ...rowsBetween(23 * 60, 60, 40, 50_000),
    ];
    const { post, arrived, kondado } = await open({ pipeline_logs: rows });
    expect((await post()).stream.rows_inserted).toBe(100);
    expect(arrived()).toEqual(idsOf(rows.slice(60)));
    const [last] = rows.slice(-1);
    kondado.streams.pipeline_logs.push({ ...last, updatedAt: minutesAgo(1) });
    kondado.streams.pipeline_logs.splice(-2, 1);
    const { stream, events } = await post();
    expect(stream.rows_inserted).toBe(1);
    expect(events).toEqual({ published: 0, waiting: 0, error: null });
  });

  test('of a backfill and a verification go out only if it was told to publish, whatever their age', async ({
    open,
  }) => {
    const rows = rowsBetween(20 * DAY_MINUTES, 10, 90, 1_000);
    const opened = await open({ pipeline_logs: rows.slice(60) });
    const { post, arrived, kondado } = opened;
    await post();
    arrived();
    kondado.streams.pipeline_logs.unshift(...rows.slice(40, 60));
    expect((await post({ from: dayAgo(30) })).events).toBeNull();
    kondado.streams.pipeline_logs.unshift(...rows.slice(20, 40));
    expect((await post({ from: dayAgo(30), publish: true, dry_run: true })).events).toBeNull();
    expect(arrived()).toEqual([]);
    const { stream, events } = await post({ from: dayAgo(30), publish: true });
    expect(stream.rows_inserted).toBe(20);
    expect(events).toEqual({ published: 20, waiting: 0, error: null });
    expect(arrived()).toEqual(idsOf(rows.slice(20, 40)));
    kondado.streams.pipeline_logs.unshift(...rows.slice(0, 20));
    expect((await post({ from: dayAgo(30), verify: true, publish: true })).events).toMatchObject({
      published: 20,
    });
    expect(arrived()).toEqual(idsOf(rows.slice(0, 20)));
    expect(await recorded(opened, 'backfill')).toEqual([0, 20]);
    expect(await recorded(opened, 'verify')).toEqual([20]);
  });

  test('whose answer is lost go out again, with the same ids', async ({ open }) => {
    const { post, arrived, faults, kondado } = await open({ pipeline_logs: load('pipeline_logs', 20) });
    faults.next = (publishing) => (publishing === 0 ? 'taken' : undefined);
    expect((await post()).events).toEqual({ published: 20, waiting: 0, error: null });
    const ids = idsOf(kondado.streams.pipeline_logs);
    expect(arrived()).toEqual([...ids, ...ids]);
  });

  test('that have nowhere to go load nothing and are recorded as none', async ({ open }) => {
    const opened = await open({ pipeline_logs: load('pipeline_logs', 20) });
    const { post, arrived } = opened;
    expect((await post({}, { env: { EVENTS_TOPIC: '' } })).events).toBeNull();
    expect(await recorded(opened)).toEqual([0]);
    expect((await post()).events?.published).toBe(0);
    expect(arrived()).toEqual([]);
  });
});

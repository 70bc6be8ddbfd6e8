import { describe, expect } from 'vitest';
import { WAREHOUSES } from '../../support/contract.ts';
import { killed, type OpenEvents, recorded, testEventsWith } from '../../support/events.ts';
import { dayAgo, idsOf } from '../../support/history.ts';
import { type ApiRow, load, minutesAgo, modelRow } from '../../support/rows.ts';
import { rowsBetween } from '../../support/worlds.ts';

const NOTHING = { published: 0, waiting: 0, error: null };

/** Thirty rows whose events are out. */
async function setUp(open: OpenEvents) {
  const opened = await open({ pipeline_logs: rowsBetween(300, 200, 30, 1_000) });
  const rows = opened.kondado.streams.pipeline_logs;
  await opened.post();
  opened.arrived();
  const add = (news: ApiRow[]) => {
    rows.push(...news);
    return idsOf(news);
  };
  /** The API shows the last row with other values and a later date of change. */
  const changeLast = (fields: ApiRow = {}) =>
    rows.push({ ...rows.pop(), updatedAt: minutesAgo(5), ...fields });
  return { ...opened, add, changeLast };
}

describe.each(WAREHOUSES)('what a killed run has left, with %s', (kind) => {
  const test = testEventsWith(kind);

  test('goes out first in the next run, once', async ({ open }) => {
    const opened = await setUp(open);
    const { add, post, arrived } = opened;
    const left = add(rowsBetween(90, 60, 20, 5_000));
    await killed(opened);
    expect(arrived()).toEqual([]);
    const news = add(rowsBetween(20, 10, 5, 6_000));
    expect((await post()).events).toEqual({ ...NOTHING, published: 25 });
    expect(arrived()).toEqual([...left, ...news]);
    expect((await post()).events).toEqual(NOTHING);
    expect(await recorded(opened)).toEqual([30, 25, 0]);
  });

  test('goes out although a backfill, a verification and a run of the other stream came between', async ({
    open,
  }) => {
    const opened = await setUp(open);
    const { add, post, arrived } = opened;
    const left = add(rowsBetween(90, 60, 20, 5_000));
    await killed(opened);
    await post({ from: dayAgo(1) });
    await post({ from: dayAgo(1), publish: true });
    await post({ verify: true });
    opened.kondado.streams.model_logs.push(modelRow(1));
    await post({ streams: ['model_logs'] });
    expect(arrived()).toEqual([1]);
    expect((await post()).events).toEqual({ ...NOTHING, published: 20 });
    expect(arrived()).toEqual(left);
  });

  test('goes out as it was first stored, although the topic was away for the runs after it', async ({
    open,
  }) => {
    const opened = await setUp(open);
    const { add, changeLast, post, arrived, faults, pubsub } = opened;
    const left = add(rowsBetween(90, 60, 20, 5_000));
    await killed(opened);
    faults.next = () => 400;
    changeLast({ row_count: '1' });
    const later = add(rowsBetween(50, 40, 5, 6_000));
    await post();
    const last = add(rowsBetween(30, 20, 5, 7_000));
    await post();
    expect(arrived()).toEqual([]);
    faults.next = () => undefined;
    expect((await post()).events).toEqual({ ...NOTHING, published: 30 });
    expect(arrived()).toEqual([...left, ...later, ...last]);
    const texts = pubsub.messages.map(({ data }) => Buffer.from(data, 'base64').toString());
    expect(texts.filter((text) => JSON.parse(text).row_count === 1)).toEqual([]);
    expect((await post()).events).toEqual(NOTHING);
    expect(await recorded(opened)).toEqual([30, null, null, 30, 0]);
  });

  test('is no event if it is a newer version of a row that others have stored, or older than a day', async ({
    open,
  }) => {
    const opened = await setUp(open);
    opened.changeLast();
    opened.add(rowsBetween(26 * 60, 25 * 60, 10, 5_000));
    const left = opened.add(rowsBetween(90, 60, 1, 6_000));
    await killed(opened);
    expect(await opened.warehouse.rows('pipeline_logs')).toHaveLength(42);
    expect((await opened.post()).events).toEqual({ ...NOTHING, published: 1 });
    expect(opened.arrived()).toEqual(left);
  });

  test('goes out in a run that can read nothing', async ({ open }) => {
    const opened = await setUp(open);
    const left = opened.add(rowsBetween(90, 60, 20, 5_000));
    await killed(opened);
    const posted = await opened.post({}, { env: { KONDADO_TOKEN: 'wrong' } });
    expect(posted).toMatchObject({ outcome: 'failed', events: { published: 20, error: null } });
    expect(opened.arrived()).toEqual(left);
    expect((await opened.post()).events).toEqual(NOTHING);
  });

  test('goes out in as many readings as it takes', async ({ open }) => {
    const opened = await setUp(open);
    const left = opened.add(rowsBetween(90, 60, 2_000, 5_000));
    await killed(opened);
    expect((await opened.post()).events).toEqual({ ...NOTHING, published: 2_000 });
    expect(opened.arrived()).toEqual(left);
  });

  test('goes out for each of several clients', async ({ open }) => {
    const rows = [1, 2].flatMap((client_id) =>
      load('pipeline_logs', 20, { firstId: client_id * 1_000 }).map((row): ApiRow => ({ ...row, client_id })),
    );
    const env = { STREAMS: 'pipeline_logs', KONDADO_CLIENT_IDS: '1,2' };
    const opened = await open({ pipeline_logs: rows }, env);
    await killed(opened);
    expect((await opened.post()).events).toEqual({ ...NOTHING, published: 40 });
    expect(opened.arrived()).toEqual(idsOf(rows));
    expect((await recorded(opened)).toSorted()).toEqual([0, 40]);
    expect((await opened.post()).events).toEqual(NOTHING);
  });
});

describe('a run that is killed after another one began', () => {
  const test = testEventsWith('BigQuery');

  test('leaves no row that it had read before to be forgotten', async ({ open }) => {
    let other: (() => Promise<unknown>) | undefined;
    const opened = await open({
      pipeline_logs: load('pipeline_logs', 40),
      pageSize: 10,
      async fault({ index }) {
        if (index === 3) await other?.();
        return undefined;
      },
    });
    other = async () => {
      other = undefined;
      const { events } = await opened.post({}, { env: { KONDADO_TOKEN: 'wrong' } });
      expect(events?.error?.code).toBe('EVENTS_REJECTED');
      await opened.warehouse.run(
        `UPDATE ${opened.warehouse.fake?.dataset}.sync_runs SET events_published = 0`,
      );
    };
    await killed(opened);
    expect((await opened.post()).events?.published).toBe(40);
    expect(opened.arrived()).toEqual(idsOf(opened.kondado.streams.pipeline_logs));
  });
});

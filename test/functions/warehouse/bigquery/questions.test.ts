import { describe, expect } from 'vitest';
import { DAY_MS } from '../../../../functions/timestamps.ts';
import type { FakeBigQuery, FakeCall } from '../../../fakes/bigquery.ts';
import { startFakePubSub } from '../../../fakes/pubsub.ts';
import { TOPIC, topicEnv } from '../../../support/events.ts';
import { DAY_MINUTES } from '../../../support/history.ts';
import { poster } from '../../../support/post.ts';
import { type ApiRow, load, modelRow, pipelineRow } from '../../../support/rows.ts';
import { test } from '../../../support/test.ts';
import { bigQueryWarehouse } from '../../../support/warehouses.ts';
import { rowsBetween } from '../../../support/worlds.ts';

const TABLES = ['pipeline_logs', 'model_logs', 'rejected_rows', 'sync_runs'];
const PARTITIONED_BY: Record<string, string> = { rejected_rows: 'rejected_at', sync_runs: 'started_at' };
const MOST_DAYS = 8;

/** The questions about the tables themselves; what the page and the alerts ask goes to the views. */
function questions({ calls }: FakeBigQuery, since = 0): FakeCall[] {
  return calls
    .slice(since)
    .filter(
      ({ kind, query = '' }) => kind === 'query' && TABLES.some((table) => query.includes(`.${table}\``)),
    );
}

/** The tables of a question that are read without a constant bound by which BigQuery leaves partitions out. */
function unbounded({ query = '', parameters = {} }: FakeCall): string[] {
  return TABLES.filter((table) => {
    const mentions = query.split(`.${table}\``).length - 1;
    const column = PARTITIONED_BY[table] ?? 'createdat';
    const bound = new RegExp(`\\b${column} (?:>=?|BETWEEN) (?:@(\\w+)|TIMESTAMP '([^']+)')`, 'g');
    const recent = [...query.matchAll(bound)].filter(([, parameter = '', literal]) => {
      const since = Date.parse(literal?.replace(/\+00$/, 'Z') ?? String(parameters[parameter]));
      return Date.now() - since <= MOST_DAYS * DAY_MS;
    });
    return recent.length < mentions;
  });
}

const history = (makeRow: (id: number, fields: ApiRow) => ApiRow): ApiRow[] =>
  [...rowsBetween(30 * DAY_MINUTES, 180, 200, 1_000), ...rowsBetween(50, 5, 30, 5_000)].map((row) =>
    makeRow(Number(row.id), { createdAt: row.createdAt }),
  );

describe('what an hourly run asks BigQuery', () => {
  test.for([
    { name: 'nothing new', news: 0 },
    { name: 'new rows', news: 20 },
  ])('is three questions a stream at most, each of a few days: $name', async ({ news }, {
    startKondado,
    startBigQuery,
  }) => {
    const kondado = await startKondado({
      pipeline_logs: history(pipelineRow),
      model_logs: history(modelRow),
    });
    const fake = await startBigQuery();
    const post = poster(kondado, bigQueryWarehouse(fake), {});
    await post();
    kondado.streams.pipeline_logs.push(...rowsBetween(4, 1, news, 6_000));
    const since = fake.calls.length;
    const { streams } = await post();
    expect(streams).toMatchObject([{ outcome: 'success', rows_inserted: news }, { outcome: 'success' }]);

    const asked = questions(fake, since);
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.length).toBeLessThanOrEqual(3 * streams.length);
    expect(asked.flatMap(unbounded)).toEqual([]);
    const inserted = fake.calls.slice(since).filter(({ kind }) => kind === 'insertAll');
    expect(inserted.map(({ table }) => table)).toEqual(
      news > 0 ? ['pipeline_logs', 'sync_runs'] : ['sync_runs'],
    );
  });

  test('for what its predecessors have left of their events is one more a stream, of a few days', async ({
    startKondado,
    startBigQuery,
    onTestFinished,
  }) => {
    const pubsub = await startFakePubSub(TOPIC);
    onTestFinished(pubsub.close);
    const kondado = await startKondado({
      pipeline_logs: history(pipelineRow),
      model_logs: history(modelRow),
    });
    const fake = await startBigQuery();
    const post = poster(kondado, bigQueryWarehouse(fake), {});
    await post();
    const counts = [];
    for (const env of [{}, topicEnv(pubsub)]) {
      const since = fake.calls.length;
      const { streams } = await post({}, { env });
      expect(streams.map(({ outcome }) => outcome)).toEqual(['success', 'success']);
      const asked = questions(fake, since);
      expect(asked.flatMap(unbounded)).toEqual([]);
      counts.push(asked.length);
    }
    expect(counts[1]).toBe(Number(counts[0]) + 2);
  });

  test('grows in proportion to the entries without an id', async ({ startKondado, startBigQuery }) => {
    async function costOf(entries: number) {
      const rows = load('pipeline_logs', entries / 20).flatMap((row, place) => [
        row,
        ...Array.from({ length: 19 }, (_, index) => ({ note: `${place} ${index}`, pipeline_name: 'no id' })),
      ]);
      const fake = await startBigQuery();
      const post = poster(await startKondado({ pipeline_logs: rows }), bigQueryWarehouse(fake));
      await post();
      const since = fake.calls.length;
      const { stream } = await post();
      expect(stream).toMatchObject({ outcome: 'success', rows_rejected: 0, rows_duplicate: rows.length });
      const asked = questions(fake, since);
      const bytes = asked.map(({ body, answerBytes = 0 }) => JSON.stringify(body).length + answerBytes);
      return { count: asked.length, bytes: bytes.reduce((sum, one) => sum + one, 0) };
    }
    const [few, many] = [await costOf(400), await costOf(1_600)];
    expect(many.count / few.count).toBeLessThan(4.5);
    expect(many.bytes / few.bytes).toBeLessThan(4.5);
  });

  test('of an empty stream is bounded too, or asked of an empty table', async ({
    startKondado,
    startBigQuery,
  }) => {
    const fake = await startBigQuery();
    const post = poster(await startKondado(), bigQueryWarehouse(fake), {});
    await post();
    const since = fake.calls.length;
    const { outcome } = await post();
    expect(outcome).toBe('success');
    // The watermark is looked for in 7 days, then 90, then all; and nothing is asked without need.
    expect(questions(fake, since).length).toBeLessThanOrEqual(5 * 2);
  });
});

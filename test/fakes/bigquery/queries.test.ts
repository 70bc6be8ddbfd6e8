import { BigQuery } from '@google-cloud/bigquery';
import { afterAll, afterEach, beforeAll, describe, expect, vi } from 'vitest';
import {
  failureOf,
  log,
  type OpenedFake,
  opened,
  TODAY,
  test,
  unwrapped,
} from '../../support/fake-bigquery.ts';
import { startFakeBigQuery } from '../bigquery.ts';

describe('a query', () => {
  let shared: OpenedFake;
  beforeAll(async () => {
    shared = opened(await startFakeBigQuery({ now: () => Date.parse('2026-01-02T03:04:05.678Z') }));
  });
  afterAll(() => shared.fake.close());
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  const SINCE = BigQuery.timestamp(`${TODAY}T00:00:00Z`);

  test('finds where an incremental sync starts', async ({ start }) => {
    const { insert, query } = await start();
    await insert('pipeline_logs', [
      log('1', { createdat: `${TODAY}T10:00:00Z`, client_id: 1 }),
      log('2', { createdat: `${TODAY}T11:00:00.000001Z`, client_id: 1 }),
      log('3', { createdat: `${TODAY}T12:00:00.000001Z`, client_id: 1 }),
      log('4', { createdat: `${TODAY}T13:00:00Z`, client_id: 2 }),
    ]);
    const sql = `
      WITH recent AS (
        SELECT id, createdat FROM \`p.d.pipeline_logs\`
        WHERE createdat BETWEEN @since AND @now AND client_id = @client_id -- one account
      ), newest AS (SELECT MAX(createdat) AS watermark FROM recent)
      SELECT newest.watermark AS watermark, MIN(recent.id) AS start_id
      FROM recent CROSS JOIN newest
      WHERE recent.createdat >= TIMESTAMP_SUB(newest.watermark, INTERVAL @lookback_seconds SECOND)
      GROUP BY newest.watermark`;
    const params = {
      since: SINCE,
      now: BigQuery.timestamp(`${TODAY}T23:59:59.999999Z`),
      client_id: '1',
      lookback_seconds: 3600,
    };
    const types = { client_id: 'INT64' };
    expect(await query(sql, params, types)).toEqual([
      { watermark: `${TODAY}T12:00:00.000001000Z`, start_id: '2' },
    ]);
    expect(await query(sql, { ...params, client_id: '9' }, types)).toEqual([]);
    expect(await query(sql, { ...params, client_id: null }, types)).toEqual([]);
  });

  test('reads a range in order, and gives rows without ORDER BY in reverse', async ({ start }) => {
    const { insert, query } = await start();
    await insert('pipeline_logs', [
      log(1),
      log(2),
      log(3, { updatedat: `${TODAY}T01:02:03.000004Z` }),
      log(4),
    ]);
    const sql =
      'SELECT id, updatedat FROM `p.d.pipeline_logs` WHERE id >= @first_id AND createdat >= @since ORDER BY id LIMIT @row_limit';
    const params = { first_id: '2', since: SINCE, row_limit: 2 };
    expect(await query(sql, params, { first_id: 'INT64', row_limit: 'INT64' })).toEqual([
      { id: '2', updatedat: null },
      { id: '3', updatedat: `${TODAY}T01:02:03.000004000Z` },
    ]);
    const unordered = await query('SELECT id FROM `p.d.pipeline_logs`');
    expect(unordered.map(({ id }) => id)).toEqual(['4', '3', '2', '1']);
  });

  test('looks up a list of ids, also an empty one', async ({ start }) => {
    const { fake, insert, query } = await start();
    const rejected = (row_id: string | null, row: unknown, stream = 'pipeline_logs') => ({
      ...{ rejected_at: `${TODAY}T00:00:00Z`, run_id: 'run', stream, reason: 'no id' },
      ...{ row_id, row: JSON.stringify(row) },
    });
    await insert('rejected_rows', [
      rejected('9007199254740993', { id: 1 }),
      rejected(null, 'text'),
      rejected('3', {}),
      rejected('9007199254740993', {}, 'model_logs'),
    ]);
    const sql =
      'SELECT row_id, TO_JSON_STRING(row) AS row FROM `p.d.rejected_rows` ' +
      'WHERE stream = @stream AND (row_id IS NULL OR row_id IN UNNEST(@ids)) ORDER BY row_id';
    const found = await query(
      sql,
      { stream: 'pipeline_logs', ids: ['9007199254740993', '5'] },
      { ids: ['INT64'], stream: 'STRING' },
    );
    expect(found).toEqual([
      { row_id: null, row: '"text"' },
      { row_id: '9007199254740993', row: '{"id":1}' },
    ]);
    expect(fake.calls.at(-1)?.parameters).toEqual({
      stream: 'pipeline_logs',
      ids: ['9007199254740993', '5'],
    });
    const none = await query(sql, { stream: 'pipeline_logs', ids: [] }, { ids: ['INT64'], stream: 'STRING' });
    expect(none).toEqual([{ row_id: null, row: '"text"' }]);
  });

  test.for([
    { sql: "SELECT CAST(1 AS STRING) || \"it's\" || '\\'' AS x", x: "1it's'" },
    { sql: "SELECT CAST('12' AS INT64) AS x", x: '12' },
    { sql: "SELECT SAFE_CAST('a' AS INT64) AS x", x: null },
    { sql: 'SELECT IF(1 > 2, 3, 4) AS x', x: '4' },
    { sql: 'SELECT COUNTIF(n > 1) AS x FROM UNNEST([1, 2, 3]) AS n', x: '2' },
    { sql: "SELECT TIMESTAMP('2026-01-01T00:00:00Z') AS x", x: '2026-01-01T00:00:00.000Z' },
    {
      sql: "SELECT TIMESTAMP_SUB(TIMESTAMP '2026-03-01 00:00:00+00', INTERVAL 5 DAY) AS x",
      x: '2026-02-24T00:00:00.000Z',
    },
    { sql: "SELECT TIMESTAMP(NULL) AS x # `p.d.t` 'text", x: null },
    { sql: 'SELECT CURRENT_TIMESTAMP() AS x', x: '2026-01-02T03:04:05.678Z' },
    { sql: 'SELECT TO_JSON_STRING(NULL) AS x', x: 'null' },
    { sql: 'SELECT n AS x FROM UNNEST([5, 6]) AS n QUALIFY ROW_NUMBER() OVER (ORDER BY n DESC) = 1', x: '6' },
    { sql: 'SELECT n AS x FROM UNNEST([5, 6]) AS n WHERE n IN UNNEST([6]) AND n NOT IN UNNEST([5])', x: '6' },
    { sql: "SELECT CAST(UNIX_MICROS(TIMESTAMP '1970-01-01 00:00:01Z') AS STRING) AS x", x: '1000000' },
    { sql: 'SELECT ARRAY_AGG(n ORDER BY n) AS x FROM UNNEST([5, 6]) AS n', x: ['5', '6'] },
  ])('understands $sql', async ({ sql, x }) => {
    const rows = await shared.query(sql);
    expect(rows.map((row) => (Array.isArray(row.x) ? row.x.map(unwrapped) : row.x))).toEqual([x]);
  });

  test.for([
    { name: 'a syntax error', sql: 'SELEC 1', message: 'syntax error' },
    { name: 'an unknown column', sql: 'SELECT nothing FROM `p.d.pipeline_logs`', message: 'nothing' },
    { name: 'an unknown parameter', sql: 'SELECT @nothing', message: "Query parameter 'nothing' not found" },
    {
      name: 'wrong types',
      sql: 'SELECT 1 FROM `p.d.pipeline_logs` WHERE createdat > @text',
      message: 'Cannot compare',
    },
    { name: 'a change of data', sql: 'DELETE FROM `p.d.pipeline_logs` WHERE TRUE', message: 'queries only' },
  ])('with $name is refused', async ({ sql, message }) => {
    expect(await failureOf(shared.query(sql, { text: 'a' }, { text: 'STRING' }))).toMatchObject({
      code: 400,
      errors: [{ reason: 'invalidQuery', message: expect.stringContaining(message) }],
    });
  });

  test.for(['', 'DISABLED'])('with more than 10,000 rows comes in pages (FAST_QUERY_PATH=%j)', async (path, {
    start,
  }) => {
    vi.stubEnv('FAST_QUERY_PATH', path);
    const { fake, client, query } = await start();
    const sql = 'SELECT n, @a AS a FROM UNNEST(GENERATE_SERIES(1, 10001)) AS n ORDER BY n';
    const rows = await query(sql, { a: 'text' });
    expect(rows).toHaveLength(10_001);
    expect(rows.at(-1)).toEqual({ n: '10001', a: 'text' });
    const kinds = fake.calls.map((call) => call.kind);
    expect(kinds).toEqual(path === 'DISABLED' ? ['query', 'other', 'other'] : ['query', 'other']);
    const [few] = await client.query(
      { query: sql, params: { a: '' }, maxResults: 3 },
      { autoPaginate: false },
    );
    expect(few).toHaveLength(path === 'DISABLED' ? 10_000 : 3);
  });
});

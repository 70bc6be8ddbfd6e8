import { BigQuery } from '@google-cloud/bigquery';
import { PassThroughClient } from 'google-auth-library';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  type BigQueryFault,
  type FakeBigQuery,
  type FakeBigQueryOptions,
  startFakeBigQuery,
} from './bigquery.ts';

const running: FakeBigQuery[] = [];

afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(running.splice(0).map((fake) => fake.close()));
});

async function start(options: FakeBigQueryOptions = {}) {
  const fake = await startFakeBigQuery(options);
  running.push(fake);
  const client = new BigQuery({
    projectId: fake.project,
    apiEndpoint: fake.url,
    authClient: new PassThroughClient(),
    autoRetry: false,
  });
  const insert = (
    table: string,
    rows: Record<string, unknown>[],
    insertOptions: Record<string, unknown> = {},
  ) =>
    client
      .dataset(fake.dataset)
      .table(table)
      .insert(
        rows.map((json) => ({ insertId: `${json.id}`, json })),
        { raw: true, partialRetries: 0, ...insertOptions },
      );
  const query = async (
    sql: string,
    params: Record<string, unknown> = {},
    types: Record<string, string | string[]> = {},
  ) => {
    const [rows] = await client.query({
      query: sql.replaceAll('`p.d.', `\`${fake.project}.${fake.dataset}.`),
      params,
      types,
      wrapIntegers: true,
    });
    return rows.map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, unwrapped(value)])),
    );
  };
  return { fake, client, insert, query };
}

/** The text of the client's wrappers of INT64 and TIMESTAMP. */
function unwrapped(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'value' in value ? value.value : value;
}

const today = new Date().toISOString().slice(0, 10);

function log(id: number | string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { id, createdat: `${today}T00:00:00Z`, _run_id: 'run', _synced_at: `${today}T00:00:00Z`, ...more };
}

/** What a rejected promise was rejected with, whatever class the client made of it. */
async function failureOf(promise: Promise<unknown>) {
  const failure = await promise.then(
    () => undefined,
    (error) => error,
  );
  return failure;
}

describe('rows', () => {
  test('come back with their exact values, through a query and from the store', async () => {
    const { fake, insert, query } = await start();
    await insert('pipeline_logs', [
      log('9007199254740993', {
        createdat: `${today}T10:11:12.123456Z`,
        updatedat: 1767225600.5,
        pipeline_name: "São 'Paulo' ✓",
        execution_time_seconds: 0.1,
        has_deltas: true,
        client_id: 7,
        _extra: '{"b": 12345678901234567890, "a": [1.0, 1, null]}',
      }),
    ]);
    const [row] = await query(
      'SELECT id, createdat, updatedat, pipeline_name, execution_time_seconds AS seconds, has_deltas, is_billable, ' +
        'client_id, _extra, TO_JSON_STRING(_extra) AS text, COUNT(*) OVER () FROM `p.d.pipeline_logs`',
    );
    expect(row).toEqual({
      id: '9007199254740993',
      createdat: `${today}T10:11:12.123456000Z`,
      updatedat: '2026-01-01T00:00:00.500Z',
      pipeline_name: "São 'Paulo' ✓",
      seconds: 0.1,
      has_deltas: true,
      is_billable: null,
      client_id: '7',
      _extra: '{"a":[1.0,1,null],"b":12345678901234567890}',
      text: '{"a":[1.0,1,null],"b":12345678901234567890}',
      f10_: '1',
    });
    const [stored] = await fake.rows('pipeline_logs');
    expect(stored).toMatchObject({
      id: 9007199254740993n,
      createdat: `${today}T10:11:12.123456Z`,
      is_billable: null,
    });
    expect(await fake.run('SELECT count(*) AS total FROM kondado.pipeline_logs')).toEqual([{ total: 1n }]);
    await fake.clear('pipeline_logs');
    expect(await fake.rows('pipeline_logs')).toEqual([]);
    expect(fake.calls.map((call) => [call.kind, call.table, call.headers.authorization])).toEqual([
      ['insertAll', 'pipeline_logs', undefined],
      ['query', undefined, undefined],
    ]);
  });

  test.each([
    { name: 'an unknown field', row: { x: 1 }, location: 'x', message: 'no such field: x.' },
    {
      name: 'a missing field',
      row: { _run_id: null },
      location: '',
      message: 'Missing required field: _run_id.',
    },
    { name: 'no integer', row: { client_id: 1.5 }, location: 'client_id', message: 'integer' },
    { name: 'an integer of 65 bits', row: { id: '9223372036854775808' }, location: 'id', message: 'integer' },
    { name: 'an unsafe number', row: { id: 2 ** 53 }, location: 'id', message: 'integer' },
    { name: 'no boolean', row: { has_deltas: 'x' }, location: 'has_deltas', message: 'boolean' },
    { name: 'no text', row: { pipeline_name: 5 }, location: 'pipeline_name', message: 'string' },
    { name: 'an object', row: { _extra: { a: 1 } }, location: '_extra', message: 'record' },
    { name: 'no JSON text', row: { _extra: '{a}' }, location: '_extra', message: 'JSON' },
    {
      name: 'no such day',
      row: { updatedat: '2026-02-30T00:00:00Z' },
      location: 'updatedat',
      message: 'timestamp',
    },
    { name: 'milliseconds', row: { updatedat: 1767225600000 }, location: 'updatedat', message: 'timestamp' },
    {
      name: 'long ago',
      row: { createdat: '2001-01-01T00:00:00Z' },
      location: 'createdat',
      message: 'is outside the allowed bounds. You can only stream to date range within 3650 days',
    },
    {
      name: 'far ahead',
      row: { createdat: '2199-01-01T00:00:00Z' },
      location: 'createdat',
      message: 'is outside the allowed bounds',
    },
  ])('with $name stop the whole request, or themselves alone', async ({ row, location, message }) => {
    const { fake, insert } = await start();
    const rows = [log(1), log(2, row), log(3)];
    const stopped = { reason: 'stopped', location: '', message: '' };
    const invalid = { reason: 'invalid', location, message: expect.stringContaining(message) };
    const all = await failureOf(insert('pipeline_logs', rows));
    expect(all.response.insertErrors).toMatchObject([
      { index: 0, errors: [stopped] },
      { index: 1, errors: [invalid] },
      { index: 2, errors: [stopped] },
    ]);
    expect(await fake.rows('pipeline_logs')).toEqual([]);
    const alone = await failureOf(insert('pipeline_logs', rows, { skipInvalidRows: true }));
    expect(alone.response.insertErrors).toMatchObject([{ index: 1, errors: [invalid] }]);
    expect((await fake.rows('pipeline_logs')).map(({ id }) => id)).toEqual([1n, 3n]);
  });

  test('are stored twice when sent twice, unless dedupe is on', async () => {
    const twice = await start();
    const once = await start({ dedupe: true });
    for (const { insert } of [twice, twice, once, once]) await insert('pipeline_logs', [log(1)]);
    expect(await twice.fake.rows('pipeline_logs')).toHaveLength(2);
    expect(await once.fake.rows('pipeline_logs')).toHaveLength(1);
  });

  test('are refused for a table that does not exist and beyond the limits', async () => {
    const { fake, insert, query } = await start({ missingTables: ['model_logs'] });
    expect(await failureOf(insert('model_logs', [log(1)]))).toMatchObject({
      code: 404,
      errors: [{ reason: 'notFound' }],
    });
    expect(await failureOf(query('SELECT 1 FROM `p.d.model_logs`'))).toMatchObject({
      code: 404,
      errors: [{ reason: 'notFound' }],
    });
    expect(await failureOf(query('SELECT 1 FROM `p.other.pipeline_logs`'))).toMatchObject({ code: 404 });
    // Without the client, which needs long for so much.
    const send = (rows: unknown[]) =>
      fetch(
        `${fake.url}/bigquery/v2/projects/${fake.project}/datasets/${fake.dataset}/tables/pipeline_logs/insertAll`,
        {
          method: 'POST',
          body: JSON.stringify({ rows }),
        },
      );
    const large = await send([{ json: log(1, { pipeline_name: 'x'.repeat(10_000_000) }) }]);
    expect([large.status, large.headers.get('content-type')]).toEqual([413, 'text/html']);
    const many = await send(Array.from({ length: 50_001 }, () => ({ json: {} })));
    expect([many.status, await many.json()]).toMatchObject([
      400,
      { error: { errors: [{ reason: 'invalid' }] } },
    ]);
    expect(await fake.rows('pipeline_logs')).toEqual([]);
  });
});

describe('a query', () => {
  let shared: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    shared = await start({ now: () => Date.parse('2026-01-02T03:04:05.678Z') });
    running.length = 0;
  });
  afterAll(() => shared.fake.close());

  const since = BigQuery.timestamp(`${today}T00:00:00Z`);

  test('finds where an incremental sync starts', async () => {
    const { insert, query } = await start();
    await insert('pipeline_logs', [
      log('1', { createdat: `${today}T10:00:00Z`, client_id: 1 }),
      log('2', { createdat: `${today}T11:00:00.000001Z`, client_id: 1 }),
      log('3', { createdat: `${today}T12:00:00.000001Z`, client_id: 1 }),
      log('4', { createdat: `${today}T13:00:00Z`, client_id: 2 }),
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
      since,
      now: BigQuery.timestamp(`${today}T23:59:59.999999Z`),
      client_id: '1',
      lookback_seconds: 3600,
    };
    const types = { client_id: 'INT64' };
    expect(await query(sql, params, types)).toEqual([
      { watermark: `${today}T12:00:00.000001000Z`, start_id: '2' },
    ]);
    expect(await query(sql, { ...params, client_id: '9' }, types)).toEqual([]);
    expect(await query(sql, { ...params, client_id: null }, types)).toEqual([]);
  });

  test('reads a range in order, and gives rows without ORDER BY in reverse', async () => {
    const { insert, query } = await start();
    await insert('pipeline_logs', [
      log(1),
      log(2),
      log(3, { updatedat: `${today}T01:02:03.000004Z` }),
      log(4),
    ]);
    const sql =
      'SELECT id, updatedat FROM `p.d.pipeline_logs` WHERE id >= @first_id AND createdat >= @since ORDER BY id LIMIT @row_limit';
    const params = { first_id: '2', since, row_limit: 2 };
    expect(await query(sql, params, { first_id: 'INT64', row_limit: 'INT64' })).toEqual([
      { id: '2', updatedat: null },
      { id: '3', updatedat: `${today}T01:02:03.000004000Z` },
    ]);
    const unordered = await query('SELECT id FROM `p.d.pipeline_logs`');
    expect(unordered.map(({ id }) => id)).toEqual(['4', '3', '2', '1']);
  });

  test('looks up a list of ids, also an empty one', async () => {
    const { fake, insert, query } = await start();
    const rejected = (row_id: string | null, row: unknown, stream = 'pipeline_logs') => ({
      ...{ rejected_at: `${today}T00:00:00Z`, run_id: 'run', stream, reason: 'no id' },
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

  test.each([
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

  test.each([
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

  test.each([
    '',
    'DISABLED',
  ])('with more than 10,000 rows comes in pages (FAST_QUERY_PATH=%j)', async (path) => {
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

describe('a fault', () => {
  const once =
    (fault: BigQueryFault) =>
    ({ index }: { index: number }) =>
      index === 0 ? fault : undefined;

  test.each<{ fault: BigQueryFault; failure: Record<string, unknown>; stored: number }>([
    {
      fault: { kind: 'error', status: 403, reason: 'quotaExceeded', message: 'Quota' },
      failure: { code: 403, errors: [{ reason: 'quotaExceeded' }] },
      stored: 0,
    },
    { fault: { kind: 'html', status: 502 }, failure: { code: 502 }, stored: 0 },
    { fault: { kind: 'cutOff' }, failure: { message: expect.stringMatching(/premature|body/i) }, stored: 0 },
    { fault: { kind: 'cutOff', stored: true }, failure: {}, stored: 1 },
    { fault: { kind: 'resetBefore' }, failure: { code: 'ECONNRESET' }, stored: 0 },
    { fault: { kind: 'resetAfter' }, failure: { code: 'ECONNRESET' }, stored: 1 },
    {
      fault: {
        kind: 'insertErrors',
        errors: (rows) => rows.map((_row, index) => ({ index, errors: [] })),
      },
      failure: { response: { insertErrors: [{ index: 0 }] } },
      stored: 0,
    },
  ])('$fault.kind fails the insert, with $stored rows stored', async ({ fault, failure, stored }) => {
    const { fake, insert } = await start({ fault: once(fault) });
    expect(await failureOf(insert('pipeline_logs', [log(1)]))).toMatchObject(failure);
    expect(await fake.rows('pipeline_logs')).toHaveLength(stored);
  });

  test('html with status 200 looks like a success', async () => {
    const { fake, insert } = await start({ fault: once({ kind: 'html' }) });
    expect(await insert('pipeline_logs', [log(1)])).toEqual([expect.stringContaining('<html>')]);
    expect(await fake.rows('pipeline_logs')).toEqual([]);
  });

  test.each([
    { kind: 'hang' as const, stored: 0 },
    { kind: 'hangAfter' as const, stored: 1 },
  ])('$kind never answers, with $stored rows stored', async ({ kind, stored }) => {
    const { fake, insert } = await start({ fault: once({ kind }) });
    const answer = failureOf(insert('pipeline_logs', [log(1)]));
    const late = new Promise((resolve) => setTimeout(resolve, 60, 'late'));
    expect(await Promise.race([answer, late])).toBe('late');
    expect(await fake.rows('pipeline_logs')).toHaveLength(stored);
    await fake.close();
    running.length = 0;
    expect(await answer).toMatchObject({ code: 'ECONNRESET' });
  });

  test('delay answers later', async () => {
    const { insert, fake } = await start({ fault: once({ kind: 'delay', ms: 40 }) });
    const startedAtMs = performance.now();
    await insert('pipeline_logs', [log(1)]);
    expect(performance.now() - startedAtMs).toBeGreaterThan(35);
    expect(await fake.rows('pipeline_logs')).toHaveLength(1);
  });

  test('neverComplete lets the client ask again and again', async () => {
    const { fake, query } = await start({ fault: once({ kind: 'neverComplete' }) });
    const answer = failureOf(query('SELECT 1'));
    await vi.waitFor(() => expect(fake.calls.length).toBeGreaterThan(3));
    await fake.close();
    running.length = 0;
    expect(await answer).toBeDefined();
  });
});

import { describe, expect } from 'vitest';
import { failureOf, log, TODAY, test } from '../../support/fake-bigquery.ts';

describe('rows', () => {
  test('come back with their exact values, through a query and from the store', async ({ start }) => {
    const { fake, insert, query } = await start();
    await insert('pipeline_logs', [
      log('9007199254740993', {
        createdat: `${TODAY}T10:11:12.123456Z`,
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
      createdat: `${TODAY}T10:11:12.123456000Z`,
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
      createdat: `${TODAY}T10:11:12.123456Z`,
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

  test.for([
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
  ])('with $name stop the whole request, or themselves alone', async ({ row, location, message }, {
    start,
  }) => {
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

  test('are stored twice when sent twice, unless dedupe is on', async ({ start }) => {
    const twice = await start();
    const once = await start({ dedupe: true });
    for (const { insert } of [twice, twice, once, once]) await insert('pipeline_logs', [log(1)]);
    expect(await twice.fake.rows('pipeline_logs')).toHaveLength(2);
    expect(await once.fake.rows('pipeline_logs')).toHaveLength(1);
  });

  test('are refused for a table that does not exist and beyond the limits', async ({ start }) => {
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
    // Without the client, which takes long for so much.
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

import { afterAll, describe, expect, test, vi } from 'vitest';
import { parseJson } from '../../functions/json.ts';
import { type LogRow, parseEntry, startReading } from '../../functions/rows.ts';
import { TABLES } from '../../functions/schema/tables.ts';
import { DOCUMENTED_ROW } from '../support/rows.ts';

const NOW = '2026-11-23T12:00:00.000000Z';
vi.setSystemTime('2026-11-23T12:00:00Z');
const READING = startReading({ stream: 'pipeline_logs', clientId: null }, 'run');

afterAll(() => {
  vi.useRealTimers();
});

function parse(entry: unknown, reading = READING): LogRow {
  const row = parseEntry(entry, reading);
  if (row.kind === 'rejected') throw new Error(`rejected: ${row.reason}`);
  return row;
}

/** An entry as it comes over the wire: only there can a number have more digits than a double holds. */
function entryWith(fieldsJson: string): unknown {
  const { id, createdAt } = DOCUMENTED_ROW;
  const base = JSON.stringify({ id, createdAt }).slice(0, -1);
  return parseJson(`${base},${fieldsJson}}`);
}

function extraOf({ values }: LogRow): unknown {
  return values._extra === null ? null : parseJson(String(values._extra));
}

test('the documented sample row is stored value for value', () => {
  expect(parse(DOCUMENTED_ROW).values).toEqual({
    id: 5181910n,
    pipeline_id: 702n,
    pipeline_name: 'Kondado - Blog - wp_options',
    client_id: 1n,
    row_count: 256n,
    has_deltas: false,
    execution_time_seconds: 0.486988,
    updatedat: '2020-09-17T00:03:48.108000Z',
    createdat: '2020-09-17T00:03:48.108000Z',
    initial_savepoint: null,
    new_savepoint: null,
    external_ip: '3.220.239.218',
    is_billable: true,
    raw_row_count: 123n,
    mb_estimate: 0.00231,
    _extra: null,
    _run_id: 'run',
    _synced_at: NOW,
  });
});

test('a model row is stored in the columns of model_logs', () => {
  const entry = {
    id: 9,
    model_id: '162',
    client_id: 1,
    row_count: 4096,
    execution_time_seconds: 12.5,
    createdAt: '2026-11-23T11:00:00Z',
    updatedAt: '2026-11-23T11:30:00Z',
    model_name: 'Receita mensal',
  };
  const row = parse(entry, { ...READING, source: { stream: 'model_logs', clientId: null } });
  expect(row.values).toEqual({
    id: 9n,
    model_id: 162n,
    client_id: 1n,
    row_count: 4096n,
    execution_time_seconds: 12.5,
    createdat: '2026-11-23T11:00:00.000000Z',
    updatedat: '2026-11-23T11:30:00.000000Z',
    model_name: 'Receita mensal',
    _extra: null,
    _run_id: 'run',
    _synced_at: NOW,
  });
});

describe('what fits a column is converted', () => {
  test.each<[string, string, string, unknown]>([
    ['an integer', 'row_count', '256', 256n],
    ['an integer text', 'row_count', '"256"', 256n],
    ['an integer text with zeros behind the point', 'row_count', '"256.0"', 256n],
    ['an integer number with zeros behind the point', 'row_count', '256.0', 256n],
    ['minus zero', 'row_count', '-0', 0n],
    ['a negative integer text', 'row_count', '"-12"', -12n],
    ['2^53 + 1 as a number', 'row_count', '9007199254740993', 9007199254740993n],
    ['2^53 + 1 as a text', 'row_count', '"9007199254740993"', 9007199254740993n],
    [
      '2^53 + 1 as a number with a zero behind the point',
      'row_count',
      '9007199254740993.0',
      9007199254740993n,
    ],
    ['the largest INT64', 'row_count', '9223372036854775807', 9223372036854775807n],
    ['the smallest INT64', 'row_count', '"-9223372036854775808"', -9223372036854775808n],
    ['a number', 'mb_estimate', '0.1', 0.1],
    ['a numeric text', 'mb_estimate', '"0.1"', 0.1],
    ['a numeric text with an exponent', 'mb_estimate', '"1.5e-3"', 0.0015],
    ['an integer for a FLOAT64', 'mb_estimate', '7', 7],
    ['a number with more digits than a double', 'mb_estimate', '0.12345678901234567890', 0.12345678901234568],
    ['true', 'is_billable', 'true', true],
    ['the text true', 'is_billable', '"true"', true],
    ['one', 'is_billable', '1', true],
    ['false', 'is_billable', 'false', false],
    ['the text false', 'is_billable', '"false"', false],
    ['zero', 'is_billable', '0', false],
    [
      'a text with all sorts of characters',
      'pipeline_name',
      '"{{projectId}} ção 😀 \\u0000\\n\\"\'"',
      '{{projectId}} ção 😀 \u0000\n"\'',
    ],
    ['the empty text', 'pipeline_name', '""', ''],
    ['a blank text', 'pipeline_name', '" "', ' '],
    ['a lone surrogate', 'pipeline_name', '"a\\ud800b"', 'a\ufffdb'],
    ['a number for a STRING', 'new_savepoint', '42', '42'],
    ['2^53 + 1 for a STRING', 'new_savepoint', '9007199254740993', '9007199254740993'],
    ['a boolean for a STRING', 'new_savepoint', 'true', 'true'],
    ['an object for a STRING', 'new_savepoint', '{"b":1,"a":[null,"x"]}', '{"b":1,"a":[null,"x"]}'],
    ['an array for a STRING', 'new_savepoint', '[1,"2"]', '[1,"2"]'],
    ['a time without zone', 'updatedAt', '"2026-01-02 03:04:05.123456"', '2026-01-02T03:04:05.123456Z'],
    [
      'a time with an offset',
      'updatedAt',
      '"2026-01-02T03:04:05.123456-03:00"',
      '2026-01-02T06:04:05.123456Z',
    ],
    ['null', 'row_count', 'null', null],
  ])('%s', (_name, field, json, expected) => {
    const row = parse(entryWith(`"${field}":${json}`));
    expect(row.values[field.toLowerCase()] ?? null).toEqual(expected);
    expect(row.values._extra).toBeNull();
  });
});

describe('what does not fit a column is NULL there and kept in _extra', () => {
  test.each<[string, string, string, unknown]>([
    ['the empty text for an INT64', 'row_count', '""', ''],
    ['a blank text for an INT64', 'row_count', '" "', ' '],
    ['a fraction for an INT64', 'row_count', '1.5', 1.5],
    ['a fraction in a text', 'row_count', '"1.5"', '1.5'],
    ['text for an INT64', 'row_count', '"many"', 'many'],
    ['hexadecimal', 'row_count', '"0x10"', '0x10'],
    ['one more than the largest INT64', 'row_count', '9223372036854775808', 9223372036854775808n],
    ['a number that no double holds', 'row_count', '1e400', '1e400'],
    ['a boolean for an INT64', 'row_count', 'true', true],
    ['an object for an INT64', 'row_count', '{"n":1}', { n: 1 }],
    ['the empty text for a FLOAT64', 'mb_estimate', '""', ''],
    ['NaN as a text', 'mb_estimate', '"NaN"', 'NaN'],
    ['Infinity as a text', 'mb_estimate', '"Infinity"', 'Infinity'],
    ['a text too large for a double', 'mb_estimate', '"1e400"', '1e400'],
    ['a number too large for a double', 'mb_estimate', '-1e400', '-1e400'],
    ['a comma for a point', 'mb_estimate', '"0,5"', '0,5'],
    ['2 for a BOOL', 'is_billable', '2', 2],
    ['the empty text for a BOOL', 'is_billable', '""', ''],
    ['yes for a BOOL', 'is_billable', '"yes"', 'yes'],
    ['the 31st of February', 'updatedAt', '"2026-02-31T00:00:00Z"', '2026-02-31T00:00:00Z'],
    ['a number for a TIMESTAMP', 'updatedAt', '1600301028', 1600301028],
    ['the empty text for a TIMESTAMP', 'updatedAt', '""', ''],
    ['a field without a column', 'status', '"ok"', 'ok'],
    ['a field without a column that is null', 'status', 'null', null],
    [
      'a nested field without a column',
      'destination',
      '{"kind":["a",{"b":null}]}',
      { kind: ['a', { b: null }] },
    ],
    ['an integer beyond 2^53 in a field without a column', 'bytes', '9007199254740993', 9007199254740993n],
    ['a field named _extra', '_extra', '{"a":1}', { a: 1 }],
    ['a field named _run_id', '_run_id', '"theirs"', 'theirs'],
    ['a field named _synced_at', '_synced_at', '"2020-01-01T00:00:00Z"', '2020-01-01T00:00:00Z'],
    ['a field without a name', '', '"x"', 'x'],
    ['a field named constructor', 'constructor', '"x"', 'x'],
    ['a field named like a date column, beside the API name', 'createdat', '"2021-01-01"', '2021-01-01'],
  ])('%s', (_name, field, json, kept) => {
    const row = parse(entryWith(`${JSON.stringify(field)}:${json}`));
    expect(extraOf(row)).toEqual({ [field]: kept });
    expect(row.drift).toEqual([field]);
    if (Object.hasOwn(API_COLUMNS, field))
      expect(row.values[API_COLUMNS[field] as string] ?? null).toBeNull();
    expect(row.values).toMatchObject({
      _run_id: 'run',
      _synced_at: NOW,
      createdat: '2020-09-17T00:03:48.108000Z',
    });
  });

  test('a field named __proto__ is data, not a prototype', () => {
    const row = parse(entryWith('"__proto__":{"row_count":1}'));
    expect(row.values._extra).toBe('{"__proto__":{"row_count":1}}');
    expect(row.values.row_count ?? null).toBeNull();
  });

  test('a lone surrogate in _extra becomes U+FFFD, in names too', () => {
    expect(parse(entryWith('"n\\ud800":"v\\udfff"')).values._extra).toBe('{"n\ufffd":"v\ufffd"}');
  });

  test('nesting deeper than JSON columns take is kept as text', () => {
    const depth = 1_000;
    const row = parse(entryWith(`"deep":${'['.repeat(depth)}7${']'.repeat(depth)}`));
    const text = String(row.values._extra);
    expect(text).toContain('7');
    expect(text.split('[').length - 1).toBe(depth);
    let levels = 0;
    for (let value = (parseJson(text) as { deep: unknown }).deep; Array.isArray(value); value = value[0])
      levels++;
    expect(levels).toBeLessThan(500);
  });
});

const API_COLUMNS: Record<string, string> = {
  row_count: 'row_count',
  mb_estimate: 'mb_estimate',
  is_billable: 'is_billable',
  updatedAt: 'updatedat',
};

test('every field that was sent is in its column or in _extra', () => {
  const columns = TABLES.pipeline_logs.schema.map(({ name }) => name);
  const hostile = [
    '',
    ' ',
    'NaN',
    '1e999',
    '\ud800',
    true,
    {},
    [],
    1.5,
    0,
    -1,
    null,
    '9'.repeat(40),
    '2026-02-30',
  ];
  for (const value of hostile) {
    for (const field of Object.keys(DOCUMENTED_ROW)) {
      if (field === 'id' || field === 'createdAt') continue;
      const row = parse({ ...DOCUMENTED_ROW, [field]: value, unknown_field: value });
      const column = field.toLowerCase();
      const extra = (extraOf(row) ?? {}) as Record<string, unknown>;
      const isStored = columns.includes(column) && (row.values[column] ?? null) !== null;
      expect({ field, value, isKept: value === null || isStored !== field in extra }).toMatchObject({
        isKept: true,
      });
      expect(extra).toHaveProperty('unknown_field');
    }
  }
});

test('a row read for one client belongs to that client, also if the API does not repeat it', () => {
  const { client_id: _clientId, ...withoutClient } = DOCUMENTED_ROW;
  const reading = { ...READING, source: { ...READING.source, clientId: 77n } };
  expect(parse(withoutClient, reading).values.client_id).toBe(77n);
  expect(parse(DOCUMENTED_ROW, reading).values.client_id).toBe(1n);
});

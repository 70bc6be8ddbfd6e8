import { afterAll, describe, expect, test, vi } from 'vitest';
import { parseJson } from '../../functions/json.ts';
import { parseEntry, type RejectedRow, startReading } from '../../functions/rows.ts';
import { DOCUMENTED_ROW } from '../support/rows.ts';

vi.setSystemTime('2026-11-23T12:00:00Z');
const READING = startReading({ stream: 'pipeline_logs', clientId: null }, 'run');

afterAll(() => {
  vi.useRealTimers();
});

function parseRejected(entry: unknown): RejectedRow {
  const row = parseEntry(entry, READING);
  if (row.kind === 'row') throw new Error('not rejected');
  return row;
}

describe('a row that cannot be stored is set aside with the reason and all that was sent', () => {
  const { id: _id, ...withoutId } = DOCUMENTED_ROW;
  const { createdAt: _createdAt, ...withoutCreatedAt } = DOCUMENTED_ROW;
  test.each<[string, unknown, RegExp, bigint | null]>([
    ['null', null, /no object/, null],
    ['a text', 'garbage', /no object/, null],
    ['a number', 7, /no object/, null],
    ['an array', [DOCUMENTED_ROW], /no object/, null],
    ['an object without id', withoutId, /id/, null],
    ['an id of null', { ...DOCUMENTED_ROW, id: null }, /id/, null],
    ['an empty id', { ...DOCUMENTED_ROW, id: '' }, /id/, null],
    ['an id that is no integer', { ...DOCUMENTED_ROW, id: 1.5 }, /id/, null],
    ['an id beyond INT64', { ...DOCUMENTED_ROW, id: 2n ** 63n }, /id/, null],
    ['no createdAt', withoutCreatedAt, /createdAt/, 5181910n],
    [
      'a createdAt that is no moment',
      { ...DOCUMENTED_ROW, createdAt: '2026-02-31T00:00:00Z' },
      /createdAt/,
      5181910n,
    ],
    ['a createdAt that is a number', { ...DOCUMENTED_ROW, createdAt: 1600301028 }, /createdAt/, 5181910n],
    [
      'a createdAt more than a day ahead',
      { ...DOCUMENTED_ROW, createdAt: '2026-11-24T12:00:00.000001Z' },
      /ahead/,
      5181910n,
    ],
    [
      'a createdAt more than ten years back',
      { ...DOCUMENTED_ROW, createdAt: '2016-11-22T11:59:59Z' },
      /ten years/,
      5181910n,
    ],
  ])('%s', (_name, entry, reason, id) => {
    const row = parseRejected(entry);
    expect(row.reason).toMatch(reason);
    expect(row.id).toBe(id);
    expect(parseJson(row.content)).toEqual(entry);
  });

  test.each([
    ['exactly a day ahead', '2026-11-24T12:00:00Z'],
    ['a little less than ten years back', '2016-11-25T00:00:00Z'],
    ['on a leap day', '2024-02-29T23:59:59.999999Z'],
  ])('but one created %s is stored', (_name, createdAt) => {
    expect(parseEntry({ ...DOCUMENTED_ROW, createdAt }, READING).kind).toBe('row');
  });
});

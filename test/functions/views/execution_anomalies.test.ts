import { beforeAll, describe, expect, test } from 'vitest';
import { ANOMALIES } from '../../fixtures/anomalies.ts';
import { pipelineExecution } from '../../fixtures/fixture.ts';
import { readView } from '../../support/views.ts';
import type { StoredRow } from '../../support/warehouses.ts';

let anomalies: StoredRow[];
beforeAll(async () => {
  anomalies = await readView(ANOMALIES, 'execution_anomalies');
});

/** What is reported of the pipelines of a name, oldest first. */
function reported(name: string): StoredRow[] {
  return anomalies
    .filter(({ pipeline_name }) => pipeline_name === name)
    .sort((one, other) => (String(one.createdat) < String(other.createdat) ? -1 : 1));
}

test('an execution that is reported says which it is, what it had, what is usual, and how unusual that is', () => {
  expect(reported('spike')).toEqual([
    {
      id: 10_069n,
      client_id: 1n,
      pipeline_id: 1n,
      pipeline_name: 'spike',
      createdat: '2026-11-19T09:00:00.000000Z',
      kind: 'volume_spike',
      value: 5_000,
      usual_value: 1_000,
      // All others are equal, so a usual deviation is taken for 0.1, and there are 69 before:
      // 2 * (asinh(0.1 * sqrt(5000)) - asinh(0.1 * sqrt(1000))) / 0.1 / (1 + 1 / 69)
      score: 15.49,
    },
  ]);
});

describe('a kind of its own has', () => {
  test.each([
    // 2 * (asinh(0.1 * sqrt(1000)) - asinh(0.1 * sqrt(100))) / 0.1 / (1 + 1 / 69)
    ['drop', { kind: 'volume_drop', value: 100, usual_value: 1_000, score: 19.46 }],
    // 2 * asinh(0.1 * sqrt(1000)) / 0.1 / (1 + 1 / 69)
    ['empty for once', { kind: 'unexpected_zero', value: 0, usual_value: 1_000, score: 36.84 }],
    // ln(40 / 10) / 0.1 / (1 + 1 / 69)
    ['slow', { kind: 'slow', value: 40, usual_value: 10, score: 13.66 }],
    ['a very large number', { kind: 'volume_spike', value: 1e15, usual_value: 1_000 }],
  ])('%s', (name, expected) => {
    expect(reported(name)).toEqual([expect.objectContaining(expected)]);
  });
});

test('an execution is reported once, for its volume if that is unusual too', () => {
  expect(reported('spike that takes long')).toEqual([
    expect.objectContaining({ kind: 'volume_spike', value: 5_000, usual_value: 1_000 }),
  ]);
});

test('a duration is judged by the volume that it took', () => {
  expect(reported('as long as its records take')).toEqual([]);
  const [slow, ...others] = reported('too long for its records');
  expect(slow).toMatchObject({ kind: 'slow', value: 80 });
  expect(slow?.usual_value).toBeCloseTo(10, -1); // the slow one itself moves what its records let expect
  expect(others).toEqual([]);
});

test('what is usual depends on the weekday and on the hour', () => {
  expect(reported('less at weekends, but for the last Saturday')).toEqual([
    expect.objectContaining({
      createdat: '2026-11-21T09:00:00.000000Z',
      kind: 'volume_spike',
      value: 1_000,
      usual_value: 100,
    }),
  ]);
  expect(reported('empty at night, and once in the afternoon')).toEqual([
    expect.objectContaining({
      createdat: '2026-11-23T17:00:00.000000Z',
      kind: 'unexpected_zero',
      usual_value: 1_000,
    }),
  ]);
  const [lastNight, ...others] = reported('less at night and at weekends, but for last night');
  expect(lastNight).toMatchObject({ createdat: '2026-11-24T06:00:00.000000Z', value: 1_000 });
  expect(lastNight?.usual_value).toBeCloseTo(100, -2); // it belongs to its hour itself
  expect(others).toEqual([]);
});

test('a change is reported when it comes, and is the new usual after two executions', () => {
  expect(reported('new level').map(({ createdat, kind }) => [createdat, kind])).toEqual([
    ['2026-11-14T09:00:00.000000Z', 'volume_spike'],
    ['2026-11-15T09:00:00.000000Z', 'volume_spike'],
  ]);
  expect(reported('empty from now on').map(({ createdat, kind }) => [createdat, kind])).toEqual([
    ['2026-11-15T09:00:00.000000Z', 'unexpected_zero'],
    ['2026-11-16T09:00:00.000000Z', 'unexpected_zero'],
  ]);
  expect(reported('slow from now on').map(({ createdat, kind }) => [createdat, kind])).toEqual([
    ['2026-11-14T09:00:00.000000Z', 'slow'],
    ['2026-11-15T09:00:00.000000Z', 'slow'],
  ]);
});

test('a peak at the end of a month is reported unless earlier months had one', () => {
  expect(reported('peak at the ends of months')).toEqual([]);
  expect(reported('peak at the end of one month')).toEqual([
    expect.objectContaining({ createdat: '2026-10-31T09:00:00.000000Z', kind: 'volume_spike' }),
  ]);
});

test('nothing is said before eight executions', () => {
  expect(reported('eight executions')).toEqual([]);
  expect(reported('nine executions')).toHaveLength(1);
});

test('executions of the last 30 days are judged, none that are older or of the future', () => {
  expect(reported('a month ago')).toEqual([]);
  expect(reported('less than a month ago')).toHaveLength(1);
  expect(reported('of the future')).toEqual([]);
});

test('a pipeline has its newest name, and may have no client', () => {
  expect(reported('renamed')).toHaveLength(1);
  expect(reported('old')).toEqual([]);
  expect(reported('of no client')).toEqual([expect.objectContaining({ client_id: null })]);
});

test.each([
  'often empty',
  'always empty',
  'trend',
  'small counts',
  'half as much again',
  'of no pipeline',
  'of two clients',
  'without records and seconds',
])('nothing is unusual: %s', (name) => {
  const rows = ANOMALIES.tables?.pipeline_logs ?? [];
  expect(rows.some(({ pipeline_name }) => pipeline_name === name)).toBe(true);
  expect(reported(name)).toEqual([]);
});

test('a version that replaced another is the only one that is judged', async () => {
  const rows = (ANOMALIES.tables?.pipeline_logs ?? []).filter(({ pipeline_id }) => pipeline_id === 1n);
  const corrected = pipelineExecution(10_069, '2026-11-19T09:00:00.000000Z', {
    pipeline_id: 1n,
    row_count: 1_000n,
    updatedat: '2026-11-19T10:00:00.000000Z',
  });
  const fixture = { ...ANOMALIES, tables: { pipeline_logs: [...rows, corrected] } };
  expect(await readView(fixture, 'execution_anomalies')).toEqual([]);
});

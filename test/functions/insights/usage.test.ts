import { expect, test } from 'vitest';
import type { Overview } from '../../../functions/insights/overview.ts';
import { usageOf } from '../../../functions/insights/usage.ts';
import { createWording } from '../../../functions/insights/wording/wording.ts';
import { WELL } from '../../fixtures/states.ts';

const WORDING = createWording({ language: 'en', timeZone: 'America/Sao_Paulo' });

/** Each pipeline uses 100 records a day, and 50 a day in the month before, until that pipeline is not known any more. */
function changes(knownThrough: readonly string[], { now = 100, before = 50 } = {}): (number | null)[] {
  const pipelines = WELL.monthly_usage.slice(0, knownThrough.length);
  const known = new Map(pipelines.map(({ pipeline_id }, index) => [pipeline_id, knownThrough[index] ?? '']));
  const moments = knownThrough.map((moment) => new Date(moment));
  const overview: Overview = {
    ...WELL,
    plan_forecast: WELL.plan_forecast && {
      ...WELL.plan_forecast,
      known_through: new Date(Math.min(...moments.map(Number))),
    },
    monthly_usage: pipelines,
    pipeline_status: WELL.pipeline_status.flatMap((row) => {
      const through = known.get(row.pipeline_id);
      return through === undefined ? [] : { ...row, known_through: new Date(through) };
    }),
    daily_usage: WELL.daily_usage
      .filter(({ pipeline_id }) => known.has(pipeline_id))
      .map((row) => ({
        ...row,
        billable_records:
          row.day < '2026-11-01'
            ? before
            : row.day > (known.get(row.pipeline_id)?.slice(0, 10) ?? '')
              ? 0
              : now,
      })),
  };
  return usageOf(overview, WORDING).map(({ change }) => change);
}

test.each([
  ['today', '2026-11-24T11:00:00Z'],
  ['nine days ago', '2026-11-15T11:00:00Z'],
  ['on the second day of the month', '2026-11-02T11:00:00Z'],
])('a month is compared with the one before through the last whole day that is known, where that is %s', (_case, known) => {
  expect(changes([known])).toEqual([1]);
});

test.each([
  ['on its first day', '2026-11-01T11:00:00Z'],
  ['in the month before', '2026-10-20T11:00:00Z'],
])('nothing is compared where the month is known through %s', (_case, known) => {
  expect(changes([known])).toEqual([null]);
});

test('what corrections have brought below nought is not compared', () => {
  expect(changes(['2026-11-24T11:00:00Z'], { before: -50 })).toEqual([null]);
  expect(changes(['2026-11-24T11:00:00Z'], { now: -100, before: 0 })).toEqual([null]);
  expect(changes(['2026-11-24T11:00:00Z'], { before: 0 })).toEqual([Number.POSITIVE_INFINITY]);
});

test('each pipeline is compared as far as its own client is known', () => {
  expect(changes(['2026-11-15T11:00:00Z', '2026-11-24T11:00:00Z'])).toEqual([1, 1]);
});

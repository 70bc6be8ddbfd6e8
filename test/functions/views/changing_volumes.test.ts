import { expect, test } from 'vitest';
import type { Row } from '../../../functions/schema/tables.ts';
import { DAY_MS } from '../../../functions/timestamps.ts';
import { daily, forecast, NOW, STEADY, withIds } from '../../support/forecasts.ts';

/** What November brings in all, at a volume for each day from the first of July on. */
function november(volumeOn: (day: number) => number): { rows: Row[]; whole: number } {
  const rows = daily('2026-07-20T09:00:00.000000Z', '2026-12-01T00:00:00.000000Z').map(
    (row): Row => ({
      ...row,
      row_count: BigInt(Math.round(volumeOn(dayOf(row)))),
    }),
  );
  const whole = rows
    .filter(({ createdat }) => String(createdat) >= '2026-11-01')
    .map((row) => Number(row.row_count));
  return {
    rows: rows.filter(({ createdat }) => String(createdat) < NOW),
    whole: whole.reduce((sum, records) => sum + records, 0),
  };
}

/** Days since the first of November. */
function dayOf({ createdat }: Row): number {
  return Math.floor((Date.parse(String(createdat)) - Date.parse('2026-11-01T00:00:00Z')) / DAY_MS);
}

test.each([
  { what: 'half as much again each month', volumeOn: (day: number) => 1_000 * 1.5 ** (day / 30) },
  { what: 'a third less each month', volumeOn: (day: number) => 1_000 * 0.67 ** (day / 30) },
  { what: 'ten more each day', volumeOn: (day: number) => 1_500 + 10 * day },
  {
    what: 'growth that ended two weeks ago',
    volumeOn: (day: number) => 1_000 * 1.6 ** (Math.min(day, -5) / 30),
  },
])('$what goes on so', async ({ volumeOn }) => {
  const { rows, whole } = november(volumeOn);
  const { projected_month_records } = await forecast({}, rows);
  expect(Number(projected_month_records) / whole).toBeGreaterThan(0.97);
  expect(Number(projected_month_records) / whole).toBeLessThan(1.03);
});

test.each([
  { on: -20, factor: 2 },
  { on: -20, factor: 0.4 },
  { on: 4, factor: 2 },
  // Of such leaps neither edge may look like growth.
  { on: -40, factor: 1_000 },
  { on: -40, factor: 0.001 },
  { on: -8, factor: 10 },
])('what is $factor times as much since day $on stays so', async ({ on, factor }) => {
  const { rows, whole } = november((day) => 1_000 * (day >= on ? factor : 1));
  const { projected_month_records } = await forecast({}, rows);
  expect(Number(projected_month_records) / whole).toBeGreaterThan(0.97);
  expect(Number(projected_month_records) / whole).toBeLessThan(1.03);
});

test('pipelines that are replaced by others count once', async () => {
  const old = [1n, 2n, 3n].map((pipeline_id) =>
    daily('2026-07-20T09:00:00.000000Z', '2026-11-04T12:00:00.000000Z', { pipeline_id }),
  );
  const replacements = [4n, 5n, 6n].map((pipeline_id) =>
    daily('2026-11-05T09:00:00.000000Z', NOW, { pipeline_id }),
  );
  const { projected_month_records } = await forecast({}, withIds(...old, ...replacements));
  expect(Number(projected_month_records)).toBeGreaterThan(8_700); // 30 days of 300
  expect(Number(projected_month_records)).toBeLessThan(9_300);
});

test('the load of a history on the first day is not expected again', async () => {
  const loaded = daily('2026-10-25T09:00:00.000000Z', NOW);
  const [first, ...others] = loaded as [Row, ...Row[]];
  const rows = [{ ...first, row_count: 9_000n }, ...others];
  expect(await forecast({}, rows)).toMatchObject({
    month_to_date_records: 1000n,
    projected_month_records: expect.toSatisfy((records) => records > 2_850n && records < 3_150n),
  });
});

test('a leap by fifteen powers of ten, up or down, is answered', async () => {
  for (const [before, since] of [
    [1n, 10n ** 15n],
    [10n ** 15n, 1n],
  ]) {
    const rows = STEADY.map((row) => ({ ...row, row_count: dayOf(row) < -40 ? before : since })) as Row[];
    const { projected_low, projected_month_records, projected_high } = await forecast({}, rows);
    expect(Number(projected_month_records) / (30 * Number(since))).toBeCloseTo(1, 1);
    expect(Number(projected_low)).toBeLessThanOrEqual(Number(projected_month_records));
    expect(Number(projected_high)).toBeGreaterThanOrEqual(Number(projected_month_records));
  }
});

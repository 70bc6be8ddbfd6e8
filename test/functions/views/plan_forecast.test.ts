import { describe, expect, test } from 'vitest';
import type { Row } from '../../../functions/schema/tables.ts';
import { pipelineExecution } from '../../fixtures/fixture.ts';
import { about, daily, forecast, NOW, STEADY, withIds } from '../../support/forecasts.ts';

test('without any logs it says that nothing is used', async () => {
  expect(await forecast({ planRecords: '1000', planPipelines: '5' })).toEqual({
    as_of: NOW,
    data_through: null,
    month: '2026-11-01',
    month_to_date_records: 0n,
    plan_records: 1000n,
    used_share: 0,
    projected_month_records: null,
    projected_low: null,
    projected_high: null,
    limit_date: null,
    days_until_limit: null,
    active_pipelines: 0n,
    plan_pipelines: 5n,
    known_through: null,
  });
});

test('a steady pipeline goes on as it is', async () => {
  expect(await forecast({ planRecords: '4000' }, STEADY)).toEqual({
    as_of: NOW,
    data_through: '2026-11-10T09:00:00.000000Z',
    month: '2026-11-01',
    month_to_date_records: 1000n, // ten mornings
    plan_records: 4000n,
    used_share: 0.25,
    projected_month_records: about(3_000),
    projected_low: expect.toSatisfy((low) => low > 2800n && low < 3000n),
    projected_high: expect.toSatisfy((high) => high > 3000n && high < 3200n),
    limit_date: null,
    days_until_limit: null,
    active_pipelines: 1n,
    plan_pipelines: null,
    known_through: NOW,
  });
});

test.each([
  { planRecords: '450', limit_date: '2026-11-05', days_until_limit: -5n },
  { planRecords: '1000', limit_date: '2026-11-10', days_until_limit: 0n },
  { planRecords: '1950', limit_date: '2026-11-20', days_until_limit: 10n },
  { planRecords: '2950', limit_date: '2026-11-30', days_until_limit: 20n },
  { planRecords: '3050', limit_date: null, days_until_limit: null },
  { planRecords: 'NULL', limit_date: null, days_until_limit: null },
])('100 records a day reach a plan of $planRecords on $limit_date', async ({ planRecords, ...expected }) => {
  expect(await forecast({ planRecords }, STEADY)).toMatchObject(expected);
});

test('without a plan no share of it is used', async () => {
  expect(await forecast({}, STEADY)).toMatchObject({ plan_records: null, used_share: null });
});

test('free records do not count, and what nobody calls free is billable', async () => {
  const rows = withIds(
    daily('2026-07-20T09:00:00.000000Z', NOW, { is_billable: null }),
    daily('2026-07-20T09:00:00.000000Z', NOW, { pipeline_id: 8n, is_billable: false }),
    daily('2026-07-20T09:00:00.000000Z', NOW, { pipeline_id: 9n, row_count: null }),
  );
  expect(await forecast({}, rows)).toMatchObject({
    month_to_date_records: 1000n,
    projected_month_records: about(3_000),
    active_pipelines: 3n,
  });
});

test('what runs twice a day still runs the second time today', async () => {
  const rows = withIds(
    daily('2026-07-20T09:00:00.000000Z', NOW),
    daily('2026-07-20T21:00:00.000000Z', NOW, { row_count: 50n }),
  );
  const { month_to_date_records, projected_month_records } = await forecast({}, rows);
  expect(month_to_date_records).toBe(1450n); // ten mornings, nine evenings
  expect(projected_month_records).toEqual(about(4_500));
});

test('a quiet weekend is expected again', async () => {
  const isWorkingDay = ({ createdat }: Row) => new Date(String(createdat)).getUTCDay() % 6 !== 0;
  const { month_to_date_records, projected_month_records } = await forecast({}, STEADY.filter(isWorkingDay));
  expect(month_to_date_records).toBe(700n); // from Monday the 2nd to Tuesday the 10th
  expect(Number(projected_month_records)).toBeCloseTo(2100, -2); // 21 working days
});

describe('pipelines that come and go', () => {
  test('one that has ended is expected no more', async () => {
    const rows = withIds(
      STEADY,
      daily('2026-07-20T10:00:00.000000Z', '2026-11-04T12:00:00.000000Z', { pipeline_id: 8n }),
    );
    const { month_to_date_records, projected_month_records, active_pipelines } = await forecast({}, rows);
    expect(month_to_date_records).toBe(1400n);
    expect(Number(projected_month_records)).toBeLessThan(3450);
    expect(active_pipelines).toBe(2n); // it ran in the last 30 days
  });

  test('a weekly one that has missed one run is still expected', async () => {
    const isWednesday = ({ createdat }: Row) => new Date(String(createdat)).getUTCDay() === 3;
    const daysUntil = (at: string) => daily('2026-07-20T09:00:00.000000Z', at);
    const weekly = daysUntil('2026-11-05T00:00:00.000000Z')
      .filter(isWednesday)
      .map((row) => ({ ...row, pipeline_id: 8n, row_count: 1000n }));
    const now = '2026-11-13T15:00:00.000000Z';
    const { projected_month_records } = await forecast({ now }, withIds(daysUntil(now), weekly));
    expect(Number(projected_month_records)).toBeGreaterThan(5_500); // 3000, one Wednesday and two to come
    expect(Number(projected_month_records)).toBeLessThan(6_000);
  });

  test('one that is new counts as much as it does since it began', async () => {
    const rows = withIds(
      STEADY,
      daily('2026-11-05T10:00:00.000000Z', NOW, { pipeline_id: 8n, row_count: 300n }),
    );
    const { month_to_date_records, projected_month_records } = await forecast({}, rows);
    expect(month_to_date_records).toBe(2800n); // 1000, and six days of 300
    // And twenty days of 400 to come; its weekends are yet to be seen.
    expect(Number(projected_month_records) / 10_800).toBeCloseTo(1, 1);
  });

  test('a monthly one is expected on its day', async () => {
    const monthly = ['2026-08-20', '2026-09-20', '2026-10-20'].map((date) =>
      pipelineExecution(1, `${date}T10:00:00.000000Z`, { pipeline_id: 8n, row_count: 5000n }),
    );
    expect(await forecast({ planRecords: '6000' }, withIds(STEADY, monthly))).toMatchObject({
      projected_month_records: about(8_000),
      limit_date: '2026-11-20',
    });
  });

  test('active are those that ran in the last 30 days, to the microsecond', async () => {
    const rows = ['2026-10-11T15:00:00.000000Z', '2026-10-11T15:00:00.000001Z'].map((at, index) =>
      pipelineExecution(index + 1, at, { pipeline_id: BigInt(index) }),
    );
    expect(await forecast({ planPipelines: '2' }, rows)).toMatchObject({
      active_pipelines: 1n,
      plan_pipelines: 2n,
    });
  });

  test('two clients may have pipelines with the same id, or without one', async () => {
    const rows = withIds(
      STEADY,
      ...[2n, null].map((client_id) =>
        daily('2026-07-20T10:00:00.000000Z', NOW, { client_id, pipeline_id: client_id === null ? null : 7n }),
      ),
    );
    expect(await forecast({}, rows)).toMatchObject({
      projected_month_records: about(9_000),
      active_pipelines: 3n,
    });
  });
});

describe('the calendar', () => {
  const midnight = [
    pipelineExecution(1, '2026-11-01T02:59:59.999999Z', { row_count: 10n }),
    pipelineExecution(2, '2026-11-01T03:00:00.000000Z', { row_count: 1n }),
  ];

  test.each([
    { timeZone: 'America/Sao_Paulo', records: 1n },
    { timeZone: 'UTC', records: 11n },
  ])('in $timeZone the month has $records records', async ({ timeZone, records }) => {
    expect(await forecast({ timeZone }, midnight)).toMatchObject({ month_to_date_records: records });
  });

  test.each([
    { now: '2026-11-01T02:59:59.999999Z', month: '2026-10-01', records: 10n },
    { now: '2026-11-01T03:00:00.000000Z', month: '2026-11-01', records: 1n },
  ])('at $now the month is $month', async ({ now, month, records }) => {
    expect(await forecast({ now }, midnight)).toMatchObject({ month, month_to_date_records: records });
  });

  test.each([
    { year: 2027, records: 2800 },
    { year: 2028, records: 2900 },
  ])('the February of $year has room for $records records', async ({ year, records }) => {
    const now = `${year}-02-10T15:00:00.000000Z`;
    expect(await forecast({ now }, daily(`${year - 1}-10-20T09:00:00.000000Z`, now))).toMatchObject({
      month_to_date_records: 1000n,
      projected_month_records: about(records),
    });
  });
});

import { describe, expect, test } from 'vitest';
import type { Row } from '../../../functions/schema/tables.ts';
import { addMs, DAY_MS } from '../../../functions/timestamps.ts';
import { pipelineExecution, syncRun } from '../../fixtures/fixture.ts';
import { daily, forecast, NOW, STEADY, withIds } from '../../support/forecasts.ts';

/** A forecast to within half a per cent: even the steadiest past allows for a weekend that is a little different. */
function about(records: number) {
  return expect.toSatisfy((found) => Math.abs(Number(found) / records - 1) < 0.005, `about ${records}`);
}

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

describe('silence of all', () => {
  test('after the limit it tells what would be used if nothing paused', async () => {
    const rows = daily('2026-07-20T09:00:00.000000Z', '2026-11-10T12:00:00.000000Z');
    const now = '2026-11-25T15:00:00.000000Z';
    expect(await forecast({ now, planRecords: '1000' }, rows)).toMatchObject({
      month_to_date_records: 1000n,
      projected_month_records: about(3_000),
      limit_date: '2026-11-10',
      days_until_limit: -15n,
    });
  });

  test('a pause behind it does not make the next month look smaller', async () => {
    const rows = withIds(
      daily('2026-07-20T09:00:00.000000Z', '2026-11-10T12:00:00.000000Z'),
      daily('2026-12-01T09:00:00.000000Z', '2026-12-03T12:00:00.000000Z'),
    );
    const { projected_month_records } = await forecast({ now: '2026-12-03T15:00:00.000000Z' }, rows);
    expect(projected_month_records).toEqual(about(3_100));
  });

  test('a plan that is used up after ten days each month has pauses, not idle days', async () => {
    const rows = STEADY.filter(({ createdat }) => String(createdat).slice(8, 10) <= '10');
    expect(await forecast({ planRecords: '1000' }, rows)).toMatchObject({
      projected_month_records: about(3_000),
      limit_date: '2026-11-10',
    });
  });

  const everyThirdDay = (row: Row) => (Date.parse(String(row.createdat)) / DAY_MS + 1) % 3 < 1;

  test('days without runs that are nothing unusual are known to have had none', async () => {
    const rows = STEADY.filter(everyThirdDay);
    expect(rows.at(-1)?.createdat).toBe('2026-11-08T09:00:00.000000Z');
    const { projected_month_records } = await forecast({}, rows);
    expect(Number(projected_month_records) / 1_000).toBeCloseTo(1, 1);
  });

  test('of a client whose copy is behind the days since are still to come', async () => {
    const behind = daily('2026-07-20T09:00:00.000000Z', '2026-11-08T12:00:00.000000Z', { client_id: 2n });
    const runs = [
      syncRun('a', NOW, { client_id: 1n }),
      syncRun('b', addMs(NOW, -2 * DAY_MS), { client_id: 2n }),
    ];
    const rows = withIds(
      STEADY.map((row) => ({ ...row, client_id: 1n })),
      behind,
    );
    expect(await forecast({}, rows, runs)).toMatchObject({
      month_to_date_records: 1800n,
      projected_month_records: about(6_000),
    });
  });

  test('what a run that did not come to the end has stored is not forecast once more', async () => {
    const rows = withIds(STEADY, daily('2026-07-20T12:00:00.000000Z', NOW));
    const { projected_month_records } = await forecast({}, rows, [
      syncRun('a', '2026-11-10T10:00:00.000000Z'),
    ]);
    expect(projected_month_records).toEqual(about(6_000));
  });

  test('a copy that is two days behind does not lower the forecast', async () => {
    const rows = daily('2026-07-20T09:00:00.000000Z', '2026-11-08T12:00:00.000000Z');
    expect(await forecast({}, rows)).toMatchObject({
      data_through: '2026-11-08T09:00:00.000000Z',
      month_to_date_records: 800n,
      projected_month_records: about(3_000),
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

describe('what is not known', () => {
  const UNKNOWN = {
    projected_month_records: null,
    projected_low: null,
    projected_high: null,
    limit_date: null,
  };
  const daysAgo = (days: number) => addMs(NOW, -days * DAY_MS);

  test('while the log was never read to its end, nothing is projected', async () => {
    const partial = [syncRun('a', NOW, { outcome: 'partial', progressed: true })];
    const found = await forecast({ planRecords: '2500' }, STEADY, partial);
    expect(found).toMatchObject({ month_to_date_records: 1000n, known_through: null, ...UNKNOWN });
  });

  test('a sync that has been dead for more than three days projects nothing, one of two days does', async () => {
    const logs = STEADY.filter(({ createdat }) => String(createdat) < daysAgo(2));
    const dead = await forecast({ planRecords: '2500' }, logs, [syncRun('a', daysAgo(3.01))]);
    expect(dead).toMatchObject({ known_through: daysAgo(3.01), ...UNKNOWN });
    const late = await forecast({ planRecords: '2500' }, logs, [syncRun('a', daysAgo(2))]);
    expect(late).toMatchObject({ known_through: daysAgo(2), projected_month_records: about(3_000) });
  });

  test('a limit that was reached by what is stored is told all the same', async () => {
    const found = await forecast({ planRecords: '450' }, STEADY, []);
    expect(found).toMatchObject({
      ...UNKNOWN,
      limit_date: '2026-11-05',
      days_until_limit: -5n,
      known_through: null,
    });
  });

  test('the client that is known least decides, and a run of all clients is one of each', async () => {
    const two = withIds(STEADY, daily('2026-07-20T09:00:00.000000Z', NOW, { client_id: 2n }));
    const one = [syncRun('a', daysAgo(1), { client_id: 1n })];
    expect(await forecast({}, two, one)).toMatchObject({ known_through: null });
    const both = [...one, syncRun('b', daysAgo(2))];
    expect(await forecast({}, two, both)).toMatchObject({ known_through: daysAgo(2) });
  });
});

import { describe, expect, test } from 'vitest';
import type { Row } from '../../../functions/schema/tables.ts';
import { addMs, DAY_MS } from '../../../functions/timestamps.ts';
import { syncRun } from '../../fixtures/fixture.ts';
import { about, daily, forecast, NOW, STEADY, withIds } from '../../support/forecasts.ts';

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
    const known = await forecast({}, rows);
    const behind = await forecast({}, rows, [syncRun('a', '2026-11-08T10:00:00.000000Z')]);
    expect(Number(known.projected_month_records) / 1_000).toBeCloseTo(1, 1);
    const fewer = Number(behind.projected_month_records) - Number(known.projected_month_records);
    expect(fewer).toBeGreaterThan(40); // of the 67 that two days bring on average
    expect(fewer).toBeLessThan(90);
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

import { expect, test } from 'vitest';
import type { Row } from '../../../functions/schema/tables.ts';
import { addMs, DAY_MS, HOUR_MS, MINUTE_MS, type Timestamp } from '../../../functions/timestamps.ts';
import { type Fixture, pipelineExecution, syncRun } from '../../fixtures/fixture.ts';
import { NEVER_LOOKED_AT } from '../../fixtures/statuses.ts';
import { readView as readViewOf } from '../../support/views.ts';
import type { StoredRow } from '../../support/warehouses.ts';

const NOW = '2026-11-24T12:00:00.000000Z'; // a Tuesday, nine o'clock in Sao Paulo
const OFFICE_HOURS = Array.from({ length: 13 }, (_, index) => 8 + index);

/** So many moments at equal distances, ascending to the last one. */
function every(intervalMs: number, count: number, last: Timestamp): Timestamp[] {
  return Array.from({ length: count }, (_, index) => addMs(last, (index + 1 - count) * intervalMs));
}

/** Full hours of the working days of the weeks before a Saturday, in UTC. */
function workingHours(hours: readonly number[], weeks: number, saturday: string): Timestamp[] {
  return Array.from({ length: weeks * 7 }, (_, index) => index - weeks * 7)
    .filter((day) => (day + 700) % 7 > 1)
    .flatMap((day) =>
      hours.map((hour) => addMs(`${saturday}T00:00:00.000000Z`, day * DAY_MS + hour * HOUR_MS)),
    );
}

/** The view, just after the sync has come to the end of the log. */
function readView(fixture: Fixture, view: string): Promise<StoredRow[]> {
  const sync_runs = [syncRun('known', fixture.now)];
  return readViewOf({ ...fixture, tables: { sync_runs, ...fixture.tables } }, view);
}

/** What the view says of pipelines that ran at these moments, by name. */
async function statusesOf(
  histories: Record<string, readonly Timestamp[]>,
  { now = NOW, timeZone = 'UTC' }: Partial<Pick<Fixture, 'now' | 'timeZone'>> = {},
): Promise<Record<string, StoredRow>> {
  const pipeline_logs = Object.entries(histories).flatMap(([name, moments], number) =>
    moments.map((moment, index) =>
      pipelineExecution(number * 10_000 + index, moment, {
        pipeline_id: BigInt(number),
        pipeline_name: name,
      }),
    ),
  );
  const rows = await readView({ now, timeZone, tables: { pipeline_logs } }, 'pipeline_status');
  return Object.fromEntries(rows.map((row) => [String(row.pipeline_name), row]));
}

test('every column tells of a pipeline that runs as usual', async () => {
  const pipeline_logs = every(HOUR_MS, 72, '2026-11-24T11:20:00.000000Z').map((moment, index) =>
    pipelineExecution(index, moment, {
      row_count: index > 68 ? (index % 2 === 0 ? 0n : null) : 5n,
      execution_time_seconds: index === 71 ? 42.5 : 2 + (index % 3),
    }),
  );
  const fixture = { now: NOW, timeZone: 'America/Sao_Paulo', tables: { pipeline_logs } };
  expect(await readView(fixture, 'pipeline_status')).toEqual([
    {
      client_id: 1n,
      pipeline_id: 7n,
      pipeline_name: 'orders',
      health: 'on_time',
      reason:
        'Runs every hour, the last time on Tue 24 Nov 2026 08:20, 40 min ago. Late if it has not run by Tue 24 Nov 2026 10:14.',
      last_execution_at: '2026-11-24T11:20:00.000000Z',
      usual_interval_minutes: 60,
      expected_by: '2026-11-24T13:14:00.000000Z',
      overdue_minutes: null,
      executions_24h: 24n,
      executions_7d: 72n,
      on_time_share_30d: 1,
      consecutive_empty_executions: 3n,
      last_execution_seconds: 42.5,
      usual_execution_seconds: 3,
      known_through: NOW,
      ...NEVER_LOOKED_AT,
    },
  ]);
});

test('a late pipeline says since when, in local time', async () => {
  const orders = every(DAY_MS, 20, '2026-11-22T02:30:00.000000Z');
  expect(await statusesOf({ orders }, { timeZone: 'America/Sao_Paulo' })).toMatchObject({
    orders: {
      health: 'late',
      reason:
        'No execution for 2 days, since Sat 21 Nov 2026 23:30. It usually runs every day and is overdue since Mon 23 Nov 2026 23:00.',
      expected_by: '2026-11-24T02:00:00.000000Z',
      overdue_minutes: 600,
    },
  });
});

test('health goes from on_time over late and silent to stopped', async () => {
  const hourly = (sinceMs: number) => every(HOUR_MS, 40, addMs(NOW, -sinceMs));
  const daily = (sinceMs: number) => every(DAY_MS, 40, addMs(NOW, -sinceMs));
  const lateMs = 114 * MINUTE_MS;
  const statuses = await statusesOf({
    'on_time: just not late': hourly(lateMs),
    'late: just': hourly(lateMs + 1),
    'late: for less than a day': hourly(lateMs + DAY_MS - 1),
    'silent: for a day': hourly(lateMs + DAY_MS),
    'late: daily, for less than three intervals': daily(4 * DAY_MS),
    'silent: daily, for more than three': daily(5 * DAY_MS),
    'silent: for less than 30 days': hourly(30 * DAY_MS - 1),
    'stopped: for 30 days': hourly(30 * DAY_MS),
    'stopped: nearly gone': hourly(90 * DAY_MS - 1),
    'gone: not one execution in 90 days': hourly(90 * DAY_MS),
  });
  const healths = Object.entries(statuses).map(([name, { health }]) => [name.split(':')[0], health]);
  expect(healths).toHaveLength(9);
  for (const [expected, health] of healths) expect(health).toBe(expected);
});

test('one missed run is no alarm, two are', async () => {
  const all = every(HOUR_MS, 80, '2026-11-24T11:30:00.000000Z');
  expect(await statusesOf({ one: all.slice(0, -1), two: all.slice(0, -2) })).toMatchObject({
    one: { health: 'on_time' },
    two: { health: 'late', overdue_minutes: 36 },
  });
});

test('nights and weekends are no silence where they are usual', async () => {
  const all = workingHours(OFFICE_HOURS, 6, '2026-11-21');
  expect(all.at(-1)).toBe('2026-11-20T20:00:00.000000Z');
  const statuses = await statusesOf(
    {
      'until Friday evening': all,
      'without the last run of Friday': all.slice(0, -1),
      'until Friday noon': all.slice(0, -8),
      'in its first week': workingHours(OFFICE_HOURS, 1, '2026-11-21'),
    },
    { now: '2026-11-22T12:00:00.000000Z' },
  );
  expect(statuses).toMatchObject({
    'until Friday evening': {
      health: 'on_time',
      usual_interval_minutes: 60,
      expected_by: '2026-11-23T08:54:00.000000Z',
      on_time_share_30d: 1,
    },
    // Missed are the last run of Friday and the first one of Monday.
    'without the last run of Friday': { expected_by: '2026-11-23T07:54:00.000000Z' },
    'until Friday noon': { health: 'silent', expected_by: '2026-11-20T13:54:00.000000Z' },
    'in its first week': { expected_by: '2026-11-23T08:54:00.000000Z' },
  });
});

test('a pause ends by the clock on the wall, also when that was put forward', async () => {
  // From 8 to 20 o'clock in Berlin.
  const winter = workingHours(
    OFFICE_HOURS.map((hour) => hour - 1),
    6,
    '2026-03-28',
  );
  const question = { now: '2026-03-28T12:00:00.000000Z', timeZone: 'Europe/Berlin' };
  expect(await statusesOf({ winter }, question)).toMatchObject({
    winter: {
      expected_by: '2026-03-30T06:54:00.000000Z',
      reason:
        'Runs every hour with pauses, the last time on Fri 27 Mar 2026 20:00, 17 hours ago. Late if it has not run by Mon 30 Mar 2026 08:54.',
    },
  });
});

test('a monthly pipeline is judged from its fourth execution on', async () => {
  const four = ['01', '02', '03', '04'].map((month) => `2026-${month}-28T06:00:00.000000Z`);
  const now = '2026-06-27T06:00:00.000000Z'; // 60 days later
  expect(await statusesOf({ four, three: four.slice(1) }, { now })).toMatchObject({
    four: { health: 'late', usual_interval_minutes: 44_640 },
    three: {
      health: 'new',
      reason:
        'Only 3 executions so far, the last on Tue 28 Apr 2026 06:00: too few to know how often it runs.',
      usual_interval_minutes: null,
      expected_by: null,
      overdue_minutes: null,
      on_time_share_30d: null,
    },
  });
});

test('a schedule that was changed is late once, not for ever', async () => {
  const hourly = every(HOUR_MS, 100, '2026-11-17T12:00:00.000000Z');
  const allDay = workingHours(
    Array.from({ length: 24 }, (_, hour) => hour),
    5,
    '2026-11-14',
  );
  const statuses = await statusesOf({
    'hourly, then daily, since a day': [...hourly, '2026-11-18T12:00:00.000000Z'],
    'hourly, then daily, since a week': [...hourly, ...every(DAY_MS, 7, NOW)],
    'weekly, then daily': [
      ...every(7 * DAY_MS, 20, '2026-11-10T06:00:00.000000Z'),
      ...every(DAY_MS, 13, NOW),
    ],
    'nights too, then not, since three days': [
      ...allDay,
      ...workingHours(OFFICE_HOURS, 1, '2026-11-21').filter((moment) => moment < '2026-11-20'),
    ],
    'daily, and often by hand today': [
      ...every(DAY_MS, 40, addMs(NOW, -6 * HOUR_MS)),
      ...every(5 * MINUTE_MS, 12, NOW),
    ],
  });
  expect(statuses).toMatchObject({
    // A tenth more than the pause before it.
    'hourly, then daily, since a day': {
      usual_interval_minutes: 60,
      expected_by: '2026-11-19T14:24:00.000000Z',
    },
    'hourly, then daily, since a week': {
      usual_interval_minutes: 1440,
      expected_by: '2026-11-26T11:30:00.000000Z',
    },
    'weekly, then daily': { usual_interval_minutes: 1440, expected_by: '2026-11-26T11:30:00.000000Z' },
    'nights too, then not, since three days': { expected_by: '2026-11-20T08:54:00.000000Z' },
    'daily, and often by hand today': {
      usual_interval_minutes: 1440,
      expected_by: '2026-11-26T11:30:00.000000Z',
    },
  });
});

test('what comes once after a long silence is not well again', async () => {
  const hourly = every(HOUR_MS, 500, '2026-11-18T12:00:00.000000Z');
  // Failing mostly, then always: no hour of the day is one of rest.
  const failing = [1, 2, 6, 7, 15, 18, 19, 28, 31, 42, 43, 44, 56, 61, 72].map((hours) =>
    addMs('2026-11-19T20:00:00.000000Z', hours * HOUR_MS),
  );
  const statuses = await statusesOf({
    'silent for six days': [...hourly, '2026-11-24T09:00:00.000000Z'],
    'failing for days': [...every(HOUR_MS, 900, '2026-11-19T20:00:00.000000Z'), ...failing],
  });
  expect(statuses).toMatchObject({
    'silent for six days': { health: 'late', expected_by: '2026-11-24T10:54:00.000000Z' },
    'failing for days': {
      health: 'silent',
      usual_interval_minutes: 60,
      expected_by: '2026-11-23T08:06:00.000000Z',
    },
  });
});

test('there is no rhythm in what runs at any time, nor within a minute', async () => {
  const gaps = [1, 7, 2, 31, 4, 90, 3, 12, 55, 1, 26, 8, 70, 5, 2];
  const statuses = await statusesOf({
    'at any time': gaps.map((_, index) =>
      addMs(NOW, -HOUR_MS * gaps.slice(index).reduce((sum, gap) => sum + gap, 0)),
    ),
    'at one time': every(0, 9, NOW),
    'every hour several times': [
      ...every(HOUR_MS, 30, NOW),
      ...every(HOUR_MS, 30, NOW),
      ...every(1, 20, NOW),
    ].toSorted(),
  });
  expect(statuses).toMatchObject({
    'at any time': {
      health: 'irregular',
      reason:
        'No rhythm to judge by: only 3 of its last 14 gaps were near the usual one. It last ran on Tue 24 Nov 2026 10:00, 2 hours ago.',
      expected_by: null,
      on_time_share_30d: null,
    },
    'at one time': { health: 'new' },
    'every hour several times': { health: 'on_time', usual_interval_minutes: 60, executions_24h: 68n },
  });
});

test('the share of the last 30 days counts what never came', async () => {
  const daily = every(DAY_MS, 60, '2026-11-24T11:00:00.000000Z');
  const statuses = await statusesOf({
    '3 of 30 missed': daily.filter((_, index) => ![35, 42, 50].includes(index)),
    'silent for 10 of 30 days': every(HOUR_MS, 1000, '2026-11-14T12:00:00.000000Z'),
  });
  expect(statuses).toMatchObject({
    '3 of 30 missed': { on_time_share_30d: 0.9 },
    'silent for 10 of 30 days': { on_time_share_30d: 2 / 3 },
  });
});

test('pipelines are told apart by client, keep their newest name, and may lack any of them', async () => {
  const row = (id: number, hour: number, fields: Row) =>
    pipelineExecution(id, `2026-11-24T${String(hour).padStart(2, '0')}:00:00.000000Z`, fields);
  const pipeline_logs = [
    row(1, 8, { pipeline_name: 'old' }),
    row(2, 9, { pipeline_name: 'new' }),
    row(3, 10, { pipeline_name: null }),
    row(4, 13, { pipeline_name: 'ahead of now' }),
    row(5, 9, { client_id: 2n, pipeline_name: 'of another client' }),
    row(6, 9, { client_id: null, pipeline_name: 'of none' }),
    row(7, 9, { client_id: null, pipeline_id: null, pipeline_name: null }),
  ];
  const rows = await readView({ now: NOW, tables: { pipeline_logs } }, 'pipeline_status');
  const names = rows.map(({ client_id, pipeline_id, pipeline_name, executions_24h }) =>
    [client_id, pipeline_id, pipeline_name, executions_24h].join(),
  );
  expect(names.sort()).toEqual([',,,1', ',7,of none,1', '1,7,new,3', '2,7,of another client,1']);
});

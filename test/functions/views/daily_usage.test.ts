import { expect, test } from 'vitest';
import type { Row } from '../../../functions/schema/tables.ts';
import { pipelineExecution } from '../../fixtures/fixture.ts';
import { readView } from '../../support/views.ts';

const NOW = '2026-11-24T12:00:00.000000Z';

async function usage(pipeline_logs: Row[], now = NOW) {
  const rows = await readView({ now, tables: { pipeline_logs } }, 'daily_usage');
  return rows.toSorted((one, other) => (String(one.day) < String(other.day) ? -1 : 1));
}

test('a day has the sums of its executions', async () => {
  const rows = await usage([
    pipelineExecution(1, '2026-11-24T10:00:00.000000Z', {
      pipeline_name: 'old orders',
      row_count: 100n,
      raw_row_count: 70n,
      is_billable: true,
      mb_estimate: 0.5,
      execution_time_seconds: 1,
    }),
    pipelineExecution(2, '2026-11-24T10:10:00.000000Z', {
      row_count: 50n,
      is_billable: false, // its records are free
      mb_estimate: 0.25,
      execution_time_seconds: 2,
    }),
    pipelineExecution(3, '2026-11-24T10:20:00.000000Z', {
      row_count: 30n, // billable, since nobody says that it is not
      is_billable: null,
      mb_estimate: null,
      execution_time_seconds: 4,
    }),
    pipelineExecution(4, '2026-11-24T10:30:00.000000Z', { row_count: 0n, execution_time_seconds: 8 }),
    pipelineExecution(5, '2026-11-24T10:40:00.000000Z', {
      pipeline_name: null,
      row_count: null,
      raw_row_count: 5n,
      execution_time_seconds: null,
    }),
  ]);
  expect(rows).toEqual([
    {
      day: '2026-11-24',
      client_id: 1n,
      pipeline_id: 7n,
      pipeline_name: 'orders',
      executions: 5n,
      records: 180n, // 100 + 50 + 30
      billable_records: 130n, // 100 + 30
      raw_rows: 155n, // 70 + 50 + 30 + 0 + 5
      megabytes: 0.75,
      empty_executions: 2n,
      execution_seconds: 15,
      median_execution_seconds: 3, // between 2 and 4
      p95_execution_seconds: expect.closeTo(7.4, 9), // 1, 2, 4, 8: at 0.95 * 3 = 2.85, so 4 + 0.85 * 4
    },
  ]);
});

test('days without an execution are there, from the first execution to today', async () => {
  const rows = await usage([
    pipelineExecution(1, '2026-11-21T12:00:00.000000Z', { row_count: 5n }),
    pipelineExecution(2, '2026-11-23T12:00:00.000000Z', { row_count: 6n, pipeline_name: 'new orders' }),
  ]);
  expect(rows.map(({ day, records, pipeline_name }) => [day, records, pipeline_name])).toEqual([
    ['2026-11-21', 5n, 'new orders'],
    ['2026-11-22', 0n, 'new orders'],
    ['2026-11-23', 6n, 'new orders'],
    ['2026-11-24', 0n, 'new orders'],
  ]);
  expect(rows[1]).toEqual({
    day: '2026-11-22',
    client_id: 1n,
    pipeline_id: 7n,
    pipeline_name: 'new orders',
    executions: 0n,
    records: 0n,
    billable_records: 0n,
    raw_rows: 0n,
    megabytes: 0,
    empty_executions: 0n,
    execution_seconds: 0,
    median_execution_seconds: null,
    p95_execution_seconds: null,
  });
});

test('a day ends at local midnight, 03:00 UTC in Sao Paulo', async () => {
  const now = '2026-03-01T02:30:00.000000Z'; // still the 28th of February there
  const rows = await usage(
    [
      pipelineExecution(1, '2026-02-28T02:59:59.999999Z'),
      pipelineExecution(2, '2026-02-28T03:00:00.000000Z'),
      pipelineExecution(3, '2026-03-01T02:29:00.000000Z'),
    ],
    now,
  );
  expect(rows.map(({ day, executions }) => [day, executions])).toEqual([
    ['2026-02-27', 1n],
    ['2026-02-28', 2n],
  ]);
});

test('there are 90 days, today included, and none after today', async () => {
  const rows = await usage([
    pipelineExecution(1, '2026-08-27T02:59:59.999999Z'), // the 26th there: one day too old
    pipelineExecution(2, '2026-08-27T03:00:00.000000Z'),
    pipelineExecution(3, '2026-11-24T11:00:00.000000Z'),
    pipelineExecution(4, '2026-11-24T13:00:00.000000Z'), // later today, by a clock that is ahead
    pipelineExecution(5, '2026-11-25T03:00:00.000000Z'), // tomorrow
  ]);
  expect(rows).toHaveLength(90);
  expect([rows[0]?.day, rows[89]?.day]).toEqual(['2026-08-27', '2026-11-24']);
  expect(rows.map(({ executions }) => executions)).toEqual([1n, ...Array(88).fill(0n), 1n]);
});

test('each client has days of its own, no client too', async () => {
  const rows = await usage([
    pipelineExecution(1, '2026-11-23T12:00:00.000000Z', { client_id: null, row_count: 3n }),
    pipelineExecution(2, '2026-11-24T11:00:00.000000Z', { client_id: null, row_count: 4n }),
    pipelineExecution(3, '2026-11-24T11:00:00.000000Z', { client_id: 2n, row_count: 5n }),
  ]);
  const found = rows.map(({ day, client_id, records }) => `${day} ${client_id} ${records}`);
  expect(found.toSorted()).toEqual(['2026-11-23 null 3', '2026-11-24 2 5', '2026-11-24 null 4']);
});

test('a log row that is stored twice, or was changed later, counts once', async () => {
  const execution = pipelineExecution(1, '2026-11-24T11:00:00.000000Z', { row_count: 3n });
  const changed = { ...execution, row_count: 4n, updatedat: '2026-11-24T11:30:00.000000Z' };
  expect(await usage([execution, changed, execution])).toMatchObject([{ executions: 1n, records: 4n }]);
});

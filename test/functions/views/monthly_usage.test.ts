import { expect, test } from 'vitest';
import type { Row } from '../../../functions/schema/tables.ts';
import { pipelineExecution } from '../../fixtures/fixture.ts';
import { readView } from '../../support/views.ts';

async function usage(pipeline_logs: Row[], now = '2026-11-24T12:00:00.000000Z') {
  const rows = await readView({ now, tables: { pipeline_logs } }, 'monthly_usage');
  const key = ({ month, pipeline_id, client_id }: Record<string, unknown>) =>
    `${month} ${pipeline_id} ${client_id}`;
  return rows.toSorted((one, other) => (key(one) < key(other) ? -1 : 1));
}

test('a month has the sums of its executions, and its share of what all clients use', async () => {
  const rows = await usage([
    pipelineExecution(1, '2026-10-05T12:00:00.000000Z', { row_count: 40n, pipeline_name: 'old orders' }),
    pipelineExecution(2, '2026-11-05T12:00:00.000000Z', { row_count: 60n }),
    pipelineExecution(3, '2026-11-06T12:00:00.000000Z', { row_count: 15n, is_billable: null }),
    pipelineExecution(4, '2026-11-07T12:00:00.000000Z', { row_count: 500n, is_billable: false }),
    pipelineExecution(5, '2026-11-08T12:00:00.000000Z', { row_count: null }),
    pipelineExecution(6, '2026-11-05T12:00:00.000000Z', { row_count: 25n, client_id: 2n }),
  ]);
  expect(rows).toEqual([
    {
      month: '2026-10-01',
      client_id: 1n,
      pipeline_id: 7n,
      pipeline_name: 'orders', // the latest
      executions: 1n,
      records: 40n,
      billable_records: 40n,
      share_of_month: 1,
      previous_month_billable_records: 0n,
    },
    {
      month: '2026-11-01',
      client_id: 1n,
      pipeline_id: 7n,
      pipeline_name: 'orders',
      executions: 4n,
      records: 575n, // 60 + 15 + 500
      billable_records: 75n, // 60 + 15
      share_of_month: 0.75, // of 60 + 15 + 25
      previous_month_billable_records: 40n,
    },
    {
      month: '2026-11-01',
      client_id: 2n,
      pipeline_id: 7n,
      pipeline_name: 'orders',
      executions: 1n,
      records: 25n,
      billable_records: 25n,
      share_of_month: 0.25,
      previous_month_billable_records: 0n,
    },
  ]);
});

test('a share of nothing is null', async () => {
  const rows = await usage([
    pipelineExecution(1, '2026-11-05T12:00:00.000000Z', { row_count: 60n, is_billable: false }),
  ]);
  expect(rows).toMatchObject([{ records: 60n, billable_records: 0n, share_of_month: null }]);
});

test('the month before is the one in the calendar, not the last one with executions', async () => {
  const rows = await usage([
    pipelineExecution(1, '2026-08-05T12:00:00.000000Z', { row_count: 1n }),
    pipelineExecution(2, '2026-10-05T12:00:00.000000Z', { row_count: 2n }),
    pipelineExecution(3, '2026-11-05T12:00:00.000000Z', { row_count: 4n }),
  ]);
  expect(rows.map(({ month, previous_month_billable_records: previous }) => [month, previous])).toEqual([
    ['2026-08-01', 0n],
    ['2026-10-01', 0n],
    ['2026-11-01', 2n],
  ]);
});

test('there are 13 months, the oldest compared with the one before it, and none after this one', async () => {
  const rows = await usage(
    Array.from({ length: 16 }, (_, index) => {
      const createdat = new Date(Date.UTC(2025, 8 + index, 1, 3)).toISOString().replace('Z', '000Z');
      return pipelineExecution(index, createdat, { row_count: BigInt(100 + index) });
    }),
  );
  const expected = [
    ...['2025-11-01', '2025-12-01', '2026-01-01', '2026-02-01', '2026-03-01', '2026-04-01', '2026-05-01'],
    ...['2026-06-01', '2026-07-01', '2026-08-01', '2026-09-01', '2026-10-01', '2026-11-01'],
  ].map((month, index) => [month, BigInt(102 + index), BigInt(101 + index)]);
  expect(
    rows.map(({ month, records, previous_month_billable_records: previous }) => [month, records, previous]),
  ).toEqual(expected);
});

test('a month ends at local midnight, 03:00 UTC in Sao Paulo, leap day or not', async () => {
  const rows = await usage(
    [
      pipelineExecution(1, '2024-03-01T02:59:59.999999Z', { row_count: 1n }),
      pipelineExecution(2, '2024-02-01T02:30:00.000000Z', { row_count: 2n }),
      pipelineExecution(3, '2024-02-29T12:00:00.000000Z', { row_count: 4n }),
      pipelineExecution(4, '2024-03-01T03:00:00.000000Z', { row_count: 8n }),
    ],
    '2024-03-31T23:00:00.000000Z',
  );
  expect(rows.map(({ month, records }) => [month, records])).toEqual([
    ['2024-01-01', 2n],
    ['2024-02-01', 5n],
    ['2024-03-01', 8n],
  ]);
});

test('no client is compared with itself', async () => {
  const rows = await usage([
    pipelineExecution(1, '2026-10-05T12:00:00.000000Z', { client_id: null, row_count: 3n }),
    pipelineExecution(2, '2026-11-05T12:00:00.000000Z', { client_id: null, row_count: 5n }),
    pipelineExecution(3, '2026-10-05T12:00:00.000000Z', { client_id: 1n, row_count: 90n }),
  ]);
  expect(rows[2]).toMatchObject({
    month: '2026-11-01',
    client_id: null,
    previous_month_billable_records: 3n,
  });
});

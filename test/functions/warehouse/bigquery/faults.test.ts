import { describe } from 'vitest';
import type { BigQueryFault, FakeCall } from '../../../fakes/bigquery.ts';
import { firstTimes, ids, isInsert, refusal, test } from '../../../support/bigquery.ts';
import { load } from '../../../support/rows.ts';
import { streamOf } from '../../../support/runs.ts';

describe.concurrent('a fault that passes loses nothing, and shows no row twice', () => {
  const isRowInsert = (call: FakeCall) => isInsert(call);
  const isQuery = ({ kind }: FakeCall) => kind === 'query';
  test.for<[string, (call: FakeCall) => boolean, BigQueryFault]>([
    ['slow down, as 403', isRowInsert, refusal(403, 'rateLimitExceeded')],
    ['slow down, as 429', isRowInsert, refusal(429, 'rateLimitExceeded')],
    ['503 for rows', isRowInsert, refusal(503, 'backendError')],
    ['500 for a query', isQuery, refusal(500, 'internalError')],
    ['slow down for a query, as 403', isQuery, refusal(403, 'rateLimitExceeded')],
    ['a reset before the rows are stored', isRowInsert, { kind: 'resetBefore' }],
    ['a reset after the rows are stored', isRowInsert, { kind: 'resetAfter' }],
    ['an answer cut off after the rows are stored', isRowInsert, { kind: 'cutOff', stored: true }],
    ['HTML with 502', isRowInsert, { kind: 'html', status: 502 }],
  ])('%s', async ([, matches, fault], { open, expect }) => {
    const rows = load('pipeline_logs', 60);
    const { sync, latestIds } = await open(rows, { fault: firstTimes(1, matches, fault) });
    const run = streamOf(await sync());
    expect(run).toMatchObject({ outcome: 'success', rows_read: 60, rows_inserted: 60 });
    expect(await latestIds()).toEqual(ids(rows));
    expect(streamOf(await sync())).toMatchObject({ rows_inserted: 0, rows_duplicate: 60 });
    expect(await latestIds()).toEqual(ids(rows));
  });
});

describe.concurrent('a fault that stays is WAREHOUSE_UNAVAILABLE, and the next run goes on without loss', () => {
  const isRowInsert = (call: FakeCall) => isInsert(call);
  const isQuery = ({ kind }: FakeCall) => kind === 'query';
  test.for<[string, (call: FakeCall) => boolean, BigQueryFault]>([
    ['rows answered by HTML at 200', isRowInsert, { kind: 'html' }],
    ['a query answered by HTML at 200', isQuery, { kind: 'html' }],
    ['rows met with silence', isRowInsert, { kind: 'hang' }],
    ['rows stored, then silence', isRowInsert, { kind: 'hangAfter' }],
    ['a query met with silence', isQuery, { kind: 'hang' }],
    ['a query that never completes', isQuery, { kind: 'neverComplete' }],
    ['503 for rows', isRowInsert, refusal(503, 'backendError')],
    ['rows stored, and the answer cut off', isRowInsert, { kind: 'cutOff', stored: true }],
    ['rows stored, and a reset', isRowInsert, { kind: 'resetAfter' }],
  ])('%s', async ([, matches, fault], { open, expect }) => {
    let isBroken = true;
    const rows = load('pipeline_logs', 60);
    const {
      sync,
      latestIds,
      rows: read,
    } = await open(rows, {
      fault: (call) => (isBroken && matches(call) ? fault : undefined),
    });
    const run = await sync({ BIGQUERY_TIMEOUT_SECONDS: '2' });
    const stream = streamOf(run);
    expect(stream).toMatchObject({
      outcome: 'failed',
      rows_inserted: 0,
      error: { code: 'WAREHOUSE_UNAVAILABLE' },
    });
    expect(stream.next_id === null || stream.next_id === 0n).toBe(true);
    expect(await read('sync_runs')).toMatchObject([
      { outcome: 'failed', error_code: 'WAREHOUSE_UNAVAILABLE' },
    ]);

    isBroken = false;
    expect(streamOf(await sync())).toMatchObject({ outcome: 'success' });
    expect(await latestIds()).toEqual(ids(rows));
  });

  test('sync_runs that cannot be written make the run failed, its rows kept', async ({ open, expect }) => {
    const rows = load('pipeline_logs', 3);
    const { sync, latestIds } = await open(rows, {
      fault: (call) => (isInsert(call, 'sync_runs') ? refusal(403, 'quotaExceeded') : undefined),
    });
    const { report, lines } = await sync();
    expect(report).toMatchObject({ outcome: 'failed', error: { code: 'WAREHOUSE_REJECTED' } });
    expect(lines.at(-1)).toMatchObject({ event: 'sync_finished', error_code: 'WAREHOUSE_REJECTED' });
    expect(await latestIds()).toEqual(ids(rows));
  });

  test('silence until the time is over is no failure', async ({ open, expect }) => {
    const { sync, rows } = await open(load('pipeline_logs', 60), {
      fault: (call) => (isRowInsert(call) ? { kind: 'hang' } : undefined),
    });
    const { report } = await sync({ TIME_BUDGET_SECONDS: '5' });
    expect(report).toMatchObject({ outcome: 'partial', streams: [{ error: null, rows_inserted: 0 }] });
    expect(await rows('sync_runs')).toMatchObject([{ error_code: null, rows_inserted: 0n }]);
  });

  test('silence until there is no time left for sync_runs either is no fault of the sync', async ({
    open,
    expect,
  }) => {
    const { sync } = await open(load('pipeline_logs', 60), {
      fault: ({ kind }) => (kind === 'insertAll' ? { kind: 'hang' } : undefined),
    });
    const { report } = await sync({ TIME_BUDGET_SECONDS: '3' });
    expect(report.error?.code).toBe('WAREHOUSE_UNAVAILABLE');
  });
});

import { describe } from 'vitest';
import type { BigQueryFault, FakeCall } from '../../../fakes/bigquery.ts';
import { firstTimes, isInsert, refusal, test } from '../../../support/bigquery.ts';
import { type ApiRow, load, pipelineRow } from '../../../support/rows.ts';
import { streamOf } from '../../../support/runs.ts';

describe.concurrent('a row that BigQuery refuses', () => {
  test('is set aside once, and the rest of its page is stored', async ({ open, expect }) => {
    const bad = new Set(['1003', '1006']);
    const { sync, rows, latestIds, fake } = await open(load('pipeline_logs', 6), {
      fault: (call) => {
        const isBad = call.body?.rows?.map(({ json }: { json: ApiRow }) => bad.has(String(json.id)));
        if (!isInsert(call) || !isBad.includes(true)) return undefined;
        const errors = (reason: string) => [
          { reason, location: 'createdat', debugInfo: '', message: 'Out of bounds.' },
        ];
        return {
          kind: 'insertErrors',
          errors: (sent) =>
            sent.map((_, index) => ({ index, errors: errors(isBad[index] ? 'invalid' : 'stopped') })),
        };
      },
    });
    const first = streamOf(await sync());
    expect(first).toMatchObject({ outcome: 'success', rows_read: 6, rows_inserted: 4, rows_rejected: 2 });
    expect(await latestIds()).toEqual([1000, 1009, 1012, 1015]);
    const aside = await rows('rejected_rows');
    expect(aside.map(({ row_id }) => row_id).sort()).toEqual([1003n, 1006n]);
    for (const { reason, row } of aside) {
      expect(reason).toMatch(/BigQuery refused the row.*createdat.*Out of bounds/);
      expect(JSON.parse(String(row))).toMatchObject({ pipeline_name: 'Kondado - Blog - wp_options' });
    }
    const again = streamOf(await sync());
    expect(again).toMatchObject({ rows_read: 6, rows_inserted: 0, rows_duplicate: 6, rows_rejected: 0 });
    expect(await rows('rejected_rows')).toHaveLength(2);
    expect(fake.calls.filter((call) => isInsert(call, 'rejected_rows'))).toHaveLength(1);
  });

  test('because it is too large for a request is set aside without its end', async ({ open, expect }) => {
    const huge = pipelineRow(2_000, { pipeline_name: 'é'.repeat(6_000_000) });
    const { sync, rows, latestIds } = await open([...load('pipeline_logs', 3), huge]);
    expect(streamOf(await sync())).toMatchObject({ outcome: 'success', rows_inserted: 3, rows_rejected: 1 });
    expect(await latestIds()).toEqual([1000, 1003, 1006]);
    const [aside] = await rows('rejected_rows');
    expect(aside).toMatchObject({
      row_id: 2000n,
      reason: expect.stringMatching(/larger than BigQuery takes/),
    });
    expect(String(aside?.row)).toContain('"id');
    expect(streamOf(await sync())).toMatchObject({ rows_duplicate: 4, rows_rejected: 0 });
  });

  test('because nothing of the table fits is no row of its own: a missing column ends the stream', async ({
    open,
    expect,
  }) => {
    const { sync, rows, latestIds } = await open(load('pipeline_logs', 3), {
      fault: firstTimes(1, (call) => isInsert(call), {
        kind: 'insertErrors',
        errors: (sent) =>
          sent.map((_, index) => ({
            index,
            errors: [
              { reason: 'invalid', location: '_extra', debugInfo: '', message: 'no such field: _extra.' },
            ],
          })),
      }),
    });
    const { report } = await sync();
    expect(report.streams[0]).toMatchObject({
      outcome: 'failed',
      error: { code: 'WAREHOUSE_REJECTED', message: expect.stringMatching(/_extra.*terraform apply/) },
      rows_inserted: 0,
      rows_rejected: 0,
    });
    expect(await rows('rejected_rows')).toEqual([]);
    await sync();
    expect(await latestIds()).toEqual([1000, 1003, 1006]);
  });
});

describe.concurrent('a refusal that somebody has to do something about is WAREHOUSE_REJECTED, at once', () => {
  const isQuery = ({ kind }: FakeCall) => kind === 'query';
  const isRowInsert = (call: FakeCall) => isInsert(call);
  test.for<[string, (call: FakeCall) => boolean, BigQueryFault, RegExp]>([
    ['a query without permission', isQuery, refusal(403, 'accessDenied'), /roles\/bigquery/],
    ['a query over quota', isQuery, refusal(403, 'quotaExceeded'), /quota/],
    ['a query that costs too much', isQuery, refusal(400, 'bytesBilledLimitExceeded'), /cost more/],
    ['a query that is invalid', isQuery, refusal(400, 'invalidQuery'), /terraform apply/],
    ['a dataset that is missing', isQuery, refusal(404, 'notFound'), /BIGQUERY_DATASET/],
    ['rows over quota', isRowInsert, refusal(403, 'quotaExceeded'), /quota/],
    ['rows without permission', isRowInsert, refusal(403, 'accessDenied'), /roles\/bigquery/],
    ['a request that is invalid', isRowInsert, refusal(400, 'invalid'), /terraform apply/],
    ['a table that is missing', isRowInsert, refusal(404, 'notFound'), /terraform apply/],
  ])('%s', async ([, matches, fault, message], { open, expect }) => {
    const { sync, latestIds } = await open(load('pipeline_logs', 3), {
      fault: firstTimes(20, (call) => matches(call), fault),
    });
    const run = await sync({ BIGQUERY_TIMEOUT_SECONDS: '4' });
    expect(streamOf(run).error).toMatchObject({
      code: 'WAREHOUSE_REJECTED',
      message: expect.stringMatching(message),
    });
    expect(await latestIds()).toEqual([]);
  });

  test('an insert that costs nothing is repeated while a fresh table is not known everywhere', async ({
    open,
    expect,
  }) => {
    const { sync, latestIds } = await open(load('pipeline_logs', 3), {
      fault: firstTimes(2, (call) => isInsert(call), refusal(404, 'notFound')),
    });
    expect(streamOf(await sync())).toMatchObject({ outcome: 'success', rows_inserted: 3 });
    expect(await latestIds()).toEqual([1000, 1003, 1006]);
  });
});

import { describe } from 'vitest';
import type { BigQueryFault, FakeBigQueryOptions, FakeCall } from '../../fakes/bigquery.ts';
import { type ApiRow, load, pipelineRow } from '../../support/rows.ts';
import { type Environment, runSync, streamOf } from '../../support/runs.ts';
import { test as base, type Kondado, type KondadoOptions } from '../../support/test.ts';
import { bigQueryWarehouse } from '../../support/warehouses.ts';

const test = base.extend<{
  open: (rows: ApiRow[], options?: FakeBigQueryOptions) => ReturnType<typeof open>;
}>({
  async open({ startKondado, startBigQuery }, use) {
    await use((rows, options) => open(rows, startKondado, startBigQuery, options));
  },
});

async function open(
  rows: ApiRow[],
  startKondado: (options: KondadoOptions) => Promise<Kondado>,
  startBigQuery: (options?: FakeBigQueryOptions) => Promise<import('../../fakes/bigquery.ts').FakeBigQuery>,
  options?: FakeBigQueryOptions,
) {
  const kondado = await startKondado({ pipeline_logs: rows });
  const fake = await startBigQuery(options);
  const warehouse = bigQueryWarehouse(fake);
  return {
    ...warehouse,
    kondado,
    fake,
    sync: (env: Environment = {}) =>
      runSync({ ...kondado.env, ...warehouse.env, STREAMS: 'pipeline_logs', ...env }),
    latestIds: async () => (await warehouse.latest('pipeline_logs')).map(({ id }) => Number(id)),
  };
}

const isInsert = (call: FakeCall, table = 'pipeline_logs') =>
  call.kind === 'insertAll' && call.table === table;

/** The fault for the first calls that match, and for no other. */
function firstTimes(
  count: number,
  matches: (call: FakeCall) => boolean,
  fault: BigQueryFault,
): (call: FakeCall) => BigQueryFault | undefined {
  let left = count;
  return (call) => (matches(call) && left-- > 0 ? fault : undefined);
}

const refusal = (status: number, reason: string): BigQueryFault => ({
  kind: 'error',
  status,
  reason,
  message: `BigQuery says ${reason}.`,
});

const ids = (rows: ApiRow[]) => rows.map(({ id }) => Number(id));

test.concurrent('every call goes without credentials, and every query with a bound on its cost', async ({
  open,
  expect,
}) => {
  const { fake, sync } = await open(load('pipeline_logs', 60));
  await sync({ BIGQUERY_LOCATION: 'southamerica-east1' });
  await sync({ BIGQUERY_LOCATION: 'southamerica-east1' });
  expect(fake.calls.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
  const queries = fake.calls.filter(({ kind }) => kind === 'query');
  expect(queries.length).toBeGreaterThan(2);
  for (const { body } of queries) {
    expect(Number(body.maximumBytesBilled)).toBeGreaterThan(0);
    expect(body.location).toBe('southamerica-east1');
    expect(body.useLegacySql).toBe(false);
  }
});

test.concurrent('the same version has the same insertId in every run, another version another', async ({
  open,
  expect,
}) => {
  const { fake, sync, kondado } = await open([pipelineRow(1), pipelineRow(2, { updatedAt: null })]);
  await sync();
  await fake.clear('pipeline_logs');
  await sync();
  kondado.streams.pipeline_logs[0] = pipelineRow(1, { updatedAt: '2026-01-01T00:00:00Z' });
  await sync();
  const [first, second, third] = fake.calls
    .filter((call) => isInsert(call))
    .map(({ body }) => body.rows.map(({ insertId }: { insertId: string }) => insertId));
  expect(new Set(first).size).toBe(2);
  expect(second).toEqual(first);
  expect(third).toHaveLength(1);
  expect(first).not.toContain(third[0]);
});

test.concurrent('INT64 goes as text, and timestamps with Z', async ({ open, expect }) => {
  const { fake, sync } = await open([pipelineRow(9007199254740993n, { row_count: '9007199254740993' })]);
  await sync();
  const [{ json }] = fake.calls.find((call) => isInsert(call))?.body.rows ?? [{}];
  expect(json).toMatchObject({ id: '9007199254740993', row_count: '9007199254740993', client_id: '1' });
  expect(json.createdat).toMatch(/Z$/);
});

test.concurrent('a page is cut into requests of at most 500 rows and less than 10 MB, in ascending order', async ({
  open,
  expect,
}) => {
  const large = 'x'.repeat(700_000);
  const rows = load('pipeline_logs', 1_200).map((row, index) =>
    index < 20 ? { ...row, pipeline_name: large } : row,
  );
  const { fake, sync, kondado } = await open([]);
  kondado.streams.pipeline_logs.push(...rows);
  await kondado.sandbox.close();
  const { startSandbox } = await import('../../../local/sandbox/server.ts');
  const wide = await startSandbox({
    source: kondado.sandbox.source,
    limits: null,
    pageSize: 1_200,
    key: kondado.env.KONDADO_API_KEY ?? '',
    token: kondado.env.KONDADO_TOKEN ?? '',
  });
  const run = await sync({ KONDADO_BASE_URL: wide.url });
  await wide.close();
  expect(streamOf(run)).toMatchObject({ outcome: 'success', rows_inserted: 1_200 });
  const inserts = fake.calls.filter((call) => isInsert(call));
  for (const { body, headers } of inserts) {
    expect(body.rows.length).toBeLessThanOrEqual(500);
    expect(Number(headers['content-length'] ?? Buffer.byteLength(JSON.stringify(body)))).toBeLessThan(
      10_000_000,
    );
  }
  const sent = inserts.flatMap(({ body }) => body.rows.map(({ json }: { json: ApiRow }) => Number(json.id)));
  expect(sent).toEqual(ids(rows));
});

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

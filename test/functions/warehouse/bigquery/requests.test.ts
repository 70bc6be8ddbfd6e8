import { ids, isInsert, test } from '../../../support/bigquery.ts';
import { type ApiRow, load, pipelineRow } from '../../../support/rows.ts';
import { streamOf } from '../../../support/runs.ts';

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
  const { fake, sync } = await open(rows, {}, { pageSize: 1_200 });
  const run = await sync();
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

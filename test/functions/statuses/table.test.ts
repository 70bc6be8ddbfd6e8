import { inspect } from 'node:util';
import { expect } from 'vitest';
import type { BigQueryFault } from '../../fakes/bigquery.ts';
import { sync } from '../../support/contract.ts';
import { findSecrets, KEY, TOKEN } from '../../support/secrets.ts';
import { isStatus, objectsSeen, STATUSES, statusesAsked } from '../../support/statuses.ts';
import { test } from '../../support/test.ts';
import { bigQueryWarehouse, duckDbWarehouse, runInDuckDb } from '../../support/warehouses.ts';

test('a dataset that lacks the table costs the statuses, and not a request to Kondado', async ({
  startKondado,
  startBigQuery,
}) => {
  const kondado = await startKondado(objectsSeen([1]));
  const warehouse = bigQueryWarehouse(await startBigQuery({ missingTables: ['status_observations'] }));
  const { report, lines } = await sync(kondado, warehouse, {}, STATUSES);
  expect(report).toMatchObject({
    outcome: 'success',
    statuses: { requests: 0, observed: 0, changed: 0, error: { code: 'WAREHOUSE_REJECTED' } },
  });
  expect(statusesAsked(kondado)).toEqual([]);
  expect(lines.filter(({ event }) => event === 'status_unavailable')).toHaveLength(1);
  expect(await warehouse.rows('sync_runs')).toMatchObject([{ outcome: 'success' }, { outcome: 'success' }]);
});

test('a row that BigQuery refuses costs no other one', async ({ startKondado, startBigQuery }) => {
  const refuseOnce: BigQueryFault = {
    kind: 'insertErrors',
    errors: (rows) =>
      rows.map((_, index) => ({
        index,
        errors: [
          { reason: index === 0 ? 'invalid' : 'stopped', location: '_extra', debugInfo: '', message: 'No.' },
        ],
      })),
  };
  let inserts = 0;
  const fake = await startBigQuery({
    fault: ({ table, method }) =>
      table === 'status_observations' && method === 'POST' && inserts++ === 0 ? refuseOnce : undefined,
  });
  const warehouse = bigQueryWarehouse(fake);
  const { report } = await sync(await startKondado(objectsSeen([1, 2])), warehouse, {}, STATUSES);
  expect(report).toMatchObject({
    outcome: 'success',
    statuses: {
      requests: 3,
      observed: 0,
      error: { code: 'WAREHOUSE_REJECTED', message: expect.stringContaining('status_observations') },
    },
  });
  expect(await warehouse.rows('status_observations')).toHaveLength(2);
});

test('a DuckDB file of an older version gets the table', async ({ folder, startKondado }) => {
  const path = `${folder}/old.duckdb`;
  const warehouse = duckDbWarehouse(path);
  const kondado = await startKondado(objectsSeen([1]));
  await sync(kondado, warehouse, {}, {});
  await runInDuckDb(path, 'DROP TABLE status_observations CASCADE');
  const { report } = await sync(kondado, warehouse, {}, STATUSES);
  expect(report.statuses).toMatchObject({ observed: 2, error: null });
  expect(await warehouse.rows('status_observations')).toHaveLength(2);
});

test('runs every five minutes ask for no more statuses than those of every hour', async ({
  folder,
  startKondado,
}) => {
  const warehouse = duckDbWarehouse(`${folder}/often.duckdb`);
  const kondado = await startKondado(objectsSeen([1, 2]));
  for (let run = 0; run < 12; run++) {
    await sync(kondado, warehouse, {}, STATUSES);
    await warehouse.run('UPDATE status_observations SET observed_at = observed_at - INTERVAL 5 MINUTE');
  }
  expect(kondado.sandbox.requests.filter(isStatus)).toHaveLength(3 * 2);
}, 60_000);

test('key and token are in no column, wherever Kondado says them', async ({ folder, startKondado }) => {
  const warehouse = duckDbWarehouse(`${folder}/secrecy.duckdb`);
  const kondado = await startKondado({
    key: KEY,
    token: TOKEN,
    ...objectsSeen([1]),
    fault: ({ url, statusOf }) =>
      statusOf && {
        kind: 'json',
        value: {
          [statusOf.id]: { status: `x ${TOKEN}`, raw_msg: url, kubo_status_type: KEY, [KEY]: [url, TOKEN] },
        },
      },
  });
  const run = await sync(kondado, warehouse, {}, STATUSES);
  expect(run.report.statuses).toMatchObject({ observed: 2 });
  const rows = await warehouse.rows('status_observations');
  expect(rows).toMatchObject([{ status: 'x ***' }, { status: 'x ***' }]);
  expect(findSecrets(inspect([run, rows], { depth: 20, maxStringLength: null }))).toEqual([]);
});

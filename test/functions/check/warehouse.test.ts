import { describe, expect } from 'vitest';
import type { FakeCall } from '../../fakes/bigquery/calls.ts';
import type { BigQueryFault, FakeBigQueryOptions } from '../../fakes/bigquery.ts';
import { checked, outcomes } from '../../support/checks.ts';
import { load } from '../../support/rows.ts';
import { serveFunction } from '../../support/server.ts';
import { test as base } from '../../support/test.ts';
import { bigQueryWarehouse, duckDbWarehouse, runInDuckDb } from '../../support/warehouses.ts';

const served = serveFunction();
const NO_WAREHOUSE = { warehouse: 'failed', tables: 'skipped', views: 'skipped', writing: 'skipped' };

type Check = (options?: FakeBigQueryOptions, env?: Record<string, string>) => ReturnType<typeof checked>;
const test = base.extend<{ check: Check }>({
  async check({ startBigQuery, startKondado }, use) {
    await use(async (options, env = {}) => {
      const kondado = await startKondado({
        pipeline_logs: load('pipeline_logs', 3),
        model_logs: load('model_logs', 3),
      });
      const fake = await startBigQuery(options);
      const check = await checked(served, kondado, bigQueryWarehouse(fake), { env });
      expect(fake.calls.some(({ headers }) => headers.authorization)).toBe(false);
      return check;
    });
  },
});

/** What goes wrong with what is known of a table. */
const metadata = (table: string, fault: BigQueryFault) => (call: FakeCall) =>
  call.method === 'GET' && call.table === table ? fault : undefined;
const changed = (change: (body: Record<string, unknown>) => object): BigQueryFault => ({
  kind: 'mutate',
  change,
});
type Fields = { fields: { name: string; type: string }[] };

describe('BigQuery', () => {
  test('that answers nothing is said once', async ({ check }) => {
    const { outcomes: found, messages } = await check({
      fault: () => ({
        kind: 'error',
        status: 403,
        reason: 'accessDenied',
        message: 'Access Denied: Dataset',
      }),
    });
    expect(found).toEqual(outcomes(NO_WAREHOUSE));
    expect(messages.warehouse).toMatch(
      /looking for the dataset kondado\): Access Denied: Dataset .*roles\/bigquery/,
    );
    expect(messages.writing).toBe('Not possible without tables.');
  });

  test('without the dataset', async ({ check }) => {
    const { outcomes: found, messages } = await check({}, { BIGQUERY_DATASET: 'elsewhere' });
    expect(found).toEqual(outcomes(NO_WAREHOUSE));
    expect(messages.warehouse).toMatch(/Not found: Dataset .*elsewhere.*terraform apply/);
  });

  test('in another location than is set', async ({ check }) => {
    const { outcomes: found, messages } = await check({}, { BIGQUERY_LOCATION: 'southamerica-east1' });
    expect(found).toEqual(outcomes(NO_WAREHOUSE));
    expect(messages.warehouse).toMatch(
      /lies in US, and BIGQUERY_LOCATION is southamerica-east1: set it to US/,
    );
    expect((await check({}, { BIGQUERY_LOCATION: 'us' })).outcomes).toEqual(outcomes());
  });

  test('without a table', async ({ check }) => {
    const { outcomes: found, messages } = await check({ missingTables: ['sync_runs'] });
    expect(found).toEqual(outcomes({ tables: 'failed', views: 'failed', writing: 'skipped' }));
    expect(messages.tables).toMatch(/^sync_runs is missing\. Run terraform apply/);
    expect(messages.views).toMatch(/Of \d+ views these cannot be asked: .*sync_health/);
  });

  test('whose table lacks a column and has another type', async ({ check }) => {
    const change = changed((body) => {
      const { fields } = body.schema as Fields;
      const kept = fields.filter(({ name }) => name !== 'has_deltas');
      return {
        ...body,
        schema: {
          fields: kept.map((field) => (field.name === 'mb_estimate' ? { ...field, type: 'STRING' } : field)),
        },
      };
    });
    const { outcomes: found, messages } = await check({ fault: metadata('pipeline_logs', change) });
    expect(found).toEqual(outcomes({ tables: 'failed' }));
    expect(messages.tables).toMatch(
      /^pipeline_logs lacks has_deltas and has mb_estimate as STRING instead of FLOAT64\./,
    );
  });

  test('whose table is neither partitioned nor clustered as it should be', async ({ check }) => {
    const change = changed(({ timePartitioning, clustering, ...body }) => body);
    const { outcomes: found, messages } = await check({ fault: metadata('pipeline_logs', change) });
    expect(found).toEqual(outcomes({ tables: 'warning' }));
    expect(messages.tables).toMatch(
      /pipeline_logs is not partitioned by DAY on createdat, pipeline_logs is not clustered by client_id, pipeline_id\. The sync works/,
    );
  });

  test('that does not accept a query of a view', async ({ check }) => {
    const { outcomes: found, messages } = await check({
      fault: ({ body, query }) =>
        body?.dryRun === true && query?.includes('.plan_forecast`')
          ? { kind: 'error', status: 400, reason: 'invalidQuery', message: 'Unrecognized name: records' }
          : undefined,
    });
    expect(found).toEqual(outcomes({ views: 'failed' }));
    expect(messages.views).toMatch(
      /cannot be asked: plan_forecast\. .*Unrecognized name: records.*terraform apply/,
    );
  });

  test('that does not keep what is written', async ({ check }) => {
    const lost: BigQueryFault = { kind: 'swallow' };
    const { outcomes: found, messages } = await check({
      fault: ({ kind }) => (kind === 'insertAll' ? lost : undefined),
    });
    expect(found).toEqual(outcomes({ writing: 'failed' }));
    expect(messages.writing).toMatch(/Of 2 rows that went into sync_runs 0 were found/);
  });

  test('that refuses to write', async ({ check }) => {
    const { outcomes: found, messages } = await check({
      fault: ({ kind }) =>
        kind === 'insertAll'
          ? { kind: 'error', status: 403, reason: 'accessDenied', message: 'No updateData.' }
          : undefined,
    });
    expect(found).toEqual(outcomes({ writing: 'failed' }));
    expect(messages.writing).toMatch(/storing sync_runs\): No updateData\./);
  });

  test('reads and costs nothing for the views: each is a dry run', async ({
    startBigQuery,
    startKondado,
  }) => {
    const kondado = await startKondado({ pipeline_logs: load('pipeline_logs', 3) });
    const fake = await startBigQuery();
    await checked(served, kondado, bigQueryWarehouse(fake));
    const queries = fake.calls.flatMap(({ query, body }) =>
      query?.startsWith('SELECT * FROM') ? [body.dryRun] : [],
    );
    expect(queries.length).toBeGreaterThan(10);
    expect(new Set(queries)).toEqual(new Set([true]));
  });
});

describe('DuckDB', () => {
  const test = base.extend<{ file: string; check: () => ReturnType<typeof checked> }>({
    async file({ folder }, use) {
      await use(`${folder}/kondado.duckdb`);
    },
    async check({ file, startKondado }, use) {
      await use(async () => {
        const kondado = await startKondado({
          pipeline_logs: load('pipeline_logs', 3),
          model_logs: load('model_logs', 3),
        });
        return checked(served, kondado, duckDbWarehouse(file));
      });
    },
  });

  test('whose file cannot be made', async ({ startKondado, folder }) => {
    const kondado = await startKondado({
      pipeline_logs: load('pipeline_logs', 3),
      model_logs: load('model_logs', 3),
    });
    const { outcomes: found, messages } = await checked(
      served,
      kondado,
      duckDbWarehouse(`${folder}/no/folder.duckdb`),
    );
    expect(found).toEqual(outcomes(NO_WAREHOUSE));
    expect(messages.warehouse).toMatch(
      /folder\.duckdb could not be opened or made: check that its folder exists/,
    );
  });

  test('whose table has a column of another type', async ({ check, file }) => {
    await check();
    await runInDuckDb(file, 'ALTER TABLE rejected_rows ALTER row_id TYPE VARCHAR');
    const { outcomes: found, messages } = await check();
    expect(found).toEqual(outcomes({ tables: 'failed' }));
    expect(messages.tables).toContain('rejected_rows has row_id as STRING instead of INT64');
  });

  test('of a newer version, with a column more, does no harm', async ({ check, file }) => {
    await check();
    await runInDuckDb(file, 'ALTER TABLE pipeline_logs ADD COLUMN colour VARCHAR');
    expect((await check()).outcomes).toEqual(outcomes());
  });
});

import type { BigQueryFault, FakeBigQuery, FakeBigQueryOptions, FakeCall } from '../fakes/bigquery.ts';
import type { ApiRow } from './rows.ts';
import { type Environment, runSync } from './runs.ts';
import { test as base, type Kondado, type KondadoOptions } from './test.ts';
import { bigQueryWarehouse } from './warehouses.ts';

export const test = base.extend<{
  /** Makes everything ready to sync these rows into BigQuery. */
  open: (
    rows: ApiRow[],
    options?: FakeBigQueryOptions,
    kondadoOptions?: KondadoOptions,
  ) => Promise<OpenedBigQuery>;
}>({
  async open({ startKondado, startBigQuery }, use) {
    await use(async (rows, options, kondadoOptions) => {
      const kondado = await startKondado({ ...kondadoOptions, pipeline_logs: rows });
      return opened(kondado, await startBigQuery(options));
    });
  },
});

type OpenedBigQuery = ReturnType<typeof opened>;

function opened(kondado: Kondado, fake: FakeBigQuery) {
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

export const isInsert = (call: FakeCall, table = 'pipeline_logs') =>
  call.kind === 'insertAll' && call.table === table;

/** The fault for the first calls that match, and for no other. */
export function firstTimes(
  count: number,
  matches: (call: FakeCall) => boolean,
  fault: BigQueryFault,
): (call: FakeCall) => BigQueryFault | undefined {
  let left = count;
  return (call) => (matches(call) && left-- > 0 ? fault : undefined);
}

export const refusal = (status: number, reason: string): BigQueryFault => ({
  kind: 'error',
  status,
  reason,
  message: `BigQuery says ${reason}.`,
});

export const ids = (rows: ApiRow[]) => rows.map(({ id }) => Number(id));

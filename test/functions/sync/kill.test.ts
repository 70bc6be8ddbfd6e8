import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BigQueryFault, FakeCall } from '../../fakes/bigquery.ts';
import { CHILD_ENV } from '../../support/child-env.ts';
import { load, pipelineRow } from '../../support/rows.ts';
import { type Environment, runSync } from '../../support/runs.ts';
import { test } from '../../support/test.ts';
import { bigQueryWarehouse, duckDbWarehouse, type TestWarehouse } from '../../support/warehouses.ts';

const CHILD = fileURLToPath(new URL('../../support/child.ts', import.meta.url));
const PAGES = 4;
const ROW_COUNT = 180; // four pages of 50, each starting with the last row of the one before

/** Four pages; one row in the middle cannot be stored. */
function source() {
  const rows = load('pipeline_logs', ROW_COUNT);
  rows[120] = pipelineRow(Number(rows[120]?.id), { createdAt: null });
  return rows;
}

function start(env: Environment): ChildProcess {
  return spawn(process.execPath, [CHILD], {
    env: { ...CHILD_ENV, STREAMS: 'pipeline_logs', ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** Runs until it is done, and tells what its users see then. */
async function complete(env: Environment, warehouse: TestWarehouse) {
  const { report } = await runSync({ STREAMS: 'pipeline_logs', ...env });
  const stored = await warehouse.latest('pipeline_logs');
  return {
    outcome: report.outcome,
    ids: stored.map(({ id }) => Number(id)),
    setAside: (await warehouse.rows('rejected_rows')).map(({ row_id }) => Number(row_id)),
  };
}

const EVERYTHING = (() => {
  const ids = source().map(({ id }) => Number(id));
  return { outcome: 'success', ids: ids.filter((id) => id !== ids[120]), setAside: [ids[120]] };
})();

test.concurrent.for([0, 6])(
  'DuckDB: kill -9 within each request to Kondado, %i ms after it came, loses nothing',
  { timeout: 60_000 },
  async (delayMs, { folder, startKondado, expect }) => {
    let killed = 0;
    for (let point = 0; point < PAGES; point++) {
      let child: ChildProcess | undefined;
      const kondado = await startKondado({
        pipeline_logs: source(),
        fault: ({ index }) => {
          if (index === point) {
            if (delayMs === 0) child?.kill('SIGKILL');
            else setTimeout(() => child?.kill('SIGKILL'), delayMs); // within the storing of a page
          }
          return undefined;
        },
      });
      const warehouse = duckDbWarehouse(`${folder}/${point}.duckdb`);
      const env = { ...kondado.env, ...warehouse.env };
      child = start(env);
      const [, signal] = await once(child, 'exit');
      if (signal === 'SIGKILL') killed++;
      expect({ point, ...(await complete(env, warehouse)) }).toEqual({ point, ...EVERYTHING });
      expect(await warehouse.rows('pipeline_logs')).toHaveLength(ROW_COUNT - 1);
    }
    expect(killed).toBeGreaterThan(PAGES / 2);
  },
);

test.concurrent.for(['before', 'after'] as const)(
  'BigQuery: kill -9 %s each call is done loses nothing, and shows no row twice',
  { timeout: 60_000 },
  async (moment, { startKondado, startBigQuery, expect }) => {
    async function open(onCall: (call: FakeCall) => BigQueryFault | undefined) {
      const kondado = await startKondado({ pipeline_logs: source() });
      const fake = await startBigQuery({ fault: onCall });
      const warehouse = bigQueryWarehouse(fake);
      return { fake, warehouse, env: { ...kondado.env, ...warehouse.env } };
    }

    const whole = await open(() => undefined);
    expect(await complete(whole.env, whole.warehouse)).toEqual(EVERYTHING);
    // A query that is done is the same as the next call not done; behind the last insert nothing is stored any more.
    const isInsert = ({ kind }: FakeCall) => kind === 'insertAll';
    const calls = whole.fake.calls
      .slice(0, whole.fake.calls.findLastIndex(isInsert) + 1)
      .filter((call) => moment === 'before' || isInsert(call));
    expect(calls.length).toBeGreaterThanOrEqual(PAGES + 2);

    for (const { index: point } of calls) {
      let child: ChildProcess | undefined;
      const { env, warehouse } = await open(({ index }) => {
        if (index !== point || child === undefined) return undefined;
        child.kill('SIGKILL');
        return { kind: moment === 'after' ? 'resetAfter' : 'resetBefore' };
      });
      child = start(env);
      const [, signal] = await once(child, 'exit');
      child = undefined;
      expect({ point, signal }).toEqual({ point, signal: 'SIGKILL' });
      expect({ point, ...(await complete(env, warehouse)) }).toEqual({ point, ...EVERYTHING });
    }
  },
);

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BigQueryFault, FakeCall } from '../../fakes/bigquery.ts';
import { CHILD_ENV } from '../../support/child-env.ts';
import { idsOf } from '../../support/history.ts';
import { pipelineRow } from '../../support/rows.ts';
import { type Environment, runSync } from '../../support/runs.ts';
import { coverage, falselyProven } from '../../support/stored.ts';
import { test } from '../../support/test.ts';
import { bigQueryWarehouse, duckDbWarehouse, type TestWarehouse } from '../../support/warehouses.ts';
import { FEW_WORLDS, rowsBetween, type World } from '../../support/worlds.ts';

const CHILD = fileURLToPath(new URL('../../support/child.ts', import.meta.url));
const ONE = { STREAMS: 'pipeline_logs' };

/** 90 rows, one of which cannot be stored, and one early one is dated just now. */
function source() {
  const rows = rowsBetween(60 * 24 * 9, 5, 90, 1_000);
  rows[50] = pipelineRow(Number(rows[50]?.id), { ...rows[50], createdAt: null });
  rows[2] = pipelineRow(Number(rows[2]?.id), { ...rows[2], createdAt: rows.at(-1)?.createdAt });
  return rows;
}

function start(env: Environment): ChildProcess {
  return spawn(process.execPath, [CHILD], {
    env: { ...CHILD_ENV, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** What is stored and set aside once a run has come to its end, and what is stored twice or said falsely. */
async function complete(env: Environment, warehouse: TestWarehouse, world: World) {
  const { report } = await runSync(env);
  const ids = (await warehouse.latest('pipeline_logs')).map(({ id }) => Number(id));
  const aside = (await warehouse.rows('rejected_rows')).map(({ row_id }) => Number(row_id));
  return {
    outcome: report.outcome,
    ids: [...ids, ...aside].sort((one, other) => one - other),
    falselyProven: await falselyProven(warehouse, source().filter(world.shows)),
    ranges: (await coverage(warehouse)).length,
  };
}

const everything = (world: World) => ({
  outcome: 'success',
  ids: idsOf(source().filter(world.shows)),
  falselyProven: [],
  ranges: 1,
});

test.concurrent.for(FEW_WORLDS)(
  'kill -9 at any request, twice in a row, loses nothing: $name',
  { timeout: 120_000 },
  async (world, { folder, startKondado, expect }) => {
    const open = async (name: string, onRequest: (index: number) => void) => {
      const fault = ({ index }: { index: number }) => {
        onRequest(index);
        return undefined;
      };
      const kondado = await startKondado({ pipeline_logs: source(), ...world.options, fault });
      const warehouse = duckDbWarehouse(`${folder}/${name}.duckdb`);
      return { kondado, warehouse, env: { ...kondado.env, ...warehouse.env, ...ONE, ...world.env } };
    };
    const whole = await open('whole', () => {});
    expect(await complete(whole.env, whole.warehouse, world)).toEqual(everything(world));
    const last = whole.kondado.sandbox.requests.length - 1;

    for (const point of new Set([1, Math.floor(last / 2), last])) {
      let child: ChildProcess | undefined;
      let killAt = point;
      // At once, or while the page before is stored.
      const { kondado, warehouse, env } = await open(`${point}`, (index) => {
        if (index === killAt) setTimeout(() => child?.kill('SIGKILL'), (point % 2) * 6);
      });
      for (const _ of [1, 2]) {
        child = start(env);
        await once(child, 'exit');
        killAt = kondado.sandbox.requests.length + 1;
      }
      child = undefined;
      expect({ point, ...(await complete(env, warehouse, world)) }).toEqual({ point, ...everything(world) });
    }
  },
);

test.concurrent.for(FEW_WORLDS.slice(1))(
  'kill -9 before and after an insert into BigQuery loses nothing: $name',
  { timeout: 120_000 },
  async (world, { startKondado, startBigQuery, expect }) => {
    async function open(onInsert: (place: number) => BigQueryFault | undefined) {
      let inserts = 0;
      const fault = ({ kind }: FakeCall) => (kind === 'insertAll' ? onInsert(inserts++) : undefined);
      const kondado = await startKondado({ pipeline_logs: source(), ...world.options });
      const warehouse = bigQueryWarehouse(await startBigQuery({ fault }));
      return {
        warehouse,
        env: { ...kondado.env, ...warehouse.env, ...ONE, ...world.env },
        count: () => inserts,
      };
    }
    const whole = await open(() => undefined);
    expect(await complete(whole.env, whole.warehouse, world)).toEqual(everything(world));
    const last = whole.count() - 1; // what goes into sync_runs

    for (const [point, kind] of [
      [0, 'resetAfter'],
      [Math.floor(last / 2), 'resetBefore'],
      [last, 'resetBefore'],
      [last, 'resetAfter'],
    ] as const) {
      let child: ChildProcess | undefined;
      const { env, warehouse } = await open((place) => {
        if (place !== point || child === undefined) return undefined;
        child.kill('SIGKILL');
        return { kind };
      });
      child = start(env);
      const [, signal] = await once(child, 'exit');
      child = undefined;
      expect({ point, signal }).toEqual({ point, signal: 'SIGKILL' });
      expect({ point, ...(await complete(env, warehouse, world)) }).toEqual({ point, ...everything(world) });
    }
  },
);

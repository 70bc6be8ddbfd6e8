import { load } from './rows.ts';
import { type Environment, runSync, streamOf } from './runs.ts';
import { test as base, type Kondado, type KondadoOptions } from './test.ts';
import { duckDbWarehouse } from './warehouses.ts';

export const ROWS = 120; // three pages, from 0, 1147 and 1294, and the proof of the end

type Sync = (fault: KondadoOptions['fault'], env?: Environment) => ReturnType<typeof sync>;
export const test = base.extend<{ sync: Sync }>({
  async sync({ folder, startKondado }, use) {
    await use((fault, env = {}) => sync(fault, env, folder, startKondado));
  },
});

/** One run over three pages with things going wrong. */
async function sync(
  fault: KondadoOptions['fault'],
  env: Environment,
  folder: string,
  startKondado: (options: KondadoOptions) => Promise<Kondado>,
) {
  const kondado = await startKondado({ pipeline_logs: load('pipeline_logs', ROWS), ...(fault && { fault }) });
  const warehouse = duckDbWarehouse(`${folder}/client.duckdb`);
  const run = await runSync({ ...kondado.env, ...warehouse.env, STREAMS: 'pipeline_logs', ...env });
  const { requests } = kondado.sandbox;
  return { ...run, stream: streamOf(run), requests, recorded: await warehouse.rows('sync_runs') };
}

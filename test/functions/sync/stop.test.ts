import { describe } from 'vitest';
import type { Fault, SandboxRequest } from '../../../local/sandbox/server.ts';
import type { BigQueryFault, FakeCall } from '../../fakes/bigquery.ts';
import { latestIds } from '../../support/contract.ts';
import { type Served, serveInProcess } from '../../support/framework.ts';
import { idsOf } from '../../support/history.ts';
import { load } from '../../support/rows.ts';
import { type Environment, runSync } from '../../support/runs.ts';
import { coverage, falselyProven } from '../../support/stored.ts';
import { test as base } from '../../support/test.ts';
import { bigQueryWarehouse, duckDbWarehouse } from '../../support/warehouses.ts';

const MOST_MILLISECONDS = 8_000;
const ONE = { STREAMS: 'pipeline_logs' };

const test = base.extend<{ serve: (env: Environment) => Promise<Served> }>({
  async serve({ task: _task }, use) {
    const served: Served[] = [];
    await use(async (env) => {
      const started = await serveInProcess(env);
      served.push(started);
      return started;
    });
    for (const { child } of served) child.kill('SIGKILL');
  },
});

/** What resolves when something is told for the first time. */
function moment() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { come: promise, tell: () => resolve() };
}

describe.concurrent('SIGTERM', { timeout: 60_000 }, () => {
  test.for<{ name: string; env?: Environment; fault: (request: SandboxRequest) => Fault | undefined }>([
    { name: 'between two pages', fault: () => undefined },
    { name: 'while a request hangs', fault: ({ index }) => (index === 2 ? { kind: 'hang' } : undefined) },
    {
      name: 'while Kondado has asked for a pause',
      fault: ({ index }) =>
        index === 2 ? { kind: 'rateLimit', headers: { 'retry-after': '100' } } : undefined,
    },
    {
      name: 'in a back-off',
      fault: ({ index }) => (index === 2 ? { kind: 'status', status: 503 } : undefined),
    },
    {
      name: 'while the limits are waited for',
      env: { KONDADO_REQUESTS_PER_MINUTE: '3' },
      fault: () => undefined,
    },
  ])('$name stores what was read, records the run and ends the process', async ({ env = {}, fault }, {
    folder,
    startKondado,
    serve,
    expect,
  }) => {
    const { come, tell } = moment();
    const rows = load('pipeline_logs', 2_000);
    const kondado = await startKondado({
      pipeline_logs: rows,
      latencyMs: 20,
      fault(request) {
        if (request.index === 2) setTimeout(tell, 300); // in the middle of what follows
        return fault(request);
      },
    });
    const warehouse = duckDbWarehouse(`${folder}/kondado.duckdb`);
    const all = { ...kondado.env, ...warehouse.env, ...ONE, TIME_BUDGET_SECONDS: '300' };
    const { post, terminate } = await serve({ ...all, ...env });
    const answer = post();
    await come;
    const { milliseconds, lines } = await terminate();
    expect(milliseconds).toBeLessThan(MOST_MILLISECONDS);

    const [finished, ...others] = lines.filter(({ event }) => event === 'sync_finished');
    expect(others).toEqual([]);
    expect(finished).toMatchObject({
      severity: 'INFO',
      outcome: 'partial',
      progressed: true,
      error_code: null,
    });
    const [run, ...otherRuns] = await warehouse.rows('sync_runs');
    expect(otherRuns).toEqual([]);
    const stored = await latestIds(warehouse);
    expect(stored.length).toBeGreaterThanOrEqual(99);
    expect(run).toMatchObject({
      run_id: finished?.run_id,
      outcome: 'partial',
      rows_inserted: BigInt(stored.length),
      last_id: BigInt(stored.at(-1) ?? 0),
    });
    const { status = 200, text = '{}' } = (await answer) ?? {};
    expect([status, JSON.parse(text).outcome ?? 'partial']).toEqual([200, 'partial']);

    // The next instance goes on, and nothing is lost.
    const next = await runSync(all);
    expect(next.report.outcome).toBe('success');
    expect(await latestIds(warehouse)).toEqual(idsOf(rows));
    expect(await coverage(warehouse)).toHaveLength(1);
  });

  test('records every stream of every client, also those that were not started', async ({
    folder,
    startKondado,
    serve,
    expect,
  }) => {
    const { come, tell } = moment();
    const kondado = await startKondado({
      pipeline_logs: load('pipeline_logs', 200),
      fault({ index }) {
        if (index < 2) return undefined;
        tell();
        return { kind: 'hang' };
      },
    });
    const warehouse = duckDbWarehouse(`${folder}/kondado.duckdb`);
    const { post, terminate } = await serve({
      ...kondado.env,
      ...warehouse.env,
      KONDADO_CLIENT_IDS: '1,2,3',
    });
    const answer = post();
    await come;
    expect((await terminate()).milliseconds).toBeLessThan(MOST_MILLISECONDS);
    await answer;
    const runs = await warehouse.rows('sync_runs');
    expect(runs.map(({ stream, client_id }) => `${stream} ${client_id}`).sort()).toEqual([
      'model_logs 1',
      'model_logs 2',
      'model_logs 3',
      'pipeline_logs 1',
      'pipeline_logs 2',
      'pipeline_logs 3',
    ]);
    for (const { outcome } of runs) expect(outcome).toMatch(/^(success|partial|not_started)$/);
  });

  test('without a run ends the process at once', async ({ folder, startKondado, serve, expect }) => {
    const kondado = await startKondado({ pipeline_logs: load('pipeline_logs', 10) });
    const { post, terminate } = await serve({
      ...kondado.env,
      ...duckDbWarehouse(`${folder}/kondado.duckdb`).env,
    });
    expect((await post())?.status).toBe(200);
    const { milliseconds, lines } = await terminate();
    expect(milliseconds).toBeLessThan(2_000);
    expect(lines.filter(({ event }) => event === 'sync_finished')).toHaveLength(1);
  });

  test.for<{
    name: string;
    isStored: boolean;
    fault: (call: FakeCall) => BigQueryFault | undefined;
  }>([
    {
      name: 'while a page takes its time to be stored',
      isStored: true,
      fault: ({ table, kind }) =>
        kind === 'insertAll' && table === 'pipeline_logs' ? { kind: 'delay', ms: 1_500 } : undefined,
    },
    {
      name: 'while BigQuery does not answer an insert',
      isStored: false,
      fault: ({ table, kind }) =>
        kind === 'insertAll' && table === 'pipeline_logs' ? { kind: 'hang' } : undefined,
    },
    {
      name: 'while BigQuery answers nothing',
      isStored: false,
      fault: () => ({ kind: 'hang' }),
    },
  ])('$name ends the process in time too, with BigQuery', async ({ isStored, fault }, {
    startKondado,
    startBigQuery,
    serve,
    expect,
  }) => {
    const { come, tell } = moment();
    let isBroken = true;
    const rows = load('pipeline_logs', 120);
    const kondado = await startKondado({ pipeline_logs: rows });
    const warehouse = bigQueryWarehouse(
      await startBigQuery({
        fault(call) {
          const found = isBroken ? fault(call) : undefined;
          if (found) setTimeout(tell, 100);
          return found;
        },
      }),
    );
    const env = { ...kondado.env, ...warehouse.env, ...ONE, BIGQUERY_TIMEOUT_SECONDS: '60' };
    const { post, terminate } = await serve(env);
    const answer = post();
    await come;
    const { milliseconds, lines } = await terminate();
    expect(milliseconds).toBeLessThan(MOST_MILLISECONDS);
    await answer;
    expect(lines.filter(({ event }) => event === 'sync_finished')).toHaveLength(1);
    isBroken = false;
    if (isStored) {
      expect(await warehouse.rows('sync_runs')).toMatchObject([{ outcome: 'partial' }]);
      expect((await latestIds(warehouse)).length).toBeGreaterThan(0);
    }
    expect(await falselyProven(warehouse, rows)).toEqual([]);
    await runSync(env);
    expect(await latestIds(warehouse)).toEqual(idsOf(rows));
  });
});

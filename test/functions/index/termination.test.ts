import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { CHILD_ENV } from '../../support/child-env.ts';
import { freePort } from '../../support/ports.ts';
import { load } from '../../support/rows.ts';
import type { LogLine } from '../../support/runs.ts';
import { type Kondado, type KondadoOptions, test } from '../../support/test.ts';
import { bigQueryWarehouse, duckDbWarehouse, type TestWarehouse } from '../../support/warehouses.ts';

const FRAMEWORK = new URL(
  '../../../node_modules/@google-cloud/functions-framework/build/src/main.js',
  import.meta.url,
).pathname;
const GRACE_MS = 8_000;

/** The function as the platform runs it, and a POST to it. */
async function serve(kondado: Kondado, warehouse: TestWarehouse) {
  const port = await freePort();
  const child = spawn(process.execPath, [FRAMEWORK, '--target=sync', `--port=${port}`], {
    cwd: new URL('../../../', import.meta.url),
    env: { ...CHILD_ENV, ...kondado.env, ...warehouse.env, STREAMS: 'pipeline_logs' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const url = `http://127.0.0.1:${port}/`;
  await vi.waitFor(() => fetch(url, { method: 'PUT' }), { timeout: 20_000, interval: 50 });
  return {
    child,
    post: () => fetch(url, { method: 'POST' }),
    lines: (): LogLine[] =>
      output.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : [])),
  };
}

/** Ends the process with SIGTERM when its third request to Kondado comes, and is answered or not. */
function terminatedAt(
  index: number,
  hangs: boolean,
): { child?: ChildProcess; fault: NonNullable<KondadoOptions['fault']> } {
  const state: ReturnType<typeof terminatedAt> = {
    fault: (request) => {
      if (request.index === index) state.child?.kill('SIGTERM');
      return request.index >= index && hangs ? { kind: 'hang' } : undefined;
    },
  };
  return state;
}

const cases = ['DuckDB', 'BigQuery'].flatMap((kind) => [true, false].map((hangs) => ({ kind, hangs })));

test.for(cases)(
  'SIGTERM in mid-run leaves an answer, sync_runs and sync_finished with $kind (hanging: $hangs)',
  {
    timeout: 60_000,
  },
  async ({ kind, hangs }, { folder, startKondado, startBigQuery, onTestFinished }) => {
    const state = terminatedAt(2, hangs);
    const kondado = await startKondado({ pipeline_logs: load('pipeline_logs', 400), fault: state.fault });
    const warehouse =
      kind === 'DuckDB'
        ? duckDbWarehouse(join(folder, 'x.duckdb'))
        : bigQueryWarehouse(await startBigQuery());
    const { child, post, lines } = await serve(kondado, warehouse);
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    state.child = child;
    const exited = once(child, 'exit');
    const response = await post();
    const answeredMs = performance.now();
    expect(response.status).toBe(200);
    const report = (await response.json()) as {
      outcome: string;
      streams: { rows_inserted: number; last_id: number }[];
    };
    expect(report).toMatchObject({ outcome: 'partial', streams: [{ outcome: 'partial', progressed: true }] });
    expect(report.streams[0]?.rows_inserted).toBeGreaterThanOrEqual(50);
    await exited;
    expect(performance.now() - answeredMs).toBeLessThan(GRACE_MS);

    expect(lines().filter(({ event }) => event === 'sync_finished')).toMatchObject([
      {
        outcome: 'partial',
        progressed: true,
        error_code: null,
        rows_inserted: report.streams[0]?.rows_inserted,
      },
    ]);
    expect(await warehouse.rows('sync_runs')).toMatchObject([
      { outcome: 'partial', last_id: BigInt(report.streams[0]?.last_id ?? 0) },
    ]);
    expect(await warehouse.rows('pipeline_logs')).toHaveLength(report.streams[0]?.rows_inserted ?? -1);
  },
);

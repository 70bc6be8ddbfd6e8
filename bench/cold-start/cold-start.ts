// What the first request of a new process waits for.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { SANDBOX_KEY, SANDBOX_TOKEN, startSandbox } from '../../local/sandbox/server.ts';
import { rowsSource } from '../../local/sandbox/source.ts';
import { startFakeBigQuery } from '../../test/fakes/bigquery.ts';

const PAIRS = 15;
const REPEATS = 7;
const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const FRAMEWORK = 'node_modules/@google-cloud/functions-framework/build/src/main.js';

/** What a later import costs, and when it is made. */
const LATER = {
  '@google-cloud/bigquery': 'when a run starts',
  '@google-cloud/secret-manager': 'when a secret is read',
  './functions/page/page.ts': 'when the page is asked for',
};

type Environment = Readonly<Record<string, string>>;

export async function run(): Promise<void> {
  const { env, close } = await startServices();
  await listening(env);
  await firstAnswers(env);
  await close();
  imports();
}

/** Everything that a run asks over HTTP, on this computer. */
async function startServices(): Promise<{ env: Environment; close: () => Promise<void> }> {
  const source = rowsSource({ pipeline_logs: [], model_logs: [] });
  const kondado = await startSandbox({ source, limits: null });
  const bigQuery = await startFakeBigQuery();
  const env = {
    KONDADO_BASE_URL: kondado.url,
    KONDADO_API_KEY: SANDBOX_KEY,
    KONDADO_TOKEN: SANDBOX_TOKEN,
    KONDADO_REQUESTS_PER_SECOND: '1000',
    KONDADO_REQUESTS_PER_MINUTE: '60000',
    BIGQUERY_API_ENDPOINT: bigQuery.url,
    BIGQUERY_PROJECT: bigQuery.project,
    BIGQUERY_DATASET: bigQuery.dataset,
  };
  return {
    env,
    async close() {
      await kondado.close();
      await bigQuery.close();
    },
  };
}

/** In pairs, because what else the computer does meanwhile must weigh on both. */
async function listening(env: Environment): Promise<void> {
  const pairs: { alone: number; ours: number }[] = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    const alone = await start(['--source=bench/cold-start/alone.ts'], {});
    await end(alone.child);
    const ours = await start([], env);
    await end(ours.child);
    pairs.push({ alone: alone.elapsedMs, ours: ours.elapsedMs });
  }
  console.log(`\nCold start of the function until it listens, median of ${PAIRS} pairs of fresh processes.`);
  console.table([
    {
      'the framework alone, ms': Math.round(median(pairs.map(({ alone }) => alone))),
      'the function, ms': Math.round(median(pairs.map(({ ours }) => ours))),
      ratio: median(pairs.map(({ alone, ours }) => ours / alone)).toFixed(2),
    },
  ]);
}

async function firstAnswers(env: Environment): Promise<void> {
  const requests = {
    'a refusal': { method: 'POST', body: '{"unknown":1}' },
    'a sync of an empty account': { method: 'POST' },
    'the page': { method: 'GET' },
  };
  const table = [];
  for (const [answer, init] of Object.entries(requests)) {
    const times: number[] = [];
    for (let index = 0; index < REPEATS; index++) {
      const startedMs = performance.now();
      const { child, port } = await start([], env);
      const response = await fetch(`http://127.0.0.1:${port}/`, {
        ...init,
        headers: { 'content-type': 'application/octet-stream' },
      });
      await response.text();
      times.push(performance.now() - startedMs);
      await end(child);
    }
    table.push({ answer, ms: Math.round(median(times)) });
  }
  console.log(`\nFrom the start of the process to the first answer, median of ${REPEATS} fresh processes.`);
  console.table(table);
}

function imports(): void {
  console.log(`\nImports, median of ${REPEATS} fresh processes.`);
  console.table(
    Object.entries({ './functions/index.ts': 'when the process starts', ...LATER }).map(([what, when]) => ({
      import: what,
      when,
      ms: Math.round(importMs(what)),
    })),
  );
}

function importMs(what: string): number {
  const script = `const start = performance.now();
    await import(${JSON.stringify(what)});
    console.log(performance.now() - start);`;
  const args = ['--input-type=module', '--eval', script];
  const times = Array.from({ length: REPEATS }, () =>
    Number(execFileSync(process.execPath, args, { cwd: REPOSITORY })),
  );
  return median(times);
}

/** Starts the framework, and waits until it listens. */
async function start(
  args: readonly string[],
  env: Environment,
): Promise<{ child: ChildProcess; port: number; elapsedMs: number }> {
  const startedMs = performance.now();
  const preload = ['--require', './bench/cold-start/tell-port.cjs'];
  const child = spawn(process.execPath, [...preload, FRAMEWORK, '--target=sync', '--port=0', ...args], {
    cwd: REPOSITORY,
    env: { NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [port] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error('The framework ended before it listened.'))),
  ]);
  return { child, port: Number(port), elapsedMs: performance.now() - startedMs };
}

async function end(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}

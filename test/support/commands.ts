import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { MADE_UP_KEY } from '../../functions/config.ts';
import { HOUR_MS } from '../../functions/timestamps.ts';
import { readDuckDb } from '../../local/duckdb.ts';
import {
  SANDBOX_KEY,
  SANDBOX_TOKEN,
  type Sandbox,
  type SandboxOptions,
  startSandbox,
} from '../../local/sandbox/server.ts';
import { type LogSource, rowsSource } from '../../local/sandbox/source.ts';
import { CHILD_ENV } from './child-env.ts';
import type { Environment } from './runs.ts';
import { test as base } from './test.ts';

interface Output {
  status: number | null;
  stdout: string;
  stderr: string;
}

interface Fixtures {
  /** Starts a script of `local/` in the test's folder, with nothing of our environment. */
  start: (
    script: string,
    args?: readonly string[],
    env?: Environment,
  ) => { child: ChildProcess; output: Promise<Output> };
  /** Runs a script to its end. */
  command: (script: string, args?: readonly string[], env?: Environment) => Promise<Output>;
  /** An account with so many rows, the newest an hour old, and the environment that reaches it. */
  account: (
    options?: Partial<SandboxOptions> & { rows?: number },
  ) => Promise<{ sandbox: Sandbox; env: Environment }>;
}

export const test = base.extend<Fixtures>({
  async start({ folder }, use) {
    const children: ChildProcess[] = [];
    await use((script, args = [], env = {}) => {
      const file = fileURLToPath(new URL(`../../local/${script}.ts`, import.meta.url));
      const options = { cwd: folder, env: { ...CHILD_ENV, ...env } };
      const child = spawn(process.execPath, [file, ...args], options);
      children.push(child);
      return { child, output: outputOf(child) };
    });
    for (const child of children) child.kill('SIGKILL');
  },
  async command({ start }, use) {
    await use((script, args, env) => start(script, args, env).output);
  },
  async account({ task: _task }, use) {
    const sandboxes: Sandbox[] = [];
    await use(async ({ rows = 500, ...options } = {}) => {
      const sandbox = await startSandbox({ source: history(rows), limits: null, ...options });
      sandboxes.push(sandbox);
      const env = {
        KONDADO_BASE_URL: sandbox.url,
        KONDADO_API_KEY: SANDBOX_KEY,
        KONDADO_TOKEN: SANDBOX_TOKEN,
        KONDADO_REQUESTS_PER_SECOND: '1000',
        KONDADO_REQUESTS_PER_MINUTE: '60000',
      };
      return { sandbox, env };
    });
    await Promise.all(sandboxes.map((sandbox) => sandbox.close()));
  },
});

/** What a command wrote: never a secret, nor a character that could steer a terminal. */
async function outputOf(child: ChildProcess): Promise<Output> {
  const texts = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk) => {
    texts.stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    texts.stderr += chunk;
  });
  const [status] = await once(child, 'close');
  const all = texts.stdout + texts.stderr;
  for (const secret of [MADE_UP_KEY, SANDBOX_KEY, SANDBOX_TOKEN]) expect(all).not.toContain(secret);
  expect(all).not.toMatch(/[^\P{Cc}\n]/u);
  return { status, ...texts };
}

function history(rows: number): LogSource {
  const createdAt = (index: number) => new Date(Date.now() - (rows - index) * HOUR_MS).toISOString();
  const pipeline_logs = Array.from({ length: rows }, (_, index) => ({
    id: index + 1,
    client_id: 1,
    pipeline_id: index % 3,
    pipeline_name: `\u001b[31mred\u202e ${index % 3}`,
    row_count: '10',
    createdAt: createdAt(index),
    updatedAt: createdAt(index),
  }));
  return rowsSource({ pipeline_logs, model_logs: [] });
}

export async function storedRows(file: string): Promise<number> {
  const rows = await readDuckDb(file, (connection) =>
    connection.runAndReadAll('SELECT count(*)::INTEGER FROM pipeline_logs_latest'),
  );
  return Number(rows.getRows()[0]?.[0]);
}

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base } from 'vitest';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../local/sandbox/server.ts';
import { rowsSource } from '../../local/sandbox/source.ts';
import { type FakeBigQuery, type FakeBigQueryOptions, startFakeBigQuery } from '../fakes/bigquery.ts';
import type { ApiRow } from './rows.ts';
import type { Environment } from './runs.ts';

/** A sandbox whose rows a test may change, and the environment that reaches it. */
export interface Kondado {
  sandbox: Sandbox;
  streams: { pipeline_logs: ApiRow[]; model_logs: ApiRow[] };
  env: Environment;
}

export type KondadoOptions = Partial<Omit<SandboxOptions, 'source'>> & {
  pipeline_logs?: ApiRow[];
  model_logs?: ApiRow[];
};

interface Fixtures {
  /** A folder that is removed after the test. */
  folder: string;
  /** Starts a sandbox with a key of its own: all that use one key share its limits, and so its pauses. */
  startKondado: (options?: KondadoOptions) => Promise<Kondado>;
  startBigQuery: (options?: FakeBigQueryOptions) => Promise<FakeBigQuery>;
}

export const test = base.extend<Fixtures>({
  async folder({ task: _task }, use) {
    const folder = await mkdtemp(join(tmpdir(), 'kondado-test-'));
    await use(folder);
    await rm(folder, { recursive: true });
  },
  async startKondado({ task: _task }, use) {
    const sandboxes: Sandbox[] = [];
    await use(async ({ pipeline_logs = [], model_logs = [], ...options } = {}) => {
      const streams = { pipeline_logs, model_logs };
      const credentials = { key: randomUUID(), token: `token-${randomUUID()}` };
      const sandbox = await startSandbox({
        limits: null,
        ...credentials,
        ...options,
        source: rowsSource(streams as Record<keyof typeof streams, object[]>),
      });
      sandboxes.push(sandbox);
      const env = {
        KONDADO_BASE_URL: sandbox.url,
        KONDADO_API_KEY: options.key ?? credentials.key,
        KONDADO_TOKEN: options.token ?? credentials.token,
        KONDADO_REQUESTS_PER_SECOND: '100000',
        KONDADO_REQUESTS_PER_MINUTE: '1000000',
        KONDADO_RATE_LIMIT_PAUSE_SECONDS: '0.05',
        KONDADO_REQUEST_TIMEOUT_SECONDS: '10',
        // What is counted elsewhere are the requests for logs.
        STATUS_REQUESTS_PER_RUN: '0',
      };
      return { sandbox, streams, env };
    });
    await Promise.all(sandboxes.map((sandbox) => sandbox.close()));
  },
  async startBigQuery({ task: _task }, use) {
    const fakes: FakeBigQuery[] = [];
    await use(async (options) => {
      const fake = await startFakeBigQuery(options);
      fakes.push(fake);
      return fake;
    });
    await Promise.all(fakes.map((fake) => fake.close()));
  },
});

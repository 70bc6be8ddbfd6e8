import {
  type Envelope,
  SANDBOX_KEY,
  SANDBOX_TOKEN,
  type Sandbox,
  type SandboxOptions,
  startSandbox,
} from '../../local/sandbox/server.ts';
import { rowsSource } from '../../local/sandbox/source.ts';
import { test as base } from './test.ts';

export const RATE_LIMIT_EXCEEDED = {
  success: false,
  error: 'RATE_LIMIT_EXCEEDED',
  message: 'Too many requests. Please try again in 60 seconds.',
};

export const test = base.extend<{
  /** Starts a sandbox with seven rows and without limits, unless the options say otherwise. */
  start: (options?: Partial<SandboxOptions>) => Promise<Sandbox>;
}>({
  async start({ task: _task }, use) {
    const sandboxes: Sandbox[] = [];
    await use(async (options = {}) => {
      const source = options.source ?? rowsSource({ pipeline_logs: rows(1, 7), model_logs: [] });
      const sandbox = await startSandbox({ limits: null, ...options, source });
      sandboxes.push(sandbox);
      return sandbox;
    });
    await Promise.all(sandboxes.map((sandbox) => sandbox.close()));
  },
});

function rows(first: number, count: number): { id: number; client_id: number }[] {
  return Array.from({ length: count }, (_, index) => ({ id: first + index, client_id: 1 + (index % 2) }));
}

export function request(sandbox: Sandbox, query: Record<string, string> = {}, path = 'pipeline_logs') {
  const credentials = { key: SANDBOX_KEY, token: SANDBOX_TOKEN, start_element_id: '0' };
  return fetch(`${sandbox.url}/${path}?${new URLSearchParams({ ...credentials, ...query })}`);
}

export async function page(sandbox: Sandbox, query: Record<string, string> = {}): Promise<Envelope> {
  const response = await request(sandbox, query);
  return (await response.json()) as Envelope;
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { CHILD_ENV } from './child-env.ts';
import { freePort } from './ports.ts';
import type { Environment, LogLine } from './runs.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const FRAMEWORK = fileURLToPath(
  new URL(
    'node_modules/@google-cloud/functions-framework/build/src/main.js',
    new URL('../..', import.meta.url),
  ),
);

/** The function in a process of its own, as Cloud Run starts it. */
export interface Served {
  child: ChildProcess;
  /** Posts a body; null if the process ended before it answered. */
  post(body?: object): Promise<{ status: number; text: string } | null>;
  /** Sends SIGTERM, and resolves to what the process left when it has ended. */
  terminate(): Promise<{ milliseconds: number; lines: LogLine[]; stderr: string }>;
}

export async function serveInProcess(env: Environment): Promise<Served> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const child = spawn(process.execPath, [FRAMEWORK, '--target=sync'], {
    cwd: REPOSITORY,
    env: { ...CHILD_ENV, ...env, PORT: String(port) },
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.on('data', (chunk) => {
      texts[name] += chunk;
    });
  }
  const exited = once(child, 'exit');
  for (let isUp = false; !isUp; ) {
    if (child.exitCode !== null) throw new Error(`The function did not start: ${texts.stderr}`);
    isUp = await fetch(`${url}none`).then(
      () => true,
      () => false,
    );
  }

  return {
    child,
    async post(body = {}) {
      try {
        const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
        return { status: response.status, text: await response.text() };
      } catch {
        return null;
      }
    },
    async terminate() {
      const startedMs = performance.now();
      child.kill('SIGTERM');
      await exited;
      const milliseconds = performance.now() - startedMs;
      const lines = texts.stdout.split('\n').filter((line) => line.startsWith('{'));
      return { milliseconds, lines: lines.map((line) => JSON.parse(line)), stderr: texts.stderr };
    },
  };
}

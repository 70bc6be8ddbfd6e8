import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../local/start.ts', import.meta.url));

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function start(port: number | string) {
  const cwd = mkdtempSync(path.join(tmpdir(), 'kondado-start-'));
  const env = { PATH: process.env.PATH, PORT: String(port) };
  const child = spawn(process.execPath, [SCRIPT], { cwd, env });
  cleanups.push(() => rmSync(cwd, { recursive: true }));
  cleanups.push(() => child.kill('SIGKILL'));
  let text = '';
  const told = new Promise<string>((resolve) => {
    child.stderr.on('data', (chunk) => {
      text += chunk;
      if (text.includes('Listening')) resolve(text);
    });
  });
  const ended = once(child, 'close').then(([status]) => ({ status, text }));
  return { child, cwd, told, ended };
}

async function takenPort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { port, free: () => new Promise((resolve) => server.close(resolve)) };
}

async function freePort(): Promise<number> {
  const { port, free } = await takenPort();
  await free();
  return port;
}

test('npm start serves a sync of the sandbox, and ends at SIGTERM', async () => {
  const port = await freePort();
  const { child, cwd, told, ended } = start(port);
  expect(await told).toContain('sandbox');
  expect(await told).toContain(`curl -X POST localhost:${port}`);

  const answer = await fetch(`http://localhost:${port}/`, { method: 'POST' });
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({
    outcome: 'success',
    streams: [{ stream: 'pipeline_logs' }, {}],
  });
  expect(existsSync(path.join(cwd, 'sandbox.duckdb'))).toBe(true);
  const page = await fetch(`http://localhost:${port}/`);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('of the plan used');
  const elsewhere = await fetch(`http://localhost:${port}/elsewhere`);
  expect(elsewhere.status).toBe(404);

  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ status: 0 });
}, 120_000);

test('npm start says that its port cannot be used', async () => {
  const server = createServer().listen(0);
  await once(server, 'listening');
  cleanups.push(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  expect(await start(port).ended).toEqual({
    status: 1,
    text: expect.stringContaining(`Port ${port} cannot be used`),
  });
  expect(await start('abc').ended).toEqual({ status: 2, text: expect.stringContaining('"abc"') });
});

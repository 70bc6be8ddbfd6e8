import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unpackArchive } from './archive.ts';

// Needs a package registry. It is what the build in the cloud does: unpack, npm ci for production, start.
let folder: string;
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kondado-package-'));
  await unpackArchive(folder);
  // Nothing of this process's npm or configuration may leak in.
  const { PATH, HOME } = process.env;
  environment = { PATH, HOME };
  const npm = process.env.npm_execpath;
  const options = ['ci', '--omit=dev', '--no-audit', '--no-fund', '--prefer-offline'];
  const [program, ...first] = npm?.endsWith('.js') ? [process.execPath, npm] : ['npm'];
  await promisify(execFile)(program as string, [...first, ...options], { cwd: folder, env: environment });
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the archive starts under Node 24 with production packages only, and answers', async () => {
  expect(process.version).toMatch(/^v24\./);
  expect(existsSync(join(folder, 'node_modules/vitest'))).toBe(false);

  const port = await freePort();
  const framework = join(folder, 'node_modules/@google-cloud/functions-framework/build/src/main.js');
  const server = spawn(process.execPath, [framework, '--target=sync'], {
    cwd: folder,
    env: { ...environment, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  server.stdout.on('data', (chunk) => (output += chunk));
  server.stderr.on('data', (chunk) => (output += chunk));
  try {
    const response = await post(`http://127.0.0.1:${port}/`, () => server.exitCode === null);
    expect(response, output).toBeDefined();
    expect(response?.status).toBe(500);
    expect(response?.headers.get('content-type')).toMatch(/^application\/json/);
    const body = await response?.json();
    expect(body).toMatchObject({ outcome: 'failed', error: { code: 'CONFIG_INVALID' }, streams: [] });
    expect(body.error.message).toContain('KONDADO_API_KEY_SECRET');
    expect(output).toContain('"event":"sync_finished"');
  } finally {
    const closed = once(server, 'close');
    server.kill();
    await closed;
  }
}, 60_000);

test('the main file passes the check that the build makes', async () => {
  await promisify(execFile)(process.execPath, ['--check', 'functions/index.ts'], { cwd: folder });
});

/** Posts until somebody listens; undefined if nobody ever does. */
async function post(url: string, isAlive: () => boolean): Promise<Response | undefined> {
  for (let attempt = 0; attempt < 200 && isAlive(); attempt += 1) {
    try {
      return await fetch(url, { method: 'POST', body: '{}' });
    } catch {
      await sleep(100);
    }
  }
  return undefined;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

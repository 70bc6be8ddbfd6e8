import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import '../../../functions/index.ts';
import { VARIABLES } from '../../../functions/config.ts';
import type { Environment } from '../support/runs.ts';
import { test } from '../support/test.ts';

let server: Server;
let url: string;

beforeAll(async () => {
  server = getTestServer('sync').listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  for (const name of Object.keys(VARIABLES)) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

function setEnvironment(env: Environment): void {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
}

test('before the first run there is a page that says so, and no file is made', async ({ folder }) => {
  const path = join(folder, 'kondado.duckdb');
  setEnvironment({ WAREHOUSE: 'duckdb', DUCKDB_PATH: path });
  const response = await fetch(url);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(await response.text()).toContain('<h1 class="notice">No logs are stored yet.</h1>');
  expect(existsSync(path)).toBe(false);
});

test('nothing of Kondado has to be configured for it, but what it needs is checked', async ({ folder }) => {
  setEnvironment({ WAREHOUSE: 'duckdb', DUCKDB_PATH: join(folder, 'none'), KONDADO_BASE_URL: 'wrong' });
  expect((await fetch(url)).status).toBe(200);
  setEnvironment({ BILLING_TIME_ZONE: 'Mars/Olympus', PLAN_RECORDS_PER_MONTH: 'many' });
  const response = await fetch(url);
  expect(response.status).toBe(500);
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  expect(error.code).toBe('CONFIG_INVALID');
  expect(error.message).toMatch(/PLAN_RECORDS_PER_MONTH|BILLING_TIME_ZONE/);
  expect(error.message).not.toContain('KONDADO_');
});

test('the browser is told to load nothing, to run nothing and to keep nothing', async ({ folder }) => {
  setEnvironment({ WAREHOUSE: 'duckdb', DUCKDB_PATH: join(folder, 'none') });
  const { headers } = await fetch(url);
  expect(headers.get('content-security-policy')?.split('; ')).toEqual(
    expect.arrayContaining(["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"]),
  );
  expect(headers.get('content-security-policy')).not.toContain('script-src');
  expect(Object.fromEntries(headers)).toMatchObject({
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
});

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect } from 'vitest';
import { load } from '../support/rows.ts';
import type { Environment } from '../support/runs.ts';
import { test } from '../support/test.ts';
import { unpackArchive } from './archive.ts';

interface Answer {
  outcome: string;
  streams: { rows_inserted: number }[];
  error?: { code: string; message: string };
}

// Needs a package registry. It is what the build in the cloud does: unpack, npm ci for production, start.
let folder: string;
// Nothing of this process's npm or configuration may leak in.
const { PATH = '', HOME = '' } = process.env;
const bare: Environment = { PATH, HOME };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kondado-package-'));
  await unpackArchive(folder);
  const npm = process.env.npm_execpath;
  const options = ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  const [program, ...first] = npm?.endsWith('.js') ? [process.execPath, npm] : ['npm'];
  await promisify(execFile)(program as string, [...first, ...options], { cwd: folder, env: bare });
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the archive starts under Node 24 with production packages only, and says what is missing', async () => {
  expect(process.version).toMatch(/^v24\./);
  expect(existsSync(join(folder, 'node_modules/vitest'))).toBe(false);
  const { answers, output } = await serve({}, ['{}']);
  expect(answers).toMatchObject([{ status: 500, body: { outcome: 'failed', streams: [] } }]);
  expect(answers[0]?.body.error).toMatchObject({ code: 'CONFIG_INVALID' });
  expect(answers[0]?.body.error?.message).toContain('KONDADO_API_KEY_SECRET');
  expect(output).toContain('"event":"sync_finished"');
}, 60_000);

test('it copies from Kondado to BigQuery, and finds nothing new the second time', async ({
  startKondado,
  startBigQuery,
}) => {
  const kondado = await startKondado({ pipeline_logs: load('pipeline_logs', 120) });
  const fake = await startBigQuery();
  const { answers } = await serve({ ...kondado.env, ...bigQueryEnvironment(fake) }, ['{}', '{}']);
  expect(answers.map(({ status, body }) => [status, body.outcome])).toEqual([
    [200, 'success'],
    [200, 'success'],
  ]);
  expect(answers.map(({ body }) => body.streams[0]?.rows_inserted)).toEqual([120, 0]);
  expect(await fake.rows('pipeline_logs')).toHaveLength(120);
}, 60_000);

test('it says which secret cannot be read, and which table is not there', async ({
  startKondado,
  startBigQuery,
}) => {
  const kondado = await startKondado();
  const env = { ...kondado.env, ...bigQueryEnvironment(await startBigQuery()) };
  const secret = 'projects/my-project/secrets/kondado-token-kondado/versions/latest';
  const withoutSecret = await serve(
    {
      ...env,
      KONDADO_TOKEN: '',
      KONDADO_TOKEN_SECRET: secret,
      GOOGLE_APPLICATION_CREDENTIALS: join(folder, 'none.json'),
    },
    ['{}'],
  );
  expect(withoutSecret.answers[0]?.body.error).toMatchObject({ code: 'SECRET_UNAVAILABLE' });
  expect(withoutSecret.answers[0]?.body.error?.message).toContain(secret);

  const withoutTable = await startBigQuery({ missingTables: ['pipeline_logs'] });
  const { answers } = await serve({ ...kondado.env, ...bigQueryEnvironment(withoutTable) }, ['{}']);
  expect(answers[0]).toMatchObject({ status: 503, body: { outcome: 'failed' } });
  expect(JSON.stringify(answers[0]?.body)).toContain('pipeline_logs');
}, 60_000);

test('the page comes from the deployed code, or says which part of it is not there', async ({
  startBigQuery,
}) => {
  await withFunction(bigQueryEnvironment(await startBigQuery()), async (url) => {
    const response = await fetch(url);
    expect(await response.text()).toContain('No logs are stored yet.');
    expect(response.status).toBe(200);
  });
  const withoutViews = await startBigQuery({ missingTables: ['rejected_rows'] });
  await withFunction(bigQueryEnvironment(withoutViews), async (url) => {
    const response = await fetch(url);
    expect(response.status).toBe(200); // the other parts are there
    expect(await response.text()).toContain('could not be read (WAREHOUSE_REJECTED)');
  });
}, 60_000);

test('the main file passes the check that the build makes', async () => {
  await promisify(execFile)(process.execPath, ['--check', 'functions/index.ts'], { cwd: folder });
});

function bigQueryEnvironment({ url, project, dataset }: { url: string; project: string; dataset: string }) {
  return { BIGQUERY_API_ENDPOINT: url, BIGQUERY_PROJECT: project, BIGQUERY_DATASET: dataset };
}

/** Sends the function these bodies, one after the other. */
async function serve(env: Environment, bodies: readonly string[]) {
  const answers: { status: number; body: Answer }[] = [];
  const output = await withFunction(env, async (url) => {
    for (const body of bodies) {
      const response = await fetch(url, { method: 'POST', body });
      expect(response.headers.get('content-type')).toMatch(/^application\/json/);
      answers.push({ status: response.status, body: (await response.json()) as Answer });
    }
  });
  return { answers, output };
}

/** Starts the function from the archive, as the cloud does; what it has printed at the end. */
async function withFunction(env: Environment, use: (url: string) => Promise<void>): Promise<string> {
  const port = await freePort();
  const framework = join(folder, 'node_modules/@google-cloud/functions-framework/build/src/main.js');
  const server = spawn(process.execPath, [framework, '--target=sync'], {
    cwd: folder,
    env: { ...bare, ...env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  server.stdout.on('data', (chunk) => (output += chunk));
  server.stderr.on('data', (chunk) => (output += chunk));
  try {
    const url = `http://127.0.0.1:${port}/`;
    const isListening = () => fetch(`${url}none`).then(Boolean, () => false);
    for (let attempt = 0; !(await isListening()); attempt += 1) {
      if (attempt === 200 || server.exitCode !== null) throw new Error(`It did not start: ${output}`);
      await sleep(100);
    }
    await use(url);
  } finally {
    const closed = once(server, 'close');
    server.kill();
    await closed;
  }
  return output;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

import { spawn } from 'node:child_process';
import { describe, expect, vi } from 'vitest';
import { CHILD_ENV } from '../../support/child-env.ts';
import { freePort } from '../../support/ports.ts';
import { load } from '../../support/rows.ts';
import { expectRefusal, serveFunction, useDuckDb } from '../../support/server.ts';
import { test } from '../../support/test.ts';

const { send, post } = serveFunction();

describe('what is not served', () => {
  test.for(['x', 'sync', 'index.html', 'favicon', '%2e%2e/etc/passwd', '%zz'])('/%s', async (path) => {
    const answer = await send({ method: 'POST', body: '{}' }, path);
    if (path === '%zz') expect(answer.status).toBeGreaterThanOrEqual(400);
    else expectRefusal(answer, 404, 'NOT_FOUND');
    expect(answer.text).not.toMatch(/node_modules/);
  });

  test.for(['PUT', 'PATCH', 'DELETE', 'OPTIONS'])('%s', async (method) => {
    const answer = await send({ method });
    expectRefusal(answer, 405, 'METHOD_NOT_ALLOWED');
    expect(answer.headers.get('allow')).toBe('GET, POST');
  });

  test('a query does not make it another path', async ({ folder, startKondado }) => {
    useDuckDb(await startKondado(), folder);
    expect((await send({ method: 'POST' }, '?a=1')).status).toBe(200);
  });
});

describe('checks come in order:', () => {
  test('the path before the method', async () => {
    expectRefusal(await send({ method: 'GET' }, 'x'), 404, 'NOT_FOUND');
  });

  test('the method before the body', async () => {
    expectRefusal(await send({ method: 'PUT', body: 'x' }), 405, 'METHOD_NOT_ALLOWED');
  });

  test('the body before the configuration', async () => {
    expectRefusal(await post('{"x":1}'), 400, 'INVALID_REQUEST');
  });

  test('a run in progress before the configuration, after the body, and at once', async ({
    folder,
    startKondado,
  }) => {
    const { promise: held, resolve: release } = Promise.withResolvers<undefined>();
    const kondado = await startKondado({ pipeline_logs: load('pipeline_logs', 1), fault: () => held });
    useDuckDb(kondado, folder);
    const first = post('{"streams":["pipeline_logs"]}');
    await vi.waitUntil(() => kondado.sandbox.requests.length === 1, { timeout: 10_000 });

    expectRefusal(await post('{}'), 409, 'RUN_IN_PROGRESS');
    expectRefusal(await post('{"x":1}'), 400, 'INVALID_REQUEST');
    vi.stubEnv('KONDADO_TOKEN', '');
    expectRefusal(await post('{}'), 409, 'RUN_IN_PROGRESS');

    release(undefined);
    expect((await first).body).toMatchObject({ outcome: 'success', streams: [{ rows_inserted: 1 }] });
    expectRefusal(await post('{}'), 500, 'CONFIG_INVALID');
  });

  test('a run that failed leaves the way free for the next', async ({ folder, startKondado }) => {
    const kondado = await startKondado({
      fault: ({ index }) => (index === 0 ? { kind: 'status', status: 403 } : undefined),
    });
    useDuckDb(kondado, folder);
    expect((await post('{"streams":["pipeline_logs"]}')).status).toBe(502);
    expect((await post('{"streams":["pipeline_logs"]}')).status).toBe(200);
  });
});

test.for([
  'development',
  'test',
  '',
])('the function, served with NODE_ENV "%s", hands out no stack for malformed JSON', async (nodeEnv, {
  onTestFinished,
}) => {
  const framework = new URL(
    '../../../node_modules/@google-cloud/functions-framework/build/src/main.js',
    import.meta.url,
  );
  const port = await freePort();
  const child = spawn(process.execPath, [framework.pathname, '--target=sync', `--port=${port}`], {
    cwd: new URL('../../../', import.meta.url),
    env: { ...CHILD_ENV, NODE_ENV: nodeEnv },
    stdio: 'ignore',
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const response = await vi.waitFor(
    () =>
      fetch(`http://127.0.0.1:${port}/`, {
        method: 'POST',
        body: '{"streams":',
        headers: { 'content-type': 'application/json' },
      }),
    { timeout: 20_000 },
  );
  expect(response.status).toBe(400);
  expect(await response.text()).not.toMatch(/\bat .*:\d+:\d+|node_modules|SyntaxError/);
});

import { describe, expect } from 'vitest';
import type { Fault } from '../../../local/sandbox/server.ts';
import { RATE_LIMIT_EXCEEDED, request, test } from '../../support/sandbox.ts';

describe('a fault', () => {
  test.for<{ fault: Fault; status: number; body: string | RegExp }>([
    { fault: { kind: 'rateLimit' }, status: 200, body: JSON.stringify(RATE_LIMIT_EXCEEDED) },
    { fault: { kind: 'status', status: 503, body: 'busy' }, status: 503, body: 'busy' },
    { fault: { kind: 'html' }, status: 200, body: /^<!doctype html>/ },
    { fault: { kind: 'empty' }, status: 200, body: '' },
    { fault: { kind: 'text', body: '{"succ' }, status: 200, body: '{"succ' },
    { fault: { kind: 'json', value: [1n] }, status: 200, body: '[1]' },
    {
      fault: { kind: 'envelopeError', error: 'E', message: 'm', status: 400 },
      status: 400,
      body: '{"success":false,"error":"E","message":"m"}',
    },
    { fault: { kind: 'mutate', change: ({ data }) => data.data.length }, status: 200, body: '7' },
    { fault: { kind: 'delay', ms: 5 }, status: 200, body: /^{"success":true/ },
  ])('of kind $fault.kind is the answer', async ({ fault, status, body }, { start }) => {
    const sandbox = await start({ fault: () => fault });
    const response = await request(sandbox);
    expect(response.status).toBe(status);
    expect(await response.text()).toMatch(body === '' ? /^$/ : body);
    expect(sandbox.requests[0]?.answeredWith).toBe(fault.kind);
  });

  test.for<{ fault: Fault; hasHeaders: boolean }>([
    { fault: { kind: 'reset' }, hasHeaders: false },
    { fault: { kind: 'resetAfterHeaders' }, hasHeaders: true },
    { fault: { kind: 'cutOff' }, hasHeaders: true },
  ])('of kind $fault.kind breaks the connection', async ({ fault, hasHeaders }, { start }) => {
    const sandbox = await start({ fault: () => fault });
    const answer = request(sandbox);
    if (!hasHeaders) return expect(answer).rejects.toThrow('fetch failed');
    const response = await answer;
    await expect(response.text()).rejects.toThrow('terminated');
  });

  test.for<Fault>([
    { kind: 'hang' },
    { kind: 'slowBody', intervalMs: 1 },
  ])('of kind $kind lasts until the sandbox is closed', async (fault, { start }) => {
    const sandbox = await start({ fault: () => fault });
    const body = request(sandbox).then((response) => response.text());
    const ending = expect(body).rejects.toThrow();
    await expect.poll(() => sandbox.requests[0]?.answeredWith, { interval: 5 }).toBe(fault.kind);
    await sandbox.close();
    await ending;
    await sandbox.close();
  });
});

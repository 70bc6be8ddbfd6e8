import { describe, expect } from 'vitest';
import type { Envelope, Paging } from '../../../local/sandbox/server.ts';
import { page, RATE_LIMIT_EXCEEDED, request, test } from '../../support/sandbox.ts';

describe('the server', () => {
  test('answers in the documented envelope', async ({ start }) => {
    const sandbox = await start({ pageSize: 2 });
    const response = await request(sandbox, { start_element_id: '3', client_id: '1' });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({
      success: true,
      data: {
        success: true,
        data: [
          { id: 3, client_id: 1 },
          { id: 5, client_id: 1 },
        ],
        pagination: { next_start_element_id: 5 },
      },
    });
    expect(sandbox.requests).toMatchObject([
      {
        index: 0,
        stream: 'pipeline_logs',
        startElementId: 3n,
        clientId: '1',
        answeredWith: 'page',
        rowsSent: 2,
      },
    ]);
  });

  test.for<{ paging: Paging; last: unknown }>([
    { paging: 'inclusive', last: { next_start_element_id: 7 } },
    { paging: 'exclusive', last: { next_start_element_id: 8 } },
    { paging: 'null', last: { next_start_element_id: null } },
    { paging: 'missing', last: {} },
    { paging: 'noPagination', last: undefined },
    { paging: 'stuck', last: { next_start_element_id: 5 } },
    { paging: 'zero', last: { next_start_element_id: 0 } },
    { paging: 'emptyLast', last: { next_start_element_id: null } },
  ])('lists every row once when its $paging cursor is followed', async ({ paging, last }, { start }) => {
    const sandbox = await start({ paging, pageSize: 3 });
    const ids = new Set<unknown>();
    let next: number | bigint | null | undefined = 0;
    let asked: number | bigint = -1;
    let pagination: unknown;
    while (next !== null && next !== undefined && next > asked) {
      asked = next;
      const { data } = await page(sandbox, { start_element_id: String(next) });
      for (const { id } of data.data) ids.add(id);
      if (data.data.length > 0 || paging === 'emptyLast') pagination = data.pagination;
      next = data.pagination?.next_start_element_id;
    }
    expect([...ids]).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(pagination).toEqual(last);
  });

  test('answers an empty page with the cursor that was asked for', async ({ start }) => {
    const sandbox = await start();
    const { data } = await page(sandbox, { start_element_id: '100' });
    expect(data).toEqual({ success: true, data: [], pagination: { next_start_element_id: 100 } });
  });

  test.for([
    { name: 'a wrong key', query: { key: 'x' }, error: 'UNAUTHORIZED' },
    { name: 'a wrong token', query: { token: '' }, error: 'UNAUTHORIZED' },
    { name: 'no start_element_id', query: { start_element_id: '' }, error: 'INVALID_PARAMETERS' },
  ])('refuses $name in an envelope at 200', async ({ query, error }, { start }) => {
    const response = await request(await start(), query);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ success: false, error, message: expect.any(String) });
  });

  test('serves the paths it is told, and 404 for others', async ({ start }) => {
    const sandbox = await start({ paths: { pipeline_logs: 'logs/pipelines', model_logs: 'logs/models' } });
    expect((await request(sandbox, {}, 'logs/models')).status).toBe(200);
    expect((await request(sandbox, {}, 'pipeline_logs')).status).toBe(404);
  });

  test('holds to sliding limits and does not count what breaks them', async ({ start }) => {
    let nowMs = 0;
    const sandbox = await start({ limits: { perSecond: 2, perMinute: 3 }, now: () => nowMs });
    const isServedAt = async (atMs: number) => {
      nowMs = atMs;
      const answer: unknown = await page(sandbox);
      if ((answer as Envelope).success) return true;
      expect(answer).toEqual(RATE_LIMIT_EXCEEDED);
      return false;
    };
    const served = [];
    for (const atMs of [0, 500, 999, 1_000, 2_500, 59_999, 60_000]) served.push(await isServedAt(atMs));
    expect(served).toEqual([true, true, false, true, false, false, true]);
    expect(sandbox.violations).toBe(3);
    expect(sandbox.requests.map(({ answeredWith }) => answeredWith)).toContain('rateLimit');
  });

  test('allows one request in two seconds at half a request a second', async ({ start }) => {
    let nowMs = 0;
    const sandbox = await start({ limits: { perSecond: 0.5, perMinute: 100 }, now: () => nowMs });
    await page(sandbox);
    nowMs = 1_999;
    expect(await page(sandbox)).toEqual(RATE_LIMIT_EXCEEDED);
    nowMs = 2_000;
    expect((await page(sandbox)).success).toBe(true);
  });
});

import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import {
  createCompany,
  type LogSource,
  PLAN_ACTIVE_PIPELINES,
  PLAN_RECORDS_PER_MONTH,
  rowsSource,
} from '../../local/sandbox/company.ts';
import {
  type Envelope,
  type Fault,
  type Paging,
  SANDBOX_KEY,
  SANDBOX_TOKEN,
  type Sandbox,
  type SandboxOptions,
  startSandbox,
} from '../../local/sandbox/server.ts';

const NOON_MS = Date.UTC(2026, 10, 23, 12);
const DAY_MS = 86_400_000;
const RATE_LIMIT_EXCEEDED = {
  success: false,
  error: 'RATE_LIMIT_EXCEEDED',
  message: 'Too many requests. Please try again in 60 seconds.',
};

const sandboxes: Sandbox[] = [];
afterEach(async () => {
  await Promise.all(sandboxes.splice(0).map((sandbox) => sandbox.close()));
});

async function start(options: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  const source = options.source ?? rowsSource({ pipeline_logs: rows(1, 7), model_logs: [] });
  const sandbox = await startSandbox({ limits: null, ...options, source });
  sandboxes.push(sandbox);
  return sandbox;
}

function rows(first: number, count: number): { id: number; client_id: number }[] {
  return Array.from({ length: count }, (_, index) => ({ id: first + index, client_id: 1 + (index % 2) }));
}

function request(sandbox: Sandbox, query: Record<string, string> = {}, path = 'pipeline_logs') {
  const credentials = { key: SANDBOX_KEY, token: SANDBOX_TOKEN, start_element_id: '0' };
  return fetch(`${sandbox.url}/${path}?${new URLSearchParams({ ...credentials, ...query })}`);
}

async function page(sandbox: Sandbox, query: Record<string, string> = {}): Promise<Envelope> {
  const response = await request(sandbox, query);
  return (await response.json()) as Envelope;
}

/** What the tests need of a company's rows, both streams. */
interface Row {
  id: number;
  client_id: number;
  pipeline_id: number;
  createdAt: string;
  updatedAt: string;
  row_count: string | number;
  is_billable: boolean;
}

function listAll(source: LogSource, stream: 'pipeline_logs' | 'model_logs' = 'pipeline_logs'): Row[] {
  return source.page(stream, 0n, Number.POSITIVE_INFINITY, null).rows as Row[];
}

/** Compared instead of the rows, of which there are too many to compare one by one or to print. */
function fingerprint(list: Row[]): string {
  const text = list.map(({ id, updatedAt, row_count }) => `${id} ${updatedAt} ${row_count}`).join('\n');
  return createHash('sha256').update(text).digest('hex');
}

function companyAt(nowMs: number): LogSource {
  return createCompany({ now: () => nowMs });
}

describe('the company', () => {
  const source = companyAt(NOON_MS);
  const logs = listAll(source);

  test('has some 30,000 pipeline logs and 4,000 model logs of 90 days', () => {
    expect(logs.length).toBeGreaterThan(28_000);
    expect(logs.length).toBeLessThan(40_000);
    expect(listAll(source, 'model_logs').length).toBeGreaterThan(3_600);
    expect(listAll(source, 'model_logs').length).toBeLessThan(4_400);
    const createdAts = logs.map(({ createdAt }) => Date.parse(createdAt));
    expect(Math.min(...createdAts)).toBeGreaterThanOrEqual(NOON_MS - 90 * DAY_MS);
    expect(Math.max(...createdAts)).toBeLessThanOrEqual(NOON_MS);
  });

  test.each([
    '2026-02',
    '2026-09',
    '2026-10',
    '2027-01',
  ])('uses about four fifths of its plan in %s', (month) => {
    const monthEndMs = Date.parse(`${month}-01T00:00:00Z`) + 32 * DAY_MS;
    const billable = listAll(companyAt(monthEndMs)).filter(
      (row) => row.is_billable && row.createdAt.startsWith(month),
    );
    const records = billable.reduce((sum, row) => sum + Number(row.row_count), 0);
    expect(records / PLAN_RECORDS_PER_MONTH).toBeGreaterThan(0.7);
    expect(records / PLAN_RECORDS_PER_MONTH).toBeLessThan(0.9);
    const active = new Set(billable.map((row) => row.pipeline_id)).size;
    expect(active / PLAN_ACTIVE_PIPELINES).toBeGreaterThan(0.7);
    expect(active / PLAN_ACTIVE_PIPELINES).toBeLessThan(0.9);
  });

  test.each([0, 1.3, 2.6, 3.9, 11])('has a pipeline silent for one to four days, %d days on', (days) => {
    const nowMs = NOON_MS + days * DAY_MS;
    const recent = listAll(companyAt(nowMs)).filter((row) => Date.parse(row.createdAt) > nowMs - 30 * DAY_MS);
    const byPipeline = Map.groupBy(recent, (row) => row.pipeline_id);
    const silent = [...byPipeline.values()].filter((executions) => {
      const silenceDays = (nowMs - Date.parse(executions.at(-1)?.createdAt ?? '')) / DAY_MS;
      return executions.length > 80 && executions.length < 1_000 && silenceDays > 1 && silenceDays < 4.5;
    });
    expect(silent.length).toBeGreaterThanOrEqual(1);
  });

  test('is the same at the same instant, whoever asks', () => {
    expect(fingerprint(listAll(companyAt(NOON_MS)))).toBe(fingerprint(logs));
    const other = createCompany({ seed: 2, now: () => NOON_MS });
    expect(fingerprint(listAll(other))).not.toBe(fingerprint(logs));
  });

  test('only adds rows, and forgets those older than 90 days, as the clock moves on', () => {
    let nowMs = NOON_MS;
    const moving = createCompany({ now: () => nowMs });
    expect(fingerprint(listAll(moving))).toBe(fingerprint(logs));
    nowMs += 2.3 * DAY_MS;
    const later = listAll(moving);
    expect(fingerprint(later)).toBe(fingerprint(listAll(companyAt(nowMs))));

    const laterIds = new Map(later.map((row) => [row.id, row.createdAt]));
    const kept = logs.filter((row) => Date.parse(row.createdAt) >= nowMs - 90 * DAY_MS);
    expect(kept.length).toBeLessThan(logs.length);
    expect(kept.filter((row) => laterIds.get(row.id) !== row.createdAt)).toEqual([]);
    expect(later.length).toBeGreaterThan(kept.length);
  });

  test('has rows that appear late, behind larger ids, and rows that are updated', () => {
    let nowMs = NOON_MS;
    const moving = createCompany({ now: () => nowMs });
    const seen = new Map(listAll(moving).map((row) => [row.id, row.updatedAt]));
    let largestId = Math.max(...seen.keys());
    let late = 0;
    let updated = 0;
    for (let minute = 5; minute <= 24 * 60; minute += 5) {
      nowMs = NOON_MS + minute * 60_000;
      const start = BigInt(largestId - 10_000);
      const recent = moving.page('pipeline_logs', start, 1_000, null).rows as Row[];
      for (const row of recent) {
        const updatedAt = seen.get(row.id);
        if (updatedAt === undefined && row.id < largestId) late++;
        if (updatedAt !== undefined && updatedAt < row.updatedAt) updated++;
        seen.set(row.id, row.updatedAt);
      }
      largestId = Math.max(largestId, ...recent.map((row) => row.id));
    }
    expect(late).toBeGreaterThan(0);
    expect(updated).toBeGreaterThan(3);
    expect(logs.some((row, index) => row.createdAt < (logs[index - 1]?.createdAt ?? ''))).toBe(true);
  });

  test('lists ids once and ascending, page by page, and one client when asked', () => {
    const { rows: first } = source.page('pipeline_logs', 0n, 50, null) as { rows: Row[] };
    const { rows: second } = source.page('pipeline_logs', BigInt((first.at(-1)?.id ?? 0) + 1), 50, null);
    expect([...first, ...second]).toEqual(logs.slice(0, 100));
    const ids = logs.map(({ id }) => id);
    expect(ids.every((id, index) => index === 0 || id > (ids[index - 1] ?? 0))).toBe(true);
    const { rows: ofOne } = source.page('pipeline_logs', 0n, 200, '2') as { rows: Row[] };
    expect(ofOne).toEqual(logs.filter((row) => row.client_id === 2).slice(0, 200));
  });
});

describe('rows given by a test', () => {
  test('are found beyond 2^53, as bigint and as text, and bigints are bare numbers in the answer', async () => {
    const big = 2n ** 53n + 1n;
    const pipeline_logs = [{ id: 5 }, { id: String(big) }, { id: big + 2n }];
    const sandbox = await start({ source: rowsSource({ pipeline_logs, model_logs: [] }) });
    const response = await request(sandbox, { start_element_id: String(big) });
    expect(await response.text()).toBe(
      `{"success":true,"data":{"success":true,"data":[{"id":"${big}"},{"id":${big + 2n}}],"pagination":{"next_start_element_id":${big + 2n}}}}`,
    );
  });

  test('may be pushed, replaced, out of order and without an id', () => {
    const pipeline_logs: object[] = [{ id: 1 }, { id: 3 }, { name: 'no id' }];
    const source = rowsSource({ pipeline_logs, model_logs: [] });
    expect(source.page('pipeline_logs', 2n, 9, null).rows).toEqual([{ id: 3 }, { name: 'no id' }]);
    pipeline_logs[1] = { id: 3, row_count: 7 };
    expect(source.page('pipeline_logs', 2n, 1, null).rows).toEqual([{ id: 3, row_count: 7 }]);
    pipeline_logs.push({ id: 2 });
    expect(source.page('pipeline_logs', 2n, 2, null).rows).toEqual([{ id: 2 }, { id: 3, row_count: 7 }]);
    pipeline_logs.push({ id: 9 });
    expect(source.page('pipeline_logs', 4n, 2, null).rows).toEqual([{ id: 9 }]);
  });
});

describe('the server', () => {
  test('answers in the documented envelope', async () => {
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

  test.each<{ paging: Paging; last: unknown }>([
    { paging: 'inclusive', last: { next_start_element_id: 7 } },
    { paging: 'exclusive', last: { next_start_element_id: 8 } },
    { paging: 'null', last: { next_start_element_id: null } },
    { paging: 'missing', last: {} },
    { paging: 'noPagination', last: undefined },
    { paging: 'stuck', last: { next_start_element_id: 5 } },
    { paging: 'zero', last: { next_start_element_id: 0 } },
    { paging: 'emptyLast', last: { next_start_element_id: null } },
  ])('lists every row once when its $paging cursor is followed', async ({ paging, last }) => {
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

  test('answers an empty page with the cursor that was asked for', async () => {
    const sandbox = await start();
    const { data } = await page(sandbox, { start_element_id: '100' });
    expect(data).toEqual({ success: true, data: [], pagination: { next_start_element_id: 100 } });
  });

  test.each([
    { name: 'a wrong key', query: { key: 'x' }, error: 'UNAUTHORIZED' },
    { name: 'a wrong token', query: { token: '' }, error: 'UNAUTHORIZED' },
    { name: 'no start_element_id', query: { start_element_id: '' }, error: 'INVALID_PARAMETERS' },
  ])('refuses $name in an envelope at 200', async ({ query, error }) => {
    const response = await request(await start(), query);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ success: false, error, message: expect.any(String) });
  });

  test('serves the paths it is told, and 404 for others', async () => {
    const sandbox = await start({ paths: { pipeline_logs: 'logs/pipelines', model_logs: 'logs/models' } });
    expect((await request(sandbox, {}, 'logs/models')).status).toBe(200);
    expect((await request(sandbox, {}, 'pipeline_logs')).status).toBe(404);
  });

  test('holds to sliding limits and does not count what breaks them', async () => {
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

  test('allows one request in two seconds at half a request a second', async () => {
    let nowMs = 0;
    const sandbox = await start({ limits: { perSecond: 0.5, perMinute: 100 }, now: () => nowMs });
    await page(sandbox);
    nowMs = 1_999;
    expect(await page(sandbox)).toEqual(RATE_LIMIT_EXCEEDED);
    nowMs = 2_000;
    expect((await page(sandbox)).success).toBe(true);
  });
});

describe('a fault', () => {
  test.each<{ fault: Fault; status: number; body: string | RegExp }>([
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
  ])('of kind $fault.kind is the answer', async ({ fault, status, body }) => {
    const sandbox = await start({ fault: () => fault });
    const response = await request(sandbox);
    expect(response.status).toBe(status);
    expect(await response.text()).toMatch(body === '' ? /^$/ : body);
    expect(sandbox.requests[0]?.answeredWith).toBe(fault.kind);
  });

  test.each<{ fault: Fault; hasHeaders: boolean }>([
    { fault: { kind: 'reset' }, hasHeaders: false },
    { fault: { kind: 'resetAfterHeaders' }, hasHeaders: true },
    { fault: { kind: 'cutOff' }, hasHeaders: true },
  ])('of kind $fault.kind breaks the connection', async ({ fault, hasHeaders }) => {
    const sandbox = await start({ fault: () => fault });
    const answer = request(sandbox);
    if (!hasHeaders) return expect(answer).rejects.toThrow('fetch failed');
    const response = await answer;
    await expect(response.text()).rejects.toThrow('terminated');
  });

  test.each<Fault>([
    { kind: 'hang' },
    { kind: 'slowBody', intervalMs: 1 },
  ])('of kind $kind lasts until the sandbox is closed', async (fault) => {
    const sandbox = await start({ fault: () => fault });
    const body = request(sandbox).then((response) => response.text());
    const ending = expect(body).rejects.toThrow();
    await expect.poll(() => sandbox.requests[0]?.answeredWith, { interval: 5 }).toBe(fault.kind);
    await sandbox.close();
    await ending;
    await sandbox.close();
  });
});

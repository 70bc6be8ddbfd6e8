import { describe, expect, vi } from 'vitest';
import { failureOf, log, test } from '../../support/fake-bigquery.ts';
import type { BigQueryFault } from './faults.ts';

describe('a fault', () => {
  const once =
    (fault: BigQueryFault) =>
    ({ index }: { index: number }) =>
      index === 0 ? fault : undefined;

  test.for<{ fault: BigQueryFault; failure: Record<string, unknown>; stored: number }>([
    {
      fault: { kind: 'error', status: 403, reason: 'quotaExceeded', message: 'Quota' },
      failure: { code: 403, errors: [{ reason: 'quotaExceeded' }] },
      stored: 0,
    },
    { fault: { kind: 'html', status: 502 }, failure: { code: 502 }, stored: 0 },
    { fault: { kind: 'cutOff' }, failure: { message: expect.stringMatching(/premature|body/i) }, stored: 0 },
    { fault: { kind: 'cutOff', stored: true }, failure: {}, stored: 1 },
    { fault: { kind: 'resetBefore' }, failure: { code: 'ECONNRESET' }, stored: 0 },
    { fault: { kind: 'resetAfter' }, failure: { code: 'ECONNRESET' }, stored: 1 },
    {
      fault: {
        kind: 'insertErrors',
        errors: (rows) => rows.map((_row, index) => ({ index, errors: [] })),
      },
      failure: { response: { insertErrors: [{ index: 0 }] } },
      stored: 0,
    },
  ])('$fault.kind fails the insert, with $stored rows stored', async ({ fault, failure, stored }, {
    start,
  }) => {
    const { fake, insert } = await start({ fault: once(fault) });
    expect(await failureOf(insert('pipeline_logs', [log(1)]))).toMatchObject(failure);
    expect(await fake.rows('pipeline_logs')).toHaveLength(stored);
  });

  test('swallow looks like a success, of which nothing is stored', async ({ start }) => {
    const { fake, insert } = await start({ fault: once({ kind: 'swallow' }) });
    expect(await insert('pipeline_logs', [log(1)])).toMatchObject([{ kind: expect.any(String) }]);
    await insert('pipeline_logs', [log(2)]);
    expect((await fake.rows('pipeline_logs')).map(({ id }) => id)).toEqual([2n]);
  });

  test('that comes later is waited for, and the answer counted in bytes', async ({ start }) => {
    const { fake, insert } = await start({ fault: async () => undefined });
    await insert('pipeline_logs', [log(1)]);
    expect(fake.calls[0]?.answerBytes).toBe('{"kind":"bigquery#tableDataInsertAllResponse"}'.length);
  });

  test('html with status 200 looks like a success', async ({ start }) => {
    const { fake, insert } = await start({ fault: once({ kind: 'html' }) });
    expect(await insert('pipeline_logs', [log(1)])).toEqual([expect.stringContaining('<html>')]);
    expect(await fake.rows('pipeline_logs')).toEqual([]);
  });

  test.for([
    { kind: 'hang' as const, stored: 0 },
    { kind: 'hangAfter' as const, stored: 1 },
  ])('$kind never answers, with $stored rows stored', async ({ kind, stored }, { start }) => {
    const { fake, insert } = await start({ fault: once({ kind }) });
    const answer = failureOf(insert('pipeline_logs', [log(1)]));
    const late = new Promise((resolve) => setTimeout(resolve, 60, 'late'));
    expect(await Promise.race([answer, late])).toBe('late');
    expect(await fake.rows('pipeline_logs')).toHaveLength(stored);
    await fake.close();
    expect(await answer).toMatchObject({ code: 'ECONNRESET' });
  });

  test('delay answers later', async ({ start }) => {
    const { insert, fake } = await start({ fault: once({ kind: 'delay', ms: 40 }) });
    const startedAtMs = performance.now();
    await insert('pipeline_logs', [log(1)]);
    expect(performance.now() - startedAtMs).toBeGreaterThan(35);
    expect(await fake.rows('pipeline_logs')).toHaveLength(1);
  });

  test('neverComplete lets the client ask again and again', async ({ start }) => {
    const { fake, query } = await start({ fault: once({ kind: 'neverComplete' }) });
    const answer = failureOf(query('SELECT 1'));
    await vi.waitFor(() => expect(fake.calls.length).toBeGreaterThan(3));
    await fake.close();
    expect(await answer).toBeDefined();
  });
});

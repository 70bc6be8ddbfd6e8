import { describe } from 'vitest';
import type { Fault } from '../../../local/sandbox/server.ts';
import { test } from '../../support/kondado.ts';

describe.concurrent('the time budget ends', () => {
  const forever = { KONDADO_RATE_LIMIT_PAUSE_SECONDS: '100000', KONDADO_REQUEST_TIMEOUT_SECONDS: '100000' };
  const pauses: [string, Fault, string][] = [
    ['a pause', { kind: 'rateLimit' }, 'KONDADO_RATE_LIMITED'],
    [
      'a pause asked for by Retry-After',
      { kind: 'status', status: 429, headers: { 'retry-after': '99999' } },
      'KONDADO_RATE_LIMITED',
    ],
    [
      'a pause asked for with a 503',
      { kind: 'status', status: 503, headers: { 'retry-after': '99999' } },
      'KONDADO_UNAVAILABLE',
    ],
  ];
  const waits: [string, Fault][] = [
    ['a hanging request', { kind: 'hang' }],
    ['a body that never ends', { kind: 'slowBody', intervalMs: 20 }],
  ];

  test.for(pauses)('%s that it does not allow, before the first page: failed, at once', async ([
    ,
    fault,
    code,
  ], { sync, expect }) => {
    const { stream, recorded, requests } = await sync(() => fault, {
      ...forever,
      TIME_BUDGET_SECONDS: '600',
    });
    expect(stream).toMatchObject({ outcome: 'failed', progressed: false, error: { code }, next_id: 0n });
    expect(recorded).toMatchObject([{ outcome: 'failed', progressed: false, error_code: code }]);
    expect(requests).toHaveLength(1);
  });

  test.for(pauses)('%s that it does not allow, after it: partial, at once', async ([, fault], {
    sync,
    expect,
  }) => {
    const { stream, recorded, requests } = await sync(
      ({ startElementId }) => (startElementId === 0n ? undefined : fault),
      { ...forever, TIME_BUDGET_SECONDS: '600' },
    );
    expect(stream).toMatchObject({ outcome: 'partial', progressed: true, error: null, next_id: 1147n });
    expect(recorded).toMatchObject([{ outcome: 'partial', error_code: null, rows_inserted: 50n }]);
    expect(requests).toHaveLength(2);
  });

  test.for(waits)('%s before the first page: not_started', async ([, fault], { sync, expect }) => {
    const { report, stream, recorded } = await sync(() => fault, { ...forever, TIME_BUDGET_SECONDS: '9' });
    expect(report).toMatchObject({ outcome: 'partial' });
    expect(stream).toMatchObject({ outcome: 'not_started', error: null, rows_read: 0, next_id: 0n });
    expect(recorded).toMatchObject([{ outcome: 'not_started', error_code: null }]);
  });

  test.for(waits)('%s after it: partial', async ([, fault], { sync, expect }) => {
    const { report, stream, recorded } = await sync(
      ({ startElementId }) => (startElementId === 0n ? undefined : fault),
      { ...forever, TIME_BUDGET_SECONDS: '9' },
    );
    expect(report).toMatchObject({ outcome: 'partial' });
    expect(stream).toMatchObject({ outcome: 'partial', error: null, rows_inserted: 50, next_id: 1147n });
    expect(recorded).toMatchObject([{ outcome: 'partial', error_code: null, rows_inserted: 50n }]);
  });

  test('after a page that had nothing but garbage: partial, for a page was stored', async ({
    sync,
    expect,
  }) => {
    const page = {
      data: [{ id: 'x', createdAt: 'y' }],
      pagination: { next_start_element_id: 9 },
    };
    const { stream } = await sync(
      ({ startElementId }) =>
        startElementId === 0n ? { kind: 'json', value: { success: true, data: page } } : { kind: 'hang' },
      { ...forever, TIME_BUDGET_SECONDS: '9' },
    );
    expect(stream).toMatchObject({ outcome: 'partial', rows_rejected: 1, next_id: 0n });
  });
});

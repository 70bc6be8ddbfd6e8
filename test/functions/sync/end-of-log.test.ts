import { describe, expect } from 'vitest';
import type { Envelope, Fault, Paging, SandboxRequest } from '../../../local/sandbox/server.ts';
import { latestIds, testWith } from '../../support/contract.ts';
import { idsOf } from '../../support/history.ts';
import { poster } from '../../support/post.ts';
import { load } from '../../support/rows.ts';
import { rowsBetween } from '../../support/worlds.ts';

const test = testWith('BigQuery');
const MOST_EMPTY_PAGES = 1_000;

/** A page of the documented form, whatever is asked for. */
const page = (data: object[], cursor: unknown): Fault => ({
  kind: 'json',
  value: { success: true, data: { success: true, data, pagination: { next_start_element_id: cursor } } },
});

const asked = ({ startElementId }: SandboxRequest) => Number(startElementId);

describe('the end of a log', () => {
  test.for<Paging>([
    'inclusive',
    'exclusive',
    'nextRow',
    'null',
    'noPagination',
    'stuck',
    'zero',
    'emptyLast',
    'alwaysNull',
    'still',
    'leaping',
    'far',
  ])('is found after a page that is full to the last row, in every run: cursor %s', async (paging, {
    startKondado,
    warehouse,
  }) => {
    const rows = load('pipeline_logs', 50);
    const post = poster(await startKondado({ pipeline_logs: rows, paging }), warehouse);
    for (const inserted of [50, 0, 0]) {
      expect((await post()).stream).toMatchObject({ outcome: 'success', rows_inserted: inserted });
    }
    expect(await latestIds(warehouse)).toEqual(idsOf(rows));
  });

  test.for<[Paging, number]>([
    ['inclusive', 2],
    ['nextRow', 2],
    ['null', 2],
    ['missing', 2],
    ['noPagination', 2],
    ['stuck', 2],
    ['zero', 2],
    ['renamed', 2],
    ['alwaysNull', 2],
    ['never', 2],
    ['still', 2],
    ['late', 2],
    ['exclusive', 3],
    ['emptyLast', 3],
    ['leaping', 3],
    ['far', 3],
    ['askedPlusOne', 7],
  ])('costs an hour without news as few requests as can be: cursor %s, %i', async ([paging, requests], {
    startKondado,
    warehouse,
  }) => {
    const rows = [...rowsBetween(600, 300, 60, 1_000), ...rowsBetween(50, 10, 20, 5_000)];
    const kondado = await startKondado({ pipeline_logs: rows, paging });
    const post = poster(kondado, warehouse);
    await post();
    kondado.sandbox.requests.length = 0;
    expect((await post()).stream).toMatchObject({ outcome: 'success', rows_read: 20, requests });
    expect(kondado.sandbox.requests).toHaveLength(requests);
    // From one above the last row that is older than the lookback.
    expect(kondado.sandbox.requests[0]?.startElementId).toBe(BigInt(Number(rows[59]?.id) + 1));
  });

  test.for([
    [0, 1],
    [1, 2],
    [50, 2],
    [51, 3],
    [148, 4],
    [149, 5],
  ] as const)('of %i rows costs %i requests in all', async ([count, requests], {
    startKondado,
    warehouse,
  }) => {
    const kondado = await startKondado({ pipeline_logs: load('pipeline_logs', count) });
    expect((await poster(kondado, warehouse)()).stream).toMatchObject({
      outcome: 'success',
      rows_inserted: count,
      requests,
      ...(count === 0 ? { first_id: null, last_id: null, watermark_after: null } : {}),
    });
  });

  test('is not an empty page whose cursor leads on, a thousand times in a row', async ({
    startKondado,
    warehouse,
  }) => {
    const rows = load('pipeline_logs', 3, { firstId: 2 * MOST_EMPTY_PAGES });
    const kondado = await startKondado({
      pipeline_logs: rows,
      fault: (request) => (asked(request) < 2 * MOST_EMPTY_PAGES ? page([], asked(request) + 2) : undefined),
    });
    const post = poster(kondado, warehouse);
    expect((await post()).stream).toMatchObject({ outcome: 'success', rows_inserted: 3 });
    expect(kondado.sandbox.requests.length).toBeGreaterThan(MOST_EMPTY_PAGES);
  });

  test('is never reached where empty pages lead on without an end, which is said', async ({
    startKondado,
    warehouse,
  }) => {
    const kondado = await startKondado({ fault: (request) => page([], asked(request) + 2) });
    const { status, stream } = await poster(kondado, warehouse)();
    expect(status).toBe(502);
    expect(stream).toMatchObject({
      outcome: 'failed',
      progressed: false,
      error: { code: 'KONDADO_UNEXPECTED_RESPONSE', message: expect.stringMatching(/empty/) },
    });
    expect(kondado.sandbox.requests.length).toBeLessThan(MOST_EMPTY_PAGES + 5);
  });

  test('is not the fourth empty page whose cursor is one more than was asked for', async ({
    startKondado,
    warehouse,
  }) => {
    const rows = load('pipeline_logs', 60);
    const [gapStart, gapEnd] = [Number(rows[29]?.id), Number(rows[29]?.id) + 4];
    const all = [...rows.slice(0, 30), ...rows.slice(30).map((row) => ({ ...row, id: Number(row.id) + 10 }))];
    const kondado = await startKondado({
      pipeline_logs: all,
      pageSize: 30,
      fault: (request) => {
        if (asked(request) < gapStart || asked(request) > gapEnd) return undefined;
        return page(asked(request) === gapStart ? all.slice(29, 30) : [], asked(request) + 1);
      },
    });
    expect((await poster(kondado, warehouse)()).stream).toMatchObject({
      outcome: 'success',
      rows_inserted: 60,
    });
    expect(await latestIds(warehouse)).toEqual(idsOf(all));
  });

  test.concurrent.for([
    -1,
    1.5,
    'next',
    {},
    true,
    [1_100],
    '',
    2 ** 64,
  ])('is not told by a cursor that is no id: %j', async (cursor, { startKondado, warehouse }) => {
    const rows = load('pipeline_logs', 120);
    const change = (envelope: Envelope) => ({
      ...envelope,
      data: { ...envelope.data, pagination: { next_start_element_id: cursor } },
    });
    const kondado = await startKondado({ pipeline_logs: rows, fault: () => ({ kind: 'mutate', change }) });
    const { stream } = await poster(kondado, warehouse)();
    if (stream.outcome === 'success') expect(await latestIds(warehouse)).toEqual(idsOf(rows));
    else expect(stream.error?.code).toBe('KONDADO_UNEXPECTED_RESPONSE');
  });

  test('is found although the cursor is a text, beyond what a number can hold', async ({
    startKondado,
    warehouse,
  }) => {
    const rows = load('pipeline_logs', 120).map((row) => ({
      ...row,
      id: 2n ** 53n + BigInt(Number(row.id)),
    }));
    const change = ({ success, data }: Envelope) => {
      const pagination = { next_start_element_id: String(data.data.at(-1)?.id) };
      return { success, data: { ...data, pagination } };
    };
    const kondado = await startKondado({ pipeline_logs: rows, fault: () => ({ kind: 'mutate', change }) });
    const { stream } = await poster(kondado, warehouse)();
    expect(stream).toMatchObject({ outcome: 'success', rows_inserted: 120, requests: 4 });
  });
});

describe('a page that cannot be trusted', () => {
  const rows = load('pipeline_logs', 120);

  test.for<{ name: string; change: (data: Record<string, unknown>[]) => Record<string, unknown>[] }>([
    { name: 'goes backwards', change: (data) => data.toReversed() },
    {
      name: 'has two rows in the wrong order',
      change: ([first, second, ...rest]) => [second ?? {}, first ?? {}, ...rest],
    },
    { name: 'begins below the id that was asked for', change: (data) => [rows[3] ?? {}, ...data] },
    { name: 'is the first page again', change: () => rows.slice(0, 50) },
  ])('because it $name ends the stream, and nothing of it is stored', async ({ change }, {
    startKondado,
    warehouse,
  }) => {
    const kondado = await startKondado({
      pipeline_logs: rows,
      fault: (request) =>
        asked(request) === 0
          ? undefined
          : {
              kind: 'mutate',
              change: ({ success, data }) => ({ success, data: { ...data, data: change(data.data) } }),
            },
    });
    const { status, stream } = await poster(kondado, warehouse)();
    expect(status).toBe(502);
    expect(stream).toMatchObject({
      outcome: 'failed',
      rows_inserted: 50,
      progressed: true,
      next_id: rows[49]?.id,
      error: { code: 'KONDADO_UNEXPECTED_RESPONSE' },
    });
    expect(await latestIds(warehouse)).toEqual(idsOf(rows.slice(0, 50)));
  });

  test('is not one whose entries without an id stand anywhere', async ({ startKondado, warehouse }) => {
    const odd = { pipeline_name: 'no id' };
    const kondado = await startKondado({
      pipeline_logs: [odd, ...rows.slice(0, 60), odd, ...rows.slice(60)],
    });
    expect((await poster(kondado, warehouse)()).stream).toMatchObject({
      outcome: 'success',
      rows_inserted: 120,
    });
  });
});

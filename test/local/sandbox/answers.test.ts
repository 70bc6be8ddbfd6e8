import { randomUUID } from 'node:crypto';
import { describe, expect } from 'vitest';
import type { Envelope, Paging } from '../../../local/sandbox/server.ts';
import { type KondadoOptions, test } from '../../support/test.ts';

const ROWS = Array.from({ length: 7 }, (_, index) => ({
  id: 10 + index * 10,
  client_id: index === 0 ? 2 : 1,
  name: 'Anúncios',
}));

/** What the sandbox answers to one id after the other. */
async function answers(
  startKondado: (options: KondadoOptions) => Promise<{ sandbox: { url: string } }>,
  options: KondadoOptions,
  starts: readonly number[],
  clientId?: number,
) {
  const credentials = { key: randomUUID(), token: 'token' };
  const { sandbox } = await startKondado({ pipeline_logs: ROWS, pageSize: 3, ...credentials, ...options });
  const pages = [];
  for (const start of starts) {
    const query = new URLSearchParams({ ...credentials, start_element_id: String(start) });
    if (clientId !== undefined) query.set('client_id', String(clientId));
    pages.push(await fetch(`${sandbox.url}/pipeline_logs?${query}`));
  }
  return pages;
}

async function pagesOf(responses: readonly Response[]) {
  return Promise.all(
    responses.map(async (response) => {
      const { data } = (await response.json()) as Envelope;
      return { ids: data.data.map(({ id }) => id), pagination: data.pagination };
    }),
  );
}

const cursor = (id: number | null) => ({ next_start_element_id: id });

describe('a page of the sandbox', () => {
  test.for<{ paging: Paging; full: unknown; last: unknown; empty: unknown }>([
    { paging: 'inclusive', full: cursor(30), last: cursor(70), empty: cursor(71) },
    { paging: 'exclusive', full: cursor(31), last: cursor(71), empty: cursor(71) },
    { paging: 'nextRow', full: cursor(40), last: cursor(70), empty: cursor(71) },
    { paging: 'askedPlusOne', full: cursor(31), last: cursor(71), empty: cursor(72) },
    {
      paging: 'renamed',
      full: { next_element_id: 30 },
      last: { next_element_id: 70 },
      empty: { next_element_id: 71 },
    },
    { paging: 'alwaysNull', full: cursor(null), last: cursor(null), empty: cursor(null) },
    { paging: 'never', full: undefined, last: undefined, empty: undefined },
    { paging: 'still', full: cursor(0), last: cursor(60), empty: cursor(71) },
    { paging: 'alwaysZero', full: cursor(0), last: cursor(0), empty: cursor(0) },
    { paging: 'late', full: cursor(15), last: cursor(65), empty: cursor(71) },
    { paging: 'leaping', full: cursor(130), last: cursor(170), empty: cursor(71) },
    { paging: 'far', full: cursor(9e15), last: cursor(9e15), empty: cursor(9e15) },
  ])('has a cursor that is $paging', async ({ paging, full, last, empty }, { startKondado }) => {
    const pages = await pagesOf(await answers(startKondado, { paging }, [0, 60, 71]));
    expect(pages).toEqual([
      { ids: [10, 20, 30], pagination: full },
      { ids: [60, 70], pagination: last },
      { ids: [], pagination: empty },
    ]);
  });

  test('from which rows were taken after it was cut leads on, also if none is left', async ({
    startKondado,
  }) => {
    const hides = (row: object, clientId: string | null) =>
      'client_id' in row && String(row.client_id) !== clientId;
    expect(await pagesOf(await answers(startKondado, { hides }, [0, 30, 70, 71], 2))).toEqual([
      { ids: [10], pagination: cursor(30) },
      { ids: [], pagination: cursor(50) },
      { ids: [], pagination: cursor(70) },
      { ids: [], pagination: cursor(71) },
    ]);
  });

  test('is empty now and then, and then leads to the next row', async ({ startKondado }) => {
    const pages = await pagesOf(await answers(startKondado, { emptyEvery: 2 }, [0, 30, 30, 70, 70, 70]));
    expect(pages.map(({ ids, pagination }) => [ids.length, pagination?.next_start_element_id])).toEqual([
      [3, 30],
      [0, 40],
      [3, 50],
      [1, 70], // no row follows that it could lead to
      [1, 70],
      [1, 70],
    ]);
  });

  test('comes in the charset and with the headers that are asked for', async ({ startKondado }) => {
    const headers = {
      'content-type': 'application/json; charset=iso-8859-1',
      date: 'Sun, 06 Nov 1994 08:49:37 GMT',
    };
    const [response] = await answers(startKondado, { encoding: 'latin1', headers }, [70]);
    expect(response?.headers.get('date')).toBe(headers.date);
    expect(response?.headers.get('content-type')).toBe(headers['content-type']);
    const bytes = new Uint8Array((await response?.arrayBuffer()) ?? new ArrayBuffer());
    expect(new TextDecoder('latin1').decode(bytes)).toContain('Anúncios');
    expect(new TextDecoder().decode(bytes)).toContain('An�ncios');
  });
});

import { describe, expect } from 'vitest';
import type { Paging } from '../../../local/sandbox/server.ts';
import { type ApiRow, load, pipelineRow } from '../../support/rows.ts';
import { runSync, streamOf } from '../../support/runs.ts';
import { test as base, type KondadoOptions } from '../../support/test.ts';
import { duckDbWarehouse } from '../../support/warehouses.ts';

const test = base.extend<{
  readAll: (rows: ApiRow[], options?: KondadoOptions) => ReturnType<typeof readAll>;
}>({
  async readAll({ folder, startKondado }, use) {
    await use((rows, options) => readAll(rows, options, folder, startKondado));
  },
});

/** One run over the rows of a sandbox: what it reports, what it asked for, what is stored. */
async function readAll(
  rows: ApiRow[],
  options: KondadoOptions = {},
  folder: string,
  startKondado: (options: KondadoOptions) => Promise<import('../../support/test.ts').Kondado>,
) {
  const { env, sandbox } = await startKondado({ pipeline_logs: rows, ...options });
  const warehouse = duckDbWarehouse(`${folder}/pages.duckdb`);
  const run = await runSync({ ...env, ...warehouse.env, STREAMS: 'pipeline_logs' });
  const stored = await warehouse.run('SELECT id FROM pipeline_logs ORDER BY id');
  return {
    report: streamOf(run),
    starts: sandbox.requests.map(({ startElementId }) => Number(startElementId)),
    ids: stored.map(({ id }) => Number(id)),
    warehouse,
  };
}

/** What a page holds when the sandbox is told to answer with exactly this. */
function envelope(data: unknown[], pagination?: unknown): unknown {
  return { success: true, data: { success: true, data, pagination } };
}

describe('every way to end is an end, with each row once and one request to prove it', () => {
  // Rows have the ids 1000, 1003, …: 50 end with 1147, 51 with 1150, 100 with 1297, 120 with 1357.
  test.for<[Paging, number, number[]]>([
    ['inclusive', 0, [0]],
    ['inclusive', 1, [0, 1000]],
    ['inclusive', 49, [0, 1144]],
    ['inclusive', 50, [0, 1147]],
    ['inclusive', 51, [0, 1147, 1150]],
    ['inclusive', 98, [0, 1147, 1291]],
    ['inclusive', 99, [0, 1147, 1294]],
    ['inclusive', 120, [0, 1147, 1294, 1357]],
    ['exclusive', 0, [0]],
    ['exclusive', 49, [0, 1144, 1145]],
    ['exclusive', 50, [0, 1147, 1148]],
    ['exclusive', 120, [0, 1147, 1294, 1357, 1358]],
    ['null', 0, [0]],
    ['null', 50, [0, 1147]],
    ['null', 51, [0, 1147, 1150]],
    ['null', 120, [0, 1147, 1294, 1357]],
    ['missing', 50, [0, 1147]],
    ['missing', 120, [0, 1147, 1294, 1357]],
    ['noPagination', 0, [0]],
    ['noPagination', 50, [0, 1147]],
    ['noPagination', 120, [0, 1147, 1294, 1357]],
    ['stuck', 0, [0]],
    ['stuck', 49, [0, 1144]],
    ['stuck', 120, [0, 1147, 1294, 1357]],
    ['zero', 49, [0, 1144]],
    ['zero', 120, [0, 1147, 1294, 1357]],
    ['emptyLast', 0, [0]],
    ['emptyLast', 50, [0, 1147, 1148]],
    ['emptyLast', 120, [0, 1147, 1294, 1357, 1358]],
  ])('%s with %i rows', async ([paging, count, expectedStarts], { readAll }) => {
    const rows = load('pipeline_logs', count);
    const { report, starts, ids } = await readAll(rows, { paging });
    expect(report).toMatchObject({
      outcome: 'success',
      next_id: null,
      rows_read: count,
      rows_inserted: count,
    });
    expect(starts).toEqual(expectedStarts);
    expect(report.requests).toBe(expectedStarts.length);
    expect(ids).toEqual(rows.map(({ id }) => id));
  });

  test('a cursor that is a text', async ({ readAll }) => {
    const { report, starts } = await readAll(load('pipeline_logs', 60), {
      fault: () => ({
        kind: 'mutate',
        change: ({ data: { data, pagination } }) =>
          envelope(data, { next_start_element_id: String(pagination?.next_start_element_id) }),
      }),
    });
    expect(report).toMatchObject({ outcome: 'success', rows_inserted: 60 });
    expect(starts).toEqual([0, 1147, 1177]);
  });

  test('a cursor beyond 2^53', async ({ readAll, expect }) => {
    const first = 9007199254740993n;
    const rows = Array.from({ length: 60 }, (_, index) => pipelineRow(first + BigInt(index)));
    const { report, warehouse } = await readAll(rows);
    expect(report).toMatchObject({ rows_inserted: 60, requests: 3, first_id: first, last_id: first + 59n });
    expect(await warehouse.run('SELECT max(id) AS id FROM pipeline_logs')).toEqual([{ id: first + 59n }]);
  });

  test('a full page whose cursor jumps back is made good by its ids', async ({ readAll }) => {
    const { report, starts, ids } = await readAll(load('pipeline_logs', 120), {
      fault: ({ index }) =>
        index === 1
          ? { kind: 'mutate', change: ({ data: { data } }) => envelope(data, { next_start_element_id: 3 }) }
          : undefined,
    });
    expect(report.outcome).toBe('success');
    expect(starts).toEqual([0, 1147, 1294, 1357]);
    expect(ids).toHaveLength(120);
  });

  test('a page that overlaps the one before by more than a row counts each row once', async ({ readAll }) => {
    const { report, ids } = await readAll(load('pipeline_logs', 90), {
      fault: ({ index }) =>
        index === 0
          ? {
              kind: 'mutate',
              change: ({ data: { data } }) => envelope(data, { next_start_element_id: 1060 }),
            }
          : undefined,
    });
    expect(report).toMatchObject({ outcome: 'success', rows_read: 90, rows_inserted: 90, rows_duplicate: 0 });
    expect(ids).toHaveLength(90);
  });
});

describe('an error is never an end', () => {
  const rows = load('pipeline_logs', 50);
  const backwards = [...rows.slice(0, 20), ...rows.slice(0, 5), ...rows.slice(25)];
  test.for<[string, unknown, RegExp]>([
    [
      'a page of entries without id',
      envelope(Array(50).fill({ pipeline_id: 1, createdAt: '2026-11-01T00:00:00Z' })),
      /no.* usable id; the fields that came are pipeline_id, createdAt/,
    ],
    [
      'a page of entries without date',
      envelope(Array.from({ length: 2 }, (_, id) => ({ id, created_at: '2026-11-01T00:00:00Z' }))),
      /no.* usable createdAt; the fields that came are id, created_at/,
    ],
    ['a page that goes backwards', envelope(backwards), /out of order/],
    ['a page in descending order', envelope(rows.toReversed()), /out of order/],
    ['an error in the envelope', { success: false, error: 'SOMETHING', message: 'Odd.' }, /SOMETHING: Odd/],
    [
      'an error in the inner envelope',
      { success: true, data: { success: false, error: 'SOMETHING', message: 'Odd.' } },
      /SOMETHING: Odd/,
    ],
  ])('%s', async ([, value, message], { readAll }) => {
    const { report, ids } = await readAll([], { fault: () => ({ kind: 'json', value }) });
    expect(report).toMatchObject({
      outcome: 'failed',
      error: { code: 'KONDADO_UNEXPECTED_RESPONSE', message: expect.stringMatching(message) },
      rows_read: 0,
      next_id: 0n,
      requests: 1,
    });
    expect(ids).toEqual([]);
  });

  test('a page that starts before what was asked for', async ({ readAll }) => {
    const { report, ids } = await readAll(load('pipeline_logs', 120), {
      fault: ({ index }) => (index === 1 ? { kind: 'json', value: envelope([pipelineRow(999)]) } : undefined),
    });
    expect(report).toMatchObject({
      outcome: 'failed',
      error: { code: 'KONDADO_UNEXPECTED_RESPONSE', message: expect.stringMatching(/out of order/) },
      rows_inserted: 50,
      last_id: 1147n,
      next_id: 1147n,
    });
    expect(ids).toHaveLength(50);
  });
});

test('garbage between the rows of a page is set aside, and spoils neither them nor the order', async ({
  readAll,
}) => {
  const good = load('pipeline_logs', 3);
  const garbage = [null, 'text', 7, [], {}, { id: null }, { id: 'x' }, { id: 1.5 }];
  const page = [garbage.slice(0, 4), good[0], garbage.slice(4), good[1], good[2]].flat(1);
  const { report, ids, warehouse } = await readAll([], {
    fault: ({ index }) => ({ kind: 'json', value: envelope(index === 0 ? [...page, []] : good.slice(2)) }),
  });
  expect(report).toMatchObject({ error: null, outcome: 'success', rows_inserted: 3, requests: 2 });
  expect(ids).toEqual([1000, 1003, 1006]);
  const aside = await warehouse.rows('rejected_rows');
  expect(report.rows_rejected).toBe(aside.length);
  const kept = aside.map(({ row }) => JSON.stringify(JSON.parse(String(row)))).sort();
  expect(kept).toEqual(garbage.map((entry) => JSON.stringify(entry)).sort());
});

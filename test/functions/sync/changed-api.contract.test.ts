import { describe, expect } from 'vitest';
import { latestIds, testWith, WAREHOUSES } from '../../support/contract.ts';
import { idsOf } from '../../support/history.ts';
import { poster } from '../../support/post.ts';
import { type ApiRow, load, pipelineRow } from '../../support/rows.ts';

/** The row with a field under another name. */
function renamed(row: ApiRow, name: string, newName: string): ApiRow {
  const { [name]: value, ...rest } = row;
  return { [newName]: value, ...rest };
}

type Change = (row: ApiRow, index: number) => ApiRow;

/** What Kondado might make of its rows, and what the message must then name. */
const CHANGES: { name: string; change: Change; names: string[] }[] = [
  {
    name: 'id is called log_id',
    change: (row) => renamed(row, 'id', 'log_id'),
    names: ['log_id', 'createdAt'],
  },
  {
    name: 'createdAt is called created_at',
    change: (row) => renamed(row, 'createdAt', 'created_at'),
    names: ['created_at', 'id'],
  },
  {
    name: 'createdAt is null in every row',
    change: (row) => ({ ...row, createdAt: null }),
    names: ['createdAt'],
  },
  { name: 'ids are texts', change: (row) => ({ ...row, id: `log-${row.id}` }), names: ['id'] },
  {
    name: 'dates are written otherwise',
    change: (row) => ({ ...row, createdAt: '23/11/2026 12:00' }),
    names: ['createdAt'],
  },
  { name: 'rows are lists', change: (row) => Object.values(row) as unknown as ApiRow, names: [] },
];

/** The rows as Kondado sends them once it has changed; kept where they stand. */
const page = (rows: readonly object[]) =>
  ({ kind: 'json', value: { success: true, data: { success: true, data: rows, pagination: {} } } }) as const;

describe.each(WAREHOUSES)('an API that has changed, with %s:', (kind) => {
  const test = testWith(kind);

  test.for(CHANGES)('$name fails every run, names the fields, and sets nothing aside', async ({
    change,
    names,
  }, { startKondado, warehouse }) => {
    const rows = load('pipeline_logs', 10);
    const kondado = await startKondado({ fault: () => page(rows.map(change)) });
    const post = poster(kondado, warehouse);
    for (const _ of [1, 2]) {
      const { status, stream } = await post();
      expect(status).toBe(502);
      expect(stream).toMatchObject({
        outcome: 'failed',
        rows_rejected: 0,
        rows_inserted: 0,
        progressed: false,
        error: { code: 'KONDADO_UNEXPECTED_RESPONSE' },
      });
      for (const name of names) expect(stream.error?.message).toContain(name);
    }
    expect(await warehouse.rows('rejected_rows')).toEqual([]);
    expect(await warehouse.rows('pipeline_logs')).toEqual([]);
  });

  test.for([
    { name: 'a backfill', body: { from_id: 0 } },
    { name: 'a verification', body: { verify: true } },
  ])('it fails $name too', async ({ body }, { startKondado, warehouse }) => {
    let isChanged = false;
    const rows = load('pipeline_logs', 60);
    const change = (row: ApiRow) => renamed(row, 'id', 'log_id');
    const kondado = await startKondado({
      pipeline_logs: rows,
      fault: () => (isChanged ? page(rows.slice(0, 50).map(change)) : undefined),
    });
    const post = poster(kondado, warehouse);
    await post();
    isChanged = true;
    const { stream } = await post(body);
    expect(stream.error?.code).toBe('KONDADO_UNEXPECTED_RESPONSE');
    expect(stream.error?.message).toContain('log_id');
    expect(await warehouse.rows('rejected_rows')).toEqual([]);
  });

  test('what came before the change is stored, and what comes after it when it is undone', async ({
    startKondado,
    warehouse,
  }) => {
    let isChanged = true;
    const rows = load('pipeline_logs', 120);
    const kondado = await startKondado({
      pipeline_logs: rows,
      fault: ({ startElementId }) =>
        isChanged && startElementId !== 0n
          ? page(rows.slice(49, 99).map((row) => renamed(row, 'createdAt', 'created_at')))
          : undefined,
    });
    const post = poster(kondado, warehouse);
    expect((await post()).stream).toMatchObject({ outcome: 'failed', rows_inserted: 50, progressed: true });
    isChanged = false;
    expect((await post()).stream).toMatchObject({ outcome: 'success', rows_inserted: 70 });
    expect(await latestIds(warehouse)).toEqual(idsOf(rows));
  });

  test('one row that is of no use on a page of its own is set aside, as one among others is', async ({
    startKondado,
    warehouse,
  }) => {
    const useless = [
      renamed(pipelineRow(1), 'id', 'log_id'),
      renamed(pipelineRow(2), 'createdAt', 'created_at'),
    ];
    const lonely = await startKondado({ pipeline_logs: useless.slice(0, 1) });
    expect((await poster(lonely, warehouse)()).stream).toMatchObject({
      outcome: 'success',
      rows_rejected: 1,
    });
    const among = await startKondado({ pipeline_logs: [...load('pipeline_logs', 1), ...useless] });
    expect((await poster(among, warehouse)()).stream).toMatchObject({
      outcome: 'success',
      rows_inserted: 1,
      rows_rejected: 1,
      rows_duplicate: 1,
    });
    expect(await warehouse.rows('rejected_rows')).toHaveLength(2);
  });

  test('a page on which half of the entries lack an id and the others a date is not called changed', async ({
    startKondado,
    warehouse,
  }) => {
    const rows = load('pipeline_logs', 20).map((row, index) =>
      index % 2 === 0 ? renamed(row, 'createdAt', 'created_at') : { ...row, id: 'none' },
    );
    const kondado = await startKondado({ fault: () => page(rows) });
    const { stream } = await poster(kondado, warehouse)();
    // Either may be said, but never that all is well without a row to show for it.
    if (stream.outcome === 'success') expect(stream.rows_rejected).toBe(20);
    else expect(stream.error?.code).toBe('KONDADO_UNEXPECTED_RESPONSE');
  });
});

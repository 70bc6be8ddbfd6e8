import { describe, expect } from 'vitest';
import { latestIds, testWith, WAREHOUSES } from '../../support/contract.ts';
import { idsOf } from '../../support/history.ts';
import { poster } from '../../support/post.ts';
import { type ApiRow, load } from '../../support/rows.ts';

const MEGABYTE = 1_000_000;

/** Some rows, one of which holds a text so long that the whole is so many bytes. */
function withLarge(bytes: number): ApiRow[] {
  const rows = load('pipeline_logs', 6);
  const others = JSON.stringify({ ...rows[3], pipeline_name: '' }).length;
  rows[3] = { ...rows[3], pipeline_name: 'x'.repeat(bytes - others) };
  return rows;
}

describe.each(WAREHOUSES)('a large row is stored in %s', (kind) => {
  const test = testWith(kind);

  test.for([0.99, 1.2, 4.5, 9.44])('whole, as long as it can be: %d MB', async (megabytes, {
    startKondado,
    warehouse,
  }) => {
    const rows = withLarge(megabytes * MEGABYTE);
    const kondado = await startKondado({ pipeline_logs: rows });
    const post = poster(kondado, warehouse);
    expect((await post()).stream).toMatchObject({ outcome: 'success', rows_inserted: 6, rows_rejected: 0 });
    const [, , , large] = await warehouse.latest('pipeline_logs');
    expect(large?.pipeline_name === rows[3]?.pipeline_name).toBe(true);
    expect((await post()).stream).toMatchObject({ outcome: 'success', rows_inserted: 0, rows_duplicate: 6 });
    expect(await warehouse.rows('rejected_rows')).toEqual([]);
  });

  test('or set aside, once, and the rest of its page stored: 12 MB', async ({ startKondado, warehouse }) => {
    const rows = withLarge(12 * MEGABYTE);
    const kondado = await startKondado({ pipeline_logs: rows });
    const post = poster(kondado, warehouse);
    const { stream } = await post();
    expect(stream).toMatchObject({ outcome: 'success', rows_read: 6 });
    const aside = await warehouse.rows('rejected_rows');
    expect(stream.rows_inserted + aside.length).toBe(6);
    expect(await latestIds(warehouse)).toEqual(
      idsOf(aside.length > 0 ? rows.filter((_, index) => index !== 3) : rows),
    );
    for (const { row_id, reason } of aside) {
      expect(row_id).toBe(BigInt(String(rows[3]?.id)));
      expect(reason).toMatch(/large|MB|bytes/i);
    }
    expect((await post()).stream).toMatchObject({ outcome: 'success', rows_duplicate: 6, rows_rejected: 0 });
  });

  test('also with many others like it on a page', async ({ startKondado, warehouse }) => {
    const rows = load('pipeline_logs', 30).map((row) => ({ ...row, pipeline_name: 'é'.repeat(400_000) }));
    const kondado = await startKondado({ pipeline_logs: rows });
    expect((await poster(kondado, warehouse)()).stream).toMatchObject({
      outcome: 'success',
      rows_inserted: 30,
    });
    expect(await latestIds(warehouse)).toEqual(idsOf(rows));
  });

  test('also if it is set aside for another reason', async ({ startKondado, warehouse }) => {
    const rows = withLarge(9.44 * MEGABYTE);
    rows[3] = { ...rows[3], createdAt: null };
    const kondado = await startKondado({ pipeline_logs: rows });
    const post = poster(kondado, warehouse);
    expect((await post()).stream).toMatchObject({ outcome: 'success', rows_inserted: 5, rows_rejected: 1 });
    expect((await post()).stream).toMatchObject({ outcome: 'success', rows_duplicate: 6, rows_rejected: 0 });
    expect(await warehouse.rows('rejected_rows')).toHaveLength(1);
  });
});

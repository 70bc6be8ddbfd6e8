import { describe, expect } from 'vitest';
import { deleteIds, ONE_STREAM, testWith, WAREHOUSES } from '../../support/contract.ts';
import { dayAgo, idsOf, within } from '../../support/history.ts';
import { poster } from '../../support/post.ts';
import { coverage, shown, stored } from '../../support/stored.ts';
import { FEW_WORLDS, WORLDS, worldHistory } from '../../support/worlds.ts';

describe.each(WAREHOUSES)('with %s', (kind) => {
  const test = testWith(kind);
  // Which rows are read does not depend on where they are stored, and a DuckDB file takes its time to open.
  const worlds = kind === 'DuckDB' ? FEW_WORLDS : WORLDS;

  test.for(worlds)('backfills and verifications are whole: $name', async (world, {
    startKondado,
    warehouse,
  }) => {
    const rows = worldHistory();
    const visible = rows.filter(world.shows);
    const kondado = await startKondado({ pipeline_logs: rows, ...world.options });
    const post = poster(kondado, warehouse, { ...ONE_STREAM, ...world.env });
    const [oldest, middle, newest] = [dayAgo(5), dayAgo(3), dayAgo(1)];

    for (const [from, to] of [
      [middle, newest],
      [oldest, middle],
    ] as const) {
      const expected = within(visible, from, to).length;
      expect((await post({ from, to })).stream).toMatchObject({
        outcome: 'success',
        rows_inserted: expected,
      });
    }
    expect(await stored(warehouse)).toEqual(shown(within(visible, oldest, newest)));
    expect(await coverage(warehouse)).toHaveLength(1);

    expect((await post()).stream.outcome).toBe('success');
    expect(await stored(warehouse)).toEqual(shown(within(visible, oldest)));
    expect((await post({ from_id: 0 })).stream).toMatchObject({ outcome: 'success', rows_repaired: 0 });
    expect(await stored(warehouse)).toEqual(shown(visible));
    expect(await warehouse.rows('pipeline_logs')).toHaveLength(visible.length);

    const missing = idsOf(within(visible, dayAgo(4), dayAgo(2)).filter((_, index) => index % 3 > 0));
    await deleteIds(warehouse, missing);
    expect((await post({ verify: true })).stream).toMatchObject({
      outcome: 'success',
      rows_read: visible.length,
      rows_repaired: missing.length,
      rows_vanished: 0,
    });
    expect(await stored(warehouse)).toEqual(shown(visible));
  });
});

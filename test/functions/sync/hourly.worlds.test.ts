import { describe, expect } from 'vitest';
import { ONE_STREAM, testWith, WAREHOUSES } from '../../support/contract.ts';
import { poster } from '../../support/post.ts';
import { minutesAgo, pipelineRow } from '../../support/rows.ts';
import { shown, stored } from '../../support/stored.ts';
import { rowsBetween, WORLDS, worldHistory } from '../../support/worlds.ts';

describe.each(WAREHOUSES)('with %s', (kind) => {
  const test = testWith(kind);
  // A DuckDB file takes its time to open, so there each form of the cursor is tried with the smallest pages alone.
  const worlds = WORLDS.filter(({ options }) => kind === 'BigQuery' || options.pageSize === 7);

  test.for(worlds)('hourly runs bring every row once: $name', async (world, { startKondado, warehouse }) => {
    const rows = worldHistory();
    const visible = () => rows.filter(world.shows);
    const kondado = await startKondado({ pipeline_logs: rows, ...world.options });
    const post = poster(kondado, warehouse, { ...ONE_STREAM, ...world.env });

    const first = (await post()).stream;
    expect(first).toMatchObject({
      outcome: 'success',
      rows_read: visible().length,
      rows_inserted: visible().length,
      next_id: null,
    });
    expect(await stored(warehouse)).toEqual(shown(visible()));
    // All rows that it showed are proven, and nothing that it never showed.
    expect(first.last_id).toBeGreaterThanOrEqual(Number(visible().at(-1)?.id));
    expect(first.last_id).toBeLessThanOrEqual(Number(rows.at(-1)?.id));
    expect(first.first_id).toBeLessThanOrEqual(Number(visible()[0]?.id));

    const idle = (await post()).stream;
    expect(idle).toMatchObject({ outcome: 'success', rows_inserted: 0, rows_rejected: 0 });
    expect(await warehouse.rows('pipeline_logs')).toHaveLength(visible().length);

    const late = pipelineRow(5_031, { createdAt: minutesAgo(35) });
    const changed = { ...rows[95], row_count: '4711', updatedAt: minutesAgo(1) };
    rows.splice(95, 1, changed);
    rows.push(late, ...rowsBetween(8, 1, 20, 6_000));
    const news = (await post()).stream;
    expect(news).toMatchObject({ outcome: 'success', rows_inserted: 22, rows_rejected: 0 });
    expect(await stored(warehouse)).toEqual(shown(visible()));
    expect(await warehouse.rows('pipeline_logs')).toHaveLength(visible().length + 1);
  });
});

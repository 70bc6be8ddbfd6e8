import { describe, expect } from 'vitest';
import { MINUTE_MS } from '../../../functions/timestamps.ts';
import { deleteIds, latestIds, testWith, WAREHOUSES } from '../../support/contract.ts';
import { createdAt, dayAgo, disordered, idsOf, spread, within } from '../../support/history.ts';
import { poster } from '../../support/post.ts';
import { type ApiRow, minutesAgo, pipelineRow } from '../../support/rows.ts';
import { coverage, falselyProven, shown, stored } from '../../support/stored.ts';
import { FEW_WORLDS } from '../../support/worlds.ts';

const COUNT = 1_000;

/** From nearly the beginning of a history up to nearly its end. */
const windowOf = (days: number) => ({ from: dayAgo(days * 0.9), to: dayAgo(days * 0.1) });

/** The row with its date moved by so many hours. */
function moved(row: ApiRow | undefined, hours: number): ApiRow {
  const createdMs = Date.parse(createdAt(row)) + hours * 60 * MINUTE_MS;
  return pipelineRow(Number(row?.id), { ...row, createdAt: new Date(createdMs).toISOString() });
}

/** A history of which one row, so many days ago, has another date. */
function withMisdated(days: number, daysAgo: number, hours: number): { rows: ApiRow[]; index: number } {
  const rows = spread(COUNT, days);
  const index = Math.round(((days - daysAgo) / days) * COUNT);
  rows[index] = moved(rows[index], hours);
  return { rows, index };
}

describe.each(WAREHOUSES)('a window, with %s,', (kind) => {
  const test = testWith(kind);

  test.for([
    { what: 'five hours ahead of its place', days: 1, daysAgo: 0.26, hours: 5 },
    { what: 'three days ahead of its place', days: 20, daysAgo: 4.9, hours: 72 },
    { what: 'three days ahead of now, and so set aside', days: 1, daysAgo: 0.5, hours: 84 },
    { what: 'ahead of now, by less than a day', days: 20, daysAgo: 14, hours: 24 * 14 + 6 },
    { what: 'far behind the end of the window', days: 20, daysAgo: 16, hours: 24 * 15.5 },
    { what: 'long ago', days: 20, daysAgo: 10, hours: -24 * 30 },
    { what: 'twenty years ago, and so set aside', days: 20, daysAgo: 10, hours: -24 * 365 * 20 },
  ])('is read whole although one row is dated $what', async ({ days, daysAgo, hours }, {
    startKondado,
    warehouse,
  }) => {
    const { rows, index } = withMisdated(days, daysAgo, hours);
    const window = windowOf(days);
    const post = poster(await startKondado({ pipeline_logs: rows }), warehouse);
    await post();
    const expected = within(rows, window.from, window.to);
    const missing = idsOf(expected.filter((row, place) => place % 3 === 1 && row !== rows[index]));
    const whole = await stored(warehouse);
    for (const body of [window, { verify: true, ...window }]) {
      await deleteIds(warehouse, missing);
      const { stream } = await post(body);
      expect(stream).toMatchObject({ outcome: 'success', rows_inserted: missing.length });
      // What is set aside has no date that could lie outside.
      expect(stream.rows_read - expected.length).toBeLessThanOrEqual(1);
      expect(await stored(warehouse)).toEqual(whole);
    }
    expect(await falselyProven(warehouse, rows)).toEqual([]);
  });

  test.for([
    { what: 'behind the end of the window', hours: 24 * 8.5 },
    { what: 'ahead of now', hours: 24 * 10 + 6 },
    { what: 'ahead of now, and so set aside', hours: 24 * 25 },
  ])('is read whole although a row alone on its page is dated $what', async ({ hours }, {
    startKondado,
    warehouse,
  }) => {
    const { rows, index } = withMisdated(20, 10, hours);
    const window = windowOf(20);
    // Its neighbours belong to somebody else.
    const isHidden = (row: object) => {
      const place = rows.indexOf(row as ApiRow);
      return place !== index && Math.abs(place - index) < 10;
    };
    const kondado = await startKondado({ pipeline_logs: rows, pageSize: 7, hides: isHidden });
    const { stream } = await poster(kondado, warehouse)(window);
    expect(stream).toMatchObject({ outcome: 'success', error: null });
    const expected = rows.filter((row) => !isHidden(row));
    expect(await latestIds(warehouse)).toEqual(idsOf(within(expected, window.from, window.to)));
  });

  test.for(FEW_WORLDS)('that touches another leaves no hole between them: $name', async (world, {
    startKondado,
    warehouse,
  }) => {
    const rows = disordered(500, 4, 50, 7);
    const kondado = await startKondado({ pipeline_logs: rows, ...world.options });
    const post = poster(kondado, warehouse, { STREAMS: 'pipeline_logs', ...world.env });
    const visible = rows.filter(world.shows);
    const ends = [3.5, 2.4, 1.3, 0.2].map(dayAgo);
    for (const [index, to] of ends.slice(1).entries()) {
      const from = String(ends[index]);
      const { stream } = await post({ from, to, accept_gap: true });
      expect(stream).toMatchObject({
        outcome: 'success',
        rows_inserted: within(visible, from, to).length,
      });
      expect(await falselyProven(warehouse, visible)).toEqual([]);
    }
    expect(await stored(warehouse)).toEqual(shown(within(visible, String(ends[0]), ends.at(-1))));
    expect(await coverage(warehouse)).toHaveLength(1);
  });

  test('may reach from the year 1 to the year 9999', async ({ startKondado, warehouse }) => {
    const rows = [
      ...spread(60, 10),
      pipelineRow(900_000, { createdAt: '9999-12-31T23:59:59.999Z' }),
      pipelineRow(900_001, { createdAt: '0001-01-01T00:00:00Z' }),
    ];
    const post = poster(await startKondado({ pipeline_logs: rows }), warehouse);
    const all = { from: '0001-01-01', to: '9999-12-31T23:59:59.999999Z' };
    expect((await post(all)).stream).toMatchObject({
      outcome: 'success',
      rows_inserted: 60,
      rows_rejected: 2,
    });
    expect((await post({ ...all, verify: true })).stream).toMatchObject({
      outcome: 'success',
      rows_repaired: 0,
    });
    // Half a day before the year 1.
    expect((await post({ ...all, from: '0001-01-01T00:00:00+12:00' })).status).toBeLessThan(500);
    expect((await post()).stream).toMatchObject({ outcome: 'success', rows_inserted: 0 });
  });

  test('of a verification never reaches beyond the watermark', async ({ startKondado, warehouse }) => {
    const rows = spread(200, 10);
    const kondado = await startKondado({ pipeline_logs: rows });
    const post = poster(kondado, warehouse);
    await post();
    const watermark = createdAt(rows.at(-1));
    rows.push(
      pipelineRow(900_000, { createdAt: minutesAgo(2) }),
      pipelineRow(900_001, { createdAt: minutesAgo(-2) }),
    );
    for (const range of [
      {},
      { from: dayAgo(9) },
      { from: dayAgo(9), to: '9999-01-01' },
      { from_id: 0 },
      { from_id: 900_000 },
      { from: minutesAgo(1) },
    ]) {
      const { stream } = await post({ verify: true, ...range });
      expect(stream).toMatchObject({ outcome: 'success', rows_inserted: 0, watermark_after: watermark });
    }
    expect(await latestIds(warehouse)).not.toContain(900_000);
    expect((await post()).stream).toMatchObject({ outcome: 'success', rows_inserted: 2 });
  });
});

describe('the search for a date', () => {
  const test = testWith('BigQuery');

  test('misses no row, whichever single row on its way is misdated', async ({ startKondado, warehouse }) => {
    const rows = spread(4_000, 80);
    const window = { from: dayAgo(40), to: dayAgo(39) };
    const { streams, sandbox, ...kondado } = await startKondado({ pipeline_logs: [...rows] });
    const post = poster({ streams, sandbox, ...kondado }, warehouse);
    await post(window);
    const looks = sandbox.requests.map(({ startElementId }) => Number(startElementId));
    expect(looks.length).toBeGreaterThan(3);

    const faults: unknown[] = [];
    for (const look of new Set(looks)) {
      const index = rows.findIndex(({ id }) => Number(id) >= look);
      for (const hours of index < 0 ? [] : [-24 * 35, -24 * 5, 24 * 5, 24 * 35]) {
        streams.pipeline_logs.splice(0, rows.length, ...rows);
        streams.pipeline_logs[index] = moved(rows[index], hours);
        await warehouse.run('DELETE FROM kondado.pipeline_logs');
        const { outcome } = (await post(window)).stream;
        const ids = await latestIds(warehouse);
        const expected = idsOf(within(streams.pipeline_logs, window.from, window.to));
        const missing = expected.filter((id) => !ids.includes(id) && id !== Number(rows[index]?.id));
        if (missing.length > 0 || outcome !== 'success')
          faults.push({ look, hours, missing: missing.length, outcome });
      }
    }
    expect(faults).toEqual([]);
  });
});

import { expect, test } from 'vitest';
import type { Row } from '../../../functions/schema/tables.ts';
import { syncRun } from '../../fixtures/fixture.ts';
import { readView } from '../../support/views.ts';

const NOW = '2026-11-24T12:00:00.000000Z';

/** A run that has proven a range of ids, at an hour of the day. */
function run(hour: number, firstId: bigint | null, lastId: bigint | null, fields: Row = {}): Row {
  const finishedAt = `2026-11-24T${String(hour).padStart(2, '0')}:00:00.000000Z`;
  return syncRun(`run ${hour}`, finishedAt, { first_id: firstId, last_id: lastId, ...fields });
}

/** The ranges of one stream and client, as `from-to, number of runs, hour`. */
async function ranges(...sync_runs: Row[]): Promise<string[]> {
  const rows = await readView({ now: NOW, tables: { sync_runs } }, 'coverage');
  return rows
    .toSorted((one, other) => Number(one.first_id) - Number(other.first_id))
    .map(
      ({ first_id, last_id, runs, verified_at }) =>
        `${first_id}-${last_id}, ${runs}, ${String(verified_at).slice(11, 13)}`,
    );
}

test('a range has the stream, the client, its ids, its runs, and when the last of them ended', async () => {
  const sync_runs = [run(8, 1n, 50n), run(9, 50n, 100n)];
  expect(await readView({ now: NOW, tables: { sync_runs } }, 'coverage')).toEqual([
    {
      stream: 'pipeline_logs',
      client_id: null,
      first_id: 1n,
      last_id: 100n,
      runs: 2n,
      verified_at: '2026-11-24T09:00:00.000000Z',
    },
  ]);
});

test('ranges that touch are one, and a single missing id is a hole', async () => {
  expect(await ranges(run(8, 1n, 50n), run(9, 51n, 100n))).toEqual(['1-100, 2, 09']);
  expect(await ranges(run(8, 1n, 50n), run(9, 52n, 100n))).toEqual(['1-50, 1, 08', '52-100, 1, 09']);
});

test('a range inside another one hides no hole and makes none', async () => {
  const [wide, inside] = [run(8, 1n, 100n), run(9, 20n, 30n)];
  expect(await ranges(wide, inside, run(10, 90n, 110n))).toEqual(['1-110, 3, 10']);
  expect(await ranges(wide, inside, run(10, 101n, 110n))).toEqual(['1-110, 3, 10']);
  expect(await ranges(wide, inside, run(10, 102n, 110n))).toEqual(['1-100, 2, 09', '102-110, 1, 10']);
});

test('a backfill closes the hole, however late it comes', async () => {
  const before = [run(8, 1n, 50n), run(9, 80n, 100n)];
  expect(await ranges(...before)).toHaveLength(2);
  expect(await ranges(...before, run(11, 51n, 79n, { mode: 'backfill' }))).toEqual(['1-100, 3, 11']);
});

test('runs that begin at the same id are in one range', async () => {
  const same = [7, 8, 9, 10].map((hour) => run(hour, 60n, BigInt(50 + hour * 2)));
  expect(await ranges(run(6, 1n, 50n), ...same)).toEqual(['1-50, 1, 06', '60-70, 4, 10']);
});

test('what a failed run has proven counts, and a run that has proven nothing does not', async () => {
  const failed = { outcome: 'failed' };
  expect(
    await ranges(run(8, 1n, 50n), run(9, 51n, 60n, failed), run(10, null, null, failed), run(11, null, null)),
  ).toEqual(['1-60, 2, 09']);
});

test('a run that is stored twice counts once', async () => {
  expect(await ranges(run(8, 1n, 50n), run(8, 1n, 50n))).toEqual(['1-50, 1, 08']);
});

test('streams and clients are apart, no client too', async () => {
  const sync_runs = [
    run(8, 1n, 50n),
    run(8, 40n, 60n, { client_id: 1n }),
    run(8, 50n, 70n, { client_id: 2n }),
    run(8, 51n, 80n, { stream: 'model_logs' }),
    run(9, 61n, 90n, { client_id: 1n }),
  ];
  const rows = await readView({ now: NOW, tables: { sync_runs } }, 'coverage');
  const found = rows.map((row) => `${row.stream} ${row.client_id} ${row.first_id}-${row.last_id}`);
  expect(found.toSorted()).toEqual([
    'model_logs null 51-80',
    'pipeline_logs 1 40-90',
    'pipeline_logs 2 50-70',
    'pipeline_logs null 1-50',
  ]);
});

test('the oldest and the largest ids are still exact', async () => {
  const sync_runs = [
    run(8, 9_007_199_254_740_993n, 9_223_372_036_854_775_807n, { started_at: '2017-01-01T00:00:00.000000Z' }),
    run(9, 9_007_199_254_740_991n, 9_007_199_254_740_991n),
  ];
  const rows = await readView({ now: NOW, tables: { sync_runs } }, 'coverage');
  expect(rows.map(({ first_id }) => first_id).toSorted()).toEqual([
    9_007_199_254_740_991n,
    9_007_199_254_740_993n,
  ]);
});

import { expect, test } from 'vitest';
import type { Row } from '../../../functions/schema/tables.ts';
import { syncRun } from '../../fixtures/fixture.ts';
import { readView } from '../../support/views.ts';

const NOW = '2026-11-24T12:00:00.000000Z';

/** A moment before now, such as `at(90)` for an hour and a half. */
function at(minutesAgo: number): string {
  return new Date(Date.parse('2026-11-24T12:00:00Z') - minutesAgo * 60_000)
    .toISOString()
    .replace('Z', '000Z');
}

const health = (...sync_runs: Row[]) => readView({ now: NOW, tables: { sync_runs } }, 'sync_health');

test('a stream has its last success, how long ago it was, and until when the source keeps what is not copied', async () => {
  const watermark = '2026-11-24T10:59:00.000000Z';
  const rows = await health(
    syncRun('a', at(150), { watermark_after: at(160) }),
    syncRun('b', at(90), { started_at: at(91), watermark_after: watermark }),
  );
  expect(rows).toEqual([
    {
      stream: 'pipeline_logs',
      client_id: null,
      last_success_at: '2026-11-24T10:30:00.000000Z',
      minutes_since_success: 90,
      watermark,
      rows_rejected_7d: 0n,
      failed_runs_7d: 0n,
      loss_begins_at: '2027-02-22T10:59:00.000000Z', // 6 days of November, 31, 31, and 22 of February
      health: 'ok',
      known_through: at(91),
    },
  ]);
});

test('a stream that never ran has no row', async () => {
  expect(await health()).toEqual([]);
});

const PARTIAL = syncRun('a', at(10), { outcome: 'partial', progressed: true });
const OTHER_DAY = 3 * 24 * 60;
test.each<[string, string, Row[]]>([
  ['no run succeeded yet', 'failing', [syncRun('a', at(10), { outcome: 'failed' })]],
  ['no stream of a run has had its turn', 'failing', [syncRun('a', at(10), { outcome: 'not_started' })]],
  ['no run has come to the end of the log yet', 'loading', [PARTIAL]],
  [
    'it has not had its turn in a run that got further with another stream',
    'loading',
    [syncRun('a', at(10), { outcome: 'not_started' }), { ...PARTIAL, stream: 'model_logs' }],
  ],
  [
    'only a backfill and a verification were whole',
    'loading',
    [syncRun('b', at(10), { mode: 'backfill' }), syncRun('c', at(5), { mode: 'verify' })],
  ],
  ['the last run got no further', 'failing', [syncRun('b', at(20)), { ...PARTIAL, progressed: false }]],
  ['the last run failed', 'failing', [syncRun('a', at(20)), syncRun('b', at(10), { outcome: 'failed' })]],
  [
    'the last run that had its turn failed',
    'failing',
    [
      syncRun('c', at(30)),
      syncRun('b', at(20), { outcome: 'failed' }),
      syncRun('a', at(10), { outcome: 'not_started' }),
      { ...PARTIAL, stream: 'model_logs' },
    ],
  ],
  [
    'the last run failed long after the last success',
    'failing',
    [syncRun('a', at(OTHER_DAY)), syncRun('b', at(10), { outcome: 'failed' })],
  ],
  ['the last success is three hours ago', 'stale', [syncRun('a', at(180))]],
  [
    'the time budget has left no turn for three hours',
    'stale',
    [
      syncRun('b', at(181)),
      syncRun('a', at(1), { outcome: 'not_started' }),
      { ...PARTIAL, stream: 'model_logs' },
    ],
  ],
  ['the last success is not quite three hours ago', 'ok', [syncRun('a', at(179.9))]],
  ['a run did a part of its work', 'ok', [syncRun('b', at(300)), PARTIAL]],
  [
    'a run succeeded after a failure',
    'ok',
    [syncRun('a', at(20), { outcome: 'failed' }), syncRun('b', at(10))],
  ],
])('where %s, the health is %s', async (_case, expected, runs) => {
  const rows = await health(...runs);
  expect(rows.filter(({ stream }) => stream === 'pipeline_logs')).toMatchObject([{ health: expected }]);
});

test('what counts is when a run ended, not when it started', async () => {
  const rows = await health(
    syncRun('a', at(5), { started_at: at(30), outcome: 'failed' }),
    syncRun('b', at(10), { started_at: at(20) }),
  );
  expect(rows).toMatchObject([{ health: 'failing', last_success_at: at(10) }]);
});

test('the watermark is that of the last run that knew it', async () => {
  const rows = await health(
    syncRun('a', at(30), { watermark_after: at(31) }),
    syncRun('b', at(20), { watermark_after: at(40) }), // rows were deleted
    syncRun('c', at(10), { outcome: 'failed', watermark_after: null }), // it failed before it could look
  );
  expect(rows).toMatchObject([{ watermark: at(40) }]);
  expect(await health(syncRun('a', at(30), { watermark_after: null }))).toMatchObject([
    { watermark: null, loss_begins_at: null },
  ]);
});

test('failures and rejected rows of seven days are counted, each run once', async () => {
  const week = 7 * 24 * 60;
  const twice = syncRun('b', at(10), { outcome: 'failed', rows_rejected: 2n });
  const rows = await health(
    syncRun('a', at(week + 0.1), { outcome: 'failed', rows_rejected: 64n }),
    syncRun('c', at(week), { outcome: 'failed', rows_rejected: 1n }),
    twice,
    twice, // as after an answer that got lost
    syncRun('d', at(5), { rows_rejected: 4n, mode: 'verify' }),
    syncRun('e', at(4), { rows_rejected: null }),
  );
  expect(rows).toMatchObject([{ failed_runs_7d: 2n, rows_rejected_7d: 7n }]);
});

test('streams and clients are apart, no client too', async () => {
  const rows = await health(
    syncRun('a', at(10)),
    syncRun('a', at(11), { client_id: 1n, outcome: 'failed' }),
    syncRun('a', at(12), { stream: 'model_logs' }),
    syncRun('a', at(200), { stream: 'model_logs', client_id: 1n }),
  );
  const found = rows.map((row) => `${row.stream} ${row.client_id} ${row.health}`);
  expect(found.toSorted()).toEqual([
    'model_logs 1 stale',
    'model_logs null ok',
    'pipeline_logs 1 failing',
    'pipeline_logs null ok',
  ]);
});

test('a run of all clients makes each of them known, and a check nothing', async () => {
  const rows = await health(
    syncRun('a', at(90), { client_id: 1n }),
    syncRun('b', at(30)),
    syncRun('c', at(60), { client_id: 2n }),
    syncRun('d', at(10), { client_id: 1n, mode: 'check', outcome: 'failed' }),
    syncRun('e', at(20), { client_id: 1n, outcome: 'partial', progressed: true }),
  );
  const known = rows.map(({ client_id, health: found, known_through }) => [client_id, found, known_through]);
  expect(known.toSorted()).toEqual([
    [null, 'ok', at(30)],
    [1n, 'ok', at(30)],
    [2n, 'ok', at(30)],
  ]);
});

import { beforeAll, expect, test } from 'vitest';
import { hoursAgo, STATUSES } from '../../fixtures/statuses.ts';
import { readView } from '../../support/views.ts';
import type { StoredRow } from '../../support/warehouses.ts';

let periods: StoredRow[];
beforeAll(async () => {
  periods = await readView(STATUSES, 'status_periods');
});

/** The periods of an object, oldest first. */
function of(id: bigint, kind = 'pipeline') {
  return periods
    .filter((row) => row.object_id === id && row.kind === kind)
    .sort((one, other) => (String(one.began_at) < String(other.began_at) ? -1 : 1));
}

test('a period is a stretch of one state, from the first look that saw it to the first that saw something else', () => {
  expect(of(2n)).toEqual([
    {
      kind: 'pipeline',
      client_id: 1n,
      object_id: 2n,
      name: 'pipeline 2',
      state: 'disabled',
      message: null,
      began_at: hoursAgo(40),
      began_after: null,
      last_seen_at: hoursAgo(40),
      ended_at: hoursAgo(30),
      looks: 1n,
    },
    expect.objectContaining({
      state: 'ok',
      began_at: hoursAgo(30),
      began_after: hoursAgo(40),
      last_seen_at: hoursAgo(20),
      ended_at: hoursAgo(9),
      looks: 2n,
    }),
    expect.objectContaining({
      state: 'disabled',
      began_at: hoursAgo(9),
      began_after: hoursAgo(20),
      last_seen_at: hoursAgo(1),
      ended_at: null,
      looks: 2n,
    }),
  ]);
});

test('another message begins another period, no message and an empty one are the same, and the future is not known', () => {
  const shown = of(3n).map(({ state, message, looks, ended_at }) => [state, message, looks, ended_at]);
  expect(shown).toEqual([
    ['ok', null, 2n, hoursAgo(8)],
    ['failing', 'First.', 1n, hoursAgo(6)],
    ['failing', 'Second.', 2n, null],
  ]);
});

test('a look that is stored twice counts once, and looks at the same moment have one order', () => {
  const shown = of(11n).map(({ state, began_after, looks }) => [state, began_after, looks]);
  expect(shown).toEqual([
    ['ok', null, 1n],
    ['blocked', hoursAgo(24 * 401), 1n],
    ['ok', hoursAgo(30), 1n],
    ['unknown', hoursAgo(6), 1n],
  ]);
});

test('kinds and clients are apart, and what the logs do not name has no name', () => {
  expect(of(2n, 'model')).toMatchObject([
    { name: 'model 2', state: 'unknown', ended_at: hoursAgo(3) },
    { name: 'model 2', state: 'failing', ended_at: null },
  ]);
  expect(of(7n)).toMatchObject([{ client_id: 2n, name: null, state: 'gone' }]);
  expect(of(8n)).toMatchObject([{ client_id: null, name: 'pipeline 8', state: 'draft' }]);
  expect(of(9_007_199_254_740_993n)).toMatchObject([{ name: null, looks: 1n }]);
});

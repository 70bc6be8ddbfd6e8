import { beforeAll, describe, expect, test } from 'vitest';
import { addMs, HOUR_MS } from '../../../functions/timestamps.ts';
import { modelExecution, pipelineExecution, syncRun } from '../../fixtures/fixture.ts';
import { hoursAgo, look, STATUSES } from '../../fixtures/statuses.ts';
import { readView } from '../../support/views.ts';
import type { StoredRow } from '../../support/warehouses.ts';

const { tables = {} } = STATUSES;

describe('of each pipeline', () => {
  let rows: Map<unknown, StoredRow>;
  beforeAll(async () => {
    rows = new Map((await readView(STATUSES, 'pipeline_status')).map((row) => [row.pipeline_id, row]));
  });
  const of = (id: bigint | null) => {
    const { state, state_since, state_message, silence_reason } = rows.get(id) ?? {};
    return [state, state_since, state_message, silence_reason];
  };

  test.each<[string, bigint | null, unknown[]]>([
    ['never looked at and running', 1n, [null, null, null, null]],
    ['switched off', 2n, ['disabled', hoursAgo(9), null, 'switched_off']],
    ['failing with another message', 3n, ['failing', hoursAgo(6), 'Second.', 'failing']],
    ['blocked', 4n, ['blocked', hoursAgo(9.5), 'Ação “não” permitida 🛒', 'blocked']],
    ['gone', 5n, ['gone', hoursAgo(5), null, 'gone']],
    ['well, says Kondado', 6n, ['ok', hoursAgo(3), null, 'unknown']],
    ['never looked at', 7n, [null, null, null, 'unknown']],
    ['a draft of no client', 8n, ['draft', hoursAgo(3), null, 'unknown']],
    ['failing, but not overdue', 9n, ['failing', hoursAgo(0), null, null]],
    ['due after the plan was used up', 10n, ['failing', hoursAgo(3), 'Both.', 'plan_used_up']],
    ['switched off after that', 12n, ['disabled', hoursAgo(3), null, 'switched_off']],
    ['well, but due after that', 13n, ['ok', hoursAgo(3), null, 'plan_used_up']],
    ['without an id', null, [null, null, null, 'unknown']],
  ])('%s', (_name, id, expected) => {
    expect(of(id)).toEqual(expected);
  });

  test('the share of the observed time in failing or blocked is that of the last 30 days', () => {
    const share = (id: bigint) => rows.get(id)?.failing_share_30d;
    // From 30 days ago: 10 days failing, 10 days ok, 10 days building, and failing for no time yet.
    expect(share(9n)).toBeCloseTo(1 / 3, 9);
    // Failing for the last 8 of 50 hours.
    expect(share(3n)).toBeCloseTo(8 / 50, 9);
    expect(share(4n)).toBe(1);
    expect(share(2n)).toBe(0);
    // Blocked from 30 hours ago to 6 hours ago; what was seen 401 days ago is not read.
    expect(share(11n)).toBeCloseTo(24 / 30, 9);
    expect(share(1n)).toBeNull();
  });
});

test('records that were taken back have used up no plan', async () => {
  const booked = [10n ** 15n, -(10n ** 15n)].map((row_count, index) =>
    pipelineExecution(9_000 + index, hoursAgo(40 - index), { pipeline_id: 99n, row_count }),
  );
  const takenBack = { ...tables, pipeline_logs: [...(tables.pipeline_logs ?? []), ...booked] };
  const fixture = { ...STATUSES, planRecords: '1000000000', tables: takenBack };
  const reasons = (await readView(fixture, 'pipeline_status')).map(({ silence_reason }) => silence_reason);
  expect(reasons).toContain('failing');
  expect(reasons).not.toContain('plan_used_up');
  expect(await readView(fixture, 'plan_forecast')).toMatchObject([{ limit_date: null }]);
});

test('a model has a state of its own, and is not paused by the plan', async () => {
  expect(await readView(STATUSES, 'model_status')).toMatchObject([
    {
      model_id: 2n,
      state: 'failing',
      state_since: hoursAgo(3),
      state_message: 'Out of memory.',
      silence_reason: 'failing',
      failing_share_30d: 3 / 5,
    },
  ]);
  const due = { ...STATUSES, tables: { ...tables, model_logs: models(4), status_observations: [] } };
  expect(await readView(due, 'model_status')).toMatchObject([{ silence_reason: 'unknown' }]);
});

test('the last look counts until what is known ends, and nothing after it', async () => {
  const known = hoursAgo(2);
  const fixture = {
    ...STATUSES,
    tables: {
      ...tables,
      sync_runs: [syncRun('known', known)],
      status_observations: [
        look(2, 6, 'failing'),
        look(2, 4, 'ok'),
        look(2, 1, 'blocked'),
        look(3, 1, 'failing'),
      ],
    },
  };
  const rows = await readView(fixture, 'pipeline_status');
  const of = (id: bigint) => rows.find(({ pipeline_id }) => pipeline_id === id);
  expect(of(2n)).toMatchObject({ state: 'blocked', failing_share_30d: 0.5 });
  expect(of(3n)).toMatchObject({ state: 'failing', failing_share_30d: null });
});

test.each<[string, string, Partial<typeof STATUSES>]>([
  ['a plan that is not known', 'failing', { planRecords: 'NULL' }],
  ['a plan that is not used up', 'failing', { planRecords: '10001' }],
  ['a plan that was used up just now', 'failing', { planRecords: '10000' }],
  [
    'a plan that two months use up together',
    'failing',
    {
      planRecords: '12000',
      tables: {
        pipeline_logs: [
          pipelineExecution(1, '2026-10-20T12:00:00.000000Z', { pipeline_id: 1n, row_count: 5_000n }),
          ...(tables.pipeline_logs ?? []),
        ],
      },
    },
  ],
  ['a month that has begun since', 'failing', { now: '2026-12-01T04:00:00.000000Z' }],
  ['a month that has not begun where it is counted', 'plan_used_up', { now: '2026-12-01T02:00:00.000000Z' }],
])('with %s the reason is %s', async (_name, reason, fields) => {
  const now = fields.now ?? STATUSES.now;
  const fixture = {
    ...STATUSES,
    ...fields,
    tables: { ...tables, ...fields.tables, sync_runs: [syncRun('known', now)] },
  };
  const rows = await readView(fixture, 'pipeline_status');
  expect(rows.find(({ pipeline_id }) => pipeline_id === 10n)).toMatchObject({ silence_reason: reason });
});

function models(lastHoursAgo: number) {
  return Array.from({ length: 236 }, (_, index) =>
    modelExecution(index + 1, addMs(hoursAgo(lastHoursAgo), -(235 - index) * HOUR_MS), { model_id: 2n }),
  );
}

import { expect, test } from 'vitest';
import { ABSURDITIES } from '../../fixtures/absurdities.ts';
import { KNOWLEDGE } from '../../fixtures/knowledge.ts';
import { readView } from '../../support/views.ts';

const fixture = (name: keyof typeof KNOWLEDGE) => KNOWLEDGE[name] ?? { now: '' };

test.each([
  'pipeline_status',
  'model_status',
])('%s judges nothing of a log that was never read to its end', async (view) => {
  const rows = await readView(fixture('logs that were never read to their end'), view);
  expect(rows).toHaveLength(2);
  for (const row of rows) {
    expect(row).toMatchObject({
      health: 'unknown',
      overdue_minutes: null,
      expected_by: null,
      on_time_share_30d: null,
      known_through: null,
    });
    expect(row.reason).toMatch(/not known/);
  }
});

test.each([
  'pipeline_status',
  'model_status',
])('%s calls nothing late because the sync is dead', async (view) => {
  const rows = await readView(fixture('a sync that has been dead for three days'), view);
  expect(rows).toHaveLength(2);
  for (const row of rows) {
    expect(row).toMatchObject({
      health: 'on_time',
      overdue_minutes: null,
      executions_24h: 23n,
      known_through: '2026-11-21T12:00:00.000000Z',
    });
  }
});

test('each client is judged by what is known of it', async () => {
  const client = async (view: string) =>
    (await readView(fixture('one client known, the other not'), view))
      .map(({ client_id, health, known_through }) => [client_id, health, known_through])
      .toSorted();
  expect(await client('pipeline_status')).toEqual([
    [1n, 'silent', '2026-11-24T10:00:00.000000Z'],
    [2n, 'unknown', null],
  ]);
  expect(await client('model_status')).toEqual([
    [1n, 'on_time', '2026-11-22T20:00:00.000000Z'],
    [2n, 'silent', '2026-11-24T09:00:00.000000Z'],
  ]);
});

test('one absurd number spoils nothing of the others', async () => {
  const absurd = 9n;
  const sane = {
    ...ABSURDITIES,
    tables: {
      pipeline_logs: (ABSURDITIES.tables?.pipeline_logs ?? []).filter((row) => row.pipeline_id !== absurd),
    },
  };
  for (const view of ['daily_usage', 'pipelines', 'pipeline_status', 'execution_anomalies']) {
    const [all, expected] = await Promise.all([readView(ABSURDITIES, view), readView(sane, view)]);
    const others = all.filter(({ pipeline_id }) => pipeline_id !== absurd);
    expect(others.length, view).toBe(expected.length);
    expect(others, view).toEqual(expect.arrayContaining(expected));
  }
  const months = await readView(ABSURDITIES, 'monthly_usage');
  const month = months.find(({ pipeline_id, month: day }) => pipeline_id === 8n && day === '2026-11-01');
  expect(month).toMatchObject({ records: 50n * 94n, billable_records: 50n * 94n });
  expect(await readView(ABSURDITIES, 'plan_forecast')).toHaveLength(1);
});

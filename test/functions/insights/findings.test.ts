import { describe, expect, test } from 'vitest';
import { attentionCounts, attentionItems } from '../../../functions/insights/findings.ts';
import type { Overview } from '../../../functions/insights/overview.ts';
import { createOverview } from '../../fixtures/overview.ts';

const generated = createOverview({ pipelines: 6, models: 1, nameOf: (index) => `Pipeline ${index}` });
const now = generated.plan_forecast.as_of;
const ago = (days: number) => new Date(now.getTime() - days * 86_400_000);
const [run] = generated.sync_health;

/** All is well, but for what a test says. */
function overview(fields: Partial<Overview> = {}): Overview {
  return {
    ...generated,
    pipeline_status: generated.pipeline_status.slice(0, 1),
    model_status: [],
    execution_anomalies: [],
    sync_health: [],
    coverage: [],
    ...fields,
  };
}

test('where all is well there is nothing', () => {
  expect(attentionItems(overview())).toEqual([]);
  expect(attentionCounts([])).toBe('');
});

test('the most urgent comes first, then the newest', () => {
  const items = attentionItems(overview({ pipeline_status: generated.pipeline_status }));
  expect(items.map(({ what, subject }) => `${what}: ${subject}`)).toEqual([
    'silent: Pipeline 3',
    'late: Pipeline 4',
    'stopped: Pipeline 5',
  ]);
  expect(attentionCounts(items)).toBe('1 silent, 1 late, 1 notice');
});

describe('the sync', () => {
  const health = (fields: object) =>
    overview({ sync_health: [{ ...(run as Overview['sync_health'][0]), ...fields }] });

  test('that is ok is no item, rows set aside are', () => {
    expect(attentionItems(health({ rows_rejected_7d: 0 }))).toEqual([]);
    expect(attentionItems(health({ rows_rejected_7d: 2 }))).toEqual([
      expect.objectContaining({
        what: 'set aside',
        text: expect.stringContaining('2 rows of the last 7 days'),
      }),
    ]);
  });

  test('that is stale says for how long, and when rows will be lost', () => {
    const items = attentionItems(
      health({ health: 'stale', minutes_since_success: 85 * 1440, loss_begins_at: ago(-5) }),
    );
    expect(items.map(({ what, text }) => [what, text])).toEqual([
      ['loss ahead', 'In 5 days Kondado deletes rows that are not copied yet.'],
      ['sync stale', 'No run has succeeded for 85 days: what happened since is not known here.'],
    ]);
  });
});

test('two ranges of one stream and client are a hole, with ids beyond 2^53 in full', () => {
  const range = (client_id: string | null, first_id: string, last_id: string) => ({
    stream: 'pipeline_logs',
    client_id,
    first_id,
    last_id,
    verified_at: now,
  });
  const coverage = [
    range(null, '9007199254740999', '9007199254741010'),
    range(null, '5', '9007199254740993'),
    range('1', '7', '8'),
  ];
  const items = attentionItems(overview({ coverage }));
  expect(items).toHaveLength(1);
  expect(items[0]?.text).toMatch(
    /between 9007199254740993 and 9007199254740999 .* from_id 9007199254740993 /,
  );
});

test('more pipelines than the plan has are an item', () => {
  const plan_forecast = { ...generated.plan_forecast, active_pipelines: 46, plan_pipelines: 45 };
  expect(attentionItems(overview({ plan_forecast })).map(({ text }) => text)).toEqual([
    '46 pipelines ran in the last 30 days; the plan has 45.',
  ]);
});

test('anomalies of one kind and pipeline are one item', () => {
  const anomaly = (days: number, kind: string) => ({
    client_id: '1',
    pipeline_id: '7',
    pipeline_name: 'Orders',
    createdat: ago(days),
    kind,
    value: 1200.4,
    usual_value: 310,
  });
  const execution_anomalies = [anomaly(2, 'volume_spike'), anomaly(1, 'volume_spike')];
  expect(attentionItems(overview({ execution_anomalies }))).toEqual([
    {
      severity: 'notice',
      what: 'many records',
      subject: 'Orders',
      text: '1,200 records, usually 310 records; 1 more like it in the last 3 days.',
      moment: ago(1),
    },
  ]);
});

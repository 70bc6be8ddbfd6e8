import { describe, expect, test } from 'vitest';
import { findingCounts, findingsOf, subjectName } from '../../../functions/insights/findings.ts';
import type { Overview } from '../../../functions/insights/overview.ts';
import { createWording } from '../../../functions/insights/wording/wording.ts';
import { createOverview } from '../../fixtures/overview.ts';

const generated = createOverview({ pipelines: 6, models: 1, nameOf: (index) => `Pipeline ${index}` });
const now = generated.plan_forecast.as_of;
const WORDING = createWording({ language: 'en', timeZone: 'America/Sao_Paulo' });
const NONE = { pipelines: [], models: [] };
const listed = (overview: Overview) => findingsOf(overview, NONE, WORDING).listed;
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
  expect(listed(overview())).toEqual([]);
  expect(findingCounts([], WORDING)).toBe('');
});

test('the most urgent comes first, then the newest', () => {
  const items = listed(overview({ pipeline_status: generated.pipeline_status }));
  expect(items.map((finding) => `${finding.kind}: ${subjectName(finding)}`)).toEqual([
    'silent: Pipeline 3',
    'late: Pipeline 4',
    'stopped: Pipeline 5',
  ]);
  expect(findingCounts(items, WORDING)).toBe('1 silent, 1 late, 1 notice');
});

describe('the sync', () => {
  const health = (fields: object) =>
    overview({ sync_health: [{ ...(run as Overview['sync_health'][0]), ...fields }] });

  test('that is ok is no item, rows set aside are', () => {
    expect(listed(health({ rows_rejected_7d: 0 }))).toEqual([]);
    expect(listed(health({ rows_rejected_7d: 2 }))).toEqual([
      expect.objectContaining({
        kind: 'set_aside',
        reasons: [expect.stringContaining('2 rows of the last 7 days')],
      }),
    ]);
  });

  test('that is stale says for how long, and when rows will be lost', () => {
    const items = listed(
      health({ health: 'stale', minutes_since_success: 85 * 1440, loss_begins_at: ago(-5) }),
    );
    expect(items.map(({ kind, reasons }) => [kind, ...reasons])).toEqual([
      ['loss_ahead', 'In 5 days Kondado deletes rows that are not copied yet.'],
      ['sync_stale', 'No run has succeeded for 85 days: what happened since is not known here.'],
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
  const items = listed(overview({ coverage }));
  expect(items).toHaveLength(1);
  expect(items[0]?.reasons[0]).toMatch(
    /between 9007199254740993 and 9007199254740999 .* from_id 9007199254740993 /,
  );
});

test('more pipelines than the plan has are an item', () => {
  const plan_forecast = { ...generated.plan_forecast, active_pipelines: 46, plan_pipelines: 45 };
  expect(listed(overview({ plan_forecast })).flatMap(({ reasons }) => reasons)).toEqual([
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
  expect(listed(overview({ execution_anomalies }))).toEqual([
    {
      severity: 'notice',
      group: 'anomaly',
      kind: 'volume_spike',
      subject: { kind: 'pipeline', id: '7', clientId: '1', name: 'Orders' },
      reasons: ['1,200 records, usually 310 records; 1 more like it in the last 3 days.'],
      moment: ago(1),
    },
  ]);
});

test('the troubles of the sync come before everything else, and a pipeline comes once', () => {
  const [silent] = generated.pipeline_status.filter(({ health }) => health === 'silent');
  const items = listed(
    overview({
      pipeline_status: generated.pipeline_status,
      execution_anomalies: generated.execution_anomalies.filter(
        ({ pipeline_id }) => pipeline_id === silent?.pipeline_id,
      ),
      sync_health: [{ ...(run as Overview['sync_health'][0]), health: 'failing', rows_rejected_7d: 1 }],
      sync_runs: [
        { ...(generated.sync_runs[0] as Overview['sync_runs'][0]), error_code: 'KONDADO_UNAUTHORIZED' },
      ],
      failures: { coverage: 'WAREHOUSE_REJECTED' },
    }),
  );
  expect(items.map((finding) => `${finding.kind}: ${subjectName(finding)}`)).toEqual([
    'sync_failing: pipeline_logs',
    'unreadable: coverage',
    'silent: Pipeline 3',
    'late: Pipeline 4',
    'stopped: Pipeline 5',
    'set_aside: pipeline_logs',
  ]);
  expect(items[0]?.reasons[0]).toContain('KONDADO_UNAUTHORIZED');
  expect(items[2]?.reasons).toHaveLength(2);
});

describe('what Kondado says', () => {
  const status = (index: number, fields: Partial<Overview['pipeline_status'][0]>) => ({
    ...(generated.pipeline_status[index] as Overview['pipeline_status'][0]),
    ...fields,
  });
  const paused = [3, 4, 5].map((index) => status(index, { silence_reason: 'plan_used_up' }));

  test('of one that is not overdue comes early', () => {
    const since = ago(2);
    const items = listed(
      overview({
        pipeline_status: [
          status(0, { state: 'failing', state_since: since, state_message: 'No <b>space</b>.' }),
          status(1, { state: 'blocked', state_since: since }),
          status(2, { state: 'disabled', state_since: since }),
        ],
      }),
    );
    expect(items).toMatchObject([
      { kind: 'failing', severity: 'warning', group: 'status', moment: since },
      { kind: 'blocked', severity: 'warning' },
    ]);
    expect(items[0]?.reasons[0]).toContain('“No <b>space</b>.”');
  });

  test('of one that is switched off keeps it out of the list', () => {
    const off = status(3, { state: 'disabled', silence_reason: 'switched_off', state_since: ago(3) });
    const found = findingsOf(overview({ pipeline_status: [off, status(4, {})] }), NONE, WORDING);
    expect(found.listed.map(({ kind }) => kind)).toEqual(['late']);
    expect(found.switchedOff).toMatchObject([{ kind: 'switched_off', severity: 'notice' }]);
    expect(found.switchedOff[0]?.reasons[0]).toMatch(/^It is switched off in Kondado \(since 21 Nov/);
  });

  test('of many that the plan has paused is one thing, and of one alone its reason', () => {
    const items = listed(overview({ pipeline_status: paused }));
    expect(items).toMatchObject([
      {
        kind: 'plan',
        group: 'plan',
        subject: '3 pipelines',
        reasons: [expect.stringContaining('Pipeline 3')],
      },
    ]);
    const muted = { pipelines: ['703', '704'], models: [] };
    const single = findingsOf(overview({ pipeline_status: paused }), muted, WORDING);
    expect(single.muted).toBe(2);
    expect(single.listed).toMatchObject([{ kind: 'stopped', group: 'paused' }]);
    expect(single.listed[0]?.reasons[0]).toContain('The records of the plan were used up');
  });
});

test('what is muted is counted, and nothing else of it is said', () => {
  const muted = { pipelines: ['703', '700'], models: ['705'] };
  const found = findingsOf(overview({ pipeline_status: generated.pipeline_status }), muted, WORDING);
  expect(found.listed.map(subjectName)).toEqual(['Pipeline 4', 'Pipeline 5']);
  expect(found.muted).toBe(1);
});

test('nothing is judged while a first load is under way', () => {
  const loading = overview({
    pipeline_status: generated.pipeline_status,
    execution_anomalies: generated.execution_anomalies,
    plan_forecast: { ...generated.plan_forecast, known_through: null },
    sync_health: [{ ...(run as Overview['sync_health'][0]), health: 'loading', known_through: null }],
  });
  expect(listed(loading)).toEqual([]);
});

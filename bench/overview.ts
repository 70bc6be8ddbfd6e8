import type { Overview } from '../functions/insights/overview.ts';
import { dayAfter, daysBetween } from '../functions/insights/wording.ts';
import type { ViewRow } from '../functions/views/columns.ts';
import { createRandom } from '../local/sandbox/random.ts';

const DAYS = 90;
const MINUTE_MS = 60_000;

export interface OverviewOptions {
  pipelines: number;
  /** @default 10 */
  models?: number;
  nameOf: (index: number) => string;
  /** Changes to the forecast, which by itself is one that is well. */
  forecast?: Partial<ViewRow<'plan_forecast'>>;
}

/** What the page would read for so many pipelines over 90 days, without a warehouse; always the same. */
export function createOverview({ pipelines, models = 10, nameOf, forecast = {} }: OverviewOptions): Overview {
  const as_of = new Date('2026-11-24T11:20:00Z');
  const month = '2026-11-01';
  const today = '2026-11-24';
  const random = createRandom(pipelines);
  const ago = (minutes: number) => new Date(as_of.getTime() - minutes * MINUTE_MS);
  const keys = Array.from({ length: pipelines }, (_, index) => ({
    client_id: String(1 + (index % 2)),
    pipeline_id: String(700 + index),
    pipeline_name: nameOf(index),
    perDay: [1, 4, 24, 288][index % 4] ?? 1,
    records: Math.round(random.logNormal(4_000, 1.5)),
    secondsUsual: random.logNormal(20, 1),
  }));

  const daily_usage = keys.flatMap(({ perDay, records, secondsUsual, pipeline_name, ...key }) =>
    Array.from({ length: DAYS }, (_, index) => {
      const executions = random.chance(0.05) ? 0 : Math.round(perDay * random.between(0.8, 1));
      return {
        ...key,
        day: dayAfter(today, index + 1 - DAYS),
        executions,
        billable_records: executions === 0 ? 0 : Math.round(records * random.between(0.7, 1.3)),
        median_execution_seconds: executions === 0 ? null : secondsUsual * random.between(0.8, 1.4),
      };
    }),
  );
  const total = daily_usage
    .filter(({ day }) => day >= month)
    .reduce((sum, { billable_records }) => sum + billable_records, 0);
  const projected = (total * 30) / (daysBetween(month, today) + 0.5);

  const status = (index: number, interval: number) => {
    const health = ['silent', 'late', 'stopped'][index - 3] ?? 'on_time';
    const overdue = health === 'on_time' ? null : 90 * (index + 1);
    return {
      health,
      reason:
        overdue === null
          ? 'Ran when it was expected.'
          : `Runs every ${interval} minutes; the last execution is ${interval + overdue} minutes ago.`,
      last_execution_at: ago(overdue === null ? interval / 2 : interval + overdue),
      usual_interval_minutes: interval,
      expected_by: overdue === null ? ago(-interval) : ago(overdue),
      overdue_minutes: overdue,
      executions_7d: Math.round(10_080 / interval),
      on_time_share_30d: 0.98,
      last_execution_seconds: random.logNormal(20, 1),
      usual_execution_seconds: random.logNormal(20, 1),
    };
  };
  const stream = (name: string) => ({ stream: name, client_id: null });

  return {
    plan_forecast: {
      as_of,
      data_through: ago(20),
      month,
      month_to_date_records: total,
      plan_records: Math.round(projected * 1.3),
      used_share: total / Math.round(projected * 1.3),
      projected_month_records: projected,
      projected_low: projected * 0.97,
      projected_high: projected * 1.04,
      limit_date: null,
      days_until_limit: null,
      active_pipelines: pipelines,
      plan_pipelines: pipelines + 5,
      ...forecast,
    },
    daily_usage,
    monthly_usage: keys.map(({ perDay, records, secondsUsual, ...key }) => ({
      ...key,
      month,
      billable_records: records * 24,
      share_of_month: (records * 24) / total,
      previous_month_billable_records: records * 30,
    })),
    pipeline_status: keys.map(({ perDay, records, secondsUsual, ...key }, index) => ({
      ...key,
      ...status(index, 1440 / perDay),
    })),
    model_status: Array.from({ length: models }, (_, index) => ({
      client_id: '1',
      model_id: String(160 + index),
      model_name: nameOf(index),
      ...status(index + 2, 360),
    })),
    execution_anomalies: keys.slice(0, 40).map(({ perDay, records, secondsUsual, ...key }, index) => ({
      ...key,
      createdat: ago(index * 200),
      kind: ['volume_spike', 'slow', 'unexpected_zero', 'volume_drop'][index % 4] ?? 'slow',
      value: index % 4 === 2 ? 0 : records * 5,
      usual_value: records,
    })),
    sync_health: ['pipeline_logs', 'model_logs'].map((name) => ({
      ...stream(name),
      health: 'ok',
      last_success_at: ago(19),
      minutes_since_success: 19,
      watermark: ago(20),
      rows_rejected_7d: name === 'model_logs' ? 3 : 0,
      failed_runs_7d: 1,
      loss_begins_at: ago(-90 * 1440),
    })),
    coverage: [
      {
        ...stream('pipeline_logs'),
        first_id: '5000',
        last_id: '391562277',
        verified_at: ago(19),
      },
      {
        ...stream('model_logs'),
        first_id: '61406982',
        last_id: '62000000',
        verified_at: ago(3000),
      },
      { ...stream('model_logs'), first_id: '62000500', last_id: '63738710', verified_at: ago(19) },
    ],
    sync_runs: Array.from({ length: 96 }, (_, index) => ({
      ...stream(index % 2 === 0 ? 'pipeline_logs' : 'model_logs'),
      mode: 'incremental',
      outcome: index === 4 ? 'failed' : 'success',
      started_at: ago(20 + 60 * Math.floor(index / 2)),
      finished_at: ago(19 + 60 * Math.floor(index / 2)),
      rows_inserted: 40 + index,
      requests: 2,
      error_code: index === 4 ? 'KONDADO_UNAVAILABLE' : null,
    })),
  };
}

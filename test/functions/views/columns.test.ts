import { expect, test } from 'vitest';
import { TABLES } from '../../../functions/schema/tables.ts';
import { openViews } from '../../support/views.ts';

const STATE =
  'state STRING, state_since TIMESTAMP, state_message STRING, silence_reason STRING, failing_share_30d FLOAT64';

/** What dashboards and queries of others rely on: the columns of each view, in this order. */
const COLUMNS: Record<string, string> = {
  pipelines: `client_id INT64, pipeline_id INT64, pipeline_name STRING, previous_names ARRAY<STRING>,
    first_execution_at TIMESTAMP, last_execution_at TIMESTAMP, executions INT64`,
  models: `client_id INT64, model_id INT64, model_name STRING, previous_names ARRAY<STRING>,
    first_execution_at TIMESTAMP, last_execution_at TIMESTAMP, executions INT64`,
  daily_usage: `day DATE, client_id INT64, pipeline_id INT64, pipeline_name STRING, executions INT64,
    records INT64, billable_records INT64, raw_rows INT64, megabytes FLOAT64, empty_executions INT64,
    execution_seconds FLOAT64, median_execution_seconds FLOAT64, p95_execution_seconds FLOAT64`,
  monthly_usage: `month DATE, client_id INT64, pipeline_id INT64, pipeline_name STRING, executions INT64,
    records INT64, billable_records INT64, share_of_month FLOAT64, previous_month_billable_records INT64`,
  pipeline_status: `client_id INT64, pipeline_id INT64, pipeline_name STRING, health STRING, reason STRING,
    last_execution_at TIMESTAMP, usual_interval_minutes FLOAT64, expected_by TIMESTAMP, overdue_minutes FLOAT64,
    executions_24h INT64, executions_7d INT64, on_time_share_30d FLOAT64, consecutive_empty_executions INT64,
    last_execution_seconds FLOAT64, usual_execution_seconds FLOAT64, known_through TIMESTAMP, ${STATE}`,
  model_status: `client_id INT64, model_id INT64, model_name STRING, health STRING, reason STRING,
    last_execution_at TIMESTAMP, usual_interval_minutes FLOAT64, expected_by TIMESTAMP, overdue_minutes FLOAT64,
    executions_24h INT64, executions_7d INT64, on_time_share_30d FLOAT64, consecutive_empty_executions INT64,
    last_execution_seconds FLOAT64, usual_execution_seconds FLOAT64, known_through TIMESTAMP, ${STATE}`,
  status_periods: `kind STRING, client_id INT64, object_id INT64, name STRING, state STRING, message STRING,
    began_at TIMESTAMP, began_after TIMESTAMP, last_seen_at TIMESTAMP, ended_at TIMESTAMP, looks INT64`,
  execution_anomalies: `id INT64, client_id INT64, pipeline_id INT64, pipeline_name STRING, createdat TIMESTAMP,
    kind STRING, value FLOAT64, usual_value FLOAT64, score FLOAT64`,
  sync_health: `stream STRING, client_id INT64, last_success_at TIMESTAMP, minutes_since_success FLOAT64,
    watermark TIMESTAMP, rows_rejected_7d INT64, failed_runs_7d INT64, loss_begins_at TIMESTAMP, health STRING,
    known_through TIMESTAMP`,
  coverage: `stream STRING, client_id INT64, first_id INT64, last_id INT64, runs INT64, verified_at TIMESTAMP`,
  pipeline_logs_latest: columnsOf('pipeline_logs'),
  model_logs_latest: columnsOf('model_logs'),
};

function columnsOf(table: 'pipeline_logs' | 'model_logs'): string {
  return TABLES[table].schema.map(({ name, type }) => `${name} ${type}`).join(', ');
}

test.each(Object.entries(COLUMNS))('%s has its columns, also with no rows at all', async (view, expected) => {
  const views = await openViews({ now: '2026-11-24T12:00:00.000000Z' });
  try {
    const { columns, rows } = await views.read(view);
    expect(columns.map(({ name, type }) => `${name} ${type}`)).toEqual(expected.split(/,\s+/));
    expect(rows).toEqual([]);
  } finally {
    views.close();
  }
});

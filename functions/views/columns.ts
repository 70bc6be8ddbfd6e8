/** What the columns of a view become here; with `?` they may be null. */
interface Kinds {
  /** A 64-bit id or log id: text, because a number would lose digits. */
  id: string;
  text: string;
  number: number;
  moment: Date;
  /** `2026-11-24` */
  day: string;
}

type Kind = keyof Kinds | `${keyof Kinds}?`;
type ValueOf<K extends Kind> = K extends `${infer N extends keyof Kinds}?`
  ? Kinds[N] | null
  : Kinds[K & keyof Kinds];

const pipelineIds = { client_id: 'id?', pipeline_id: 'id?' } as const;
const pipeline = { ...pipelineIds, pipeline_name: 'text?' } as const;
const model = { client_id: 'id?', model_id: 'id?', model_name: 'text?' } as const;
const source = { stream: 'text', client_id: 'id?' } as const;
const status = {
  health: 'text',
  reason: 'text?',
  last_execution_at: 'moment?',
  usual_interval_minutes: 'number?',
  expected_by: 'moment?',
  overdue_minutes: 'number?',
  executions_7d: 'number',
  on_time_share_30d: 'number?',
  consecutive_empty_executions: 'number',
  last_execution_seconds: 'number?',
  usual_execution_seconds: 'number?',
  known_through: 'moment?',
  state: 'text?',
  state_since: 'moment?',
  state_message: 'text?',
  silence_reason: 'text?',
  failing_share_30d: 'number?',
} as const;

/** What is read of the views, and of the table of the runs: the columns that the page and the log lines need, no others. */
export const VIEWS = {
  plan_forecast: {
    as_of: 'moment',
    data_through: 'moment?',
    month: 'day',
    month_to_date_records: 'number',
    plan_records: 'number?',
    used_share: 'number?',
    projected_month_records: 'number?',
    projected_low: 'number?',
    projected_high: 'number?',
    limit_date: 'day?',
    days_until_limit: 'number?',
    active_pipelines: 'number',
    plan_pipelines: 'number?',
    known_through: 'moment?',
  },
  daily_usage: {
    day: 'day',
    ...pipelineIds,
    executions: 'number',
    billable_records: 'number',
    median_execution_seconds: 'number?',
  },
  monthly_usage: {
    month: 'day',
    ...pipeline,
    billable_records: 'number',
    share_of_month: 'number?',
    previous_month_billable_records: 'number',
  },
  pipeline_status: { ...pipeline, ...status },
  model_status: { ...model, ...status },
  execution_anomalies: {
    ...pipeline,
    createdat: 'moment',
    kind: 'text',
    value: 'number?',
    usual_value: 'number?',
  },
  sync_health: {
    ...source,
    health: 'text',
    last_success_at: 'moment?',
    minutes_since_success: 'number?',
    watermark: 'moment?',
    rows_rejected_7d: 'number',
    failed_runs_7d: 'number',
    loss_begins_at: 'moment?',
    known_through: 'moment?',
  },
  coverage: { ...source, first_id: 'id', last_id: 'id', verified_at: 'moment?' },
  sync_runs: {
    ...source,
    mode: 'text',
    outcome: 'text',
    started_at: 'moment',
    finished_at: 'moment?',
    rows_inserted: 'number?',
    requests: 'number?',
    watermark_before: 'moment?',
    watermark_after: 'moment?',
    error_code: 'text?',
    version: 'text?',
  },
} as const satisfies Record<string, Record<string, Kind>>;

export type ViewName = keyof typeof VIEWS;

/** A row of a view, as far as it is read. */
export type ViewRow<V extends ViewName> = {
  [C in keyof (typeof VIEWS)[V]]: (typeof VIEWS)[V][C] extends Kind ? ValueOf<(typeof VIEWS)[V][C]> : never;
};

/**
 * A SELECT whose only column `content` holds each row as JSON; both dialects understand it.
 *
 * As JSON, because a value then looks alike whichever warehouse it comes from.
 *
 * @param condition on the view's columns.
 */
export function selectJson(view: ViewName, name: string, condition: string): string {
  const columns = Object.entries(VIEWS[view]).map(([column, kind]) =>
    kind.startsWith('id') ? `CAST(${column} AS STRING) AS ${column}` : column,
  );
  return `SELECT TO_JSON_STRING(part) AS content
    FROM (SELECT ${columns.join(', ')} FROM ${name} WHERE ${condition}) AS part`;
}

/** Reads the JSON of a row. */
export function parseRow<V extends ViewName>(view: V, content: string): ViewRow<V> {
  const row: Record<string, unknown> = JSON.parse(content);
  for (const [column, kind] of Object.entries(VIEWS[view])) {
    const value = row[column] ?? null;
    row[column] = value === null ? null : READERS[kind.replace('?', '') as keyof Kinds](value);
  }
  return row as ViewRow<V>;
}

const READERS: { [K in keyof Kinds]: (value: unknown) => Kinds[K] } = {
  id: String,
  text: String,
  number: Number,
  // DuckDB writes 2026-11-24 03:45:21.539+00, BigQuery 2026-11-24T03:45:21.539Z.
  moment: (value) => new Date(String(value).replace(/\+00$/, 'Z').replace(' ', 'T')),
  day: String,
};

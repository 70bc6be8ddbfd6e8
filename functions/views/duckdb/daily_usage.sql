-- How much did each pipeline do on each of the last 90 days? Days without an execution are there too, from its first one on.
WITH executions AS (
  SELECT id, client_id, pipeline_id, pipeline_name, createdat, execution_time_seconds, mb_estimate,
    CAST(createdat AT TIME ZONE '${time_zone}' AS DATE) AS day,
    COALESCE(row_count, 0) AS records,
    IF(is_billable IS NOT FALSE, COALESCE(row_count, 0), 0) AS billable_records,
    COALESCE(raw_row_count, row_count, 0) AS raw_rows
  FROM ${dataset}.pipeline_logs_latest
  -- Skips rows, with a day to spare for the time zone: 90 local days are cut below.
  WHERE createdat >= ${now} - INTERVAL (91 * 24) HOUR
),
active_days AS (
  SELECT client_id, pipeline_id, day, COUNT(*) AS executions,
    ARG_MAX(pipeline_name, (createdat, id)) AS pipeline_name,
    CAST(SUM(records) AS BIGINT) AS records,
    CAST(SUM(billable_records) AS BIGINT) AS billable_records,
    CAST(SUM(raw_rows) AS BIGINT) AS raw_rows,
    SUM(mb_estimate) AS megabytes,
    COUNT(*) FILTER (records = 0) AS empty_executions,
    SUM(execution_time_seconds) AS execution_seconds,
    QUANTILE_CONT(execution_time_seconds, [0.5, 0.95]) AS median_and_p95_seconds
  FROM executions
  GROUP BY client_id, pipeline_id, day
),
pipelines AS (
  SELECT client_id, pipeline_id, MIN(day) AS first_day,
    ARG_MAX(pipeline_name, day) AS pipeline_name
  FROM active_days
  WHERE day BETWEEN CAST(${now} AT TIME ZONE '${time_zone}' AS DATE) - 89
    AND CAST(${now} AT TIME ZONE '${time_zone}' AS DATE)
  GROUP BY client_id, pipeline_id
),
days AS (
  SELECT client_id, pipeline_id, pipeline_name,
    CAST(UNNEST(GENERATE_SERIES(
      first_day, CAST(${now} AT TIME ZONE '${time_zone}' AS DATE), INTERVAL 1 DAY
    )) AS DATE) AS day
  FROM pipelines
)
SELECT days.day, days.client_id, days.pipeline_id, days.pipeline_name,
  COALESCE(active_days.executions, 0) AS executions,
  COALESCE(active_days.records, 0) AS records,
  COALESCE(active_days.billable_records, 0) AS billable_records,
  COALESCE(active_days.raw_rows, 0) AS raw_rows,
  COALESCE(active_days.megabytes, 0) AS megabytes,
  COALESCE(active_days.empty_executions, 0) AS empty_executions,
  COALESCE(active_days.execution_seconds, 0) AS execution_seconds,
  active_days.median_and_p95_seconds[1] AS median_execution_seconds,
  active_days.median_and_p95_seconds[2] AS p95_execution_seconds
FROM days
LEFT JOIN active_days
  ON active_days.day = days.day
  AND active_days.client_id IS NOT DISTINCT FROM days.client_id
  AND active_days.pipeline_id IS NOT DISTINCT FROM days.pipeline_id

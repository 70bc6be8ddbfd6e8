-- How much did each pipeline do on each of the last 90 days? Days without an execution are there too, from its first one on.
WITH executions AS (
  SELECT id, client_id, pipeline_id, pipeline_name, createdat,
    -- One absurd value must not spoil what is added up with it.
    GREATEST(-1e15, LEAST(1e15, execution_time_seconds)) AS seconds,
    GREATEST(-1e15, LEAST(1e15, mb_estimate)) AS megabytes,
    DATE(createdat, '${time_zone}') AS day,
    GREATEST(-1000000000000000, LEAST(1000000000000000, IFNULL(row_count, 0))) AS records,
    IF(is_billable IS NOT FALSE, GREATEST(-1000000000000000, LEAST(1000000000000000, IFNULL(row_count, 0))), 0) AS billable_records,
    GREATEST(-1000000000000000, LEAST(1000000000000000, COALESCE(raw_row_count, row_count, 0))) AS raw_rows
  FROM `${dataset}.pipeline_logs_latest`
  -- Skips partitions, with a day to spare for the time zone: 90 local days are cut below.
  WHERE createdat >= TIMESTAMP_SUB(${now}, INTERVAL 91 DAY) AND createdat <= ${now}
),
-- PERCENTILE_CONT is not an aggregate function: each execution gets the figures of its day.
timed_executions AS (
  SELECT *,
    PERCENTILE_CONT(seconds, 0.5) OVER (PARTITION BY client_id, pipeline_id, day) AS median_seconds,
    PERCENTILE_CONT(seconds, 0.95) OVER (PARTITION BY client_id, pipeline_id, day) AS p95_seconds
  FROM executions
),
active_days AS (
  SELECT client_id, pipeline_id, day, COUNT(*) AS executions,
    ARRAY_AGG(pipeline_name IGNORE NULLS ORDER BY createdat DESC, id DESC LIMIT 1)[SAFE_OFFSET(0)] AS pipeline_name,
    CAST(SUM(records) AS INT64) AS records,
    CAST(SUM(billable_records) AS INT64) AS billable_records,
    CAST(SUM(raw_rows) AS INT64) AS raw_rows,
    SUM(megabytes) AS megabytes,
    COUNTIF(records = 0) AS empty_executions,
    SUM(seconds) AS execution_seconds,
    MAX(median_seconds) AS median_execution_seconds,
    MAX(p95_seconds) AS p95_execution_seconds
  FROM timed_executions
  GROUP BY client_id, pipeline_id, day
),
pipelines AS (
  SELECT client_id, pipeline_id, MIN(day) AS first_day,
    ARRAY_AGG(pipeline_name IGNORE NULLS ORDER BY day DESC LIMIT 1)[SAFE_OFFSET(0)] AS pipeline_name
  FROM active_days
  WHERE day BETWEEN DATE_SUB(DATE(${now}, '${time_zone}'), INTERVAL 89 DAY) AND DATE(${now}, '${time_zone}')
  GROUP BY client_id, pipeline_id
),
days AS (
  SELECT client_id, pipeline_id, pipeline_name, day
  FROM pipelines
  CROSS JOIN UNNEST(GENERATE_DATE_ARRAY(first_day, DATE(${now}, '${time_zone}'))) AS day
)
SELECT days.day, days.client_id, days.pipeline_id, days.pipeline_name,
  IFNULL(active_days.executions, 0) AS executions,
  IFNULL(active_days.records, 0) AS records,
  IFNULL(active_days.billable_records, 0) AS billable_records,
  IFNULL(active_days.raw_rows, 0) AS raw_rows,
  IFNULL(active_days.megabytes, 0) AS megabytes,
  IFNULL(active_days.empty_executions, 0) AS empty_executions,
  IFNULL(active_days.execution_seconds, 0) AS execution_seconds,
  active_days.median_execution_seconds,
  active_days.p95_execution_seconds
FROM days
LEFT JOIN active_days
  ON active_days.day = days.day
  AND active_days.client_id IS NOT DISTINCT FROM days.client_id
  AND active_days.pipeline_id IS NOT DISTINCT FROM days.pipeline_id

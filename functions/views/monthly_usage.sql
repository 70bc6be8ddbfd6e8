-- How much of each month's billable records did each pipeline use? This month and the 12 before.
WITH executions AS (
  SELECT id, client_id, pipeline_id, pipeline_name, createdat,
    DATE_TRUNC(DATE(createdat, '${time_zone}'), MONTH) AS month,
    -- One absurd value must not spoil what is added up with it.
    GREATEST(-1000000000000000, LEAST(1000000000000000, IFNULL(row_count, 0))) AS records,
    IF(is_billable IS NOT FALSE, GREATEST(-1000000000000000, LEAST(1000000000000000, IFNULL(row_count, 0))), 0) AS billable_records
  FROM `${dataset}.pipeline_logs_latest`
  -- Skips partitions, and has at least the 13 months before this one: the first that is shown is compared with the one before.
  WHERE createdat >= TIMESTAMP_SUB(${now}, INTERVAL 435 DAY) AND createdat <= ${now}
),
months AS (
  SELECT month, client_id, pipeline_id, COUNT(*) AS executions,
    ARRAY_AGG(pipeline_name IGNORE NULLS ORDER BY createdat DESC, id DESC LIMIT 1)[SAFE_OFFSET(0)] AS pipeline_name,
    CAST(SUM(records) AS INT64) AS records,
    CAST(SUM(billable_records) AS INT64) AS billable_records
  FROM executions
  GROUP BY month, client_id, pipeline_id
),
compared_months AS (
  SELECT month, client_id, pipeline_id, executions, records, billable_records,
    FIRST_VALUE(pipeline_name IGNORE NULLS) OVER (
      PARTITION BY client_id, pipeline_id ORDER BY month DESC
      ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    ) AS pipeline_name,
    CAST(SUM(billable_records) OVER (PARTITION BY month) AS INT64) AS billable_records_of_all,
    LAG(month) OVER pipeline AS earlier_month,
    LAG(billable_records) OVER pipeline AS earlier_billable_records
  FROM months
  WINDOW pipeline AS (PARTITION BY client_id, pipeline_id ORDER BY month)
)
SELECT month, client_id, pipeline_id, pipeline_name, executions, records, billable_records,
  SAFE_DIVIDE(billable_records, billable_records_of_all) AS share_of_month,
  IF(earlier_month = DATE_SUB(month, INTERVAL 1 MONTH), earlier_billable_records, 0) AS previous_month_billable_records
FROM compared_months
WHERE month BETWEEN DATE_SUB(DATE_TRUNC(DATE(${now}, '${time_zone}'), MONTH), INTERVAL 12 MONTH)
  AND DATE(${now}, '${time_zone}')

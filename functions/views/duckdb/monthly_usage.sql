-- How much of each month's billable records did each pipeline use? This month and the 12 before.
WITH executions AS (
  SELECT id, client_id, pipeline_id, pipeline_name, createdat,
    CAST(DATE_TRUNC('month', createdat AT TIME ZONE '${time_zone}') AS DATE) AS month,
    COALESCE(row_count, 0) AS records,
    IF(is_billable IS NOT FALSE, COALESCE(row_count, 0), 0) AS billable_records
  FROM ${dataset}.pipeline_logs_latest
  -- Skips rows, and has at least the 13 months before this one: the first that is shown is compared with the one before.
  WHERE createdat >= ${now} - INTERVAL (435 * 24) HOUR
),
months AS (
  SELECT month, client_id, pipeline_id, COUNT(*) AS executions,
    ARG_MAX(pipeline_name, (createdat, id)) AS pipeline_name,
    CAST(SUM(records) AS BIGINT) AS records,
    CAST(SUM(billable_records) AS BIGINT) AS billable_records
  FROM executions
  GROUP BY month, client_id, pipeline_id
),
compared_months AS (
  SELECT month, client_id, pipeline_id, executions, records, billable_records,
    FIRST_VALUE(pipeline_name IGNORE NULLS) OVER (
      PARTITION BY client_id, pipeline_id ORDER BY month DESC
      ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    ) AS pipeline_name,
    CAST(SUM(billable_records) OVER (PARTITION BY month) AS BIGINT) AS billable_records_of_all,
    LAG(month) OVER pipeline AS earlier_month,
    LAG(billable_records) OVER pipeline AS earlier_billable_records
  FROM months
  WINDOW pipeline AS (PARTITION BY client_id, pipeline_id ORDER BY month)
)
SELECT month, client_id, pipeline_id, pipeline_name, executions, records, billable_records,
  billable_records / NULLIF(billable_records_of_all, 0) AS share_of_month,
  IF(earlier_month = month - INTERVAL 1 MONTH, earlier_billable_records, 0) AS previous_month_billable_records
FROM compared_months
WHERE month BETWEEN DATE_TRUNC('month', ${now} AT TIME ZONE '${time_zone}') - INTERVAL 12 MONTH
  AND ${now} AT TIME ZONE '${time_zone}'

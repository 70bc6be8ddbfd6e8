-- Is the sync itself well: when did each stream last succeed, and when will Kondado delete rows that are not copied yet?
WITH runs AS (
  -- After an answer that got lost, a run may be stored twice.
  SELECT DISTINCT run_id, stream, client_id, outcome, started_at, finished_at, rows_rejected, watermark_after
  FROM `${dataset}.sync_runs`
  WHERE started_at >= TIMESTAMP_SUB(${now}, INTERVAL 90 DAY) AND mode != 'check'
),
streams AS (
  SELECT stream, client_id,
    MAX(IF(outcome IN ('success', 'partial'), finished_at, NULL)) AS last_success_at,
    -- A stream that the time budget left no room for has not been tried.
    ARRAY_AGG(IF(outcome = 'not_started', NULL, outcome) IGNORE NULLS
      ORDER BY finished_at DESC, started_at DESC, run_id DESC LIMIT 1)[SAFE_OFFSET(0)] AS last_outcome,
    -- A run that failed before it could look has none: what is known is what the one before it saw.
    ARRAY_AGG(watermark_after IGNORE NULLS
      ORDER BY finished_at DESC, started_at DESC, run_id DESC LIMIT 1)[SAFE_OFFSET(0)] AS watermark,
    SUM(IF(finished_at >= TIMESTAMP_SUB(${now}, INTERVAL 7 DAY), IFNULL(rows_rejected, 0), 0)) AS rows_rejected_7d,
    COUNTIF(finished_at >= TIMESTAMP_SUB(${now}, INTERVAL 7 DAY) AND outcome = 'failed') AS failed_runs_7d
  FROM runs
  GROUP BY stream, client_id
)
SELECT stream, client_id, last_success_at,
  TIMESTAMP_DIFF(${now}, last_success_at, MICROSECOND) / 60000000 AS minutes_since_success,
  watermark, rows_rejected_7d, failed_runs_7d,
  TIMESTAMP_ADD(watermark, INTERVAL 90 DAY) AS loss_begins_at,
  CASE
    WHEN last_success_at IS NULL THEN 'never'
    WHEN last_outcome = 'failed' THEN 'failing'
    WHEN last_success_at <= TIMESTAMP_SUB(${now}, INTERVAL 3 HOUR) THEN 'stale'
    ELSE 'ok'
  END AS health
FROM streams

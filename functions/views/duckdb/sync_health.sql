-- Is the sync itself well: when did each stream last succeed, and when will Kondado delete rows that are not copied yet?
WITH runs AS (
  -- After an answer that got lost, a run may be stored twice.
  SELECT DISTINCT run_id, stream, client_id, outcome, started_at, finished_at, rows_rejected, watermark_after
  FROM ${dataset}.sync_runs
  WHERE started_at >= ${now} - INTERVAL (90 * 24) HOUR AND mode != 'check'
),
streams AS (
  SELECT stream, client_id,
    MAX(IF(outcome IN ('success', 'partial'), finished_at, NULL)) AS last_success_at,
    -- A stream that the time budget left no room for has not been tried.
    ARG_MAX(outcome, (finished_at, started_at, run_id)) FILTER (outcome <> 'not_started') AS last_outcome,
    -- A run that failed before it could look has none: what is known is what the one before it saw.
    ARG_MAX(watermark_after, (finished_at, started_at, run_id)) AS watermark,
    CAST(SUM(IF(finished_at >= ${now} - INTERVAL (7 * 24) HOUR, COALESCE(rows_rejected, 0), 0)) AS BIGINT) AS rows_rejected_7d,
    COUNT(*) FILTER (finished_at >= ${now} - INTERVAL (7 * 24) HOUR AND outcome = 'failed') AS failed_runs_7d
  FROM runs
  GROUP BY stream, client_id
)
SELECT stream, client_id, last_success_at,
  (EPOCH_US(${now}) - EPOCH_US(last_success_at)) / 60000000 AS minutes_since_success,
  watermark, rows_rejected_7d, failed_runs_7d,
  watermark + INTERVAL (90 * 24) HOUR AS loss_begins_at,
  CASE
    WHEN last_success_at IS NULL THEN 'never'
    WHEN last_outcome = 'failed' THEN 'failing'
    WHEN last_success_at <= ${now} - INTERVAL 3 HOUR THEN 'stale'
    ELSE 'ok'
  END AS health
FROM streams

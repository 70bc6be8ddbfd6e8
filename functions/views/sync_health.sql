-- Is the sync itself well: when did each stream last get further, and when will Kondado delete rows that are not copied yet?
WITH runs AS (
  -- After an answer that got lost, a run may be stored twice.
  SELECT DISTINCT run_id, mode, stream, client_id, outcome, started_at, finished_at, rows_rejected, watermark_after,
    IFNULL(progressed, outcome = 'success') AS has_progressed
  FROM `${dataset}.sync_runs`
  WHERE started_at >= TIMESTAMP_SUB(${now}, INTERVAL 400 DAY) AND started_at <= ${now} AND mode != 'check'
),
-- A stream that the time budget left no room for has not been tried, unless it left none for any.
judged_runs AS (
  SELECT *,
    outcome = 'success' OR (outcome = 'partial' AND has_progressed) AS is_success,
    IF(
      outcome = 'not_started' AND LOGICAL_OR(has_progressed) OVER (PARTITION BY run_id), NULL,
      outcome != 'success' AND (outcome = 'failed' OR NOT has_progressed)
    ) AS is_failure
  FROM runs
),
streams AS (
  SELECT stream, client_id,
    MAX(IF(is_success, finished_at, NULL)) AS last_success_at,
    ARRAY_AGG(is_failure IGNORE NULLS ORDER BY finished_at DESC, started_at DESC, run_id DESC LIMIT 1)[SAFE_OFFSET(0)] AS is_failing,
    -- A run that failed before it could look has none: what is known is what the one before it saw.
    ARRAY_AGG(watermark_after IGNORE NULLS
      ORDER BY finished_at DESC, started_at DESC, run_id DESC LIMIT 1)[SAFE_OFFSET(0)] AS watermark,
    CAST(SUM(IF(finished_at >= TIMESTAMP_SUB(${now}, INTERVAL 7 DAY), IFNULL(rows_rejected, 0), 0)) AS INT64) AS rows_rejected_7d,
    COUNTIF(finished_at >= TIMESTAMP_SUB(${now}, INTERVAL 7 DAY) AND outcome = 'failed') AS failed_runs_7d,
    MAX(IF(mode = 'incremental' AND outcome = 'success', started_at, NULL)) AS own_known_through
  FROM judged_runs
  GROUP BY stream, client_id
),
-- A run of all clients makes each of them known, too.
known_streams AS (
  SELECT *, IFNULL(
      GREATEST(own_known_through, MAX(IF(client_id IS NULL, own_known_through, NULL)) OVER (PARTITION BY stream)),
      IFNULL(own_known_through, MAX(IF(client_id IS NULL, own_known_through, NULL)) OVER (PARTITION BY stream))
    ) AS known_through
  FROM streams
)
SELECT stream, client_id, last_success_at,
  TIMESTAMP_DIFF(${now}, last_success_at, MICROSECOND) / 60000000 AS minutes_since_success,
  watermark, rows_rejected_7d, failed_runs_7d,
  TIMESTAMP_ADD(watermark, INTERVAL 90 DAY) AS loss_begins_at,
  CASE
    WHEN is_failing THEN 'failing'
    WHEN known_through IS NULL THEN 'loading'
    WHEN last_success_at IS NULL OR last_success_at <= TIMESTAMP_SUB(${now}, INTERVAL 3 HOUR) THEN 'stale'
    ELSE 'ok'
  END AS health,
  known_through
FROM known_streams

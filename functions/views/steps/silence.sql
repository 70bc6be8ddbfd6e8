-- What Kondado said of each ${object}. A look that is stored twice, as after an answer that got lost, lasts no time the first time.
looks AS (
  SELECT IFNULL(said.client_id, -1) AS client_key, said.object_id AS object_key, said.state, IFNULL(said.message, '') AS message,
    UNIX_MICROS(said.observed_at) AS seen_us, GREATEST(IFNULL(own.known_us, 0), IFNULL(of_all.known_us, 0)) AS until_us
  FROM `${dataset}.status_observations` AS said
  CROSS JOIN (SELECT MAX(IF(client_id IS NULL, known_us, NULL)) AS known_us FROM successes) AS of_all
  LEFT JOIN successes AS own ON own.client_id = said.client_id
  WHERE said.kind = '${object}' AND said.observed_at > TIMESTAMP_SUB(${now}, INTERVAL 400 DAY) AND said.observed_at <= ${now}
),
-- How long each look counts: until the next, the last one until what is known ends; of the 30 days before that only.
spans AS (
  SELECT *,
    GREATEST(0, LEAST(until_us, IFNULL(LEAD(seen_us) OVER oldest_first, until_us)) - GREATEST(seen_us, until_us - 30 * 86400000000)) AS span_us,
    FIRST_VALUE(state) OVER newest_first AS last_state, FIRST_VALUE(message) OVER newest_first AS last_message
  FROM looks
  WINDOW of_object AS (PARTITION BY client_key, object_key),
    oldest_first AS (of_object ORDER BY seen_us, state, message), newest_first AS (of_object ORDER BY seen_us DESC, state DESC, message DESC)
),
-- The present state has lasted since the first look after the last one that saw something else.
differences AS (
  SELECT *,
    state = last_state AND message = last_message AS is_present,
    IFNULL(MAX(IF(state = last_state AND message = last_message, NULL, seen_us)) OVER (PARTITION BY client_key, object_key), 0) AS other_us
  FROM spans
),
states AS (
  SELECT client_key, object_key, last_state AS state, NULLIF(last_message, '') AS state_message,
    MIN(IF(is_present AND seen_us >= other_us, seen_us, NULL)) AS since_us,
    SAFE_DIVIDE(SUM(IF(state IN ('failing', 'blocked'), span_us, 0)), SUM(span_us)) AS failing_share_30d
  FROM differences
  GROUP BY client_key, object_key, last_state, last_message
),
-- When the plan's records were used up, if they were: Kondado pauses pipelines then until the month ends.
plan_months AS (
  SELECT month, MIN(IF(used >= CAST(${plan_records} AS INT64) AND used_in_all >= CAST(${plan_records} AS INT64), at_us, NULL)) AS used_up_us
  FROM (
    -- What was booked by mistake and taken back has used up nothing.
    SELECT month, at_us, SUM(records) OVER (PARTITION BY month ORDER BY at_us, id) AS used, SUM(records) OVER (PARTITION BY month) AS used_in_all
    FROM (
      SELECT id, UNIX_MICROS(createdat) AS at_us, DATE_TRUNC(DATE(createdat, '${time_zone}'), MONTH) AS month,
        CAST(IF(is_billable IS NOT FALSE, GREATEST(-1000000000000000, LEAST(1000000000000000, IFNULL(row_count, 0))), 0) AS FLOAT64) AS records
      FROM `${dataset}.pipeline_logs_latest`
      WHERE '${object}' = 'pipeline' AND createdat > TIMESTAMP_SUB(${now}, INTERVAL 62 DAY) AND createdat <= ${now}
    )
  )
  GROUP BY month
),
reasons AS (
  SELECT texts.*, state, since_us, state_message, failing_share_30d,
    CASE
      WHEN NOT is_overdue THEN NULL
      WHEN state = 'gone' THEN 'gone'
      WHEN state = 'disabled' THEN 'switched_off'
      WHEN used_up_us <= expected_us THEN 'plan_used_up'
      WHEN state IN ('blocked', 'failing') THEN state
      ELSE 'unknown'
    END AS silence_reason
  FROM texts
  LEFT JOIN states ON states.client_key = texts.client_key AND states.object_key = texts.object_key
  LEFT JOIN plan_months ON plan_months.month = DATE_TRUNC(DATE(TIMESTAMP_MICROS(texts.now_us), '${time_zone}'), MONTH)
)

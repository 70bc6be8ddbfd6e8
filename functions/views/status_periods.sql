-- How has each pipeline and model been: since when is it switched off, blocked or failing, and what did Kondado say of it?
WITH names AS (
  SELECT 'pipeline' AS kind, IFNULL(client_id, -1) AS client_key, pipeline_id AS object_id,
    ARRAY_AGG(pipeline_name IGNORE NULLS ORDER BY createdat DESC, id DESC LIMIT 1)[SAFE_OFFSET(0)] AS name
  FROM `${dataset}.pipeline_logs_latest`
  WHERE createdat <= ${now}
  GROUP BY client_id, pipeline_id
  UNION ALL
  SELECT 'model' AS kind, IFNULL(client_id, -1) AS client_key, model_id AS object_id,
    ARRAY_AGG(model_name IGNORE NULLS ORDER BY createdat DESC, id DESC LIMIT 1)[SAFE_OFFSET(0)] AS name
  FROM `${dataset}.model_logs_latest`
  WHERE createdat <= ${now}
  GROUP BY client_id, model_id
),
-- Joins do not find NULL; no client is number -1. After an answer that got lost, a look may be stored twice.
looks AS (
  SELECT DISTINCT kind, IFNULL(client_id, -1) AS client_key, object_id, observed_at, state, IFNULL(message, '') AS message
  FROM `${dataset}.status_observations`
  WHERE observed_at <= ${now}
),
changes AS (
  SELECT *,
    LAG(observed_at) OVER oldest_first AS observed_before,
    IF(state = LAG(state) OVER oldest_first AND message = LAG(message) OVER oldest_first, 0, 1) AS begins
  FROM looks
  WINDOW oldest_first AS (PARTITION BY kind, client_key, object_id ORDER BY observed_at, state, message)
),
numbered AS (
  SELECT *, SUM(begins) OVER (PARTITION BY kind, client_key, object_id ORDER BY observed_at, state, message) AS period
  FROM changes
),
periods AS (
  SELECT kind, client_key, object_id, period, state, message, COUNT(*) AS looks,
    MIN(observed_at) AS began_at, MAX(IF(begins = 1, observed_before, NULL)) AS began_after, MAX(observed_at) AS last_seen_at
  FROM numbered
  GROUP BY kind, client_key, object_id, period, state, message
)
SELECT periods.kind, NULLIF(periods.client_key, -1) AS client_id, periods.object_id, name, state, NULLIF(message, '') AS message,
  began_at, began_after, last_seen_at,
  LEAD(began_at) OVER (PARTITION BY periods.kind, periods.client_key, periods.object_id ORDER BY period) AS ended_at, looks
FROM periods
LEFT JOIN names ON names.kind = periods.kind AND names.client_key = periods.client_key AND names.object_id = periods.object_id

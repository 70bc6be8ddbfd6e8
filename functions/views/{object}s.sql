-- Which ${object}s are there, what were they called before, and when did they run?
WITH executions AS (
  SELECT client_id, ${object}_id, ${object}_name, createdat,
    ROW_NUMBER() OVER (PARTITION BY client_id, ${object}_id ORDER BY createdat, id) AS position
  FROM `${dataset}.${object}_logs_latest`
  WHERE createdat <= ${now}
),
names AS (
  SELECT client_id, ${object}_id, ${object}_name, COUNT(*) AS executions,
    MIN(createdat) AS first_execution_at, MAX(createdat) AS last_execution_at,
    MIN(position) AS first_position, MAX(position) AS last_position
  FROM executions
  GROUP BY client_id, ${object}_id, ${object}_name
),
-- The name of the newest execution that has one is the ${object}'s; a name that came back is not a previous one.
ranked_names AS (
  SELECT *,
    ROW_NUMBER() OVER (
      PARTITION BY client_id, ${object}_id ORDER BY IF(${object}_name IS NULL, 1, 0), last_position DESC
    ) AS name_rank
  FROM names
)
SELECT client_id, ${object}_id,
  MAX(IF(name_rank = 1, ${object}_name, NULL)) AS ${object}_name,
  IFNULL(ARRAY_AGG(IF(name_rank > 1, ${object}_name, NULL) IGNORE NULLS ORDER BY first_position), []) AS previous_names,
  MIN(first_execution_at) AS first_execution_at,
  MAX(last_execution_at) AS last_execution_at,
  CAST(SUM(executions) AS INT64) AS executions
FROM ranked_names
GROUP BY client_id, ${object}_id

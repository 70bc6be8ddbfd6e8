-- Which log ids are proven to have been read? Two rows for one stream and client mean a hole between them.
WITH runs AS (
  SELECT run_id, stream, client_id, first_id, last_id, finished_at,
    MAX(last_id) OVER (
      PARTITION BY stream, client_id ORDER BY first_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS proven_to
  FROM `${dataset}.sync_runs`
  WHERE first_id <= last_id AND mode != 'check'
),
-- Runs with the same first_id are peers here, so that their order does not matter.
ranges AS (
  SELECT *,
    SUM(IF(first_id - 1 > proven_to, 1, 0)) OVER (PARTITION BY stream, client_id ORDER BY first_id) AS holes_before
  FROM runs
)
SELECT stream, client_id,
  MIN(first_id) AS first_id,
  MAX(last_id) AS last_id,
  -- After an answer that got lost, a run may be stored twice.
  COUNT(DISTINCT run_id) AS runs,
  MAX(finished_at) AS verified_at
FROM ranges
GROUP BY stream, client_id, holes_before

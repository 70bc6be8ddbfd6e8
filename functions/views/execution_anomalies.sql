-- Which executions of the last 30 days were unlike their pipeline's own past?
-- Judged are the logarithms of row_count, which is what the plan counts, and of the duration. Each is compared with what the
-- days before, the weekday and the hour let expect. Unusual is what is at least three usual deviations off, and at least twice
-- as much or half as much. Nearly every step reads only the one before: BigQuery runs a step anew for each step that reads it.
WITH executions AS (
  -- Joins do not find NULL; no client is number -1.
  SELECT IFNULL(client_id, -1) AS client_key, pipeline_id, pipeline_name, id, createdat,
    -- One absurd value must not spoil what is computed with it.
    GREATEST(-1000000000000000, LEAST(1000000000000000, row_count)) AS row_count,
    GREATEST(-1e15, LEAST(1e15, execution_time_seconds)) AS execution_time_seconds,
    IF(row_count >= 0, LN(LEAST(1e15, CAST(row_count AS FLOAT64)) + 1), NULL) AS size,
    IF(execution_time_seconds > 0, LN(LEAST(1e15, execution_time_seconds)), NULL) AS duration,
    TIMESTAMP_DIFF(${now}, createdat, DAY) AS age_days,
    DATE(createdat, '${time_zone}') AS day,
    EXTRACT(HOUR FROM createdat AT TIME ZONE '${time_zone}') AS hour
  FROM `${dataset}.pipeline_logs_latest`
  WHERE createdat BETWEEN TIMESTAMP_SUB(${now}, INTERVAL 90 DAY) AND ${now} AND pipeline_id IS NOT NULL
),
-- The slope of the durations over the sizes says by how much longer more records take.
slopes AS (
  SELECT *,
    COUNT(*) OVER of_pipeline AS executions,
    VAR_POP(size) OVER of_pipeline AS size_variance,
    COVAR_POP(duration, size) OVER of_pipeline AS covariance
  FROM executions
  WINDOW of_pipeline AS (PARTITION BY client_key, pipeline_id)
),
-- The volume of an execution that was not empty, and its pace: what its volume does not explain of its duration.
measured AS (
  SELECT client_key, pipeline_id, id, createdat, row_count, execution_time_seconds, duration, day, hour,
    IF(row_count > 0, size, NULL) AS volume,
    duration - IF(elasticity > 0, elasticity * size, 0) AS pace,
    age_days < 30 AS is_judged,
    age_days < 31 OR executions < 250 AS is_recent,
    EXTRACT(DAYOFWEEK FROM day) IN (1, 7) AS is_weekend
  FROM (
    SELECT *, IF(size_variance > 0.0001, GREATEST(0, LEAST(1, IFNULL(covariance / size_variance, 0))), 0) AS elasticity
    FROM slopes
  )
),
active_days AS (
  SELECT client_key, pipeline_id, day,
    AVG(volume) AS volume_of_day,
    AVG(pace) AS pace_of_day,
    DATE_DIFF(DATE(${now}, '${time_zone}'), day, DAY) AS age,
    -- Around the end of a month there may be a peak.
    CASE
      WHEN DATE_DIFF(LAST_DAY(day), day, DAY) <= 2 THEN -DATE_DIFF(LAST_DAY(day), day, DAY)
      WHEN EXTRACT(DAY FROM day) <= 2 THEN EXTRACT(DAY FROM day)
    END AS month_position
  FROM measured
  GROUP BY client_key, pipeline_id, day
),
-- What a weekday is above its week, once it was seen three times.
weeks AS (
  SELECT *,
    volume_of_day - PERCENTILE_CONT(volume_of_day, 0.5) OVER (PARTITION BY client_key, pipeline_id, DIV(age, 7)) AS volume_above_week
  FROM active_days
),
weekdays AS (
  SELECT *,
    IF(COUNT(volume_of_day) OVER weekday >= 3, PERCENTILE_CONT(volume_above_week, 0.5) OVER weekday, 0) AS volume_of_weekday
  FROM weeks
  WINDOW weekday AS (PARTITION BY client_key, pipeline_id, MOD(age, 7))
),
-- The level comes from the seven days with executions before, so that it follows trends and changes.
days_before AS (
  SELECT *,
    ARRAY_AGG(volume_of_day - volume_of_weekday) OVER before AS volumes_before,
    ARRAY_AGG(pace_of_day) OVER before AS paces_before
  FROM weekdays
  WINDOW before AS (PARTITION BY client_key, pipeline_id ORDER BY day ROWS BETWEEN 7 PRECEDING AND 1 PRECEDING)
),
levels AS (
  SELECT *,
    (SELECT PERCENTILE_CONT(volume, 0.5) OVER () FROM UNNEST(volumes_before) AS volume LIMIT 1) + volume_of_weekday AS volume_level,
    (SELECT PERCENTILE_CONT(pace, 0.5) OVER () FROM UNNEST(paces_before) AS pace LIMIT 1) AS pace_level
  FROM days_before
),
days AS (
  SELECT client_key, pipeline_id, day, volume_of_day, pace_of_day, volume_level, pace_level,
    IF(
      month_position IS NULL,
      NULL,
      AVG(IF(age > 30, volume_of_day - volume_level, NULL)) OVER (PARTITION BY client_key, pipeline_id, month_position)
    ) AS deviation_in_earlier_months
  FROM levels
),
-- The hours of working days and of weekends. Fewer than eight executions show nothing.
hours AS (
  SELECT *,
    IF(COUNT(volume) OVER of_hour >= 8, AVG(volume - volume_of_day) OVER of_hour, 0) AS volume_of_hour,
    IF(COUNT(pace) OVER of_hour >= 8, AVG(pace - pace_of_day) OVER of_hour, 0) AS pace_of_hour,
    COUNT(*) OVER of_hour AS executions_of_hour,
    COUNTIF(row_count = 0) OVER of_hour AS empty_of_hour
  FROM measured
  JOIN days USING (client_key, pipeline_id, day)
  WINDOW of_hour AS (PARTITION BY client_key, pipeline_id, is_weekend, hour)
),
deviations AS (
  SELECT *,
    volume - volume_level - volume_of_hour AS volume_deviation,
    pace - pace_level - pace_of_hour AS pace_deviation,
    EXP(volume_level + volume_of_hour) - 1 AS expected_rows
  FROM hours
),
spreads AS (
  SELECT * EXCEPT (expected_rows),
    GREATEST(expected_rows, 0) AS expected_rows,
    PERCENTILE_CONT(ABS(volume_deviation), 0.8) OVER of_pipeline AS volume_deviation_of_most,
    PERCENTILE_CONT(ABS(pace_deviation), 0.8) OVER of_pipeline AS pace_deviation_of_most,
    COUNT(*) OVER past AS executions_before,
    COUNTIF(row_count = 0) OVER past AS empty_before
  FROM deviations
  WINDOW
    of_pipeline AS (PARTITION BY client_key, pipeline_id),
    past AS (of_pipeline ORDER BY createdat, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
neighbours AS (
  SELECT *,
    LAG(volume_deviation) OVER past AS volume_deviation_1,
    LAG(volume_deviation, 2) OVER past AS volume_deviation_2,
    LAG(volume_deviation, 3) OVER past AS volume_deviation_3,
    LAG(pace_deviation) OVER past AS pace_deviation_1,
    LAG(pace_deviation, 2) OVER past AS pace_deviation_2,
    LAG(pace_deviation, 3) OVER past AS pace_deviation_3
  FROM spreads
  WHERE is_recent
  WINDOW past AS (PARTITION BY client_key, pipeline_id ORDER BY createdat, id)
),
judged AS (
  SELECT *,
    -- A usual deviation is the one that four of five stay below, in terms of a standard deviation.
    GREATEST(pace_deviation_of_most / 1.2816, 0.1) AS pace_spread,
    -- Small numbers stray as counts do; the rest of the spread is the pipeline's own.
    SQRT(GREATEST(POWER(volume_deviation_of_most / 1.2816, 2) - 1 / (expected_rows + 1), 0.01)) AS volume_spread,
    (
      SELECT PERCENTILE_CONT(deviation, 0.5) OVER ()
      FROM UNNEST([volume_deviation_1, volume_deviation_2, volume_deviation_3]) AS deviation LIMIT 1
    ) AS volume_deviation_before,
    (
      SELECT PERCENTILE_CONT(deviation, 0.5) OVER ()
      FROM UNNEST([pace_deviation_1, pace_deviation_2, pace_deviation_3]) AS deviation LIMIT 1
    ) AS pace_deviation_before
  FROM neighbours
  WHERE is_judged
    AND executions_before >= 8
    AND (row_count = 0 OR ABS(volume_deviation) >= 0.69 OR pace_deviation >= 0.69)
),
-- ASINH(spread * SQRT(n)) strays equally everywhere: it is a root where n is small, a logarithm where n is large.
-- A short past is worth less.
scored AS (
  SELECT *,
    2 * (ASINH(volume_spread * SQRT(GREATEST(row_count, 0))) - ASINH(volume_spread * SQRT(expected_rows))) / volume_spread
      / (1 + 1 / executions_before) AS volume_score,
    pace_deviation / pace_spread / (1 + 1 / executions_before) AS pace_score
  FROM judged
),
findings AS (
  SELECT *,
    -- Unexpected where one of 200 executions at most was empty before, or none at that hour of a pipeline that often is.
    row_count = 0
      AND volume_score <= -5
      AND (
        empty_before <= IF(executions_before < 30, 0, GREATEST(1, executions_before / 200))
        OR (empty_of_hour <= 1 AND executions_of_hour * empty_before >= 5 * executions_before)
      ) AS is_unexpected_zero,
    -- After two of a kind among the last three, and where earlier months had the same, it is the new usual.
    row_count > 0
      AND ABS(volume_score) >= 3
      AND ABS(volume_deviation) >= 0.69
      AND IFNULL(volume_deviation_before, 0) * SIGN(volume_deviation) <= ABS(volume_deviation) / 2
      AND IFNULL(deviation_in_earlier_months, 0) * SIGN(volume_deviation) <= ABS(volume_deviation) / 2 AS is_volume_unusual,
    pace_score >= 3
      AND pace_deviation >= 0.69
      AND IFNULL(pace_deviation_before, 0) <= pace_deviation / 2 AS is_slow
  FROM scored
),
names AS (
  SELECT client_key, pipeline_id,
    ARRAY_AGG(pipeline_name IGNORE NULLS ORDER BY createdat DESC, id DESC LIMIT 1)[SAFE_OFFSET(0)] AS pipeline_name
  FROM executions
  GROUP BY client_key, pipeline_id
)
-- One row for an execution: an unusual volume comes first, as it may be the reason for a duration.
SELECT id, NULLIF(client_key, -1) AS client_id, pipeline_id, pipeline_name, createdat,
  CASE
    WHEN is_unexpected_zero THEN 'unexpected_zero'
    WHEN is_volume_unusual AND volume_deviation > 0 THEN 'volume_spike'
    WHEN is_volume_unusual THEN 'volume_drop'
    ELSE 'slow'
  END AS kind,
  IF(is_unexpected_zero OR is_volume_unusual, CAST(row_count AS FLOAT64), execution_time_seconds) AS value,
  ROUND(
    IF(is_unexpected_zero OR is_volume_unusual, expected_rows, EXP(LEAST(duration - pace_deviation, 700))), 2
  ) AS usual_value,
  ROUND(IF(is_unexpected_zero OR is_volume_unusual, ABS(volume_score), pace_score), 2) AS score
FROM findings
JOIN names USING (client_key, pipeline_id)
WHERE is_unexpected_zero OR is_volume_unusual OR is_slow

-- Which executions of the last 30 days were unlike their pipeline's own past?
-- Judged are the logarithms of row_count, which is what the plan counts, and of the duration. Each is compared with what the
-- days before, the weekday and the hour let expect. Unusual is what is at least three usual deviations off, and at least twice
-- as much or half as much.
WITH executions AS (
  SELECT id, client_id, pipeline_id, pipeline_name, createdat, row_count, execution_time_seconds,
    IF(row_count >= 0, LN(CAST(row_count AS DOUBLE) + 1), NULL) AS size,
    IF(execution_time_seconds > 0, LN(execution_time_seconds), NULL) AS duration,
    (EPOCH_US(${now}) - EPOCH_US(createdat)) // 86400000000 AS age_days,
    createdat AT TIME ZONE '${time_zone}' AS local_time
  FROM ${dataset}.pipeline_logs_latest
  WHERE createdat BETWEEN ${now} - INTERVAL 2160 HOUR AND ${now} AND pipeline_id IS NOT NULL
),
-- The elasticity says by how much longer more records take: the slope of the durations over the sizes.
pipelines AS (
  SELECT client_id, pipeline_id,
    ROW_NUMBER() OVER (ORDER BY client_id, pipeline_id) AS pipeline,
    ARG_MAX(pipeline_name, (createdat, id)) AS pipeline_name,
    COUNT(*) AS executions,
    IF(VAR_POP(size) > 0.0001, GREATEST(0, LEAST(1, COALESCE(COVAR_POP(duration, size) / VAR_POP(size), 0))), 0) AS elasticity
  FROM executions
  GROUP BY client_id, pipeline_id
),
-- The volume of an execution that was not empty, and its pace: what its volume does not explain of its duration.
measured AS (
  SELECT pipeline, id, createdat, row_count, execution_time_seconds, duration,
    IF(row_count > 0, size, NULL) AS volume,
    duration - IF(elasticity > 0, elasticity * size, 0) AS pace,
    age_days < 30 AS is_judged,
    age_days < 31 OR pipelines.executions < 250 AS is_recent,
    CAST(local_time AS DATE) AS day,
    ISODOW(local_time) >= 6 AS is_weekend,
    HOUR(local_time) AS hour
  FROM executions
  JOIN pipelines
    ON pipelines.pipeline_id = executions.pipeline_id AND pipelines.client_id IS NOT DISTINCT FROM executions.client_id
),
active_days AS (
  SELECT pipeline, day,
    AVG(volume) AS volume_of_day,
    AVG(pace) AS pace_of_day,
    CAST(${now} AT TIME ZONE '${time_zone}' AS DATE) - day AS age,
    -- Around the end of a month there may be a peak.
    CASE
      WHEN LAST_DAY(day) - day <= 2 THEN day - LAST_DAY(day)
      WHEN DAY(day) <= 2 THEN DAY(day)
    END AS month_position
  FROM measured
  GROUP BY pipeline, day
),
-- What a weekday is above its week, once it was seen three times.
weeks AS (
  SELECT *, volume_of_day - MEDIAN(volume_of_day) OVER (PARTITION BY pipeline, age // 7) AS volume_above_week
  FROM active_days
),
weekdays AS (
  SELECT *, IF(COUNT(volume_of_day) OVER weekday >= 3, MEDIAN(volume_above_week) OVER weekday, 0) AS volume_of_weekday
  FROM weeks
  WINDOW weekday AS (PARTITION BY pipeline, age % 7)
),
-- The level comes from the seven days with executions before, so that it follows trends and changes.
levels AS (
  SELECT *,
    MEDIAN(volume_of_day - volume_of_weekday) OVER before + volume_of_weekday AS volume_level,
    MEDIAN(pace_of_day) OVER before AS pace_level
  FROM weekdays
  WINDOW before AS (PARTITION BY pipeline ORDER BY day ROWS BETWEEN 7 PRECEDING AND 1 PRECEDING)
),
days AS (
  SELECT pipeline, day, volume_level, pace_level,
    IF(month_position IS NULL, NULL, AVG(IF(age > 30, volume_of_day - volume_level, NULL)) OVER position)
      AS deviation_in_earlier_months
  FROM levels
  WINDOW position AS (PARTITION BY pipeline, month_position)
),
-- The hours of working days and of weekends. Fewer than eight executions show nothing.
hours AS (
  SELECT pipeline, is_weekend, hour,
    IF(COUNT(volume) >= 8, AVG(volume - volume_of_day), 0) AS volume_of_hour,
    IF(COUNT(pace) >= 8, AVG(pace - pace_of_day), 0) AS pace_of_hour,
    COUNT(*) AS executions_of_hour,
    COUNT(*) FILTER (row_count = 0) AS empty_of_hour
  FROM measured
  JOIN active_days USING (pipeline, day)
  GROUP BY pipeline, is_weekend, hour
),
deviations AS (
  SELECT measured.* EXCLUDE (volume, pace, day, is_weekend, hour),
    executions_of_hour, empty_of_hour, deviation_in_earlier_months,
    volume - volume_level - volume_of_hour AS volume_deviation,
    pace - pace_level - pace_of_hour AS pace_deviation,
    GREATEST(EXP(volume_level + volume_of_hour) - 1, 0) AS expected_rows
  FROM measured
  JOIN days USING (pipeline, day)
  JOIN hours USING (pipeline, is_weekend, hour)
),
-- A usual deviation is the one that four of five stay below, in terms of a standard deviation.
spreads AS (
  SELECT pipeline,
    QUANTILE_CONT(ABS(volume_deviation), 0.8) / 1.2816 AS volume_spread,
    GREATEST(QUANTILE_CONT(ABS(pace_deviation), 0.8) / 1.2816, 0.1) AS pace_spread,
    COUNT(*) FILTER (NOT is_recent) AS older_executions,
    COUNT(*) FILTER (NOT is_recent AND row_count = 0) AS older_empty
  FROM deviations
  GROUP BY pipeline
),
neighbours AS (
  SELECT *,
    LAG(volume_deviation) OVER past AS volume_deviation_1,
    LAG(volume_deviation, 2) OVER past AS volume_deviation_2,
    LAG(volume_deviation, 3) OVER past AS volume_deviation_3,
    LAG(pace_deviation) OVER past AS pace_deviation_1,
    LAG(pace_deviation, 2) OVER past AS pace_deviation_2,
    LAG(pace_deviation, 3) OVER past AS pace_deviation_3,
    ROW_NUMBER() OVER past - 1 AS recent_executions_before,
    COUNT(*) FILTER (row_count = 0) OVER (past ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS recent_empty_before
  FROM deviations
  WHERE is_recent
  WINDOW past AS (PARTITION BY pipeline ORDER BY createdat, id)
),
judged AS (
  SELECT neighbours.*, pace_spread,
    recent_executions_before + older_executions AS executions_before,
    recent_empty_before + older_empty AS empty_before,
    -- Small numbers stray as counts do; the rest of the spread is the pipeline's own.
    SQRT(GREATEST(volume_spread * volume_spread - 1 / (expected_rows + 1), 0.01)) AS volume_spread,
    LIST_MEDIAN([volume_deviation_1, volume_deviation_2, volume_deviation_3]) AS volume_deviation_before,
    LIST_MEDIAN([pace_deviation_1, pace_deviation_2, pace_deviation_3]) AS pace_deviation_before
  FROM neighbours
  JOIN spreads USING (pipeline)
  WHERE is_judged
    AND recent_executions_before + older_executions >= 8
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
      AND COALESCE(volume_deviation_before, 0) * SIGN(volume_deviation) <= ABS(volume_deviation) / 2
      AND COALESCE(deviation_in_earlier_months, 0) * SIGN(volume_deviation) <= ABS(volume_deviation) / 2 AS is_volume_unusual,
    pace_score >= 3
      AND pace_deviation >= 0.69
      AND COALESCE(pace_deviation_before, 0) <= pace_deviation / 2 AS is_slow
  FROM scored
)
-- One row for an execution: an unusual volume comes first, as it may be the reason for a duration.
SELECT id, client_id, pipeline_id, pipeline_name, createdat,
  CASE
    WHEN is_unexpected_zero THEN 'unexpected_zero'
    WHEN is_volume_unusual AND volume_deviation > 0 THEN 'volume_spike'
    WHEN is_volume_unusual THEN 'volume_drop'
    ELSE 'slow'
  END AS kind,
  IF(is_unexpected_zero OR is_volume_unusual, CAST(row_count AS DOUBLE), execution_time_seconds) AS value,
  ROUND(
    IF(is_unexpected_zero OR is_volume_unusual, expected_rows, EXP(LEAST(duration - pace_deviation, 700))), 2
  ) AS usual_value,
  ROUND(IF(is_unexpected_zero OR is_volume_unusual, ABS(volume_score), pace_score), 2) AS score
FROM findings
JOIN pipelines USING (pipeline)
WHERE is_unexpected_zero OR is_volume_unusual OR is_slow

-- Will the plan last: what will this month have used when it ends, and on which day is the limit reached?
-- Each pipeline is forecast on its own: its week, its place in the month, and since when it has been as it is now, even or growing.
-- Nearly every step reads only the one before, because BigQuery runs a step anew for each step that reads it.
-- 120 days hold three month ends to learn from.
WITH executions AS (
  SELECT IFNULL(client_id, -1) AS client_key, pipeline_id, createdat, DATE(createdat, '${time_zone}') AS day, TIME(createdat, '${time_zone}') AS time_of_day,
    -- One absurd value must not spoil what is computed with it.
    IF(is_billable IS NOT FALSE, GREATEST(-1000000000000000, LEAST(1000000000000000, IFNULL(row_count, 0))), 0) AS records
  FROM `${dataset}.pipeline_logs_latest`
  WHERE createdat > TIMESTAMP_SUB(${now}, INTERVAL 120 DAY) AND createdat <= ${now}
),
-- A client's log is known through the start of its newest run that came to the end.
successes AS (
  SELECT client_id, MAX(started_at) AS known_at
  FROM `${dataset}.sync_runs`
  WHERE stream = 'pipeline_logs' AND mode = 'incremental' AND outcome = 'success' AND started_at <= ${now}
  GROUP BY client_id
),
clients AS (
  SELECT logs.client_key, MAX(logs.createdat) AS newest_at,
    MAX(IF(of_all.known_at > own.known_at OR own.known_at IS NULL, of_all.known_at, own.known_at)) AS known_at
  FROM executions AS logs
  CROSS JOIN (SELECT MAX(IF(client_id IS NULL, known_at, NULL)) AS known_at FROM successes) AS of_all
  LEFT JOIN successes AS own ON own.client_id = logs.client_key
  GROUP BY logs.client_key
),
-- Until then, or until the newest row if that is later, a day without executions had none. What came after is unknown: the copy may be behind.
active_days AS (
  SELECT client_key, pipeline_id, last_day, last_time, day AS active_day, COUNT(*) AS executions, MAX(createdat) AS last_execution_at,
    CAST(SUM(records) AS INT64) AS records, CAST(SUM(IF(time_of_day > last_time, records, 0)) AS FLOAT64) AS records_later,
    MAX(IF(time_of_day <= last_time, 1, 0)) AS ran_earlier
  FROM executions
  JOIN (
    SELECT client_key, DATE(last_at, '${time_zone}') AS last_day, TIME(last_at, '${time_zone}') AS last_time
    FROM (SELECT client_key, GREATEST(newest_at, IFNULL(known_at, newest_at)) AS last_at FROM clients)
  ) USING (client_key)
  GROUP BY client_key, pipeline_id, last_day, last_time, day
),
pipelines AS (
  SELECT * EXCEPT (last_execution_at), DENSE_RANK() OVER (ORDER BY client_key, pipeline_id) AS pipeline,
    MIN(active_day) OVER of_pipeline AS first_day, LEAD(active_day) OVER (of_pipeline ORDER BY active_day) AS next_active_day,
    MAX(last_execution_at) OVER of_pipeline AS last_execution_at
  FROM active_days
  WINDOW of_pipeline AS (PARTITION BY client_key, pipeline_id)
),
-- Every day of a pipeline, from its first execution to the end of the month.
series AS (
  SELECT pipeline, day, first_day, last_day, today, month, month_end, last_execution_at,
    (EXTRACT(HOUR FROM last_time) * 60 + EXTRACT(MINUTE FROM last_time)) / 1440 AS elapsed_share,
    IF(day = active_day, executions, 0) AS executions, IF(day = active_day, records, 0) AS records,
    IF(day = active_day, records_later, 0) AS records_later, IF(day = active_day, ran_earlier, 0) AS ran_earlier,
    CAST(DATE_DIFF(day, last_day, DAY) AS FLOAT64) AS days_ahead, EXTRACT(DAYOFWEEK FROM DATE_SUB(day, INTERVAL 1 DAY)) AS weekday,
    LEAST(EXTRACT(DAY FROM day), EXTRACT(DAY FROM month_end)) AS day_of_month,
    -- The last four days of a month (-4 to -1) and its first two (1, 2) may have volumes of their own; 0 is any other.
    IF(EXTRACT(DAY FROM DATE_ADD(day, INTERVAL 4 DAY)) <= 4, EXTRACT(DAY FROM DATE_ADD(day, INTERVAL 4 DAY)) - 5,
      IF(EXTRACT(DAY FROM day) <= 2, EXTRACT(DAY FROM day), 0)) AS month_position
  FROM pipelines
  CROSS JOIN (
    SELECT today, DATE_TRUNC(today, MONTH) AS month, LAST_DAY(today) AS month_end FROM (SELECT DATE(${now}, '${time_zone}') AS today)
  )
  CROSS JOIN UNNEST(GENERATE_DATE_ARRAY(active_day, IFNULL(DATE_SUB(next_active_day, INTERVAL 1 DAY), month_end))) AS day
),
sums AS (
  SELECT *, SUM(executions) OVER (PARTITION BY day) AS executions_of_all, MAX(IF(executions > 0, day, NULL)) OVER () AS newest_day,
    SUM(records) OVER (PARTITION BY DATE_TRUNC(day, MONTH) ORDER BY day) AS used,
    first_day > DATE_ADD(MIN(first_day) OVER (), INTERVAL 14 DAY) AND first_day > DATE_SUB(last_day, INTERVAL 10 DAY) AS is_new
  FROM series
),
-- A day on which no pipeline ran, after the limit or although that weekday usually has runs, is a pause or a hole: unknown, not zero.
known AS (
  SELECT *, IF(day < last_day AND NOT is_pause, 1, 0) AS is_known
  FROM (
    SELECT *, day <= last_day AND executions_of_all = 0 AND (IFNULL(day > used_up_on, FALSE) OR IFNULL(active_share > 0.75, FALSE)) AS is_pause
    FROM (
      SELECT *, MIN(IF(used >= CAST(${plan_records} AS INT64), day, NULL)) OVER (PARTITION BY DATE_TRUNC(day, MONTH)) AS used_up_on,
        AVG(CASE WHEN day >= newest_day THEN NULL WHEN executions_of_all > 0 THEN 1 ELSE 0 END) OVER (PARTITION BY weekday) AS active_share
      FROM sums
    )
  )
),
numbered AS (
  SELECT *, SUM(is_known) OVER (PARTITION BY pipeline) AS known_days, SUM(is_known) OVER (PARTITION BY pipeline ORDER BY day) AS day_number,
    PERCENTILE_CONT(IF(is_known = 1 AND day > first_day AND records > 0 AND days_ahead >= -56, CAST(records AS FLOAT64), NULL), 0.5)
      OVER (PARTITION BY pipeline) AS median_records,
    PERCENTILE_CONT(IF(is_known = 1 AND day > first_day AND records > 0 AND days_ahead >= -21, CAST(records AS FLOAT64), NULL), 0.5)
      OVER (PARTITION BY pipeline) AS median_of_late,
    AVG(IF(day != last_day, NULL, IF(is_new, 1, 0))) OVER () AS share_of_new,
    -- The pause that has not ended is forecast as if there were none.
    MIN(IF(is_pause AND day > newest_day, day, NULL)) OVER (PARTITION BY pipeline) AS paused_from
  FROM known
),
silences AS (
  SELECT *, COUNTIF(executions > 0) OVER of_pipeline AS active_days,
    MAX(IF(executions > 0, day_number, NULL)) OVER of_pipeline AS last_active_number,
    IF(executions > 0, day_number - 1 - MAX(IF(executions > 0, day_number, NULL)) OVER before, NULL) AS silent_days_before,
    -- The last day counts too once the pipeline is nearly always heard by that time of day, and others are.
    IF(IFNULL(MAX(IF(day = last_day AND executions_of_all > 0 AND executions = 0, 1, 0)) OVER of_pipeline = 1
        AND AVG(IF(executions > 0 AND day < last_day, ran_earlier, NULL)) OVER of_pipeline > 0.9, FALSE), 1, 0)
      + known_days - MAX(IF(executions > 0, day_number, NULL)) OVER of_pipeline AS silent_days,
    AVG(IF(is_known = 1, volume, NULL)) OVER of_pipeline AS mean_volume, IF(is_known = 1 AND month_position = 0, volume, NULL) AS plain_volume,
    -- What the days around bring, their weekends counted as three fifths of a day.
    SUM(IF(is_known = 1 AND month_position = 0, volume, NULL)) OVER around
      / SUM(IF(is_known = 1 AND month_position = 0, IF(weekday >= 6, 0.6, 1.16), NULL)) OVER around AS usual_volume
  FROM (
    SELECT *,
      -- One huge day must not lift the level for weeks, least of all a first one, which may load a history; but month ends may be huge,
      -- and half of three weeks are no longer one day.
      GREATEST(0, LEAST(records, IFNULL(GREATEST(median_records, IFNULL(median_of_late, 0))
        * CASE WHEN day = first_day THEN 1.5 WHEN month_position = 0 THEN 5 ELSE 12 END, records))) AS volume
    FROM numbered
  )
  WINDOW of_pipeline AS (PARTITION BY pipeline), around AS (of_pipeline ORDER BY day ROWS BETWEEN 10 PRECEDING AND 10 FOLLOWING),
    before AS (of_pipeline ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
weekdays AS (
  SELECT *,
    -- Monthly and the like: too few days for a level, their dates repeat instead.
    active_days > 1 AND last_active_number - 1 > 20 * (active_days - 1) AS is_rare,
    AVG(IF(day < last_day, volume, NULL)) OVER (PARTITION BY pipeline, day_of_month) AS volume_of_date,
    COUNTIF(silent_days_before >= silent_days) OVER (PARTITION BY pipeline) + 0.4 * POWER(0.15,
      GREATEST(0, silent_days / GREATEST(1, IFNULL((last_active_number - 1) / NULLIF(active_days - 1, 0), 1)) - 1)) AS such_silences,
    -- Old days count less, and so does the first one, which may be half a day.
    IF(is_known = 1, POWER(0.5, days_ahead / -100) * IF(day = first_day, 0.3, 1), IF(day = first_day AND day = last_day, 1, 0)) AS weight,
    -- What a weekday is worth to all pipelines and to this one, compared with the days around it.
    SUM(plain_volume) OVER of_all / NULLIF(SUM(IF(plain_volume IS NOT NULL, usual_volume, NULL)) OVER of_all, 0) AS ratio_of_all,
    MAX(known_days) OVER of_all / 7 AS weeks_of_all,
    SUM(plain_volume) OVER of_pipeline / NULLIF(SUM(IF(plain_volume IS NOT NULL, usual_volume, NULL)) OVER of_pipeline, 0) AS ratio,
    COUNT(plain_volume) OVER of_pipeline AS weeks
  FROM silences
  WINDOW of_all AS (PARTITION BY weekday), of_pipeline AS (PARTITION BY pipeline, weekday)
),
-- The same for the first and the last days of the month. The days between need none: each of them stands alone.
month_positions AS (
  SELECT *, SUM(IF(is_known = 1 AND usual_volume IS NOT NULL, volume, NULL)) OVER of_all AS volume_of_all,
    SUM(IF(is_known = 1, usual_volume * weekday_factor, NULL)) OVER of_all AS usual_of_all, SUM(mean_volume) OVER (PARTITION BY day) AS mean_of_all,
    SUM(IF(is_known = 1 AND usual_volume IS NOT NULL, volume, NULL)) OVER of_pipeline AS volume_there,
    SUM(IF(is_known = 1, usual_volume * weekday_factor, NULL)) OVER of_pipeline AS usual_there
  FROM (
    -- The customer's week starts from a mild weekend, worth two days; a pipeline's week from the customer's, worth one week.
    SELECT *, (IFNULL(ratio, 1) * weeks + (IFNULL(ratio_of_all, 1) * weeks_of_all + 0.3 * IF(weekday >= 6, 0.7, 1.12)) / (weeks_of_all + 0.3))
      / (weeks + 1) AS weekday_factor,
      -- A silence is either one of those that the pipeline has had before, or its end: one active day in 500 is the last, and far more
      -- where pipelines are being replaced.
      IF(silent_days <= 0, 1, such_silences / (such_silences + active_days * (1 + 50 * IFNULL(share_of_new, 0)) / 500)) AS alive
    FROM weekdays
  )
  WINDOW of_all AS (PARTITION BY month_position, IF(month_position = 0, day, NULL)),
    of_pipeline AS (PARTITION BY pipeline, month_position, IF(month_position = 0, day, NULL))
),
-- The customer's days of the month start from usual ones, a pipeline's from the customer's, each worth half a day.
profiles AS (
  SELECT *, weekday_factor * IF(month_position = 0, 1, LEAST(12,
    IFNULL((IFNULL(volume_there, 0) + mean_volume / 2 * position_factor) / NULLIF(IFNULL(usual_there, 0) + mean_volume / 2, 0), position_factor))) AS profile
  FROM (
    SELECT *, IFNULL((IFNULL(volume_of_all, 0) + mean_of_all / 2) / NULLIF(IFNULL(usual_of_all, 0) + mean_of_all / 2, 0), 1) AS position_factor
    FROM month_positions
  )
),
-- Since when each pipeline is as it is now, and how likely, in each of three shapes: even, or growing in two ways.
${regimes},
levels AS (
  SELECT *, SUM(counted) OVER of_shape AS days_counted, SUM(counted * days_ahead) OVER of_shape AS days_ahead_counted,
    SUM(counted * volume) OVER of_shape AS volumes, SUM(counted * outline) OVER of_shape AS outlines
  FROM (
    SELECT *, belief_so_far / NULLIF(belief_in_shape, 0) * weight AS counted,
      profile * CASE shape WHEN 'even' THEN 1 WHEN 'compound' THEN EXP(slope * grown) ELSE GREATEST(0.02, 1 + slope * grown) END AS outline
    FROM (
      -- No growth goes on for ever: with each day to come it is a hundredth less.
      SELECT * EXCEPT (slope), IFNULL(growths / NULLIF(belief_in_shape, 0), 0) AS slope,
        IF(days_ahead > 0, 100 - 100 * POWER(0.99, days_ahead), days_ahead) AS grown
      FROM regimes
    )
  )
  WINDOW of_shape AS (PARTITION BY pipeline, shape)
),
-- A pipeline's rest is that of the shape it has, which is not certain, nor is the shape's level or growth, or nothing if it has ended.
doubts AS (
  SELECT *, share * POWER(SUM(rest) OVER (PARTITION BY pipeline, shape), 2) * (0.3 + LEAST(1, uncertainty))
      + IF(shape = 'even', POWER(SUM(share * rest) OVER (PARTITION BY pipeline), 2) * (0.7 / GREATEST(alive, 1e-9) - 1), 0) AS doubt
  FROM (
    SELECT *, belief_in_shape / belief_in_all * alive AS share,
      IF(day < month OR day < IFNULL(paused_from, last_day), 0, IF(day > last_day OR paused_from IS NOT NULL, 1, later_share)) * expected AS rest,
      belief_so_far / belief_in_all * volume AS present, belief_so_far / belief_in_all * expected * IF(day_number > last_active_number, alive, 1) AS fitted
    FROM (
      SELECT *, IF(is_rare, IFNULL(volume_of_date, 0), IFNULL(volumes / NULLIF(outlines, 0), 0) * outline) AS expected,
        IF(is_rare, 0.4 / active_days, IFNULL(1 / IFNULL(certainty, 4) / NULLIF(days_counted, 0), 1)
          + 2.2 * IFNULL((growths_squared / NULLIF(belief_in_shape, 0) - slope * slope)
            * POWER(DATE_DIFF(month_end, last_day, DAY) / 2 - days_ahead_counted / NULLIF(days_counted, 0), 2), 0)) AS uncertainty
      FROM levels
    )
  )
),
days AS (
  SELECT day, MAX(last_execution_at) AS last_execution_at, SUM(IF(shape = 'even' AND day >= month, records, 0)) AS month_records,
    COUNTIF(shape = 'even' AND day = today AND last_execution_at > TIMESTAMP_SUB(${now}, INTERVAL 30 DAY)) AS active_pipelines,
    MAX(is_known) AS is_known, SUM(share * rest) AS rest, SUM(IF(day = today, doubt, NULL)) AS doubt,
    IF(MAX(is_known) = 1 AND MAX(days_ahead) >= -56, SUM(fitted), NULL) AS fitted, SUM(present) - SUM(fitted) AS residual,
    SUM(SUM(IF(shape = 'even' AND day >= month, records, 0)) + SUM(share * rest)) OVER (ORDER BY day) AS projected
  FROM doubts
  GROUP BY day
),
totals AS (
  SELECT MAX(last_execution_at) AS data_through, IFNULL(CAST(SUM(month_records) AS INT64), 0) AS month_to_date_records,
    LEAST(1e18, IFNULL(SUM(rest), 0)) AS rest, IFNULL(MAX(active_pipelines), 0) AS active_pipelines,
    MIN(IF(ROUND(projected) >= CAST(${plan_records} AS INT64), day, NULL)) AS limit_date,
    -- The days' relative error, with three days of 14 % added; what happened once, as catching up does, hardly counts.
    IFNULL((SUM(POWER(LEAST(ABS(residual), 5 * usual_error * fitted), 2)) + 3 * 0.02 * AVG(fitted * fitted))
      / NULLIF(SUM(fitted * fitted) + 3 * AVG(fitted * fitted), 0), 0.02) AS noise,
    SUM(rest * rest) AS rest_squared, GREATEST(0, SUM(doubt)) AS doubt, IFNULL(NULLIF(SUM(is_known), 0), 1) AS known_days
  FROM (SELECT *, PERCENTILE_CONT(ABS(residual) / NULLIF(fitted, 0), 0.5) OVER () AS usual_error FROM days)
),
-- Four of five outcomes lie within 1.2 of these deviations, which overlap: of the days to come, of each level and growth, of the profile.
-- What was not known for three days says nothing of the days to come; a limit that was reached stays reached.
band AS (
  SELECT *,
    IFNULL(LEAST(1, 1.2 * SQRT((0.65 * noise * rest_squared + doubt) / NULLIF(rest * rest, 0) + (noise + 0.04) / known_days)), 0) AS margin,
    IF(known_through >= TIMESTAMP_SUB(${now}, INTERVAL 3 DAY), month_to_date_records, NULL) AS records_known,
    IF(month_to_date_records >= CAST(${plan_records} AS INT64)
      OR known_through >= TIMESTAMP_SUB(${now}, INTERVAL 3 DAY) AND ROUND(month_to_date_records + rest) >= CAST(${plan_records} AS INT64),
      limit_date, NULL) AS limit_known
  FROM totals
  CROSS JOIN (
    SELECT IF(LOGICAL_AND(known_at IS NOT NULL), MIN(known_at), NULL) AS known_through
    FROM clients
    WHERE newest_at > TIMESTAMP_SUB(${now}, INTERVAL 90 DAY)
  )
)
SELECT ${now} AS as_of, data_through, DATE_TRUNC(DATE(${now}, '${time_zone}'), MONTH) AS month,
  month_to_date_records, CAST(${plan_records} AS INT64) AS plan_records, month_to_date_records / CAST(${plan_records} AS INT64) AS used_share,
  records_known + CAST(ROUND(rest) AS INT64) AS projected_month_records,
  records_known + CAST(ROUND(rest * EXP(-margin)) AS INT64) AS projected_low,
  records_known + CAST(ROUND(rest * EXP(margin)) AS INT64) AS projected_high,
  limit_known AS limit_date, DATE_DIFF(limit_known, DATE(${now}, '${time_zone}'), DAY) AS days_until_limit,
  active_pipelines, CAST(${plan_pipelines} AS INT64) AS plan_pipelines, known_through
FROM band

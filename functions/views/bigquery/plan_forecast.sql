-- Will the plan last: what will this month have used when it ends, and on which day is the limit reached?
-- Each pipeline is forecast on its own (level, growth, weekday, place in the month), so that one that began or ended counts as that.
-- BigQuery runs a step anew each time that it is read, unless it is recursive: so those that are read often add nothing of themselves,
-- https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#with_clause
WITH RECURSIVE calendar AS (
  SELECT
    DATE(${now}, '${time_zone}') AS today,
    DATE_TRUNC(DATE(${now}, '${time_zone}'), MONTH) AS month,
    LAST_DAY(DATE(${now}, '${time_zone}')) AS month_end
),

-- 120 days hold three month ends to learn from.
executions AS (
  SELECT
    client_id,
    pipeline_id,
    createdat,
    DATE(createdat, '${time_zone}') AS day,
    TIME(createdat, '${time_zone}') AS time_of_day,
    CASE WHEN is_billable IS NOT FALSE THEN COALESCE(row_count, 0) ELSE 0 END AS records
  FROM `${dataset}.pipeline_logs_latest`
  WHERE createdat > TIMESTAMP_SUB(${now}, INTERVAL 120 DAY) AND createdat <= ${now}
),

-- What came after the newest log is unknown, not nothing: the copy may be behind, or Kondado may have paused.
freshness AS (
  SELECT
    DATE(MAX(createdat), '${time_zone}') AS last_day,
    TIME(MAX(createdat), '${time_zone}') AS last_time
  FROM executions
),

pipeline_days AS (
  SELECT
    client_id,
    pipeline_id,
    day,
    COUNT(*) AS executions,
    MAX(createdat) AS last_execution_at,
    CAST(SUM(records) AS INT64) AS records,
    CAST(SUM(CASE WHEN time_of_day > last_time THEN records ELSE 0 END) AS FLOAT64) AS records_later,
    MAX(CASE WHEN time_of_day <= last_time THEN 1 ELSE 0 END) AS ran_earlier
  FROM executions CROSS JOIN freshness
  GROUP BY client_id, pipeline_id, day
  UNION ALL
  SELECT * FROM pipeline_days WHERE FALSE
),

-- The day on which each month had used up the plan: what came after it was a pause.
used_up AS (
  SELECT month_of_day, MIN(day) AS used_up_on
  FROM (
    SELECT
      day,
      DATE_TRUNC(day, MONTH) AS month_of_day,
      SUM(SUM(records)) OVER (PARTITION BY DATE_TRUNC(day, MONTH) ORDER BY day) AS used
    FROM pipeline_days
    GROUP BY day
  ) AS monthly
  WHERE used >= CAST(${plan_records} AS INT64)
  GROUP BY month_of_day
),

-- Every day of a pipeline, from its first execution to the end of the month.
pipeline_calendar AS (
  SELECT pipelines.*, calendar.*, freshness.*, day
  FROM (
    SELECT
      client_id,
      pipeline_id,
      ROW_NUMBER() OVER (ORDER BY client_id, pipeline_id) AS pipeline,
      MIN(day) AS first_day,
      MAX(last_execution_at) AS last_execution_at
    FROM pipeline_days
    GROUP BY client_id, pipeline_id
  ) AS pipelines
  CROSS JOIN calendar
  CROSS JOIN freshness
  CROSS JOIN UNNEST(GENERATE_DATE_ARRAY(first_day, month_end)) AS day
),

series AS (
  SELECT
    pipeline,
    pipeline_calendar.day,
    first_day,
    pipeline_calendar.last_execution_at,
    today,
    month,
    last_day,
    (EXTRACT(HOUR FROM last_time) * 60 + EXTRACT(MINUTE FROM last_time)) / 1440.0 AS elapsed_share,
    used_up_on,
    COALESCE(executions, 0) AS executions,
    COALESCE(records, 0) AS records,
    COALESCE(records_later, 0) AS records_later,
    COALESCE(ran_earlier, 0) AS ran_earlier,
    CAST(DATE_DIFF(pipeline_calendar.day, last_day, DAY) AS FLOAT64) AS days_ahead,
    EXTRACT(DAYOFWEEK FROM DATE_SUB(pipeline_calendar.day, INTERVAL 1 DAY)) AS weekday,
    LEAST(EXTRACT(DAY FROM pipeline_calendar.day), EXTRACT(DAY FROM month_end)) AS day_of_month,
    -- The last four days of a month (-4 to -1) and its first two (1, 2) may have volumes of their own; 0 is any other.
    CASE
      WHEN EXTRACT(DAY FROM DATE_ADD(pipeline_calendar.day, INTERVAL 4 DAY)) <= 4 THEN EXTRACT(DAY FROM DATE_ADD(pipeline_calendar.day, INTERVAL 4 DAY)) - 5
      WHEN EXTRACT(DAY FROM pipeline_calendar.day) <= 2 THEN EXTRACT(DAY FROM pipeline_calendar.day)
      ELSE 0
    END AS month_position,
    SUM(COALESCE(executions, 0)) OVER (PARTITION BY pipeline_calendar.day) AS executions_of_all
  FROM pipeline_calendar
  LEFT JOIN pipeline_days
    ON pipeline_days.day = pipeline_calendar.day
    AND pipeline_days.client_id IS NOT DISTINCT FROM pipeline_calendar.client_id
    AND pipeline_days.pipeline_id IS NOT DISTINCT FROM pipeline_calendar.pipeline_id
  LEFT JOIN used_up ON month_of_day = DATE_TRUNC(pipeline_calendar.day, MONTH)
  UNION ALL
  SELECT * FROM series WHERE FALSE
),

-- A day on which no pipeline ran, after the limit or although that weekday usually has runs, is a pause or a hole in the copy:
-- unknown, not zero.
known AS (
  SELECT
    *,
    CASE
      WHEN day >= last_day THEN 0
      WHEN executions_of_all > 0 THEN 1
      WHEN day > used_up_on THEN 0
      WHEN AVG(CASE WHEN day >= last_day THEN NULL WHEN executions_of_all > 0 THEN 1 ELSE 0 END) OVER (PARTITION BY weekday) > 0.5
        THEN 0
      ELSE 1
    END AS is_known
  FROM series
),

numbered AS (
  SELECT
    *,
    SUM(is_known) OVER (PARTITION BY pipeline) AS known_days,
    SUM(is_known) OVER (PARTITION BY pipeline ORDER BY day) AS day_number,
    PERCENTILE_CONT(CASE WHEN is_known = 1 AND records > 0 AND days_ahead >= -56 THEN CAST(records AS FLOAT64) END, 0.5)
      OVER (PARTITION BY pipeline) AS median_records
  FROM known
),

silences AS (
  SELECT
    *,
    COUNT(CASE WHEN executions > 0 THEN 1 END) OVER of_pipeline AS active_days,
    MAX(CASE WHEN executions > 0 THEN day_number END) OVER of_pipeline AS last_active_number,
    CASE WHEN executions > 0 THEN
      day_number - 1 - MAX(CASE WHEN executions > 0 THEN day_number END)
        OVER (PARTITION BY pipeline ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    END AS silent_days_before,
    -- The last day counts too once the pipeline is nearly always heard by that time of day.
    CASE
      WHEN MAX(CASE WHEN day = last_day THEN executions END) OVER of_pipeline > 0 THEN 0
      WHEN AVG(CASE WHEN executions > 0 AND day < last_day THEN ran_earlier END) OVER of_pipeline > 0.9 THEN 1
      ELSE 0
    END + known_days - MAX(CASE WHEN executions > 0 THEN day_number END) OVER of_pipeline AS silent_days,
    -- One huge day must not lift the level for weeks; but month ends may be huge.
    LEAST(records, COALESCE(median_records * CASE WHEN month_position = 0 THEN 5 ELSE 12 END, CAST(records AS FLOAT64))) AS volume
  FROM numbered
  WINDOW of_pipeline AS (PARTITION BY pipeline)
),

lives AS (
  SELECT
    *,
    -- Monthly and the like: too few days for a level, their dates repeat instead.
    active_days > 1 AND last_active_number - 1 > 20 * (active_days - 1) AS is_rare,
    COUNT(CASE WHEN silent_days_before >= silent_days THEN 1 END) OVER (PARTITION BY pipeline)
      + POWER(0.25, silent_days - 1) AS such_silences,
    CASE WHEN is_known = 1 AND month_position = 0 THEN volume END AS plain_volume,
    AVG(CASE WHEN is_known = 1 AND month_position = 0 THEN volume END)
      OVER (PARTITION BY pipeline ORDER BY day ROWS BETWEEN 10 PRECEDING AND 10 FOLLOWING) AS usual_volume,
    -- Old days count less; the first one may be half a day, or the load of a whole history.
    CASE
      WHEN is_known = 1 THEN POWER(0.5, days_ahead / -30) * CASE WHEN day = first_day THEN 0.2 ELSE 1 END
      WHEN day = first_day AND day = last_day THEN 1
      ELSE 0
    END AS weight
  FROM silences
),

-- A silence is either one of those that the pipeline has had before, or its end (one active day in 300 is the last).
weekdays AS (
  SELECT
    *,
    CASE WHEN silent_days <= 0 THEN 1 ELSE such_silences / (such_silences + active_days / 300) END AS alive,
    -- What a weekday is worth to all pipelines and to this one, compared with the days around it.
    SUM(plain_volume) OVER of_all
      / NULLIF(SUM(CASE WHEN plain_volume IS NOT NULL THEN usual_volume END) OVER of_all, 0) AS ratio_of_all,
    MAX(known_days) OVER of_all / 7 AS weeks_of_all,
    SUM(plain_volume) OVER of_pipeline
      / NULLIF(SUM(CASE WHEN plain_volume IS NOT NULL THEN usual_volume END) OVER of_pipeline, 0) AS ratio,
    COUNT(plain_volume) OVER of_pipeline AS weeks
  FROM lives
  WINDOW of_all AS (PARTITION BY weekday), of_pipeline AS (PARTITION BY pipeline, weekday)
),

-- The customer's week starts from a mild weekend, worth one week; a pipeline's week from the customer's, worth one as well.
weekday_factors AS (
  SELECT
    *,
    (COALESCE(ratio, 1) * weeks + (COALESCE(ratio_of_all, 1) * weeks_of_all + CASE WHEN weekday >= 6 THEN 0.85 ELSE 1.06 END)
      / (weeks_of_all + 1)) / (weeks + 1) AS weekday_factor
  FROM weekdays
),

-- The same for the first and the last days of the month. The days between need none, so each of them stands alone.
month_positions AS (
  SELECT
    *,
    SUM(CASE WHEN is_known = 1 AND usual_volume IS NOT NULL THEN volume END) OVER of_all
      / NULLIF(SUM(CASE WHEN is_known = 1 THEN usual_volume * weekday_factor END) OVER of_all, 0) AS position_ratio_of_all,
    MAX(known_days) OVER of_all / 30 AS months_of_all,
    SUM(CASE WHEN is_known = 1 AND usual_volume IS NOT NULL THEN volume END) OVER of_pipeline
      / NULLIF(SUM(CASE WHEN is_known = 1 THEN usual_volume * weekday_factor END) OVER of_pipeline, 0) AS position_ratio,
    SUM(is_known) OVER of_pipeline AS months
  FROM weekday_factors
  WINDOW
    of_all AS (PARTITION BY month_position, CASE WHEN month_position = 0 THEN day END),
    of_pipeline AS (PARTITION BY pipeline, month_position, CASE WHEN month_position = 0 THEN day END)
),

profiles AS (
  SELECT
    *,
    weekday_factor * CASE
      WHEN month_position = 0 THEN 1
      ELSE (COALESCE(position_ratio, 1) * months + 0.5 * (COALESCE(position_ratio_of_all, 1) * months_of_all + 0.5)
        / (months_of_all + 0.5)) / (months + 0.5)
    END AS profile
  FROM month_positions
),

-- A weighted regression of the volumes on their profile: level and growth of each pipeline.
moments AS (
  SELECT
    pipeline,
    MAX(alive) AS alive,
    POWER(SUM(weight), 2) / NULLIF(SUM(weight * weight), 0) AS days_of_weight,
    SUM(weight * profile) AS exposure,
    SUM(weight * profile * days_ahead) AS exposure_by_day,
    SUM(weight * profile * days_ahead * days_ahead) AS exposure_by_day_squared,
    SUM(weight * volume) AS volumes,
    SUM(weight * volume * days_ahead) AS volumes_by_day,
    SUM(CASE WHEN profile > 0.05 THEN weight * volume * volume / profile END) AS volumes_squared,
    -- What usually comes after the last time of the last day; a fifth of an even day is added, for where little is known.
    COALESCE(
      (SUM(weight * records_later) + 0.2 * AVG(CASE WHEN is_known = 1 THEN records END) * (1 - MAX(elapsed_share)))
        / NULLIF(SUM(weight * records) + 0.2 * AVG(CASE WHEN is_known = 1 THEN records END), 0),
      1 - MAX(elapsed_share)) AS later_share
  FROM profiles
  GROUP BY pipeline
),

levels AS (
  SELECT
    *,
    COALESCE(volumes / NULLIF(exposure, 0), 0) AS level,
    COALESCE(exposure_by_day / NULLIF(exposure, 0), 0) AS mean_day,
    exposure_by_day_squared - exposure_by_day * exposure_by_day / NULLIF(exposure, 0) AS spread,
    -- Growth a day as a share of the level; not judged by less than about nine days.
    CASE WHEN days_of_weight > 8 THEN
      (exposure * volumes_by_day - exposure_by_day * volumes)
        / NULLIF(exposure * exposure_by_day_squared - exposure_by_day * exposure_by_day, 0)
        * exposure / NULLIF(volumes, 0)
    END AS growth
  FROM moments
),

growths AS (
  SELECT
    *,
    CASE WHEN growth IS NOT NULL THEN
      GREATEST((volumes_squared - volumes * level) / (level * level) - growth * growth * spread, 0.0001 * spread)
        / (days_of_weight - 2) / spread
    END AS growth_variance
  FROM levels
),

-- What all pipelines together grow by.
shared_growth AS (
  SELECT
    *,
    SUM(alive * growth / (growth_variance + 2e-6)) OVER () / NULLIF(SUM(alive / (growth_variance + 2e-6)) OVER (), 0)
      AS growth_of_all,
    1 / NULLIF(SUM(alive / (growth_variance + 2e-6)) OVER (), 0) AS variance_of_all
  FROM growths
),

-- Growth counts as far as it stands out from chance, and a pipeline's own as far as pipelines differ in it more than by chance.
growth_in_common AS (
  SELECT
    *,
    COALESCE(growth_of_all * GREATEST(0, 1 - 2 * variance_of_all / NULLIF(growth_of_all * growth_of_all, 0)), 0) AS common_growth,
    GREATEST(5e-7, COALESCE(
      SUM(alive * ((growth - growth_of_all) * (growth - growth_of_all) - growth_variance) / (growth_variance + 2e-6)) OVER ()
        / NULLIF(SUM(alive / (growth_variance + 2e-6)) OVER (), 0), 0)) AS variance_between
  FROM shared_growth
),

own_growths AS (
  SELECT
    *,
    common_growth + COALESCE((growth - common_growth) * variance_between / (variance_between + growth_variance), 0) AS own_growth,
    COALESCE(variance_between * growth_variance / (variance_between + growth_variance), variance_between) AS own_growth_variance
  FROM growth_in_common
),

expectations AS (
  SELECT
    profiles.*,
    later_share,
    own_growth_variance,
    common_growth,
    variance_of_all,
    CASE
      WHEN is_rare THEN COALESCE(AVG(CASE WHEN day < last_day THEN volume END) OVER (PARTITION BY profiles.pipeline, day_of_month), 0)
      -- No growth goes on for ever: with each day to come it is a hundredth less.
      ELSE profile * level * GREATEST(0, 1
        + own_growth * (CASE WHEN days_ahead > 0 THEN (1 - POWER(0.99, days_ahead)) / 0.01 ELSE days_ahead END - mean_day))
    END AS expected
  FROM profiles
  JOIN own_growths ON own_growths.pipeline = profiles.pipeline
),

remaining AS (
  SELECT
    *,
    CASE WHEN day < last_day OR day < month THEN 0 WHEN day = last_day THEN later_share ELSE 1 END * expected * alive AS rest,
    CASE WHEN day_number > last_active_number THEN expected * alive ELSE expected END AS fitted
  FROM expectations
),

-- How wrong a pipeline's rest may be: it may have ended, or it runs so rarely that its level is a guess.
doubts AS (
  SELECT
    *,
    ((1 - alive) / alive + CASE WHEN is_rare THEN 0.4 ELSE 0.2 END / active_days
      + 100 * own_growth_variance)
      * POWER(SUM(rest) OVER (PARTITION BY pipeline), 2) AS doubt
  FROM remaining
),

days AS (
  SELECT
    day,
    MAX(last_execution_at) AS last_execution_at,
    SUM(CASE WHEN day >= month THEN records ELSE 0 END) AS month_records,
    SUM(rest) AS rest,
    COUNT(CASE WHEN day = today AND last_execution_at > TIMESTAMP_SUB(${now}, INTERVAL 30 DAY) THEN 1 END) AS active_pipelines,
    MAX(is_known) AS is_known,
    CASE WHEN MAX(is_known) = 1 AND MAX(days_ahead) >= -56 THEN SUM(fitted) END AS fitted,
    SUM(records) - SUM(fitted) AS residual,
    SUM(CASE WHEN day = today THEN doubt END) AS doubt,
    MAX(0.5 * common_growth * common_growth + COALESCE(variance_of_all, 0)) AS growth_variance,
    SUM(SUM(CASE WHEN day >= month THEN records ELSE 0 END) + SUM(rest)) OVER (ORDER BY day) AS projected
  FROM doubts
  GROUP BY day
),

totals AS (
  SELECT
    MAX(last_execution_at) AS data_through,
    COALESCE(CAST(SUM(month_records) AS INT64), 0) AS month_to_date_records,
    COALESCE(SUM(rest), 0) AS rest,
    MIN(CASE WHEN ROUND(projected) >= CAST(${plan_records} AS INT64) THEN day END) AS limit_date,
    COALESCE(MAX(active_pipelines), 0) AS active_pipelines,
    -- The days' relative error, with three days of 14 % added.
    COALESCE((SUM(CASE WHEN fitted IS NOT NULL THEN residual * residual END) + 3 * 0.02 * AVG(fitted * fitted))
      / NULLIF(SUM(fitted * fitted) + 3 * AVG(fitted * fitted), 0), 0.02) AS noise,
    SUM(rest * rest) AS rest_squared,
    SUM(doubt) AS doubt,
    GREATEST(SUM(is_known), 1) AS known_days,
    MAX(growth_variance) AS growth_variance
  FROM days
),

-- Four of five outcomes lie within 1.28 standard deviations: of the days to come, of the level, of the profile, of the growth.
band AS (
  SELECT
    *,
    COALESCE(LEAST(1, 1.28 * SQRT((noise * rest_squared + doubt) / NULLIF(rest * rest, 0)
      + (noise + 0.015) / known_days + 100 * growth_variance)), 0) AS margin
  FROM totals
)

SELECT
  ${now} AS as_of,
  data_through,
  DATE_TRUNC(DATE(${now}, '${time_zone}'), MONTH) AS month,
  month_to_date_records,
  CAST(${plan_records} AS INT64) AS plan_records,
  month_to_date_records / CAST(${plan_records} AS INT64) AS used_share,
  month_to_date_records + CAST(ROUND(rest) AS INT64) AS projected_month_records,
  month_to_date_records + CAST(ROUND(rest * EXP(-margin)) AS INT64) AS projected_low,
  month_to_date_records + CAST(ROUND(rest * EXP(margin)) AS INT64) AS projected_high,
  limit_date,
  DATE_DIFF(limit_date, DATE(${now}, '${time_zone}'), DAY) AS days_until_limit,
  active_pipelines,
  CAST(${plan_pipelines} AS INT64) AS plan_pipelines
FROM band

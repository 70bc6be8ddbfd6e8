-- Will the plan last: what will this month have used when it ends, and on which day is the limit reached?
-- Each pipeline is forecast on its own (level, growth, weekday, place in the month), so that one that began or ended counts as that.
-- Nearly every step reads only the one before, because BigQuery runs a step anew for each step that reads it.
WITH calendar AS (
  SELECT today, DATE_TRUNC(today, MONTH) AS month, LAST_DAY(today) AS month_end
  FROM (SELECT DATE(${now}, '${time_zone}') AS today)
),
-- 120 days hold three month ends to learn from.
executions AS (
  SELECT client_id, pipeline_id, createdat,
    DATE(createdat, '${time_zone}') AS day, TIME(createdat, '${time_zone}') AS time_of_day,
    -- One absurd value must not spoil what is computed with it.
    IF(is_billable IS NOT FALSE, GREATEST(-1000000000000000, LEAST(1000000000000000, IFNULL(row_count, 0))), 0) AS records
  FROM `${dataset}.pipeline_logs_latest`
  WHERE createdat > TIMESTAMP_SUB(${now}, INTERVAL 120 DAY) AND createdat <= ${now}
),
-- A client's log is known through the start of its newest run that came to the end, the plan's through the earliest of these.
successes AS (
  SELECT client_id, MAX(started_at) AS known_at
  FROM `${dataset}.sync_runs`
  WHERE stream = 'pipeline_logs' AND mode = 'incremental' AND outcome = 'success' AND started_at <= ${now}
  GROUP BY client_id
),
knowledge AS (
  SELECT IF(LOGICAL_AND(known_at IS NOT NULL), MIN(known_at), NULL) AS known_through
  FROM (
    SELECT logs.client_id, MAX(IF(of_all.known_at > own.known_at OR own.known_at IS NULL, of_all.known_at, own.known_at)) AS known_at
    FROM executions AS logs
    CROSS JOIN (SELECT MAX(IF(client_id IS NULL, known_at, NULL)) AS known_at FROM successes) AS of_all
    LEFT JOIN successes AS own ON own.client_id = logs.client_id
    WHERE logs.createdat > TIMESTAMP_SUB(${now}, INTERVAL 90 DAY)
    GROUP BY logs.client_id
  )
),
-- What came after the newest log is unknown, not nothing: the copy may be behind, or Kondado may have paused.
freshness AS (
  SELECT DATE(MAX(createdat), '${time_zone}') AS last_day, TIME(MAX(createdat), '${time_zone}') AS last_time
  FROM executions
),
active_days AS (
  SELECT client_id, pipeline_id, last_day, last_time, day AS active_day, COUNT(*) AS executions,
    MAX(createdat) AS last_execution_at, CAST(SUM(records) AS INT64) AS records,
    CAST(SUM(IF(time_of_day > last_time, records, 0)) AS FLOAT64) AS records_later,
    MAX(IF(time_of_day <= last_time, 1, 0)) AS ran_earlier
  FROM executions
  CROSS JOIN freshness
  GROUP BY client_id, pipeline_id, last_day, last_time, day
),
pipelines AS (
  SELECT * EXCEPT (last_execution_at),
    DENSE_RANK() OVER (ORDER BY client_id, pipeline_id) AS pipeline,
    MIN(active_day) OVER of_pipeline AS first_day,
    LEAD(active_day) OVER (of_pipeline ORDER BY active_day) AS next_active_day,
    MAX(last_execution_at) OVER of_pipeline AS last_execution_at
  FROM active_days
  WINDOW of_pipeline AS (PARTITION BY client_id, pipeline_id)
),
-- Every day of a pipeline, from its first execution to the end of the month.
series AS (
  SELECT pipeline, day, first_day, last_day, today, month, last_execution_at,
    (EXTRACT(HOUR FROM last_time) * 60 + EXTRACT(MINUTE FROM last_time)) / 1440 AS elapsed_share,
    IF(day = active_day, executions, 0) AS executions, IF(day = active_day, records, 0) AS records,
    IF(day = active_day, records_later, 0) AS records_later, IF(day = active_day, ran_earlier, 0) AS ran_earlier,
    CAST(DATE_DIFF(day, last_day, DAY) AS FLOAT64) AS days_ahead,
    EXTRACT(DAYOFWEEK FROM DATE_SUB(day, INTERVAL 1 DAY)) AS weekday,
    LEAST(EXTRACT(DAY FROM day), EXTRACT(DAY FROM month_end)) AS day_of_month,
    -- The last four days of a month (-4 to -1) and its first two (1, 2) may have volumes of their own; 0 is any other.
    CASE
      WHEN EXTRACT(DAY FROM DATE_ADD(day, INTERVAL 4 DAY)) <= 4 THEN EXTRACT(DAY FROM DATE_ADD(day, INTERVAL 4 DAY)) - 5
      WHEN EXTRACT(DAY FROM day) <= 2 THEN EXTRACT(DAY FROM day)
      ELSE 0
    END AS month_position
  FROM pipelines
  CROSS JOIN calendar
  CROSS JOIN UNNEST(GENERATE_DATE_ARRAY(active_day, IFNULL(DATE_SUB(next_active_day, INTERVAL 1 DAY), month_end))) AS day
),
sums AS (
  SELECT *,
    SUM(executions) OVER (PARTITION BY day) AS executions_of_all,
    SUM(records) OVER (PARTITION BY DATE_TRUNC(day, MONTH) ORDER BY day) AS used
  FROM series
),
-- A day on which no pipeline ran, after the limit or although that weekday usually has runs, is a pause or a hole in the copy:
-- unknown, not zero.
known AS (
  SELECT *,
    IF(day < last_day AND (executions_of_all > 0 OR NOT (IFNULL(day > used_up_on, FALSE) OR IFNULL(active_share > 0.5, FALSE))), 1, 0) AS is_known
  FROM (
    SELECT *,
      MIN(IF(used >= CAST(${plan_records} AS INT64), day, NULL)) OVER (PARTITION BY DATE_TRUNC(day, MONTH)) AS used_up_on,
      AVG(CASE WHEN day >= last_day THEN NULL WHEN executions_of_all > 0 THEN 1 ELSE 0 END) OVER (PARTITION BY weekday) AS active_share
    FROM sums
  )
),
numbered AS (
  SELECT *,
    SUM(is_known) OVER (PARTITION BY pipeline) AS known_days, SUM(is_known) OVER (PARTITION BY pipeline ORDER BY day) AS day_number,
    PERCENTILE_CONT(IF(is_known = 1 AND records > 0 AND days_ahead >= -56, CAST(records AS FLOAT64), NULL), 0.5)
      OVER (PARTITION BY pipeline) AS median_records
  FROM known
),
silences AS (
  SELECT *,
    COUNTIF(executions > 0) OVER of_pipeline AS active_days, MAX(IF(executions > 0, day_number, NULL)) OVER of_pipeline AS last_active_number,
    IF(executions > 0, day_number - 1 - MAX(IF(executions > 0, day_number, NULL)) OVER before, NULL) AS silent_days_before,
    -- The last day counts too once the pipeline is nearly always heard by that time of day.
    CASE
      WHEN MAX(IF(day = last_day, executions, NULL)) OVER of_pipeline > 0 THEN 0
      WHEN AVG(IF(executions > 0 AND day < last_day, ran_earlier, NULL)) OVER of_pipeline > 0.9 THEN 1
      ELSE 0
    END + known_days - MAX(IF(executions > 0, day_number, NULL)) OVER of_pipeline AS silent_days,
    -- One huge day must not lift the level for weeks; but month ends may be huge.
    LEAST(records, IFNULL(median_records * IF(month_position = 0, 5, 12), records)) AS volume
  FROM numbered
  WINDOW
    of_pipeline AS (PARTITION BY pipeline),
    before AS (of_pipeline ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
lives AS (
  SELECT *,
    -- Monthly and the like: too few days for a level, their dates repeat instead.
    active_days > 1 AND last_active_number - 1 > 20 * (active_days - 1) AS is_rare,
    COUNTIF(silent_days_before >= silent_days) OVER (PARTITION BY pipeline) + POWER(0.25, silent_days - 1) AS such_silences,
    IF(is_known = 1 AND month_position = 0, volume, NULL) AS plain_volume,
    AVG(IF(is_known = 1 AND month_position = 0, volume, NULL))
      OVER (PARTITION BY pipeline ORDER BY day ROWS BETWEEN 10 PRECEDING AND 10 FOLLOWING) AS usual_volume,
    -- Old days count less; the first one may be half a day, or the load of a whole history.
    CASE
      WHEN is_known = 1 THEN POWER(0.5, days_ahead / -30) * IF(day = first_day, 0.2, 1)
      WHEN day = first_day AND day = last_day THEN 1
      ELSE 0
    END AS weight
  FROM silences
),
weekdays AS (
  SELECT *,
    -- A silence is either one of those that the pipeline has had before, or its end (one active day in 300 is the last).
    IF(silent_days <= 0, 1, such_silences / (such_silences + active_days / 300)) AS alive,
    -- What a weekday is worth to all pipelines and to this one, compared with the days around it.
    SUM(plain_volume) OVER of_all / NULLIF(SUM(IF(plain_volume IS NOT NULL, usual_volume, NULL)) OVER of_all, 0) AS ratio_of_all,
    MAX(known_days) OVER of_all / 7 AS weeks_of_all,
    SUM(plain_volume) OVER of_pipeline / NULLIF(SUM(IF(plain_volume IS NOT NULL, usual_volume, NULL)) OVER of_pipeline, 0) AS ratio,
    COUNT(plain_volume) OVER of_pipeline AS weeks
  FROM lives
  WINDOW of_all AS (PARTITION BY weekday), of_pipeline AS (PARTITION BY pipeline, weekday)
),
-- The customer's week starts from a mild weekend, worth one week; a pipeline's week from the customer's, worth one as well.
weekday_factors AS (
  SELECT *,
    (IFNULL(ratio, 1) * weeks + (IFNULL(ratio_of_all, 1) * weeks_of_all + IF(weekday >= 6, 0.85, 1.06)) / (weeks_of_all + 1))
      / (weeks + 1) AS weekday_factor
  FROM weekdays
),
-- The same for the first and the last days of the month. The days between need none, so each of them stands alone.
month_positions AS (
  SELECT *,
    SUM(IF(is_known = 1 AND usual_volume IS NOT NULL, volume, NULL)) OVER of_all
      / NULLIF(SUM(IF(is_known = 1, usual_volume * weekday_factor, NULL)) OVER of_all, 0) AS position_ratio_of_all,
    MAX(known_days) OVER of_all / 30 AS months_of_all,
    SUM(IF(is_known = 1 AND usual_volume IS NOT NULL, volume, NULL)) OVER of_pipeline
      / NULLIF(SUM(IF(is_known = 1, usual_volume * weekday_factor, NULL)) OVER of_pipeline, 0) AS position_ratio,
    SUM(is_known) OVER of_pipeline AS months
  FROM weekday_factors
  WINDOW
    of_all AS (PARTITION BY month_position, IF(month_position = 0, day, NULL)),
    of_pipeline AS (PARTITION BY pipeline, month_position, IF(month_position = 0, day, NULL))
),
profiles AS (
  SELECT *,
    weekday_factor * IF(month_position = 0, 1, (
      IFNULL(position_ratio, 1) * months + 0.5 * (IFNULL(position_ratio_of_all, 1) * months_of_all + 0.5) / (months_of_all + 0.5)
    ) / (months + 0.5)) AS profile
  FROM month_positions
),
-- A weighted regression of the volumes on their profile: level and growth of each pipeline.
moments AS (
  SELECT *,
    POWER(SUM(weight) OVER of_pipeline, 2) / NULLIF(SUM(weight * weight) OVER of_pipeline, 0) AS days_of_weight,
    SUM(weight * profile) OVER of_pipeline AS exposure,
    SUM(weight * profile * days_ahead) OVER of_pipeline AS exposure_by_day,
    SUM(weight * profile * days_ahead * days_ahead) OVER of_pipeline AS exposure_by_day_squared,
    SUM(weight * volume) OVER of_pipeline AS volumes, SUM(weight * volume * days_ahead) OVER of_pipeline AS volumes_by_day,
    SUM(IF(profile > 0.05, weight * volume * volume / profile, NULL)) OVER of_pipeline AS volumes_squared,
    SUM(weight * records_later) OVER of_pipeline AS volumes_later, SUM(weight * records) OVER of_pipeline AS volumes_of_days,
    0.2 * AVG(IF(is_known = 1, records, NULL)) OVER of_pipeline AS volume_of_even_day
  FROM profiles
  WINDOW of_pipeline AS (PARTITION BY pipeline)
),
levels AS (
  SELECT *,
    -- What usually comes after the last time of the last day; a fifth of an even day is added, for where little is known.
    IFNULL(
      (volumes_later + volume_of_even_day * (1 - elapsed_share)) / NULLIF(volumes_of_days + volume_of_even_day, 0), 1 - elapsed_share
    ) AS later_share,
    IFNULL(volumes / NULLIF(exposure, 0), 0) AS level, IFNULL(exposure_by_day / NULLIF(exposure, 0), 0) AS mean_day,
    exposure_by_day_squared - exposure_by_day * exposure_by_day / NULLIF(exposure, 0) AS spread,
    -- Growth a day as a share of the level; not judged by less than about nine days.
    IF(days_of_weight > 8, (exposure * volumes_by_day - exposure_by_day * volumes)
      / NULLIF(exposure * exposure_by_day_squared - exposure_by_day * exposure_by_day, 0) * exposure / NULLIF(volumes, 0), NULL) AS growth
  FROM moments
),
-- Each pipeline counts once in what all have in common: on its row of today.
growths AS (
  SELECT *, IF(day = today, alive / (growth_variance + 2e-6), NULL) AS say
  FROM (
    SELECT *,
      IF(growth IS NULL, NULL, GREATEST((volumes_squared - volumes * level) / (level * level) - growth * growth * spread, 0.0001 * spread))
        / (days_of_weight - 2) / spread AS growth_variance
    FROM levels
  )
),
shared_growth AS (
  SELECT *, SUM(say * growth) OVER () / NULLIF(SUM(say) OVER (), 0) AS growth_of_all, 1 / NULLIF(SUM(say) OVER (), 0) AS variance_of_all
  FROM growths
),
-- Growth counts as far as it stands out from chance, and a pipeline's own as far as pipelines differ in it more than by chance.
growth_in_common AS (
  SELECT *,
    IFNULL(growth_of_all * GREATEST(0, 1 - 2 * variance_of_all / NULLIF(growth_of_all * growth_of_all, 0)), 0) AS common_growth,
    IFNULL(
      SUM(say * ((growth - growth_of_all) * (growth - growth_of_all) - growth_variance)) OVER () / NULLIF(SUM(say) OVER (), 0), 0
    ) AS variance_beyond_chance
  FROM shared_growth
),
own_growths AS (
  SELECT *,
    common_growth + IFNULL((growth - common_growth) * variance_between / (variance_between + growth_variance), 0) AS own_growth,
    IFNULL(variance_between * growth_variance / (variance_between + growth_variance), variance_between) AS own_growth_variance
  FROM (SELECT *, GREATEST(5e-7, variance_beyond_chance) AS variance_between FROM growth_in_common)
),
expectations AS (
  SELECT *,
    IF(is_rare, IFNULL(AVG(IF(day < last_day, volume, NULL)) OVER (PARTITION BY pipeline, day_of_month), 0),
      -- No growth goes on for ever: with each day to come it is a hundredth less.
      profile * level
        * GREATEST(0, 1 + own_growth * (IF(days_ahead > 0, (1 - POWER(0.99, days_ahead)) / 0.01, days_ahead) - mean_day))
    ) AS expected
  FROM own_growths
),
remaining AS (
  SELECT *,
    CASE WHEN day < last_day OR day < month THEN 0 WHEN day = last_day THEN later_share ELSE 1 END * expected * alive AS rest,
    IF(day_number > last_active_number, expected * alive, expected) AS fitted
  FROM expectations
),
-- How wrong a pipeline's rest may be: it may have ended, or it runs so rarely that its level is a guess.
doubts AS (
  SELECT *,
    ((1 - alive) / alive + IF(is_rare, 0.4, 0.2) / active_days + 100 * own_growth_variance)
      * POWER(SUM(rest) OVER (PARTITION BY pipeline), 2) AS doubt
  FROM remaining
),
days AS (
  SELECT day, MAX(last_execution_at) AS last_execution_at, SUM(IF(day >= month, records, 0)) AS month_records, SUM(rest) AS rest,
    COUNTIF(day = today AND last_execution_at > TIMESTAMP_SUB(${now}, INTERVAL 30 DAY)) AS active_pipelines,
    MAX(is_known) AS is_known,
    IF(MAX(is_known) = 1 AND MAX(days_ahead) >= -56, SUM(fitted), NULL) AS fitted,
    SUM(records) - SUM(fitted) AS residual,
    SUM(IF(day = today, doubt, NULL)) AS doubt,
    MAX(0.5 * common_growth * common_growth + IFNULL(variance_of_all, 0)) AS growth_variance,
    SUM(SUM(IF(day >= month, records, 0)) + SUM(rest)) OVER (ORDER BY day) AS projected
  FROM doubts
  GROUP BY day
),
totals AS (
  SELECT
    MAX(last_execution_at) AS data_through,
    IFNULL(CAST(SUM(month_records) AS INT64), 0) AS month_to_date_records, IFNULL(SUM(rest), 0) AS rest,
    MIN(IF(ROUND(projected) >= CAST(${plan_records} AS INT64), day, NULL)) AS limit_date,
    IFNULL(MAX(active_pipelines), 0) AS active_pipelines,
    -- The days' relative error, with three days of 14 % added.
    IFNULL((SUM(IF(fitted IS NOT NULL, residual * residual, NULL)) + 3 * 0.02 * AVG(fitted * fitted))
      / NULLIF(SUM(fitted * fitted) + 3 * AVG(fitted * fitted), 0), 0.02) AS noise,
    SUM(rest * rest) AS rest_squared, SUM(doubt) AS doubt,
    IFNULL(NULLIF(SUM(is_known), 0), 1) AS known_days, MAX(growth_variance) AS growth_variance
  FROM days
),
-- Four of five outcomes lie within 1.28 standard deviations: of the days to come, of the level, of the profile, of the growth.
-- What was not known for three days says nothing of the days to come; a limit that was reached stays reached.
band AS (
  SELECT *,
    IFNULL(LEAST(1, 1.28 * SQRT((noise * rest_squared + doubt) / NULLIF(rest * rest, 0)
      + (noise + 0.015) / known_days + 100 * growth_variance)), 0) AS margin,
    IF(known_through >= TIMESTAMP_SUB(${now}, INTERVAL 3 DAY), month_to_date_records, NULL) AS records_known,
    IF(known_through >= TIMESTAMP_SUB(${now}, INTERVAL 3 DAY) OR month_to_date_records >= CAST(${plan_records} AS INT64), limit_date, NULL)
      AS limit_known
  FROM totals
  CROSS JOIN knowledge
)
SELECT ${now} AS as_of, data_through, DATE_TRUNC(DATE(${now}, '${time_zone}'), MONTH) AS month,
  month_to_date_records, CAST(${plan_records} AS INT64) AS plan_records,
  month_to_date_records / CAST(${plan_records} AS INT64) AS used_share,
  records_known + CAST(ROUND(rest) AS INT64) AS projected_month_records,
  records_known + CAST(ROUND(rest * EXP(-margin)) AS INT64) AS projected_low,
  records_known + CAST(ROUND(rest * EXP(margin)) AS INT64) AS projected_high,
  limit_known AS limit_date, DATE_DIFF(limit_known, DATE(${now}, '${time_zone}'), DAY) AS days_until_limit,
  active_pipelines, CAST(${plan_pipelines} AS INT64) AS plan_pipelines, known_through
FROM band

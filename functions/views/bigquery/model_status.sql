-- Does each model still run as it usually does, and if not, since when?
-- Times are whole microseconds (86400000000 are a day), so that both dialects count alike.
-- BigQuery runs a step anew each time that it is read, unless it is recursive: so those that are read often add nothing of themselves,
-- https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#with_clause
WITH RECURSIVE executions AS (
  -- Joins do not find NULL; no client or model is number -1.
  SELECT COALESCE(client_id, -1) AS client_key,
    COALESCE(model_id, -1) AS model_key,
    id, createdat, UNIX_MICROS(createdat) AS at_us, model_name AS name, execution_time_seconds AS seconds
  FROM `${dataset}.model_logs_latest`
  WHERE createdat > TIMESTAMP_SUB(${now}, INTERVAL 9600 HOUR) AND createdat <= ${now}
),
newest AS (
  SELECT client_key, model_key, COUNT(*) AS executions,
    COUNTIF(createdat > TIMESTAMP_SUB(${now}, INTERVAL 24 HOUR)) AS executions_24h,
    COUNTIF(createdat > TIMESTAMP_SUB(${now}, INTERVAL 168 HOUR)) AS executions_7d,
    MAX(at_us) AS last_us,
    MAX(IF(name IS NULL, NULL, at_us)) AS last_named_us
  FROM executions
  GROUP BY client_key, model_key
  HAVING MAX(createdat) > TIMESTAMP_SUB(${now}, INTERVAL 2160 HOUR)
),
details AS (
  SELECT client_key, model_key,
    ARRAY_AGG(IF(at_us = last_named_us, name, NULL) IGNORE NULLS ORDER BY id DESC LIMIT 1)[SAFE_OFFSET(0)] AS name,
    COUNTIF(at_us > last_us - 42 * 86400000000) AS executions_42d
  FROM executions JOIN newest USING (client_key, model_key)
  GROUP BY client_key, model_key
),
-- Six weeks show what a usual week is; older executions are needed only of what runs rarely.
recent AS (
  SELECT client_key, model_key, at_us, last_us, seconds,
    ROW_NUMBER() OVER newest_first AS recency,
    LAG(at_us) OVER newest_first - at_us AS next_gap_us,
    at_us - LEAD(at_us) OVER newest_first AS gap_us,
    LEAD(at_us) OVER newest_first - LEAD(at_us, 2) OVER newest_first AS gap_before_us
  FROM executions JOIN newest USING (client_key, model_key) JOIN details USING (client_key, model_key)
  WHERE at_us > last_us - 42 * 86400000000 OR executions_42d <= 60
  WINDOW newest_first AS (PARTITION BY client_key, model_key ORDER BY at_us DESC, id DESC)
  UNION ALL
  SELECT * FROM recent WHERE FALSE
),
-- What happens within a minute is one execution to a rhythm.
samples AS (
  SELECT client_key, model_key,
    ARRAY_AGG(IF(gap_us >= 60000000, gap_us, NULL) IGNORE NULLS ORDER BY gap_us) AS gaps,
    ARRAY_AGG(IF(gap_us >= 60000000 AND recency <= 10, gap_us, NULL) IGNORE NULLS ORDER BY gap_us) AS latest_gaps,
    SUM(IF(recency <= 10, gap_us, NULL)) AS latest_gaps_us,
    MAX(IF(recency = 1, seconds, NULL)) AS last_execution_seconds,
    ARRAY_AGG(IF(seconds IS NOT NULL, seconds, NULL) IGNORE NULLS ORDER BY seconds) AS durations
  FROM recent
  WHERE recency <= 60
  GROUP BY client_key, model_key
),
-- The lower median, because half of the gaps may be pauses.
medians AS (
  SELECT client_key, model_key, last_execution_seconds, latest_gaps_us,
    ARRAY_LENGTH(gaps) AS gaps,
    ARRAY_LENGTH(latest_gaps) AS latest_gaps,
    gaps[SAFE_OFFSET(DIV(ARRAY_LENGTH(gaps) - 1, 2))] AS median_us,
    latest_gaps[SAFE_OFFSET(DIV(ARRAY_LENGTH(latest_gaps) - 1, 2))] AS latest_median_us,
    latest_gaps[SAFE_OFFSET(ARRAY_LENGTH(latest_gaps) - 1)] AS latest_longest_us,
    (
      durations[SAFE_OFFSET(DIV(ARRAY_LENGTH(durations) - 1, 2))]
      + durations[SAFE_OFFSET(DIV(ARRAY_LENGTH(durations), 2))]
    ) / 2 AS usual_execution_seconds
  FROM samples
),
-- How many gaps are within two fifths of their median. By chance it would be less than a third.
regularities AS (
  SELECT client_key, model_key,
    COUNTIF(5 * gap_us BETWEEN 3 * median_us AND 7 * median_us) AS usual_gaps,
    COUNTIF(recency <= 10 AND 5 * gap_us BETWEEN 3 * latest_median_us AND 7 * latest_median_us)
      AS usual_latest_gaps
  FROM recent JOIN medians USING (client_key, model_key)
  WHERE recency <= 60
  GROUP BY client_key, model_key
),
-- A schedule that was changed shows in the latest ten gaps first. They count when most are alike and longer than
-- before, or all far shorter for longer than one of the old gaps, which a burst of runs by hand is not.
changes AS (
  SELECT *, 5 * usual_latest_gaps >= 3 * latest_gaps AND (
      2 * latest_median_us > 3 * median_us
      OR (2 * latest_longest_us < median_us AND latest_gaps_us >= median_us)
    ) AS is_changed
  FROM medians JOIN regularities USING (client_key, model_key)
),
rhythms AS (
  SELECT client_key, model_key, last_execution_seconds, usual_execution_seconds,
    COALESCE(IF(is_changed, latest_gaps, gaps), 0) AS gaps,
    IF(is_changed, usual_latest_gaps, usual_gaps) AS usual_gaps,
    IF(is_changed, latest_median_us, median_us) AS usual_us,
    GREATEST(5400000000, DIV(IF(is_changed, latest_median_us, median_us) * 5, 2)) AS pause_us
  FROM changes
  UNION ALL
  SELECT * FROM rhythms WHERE FALSE
),
-- Where the present schedule may have begun: after two executions in a row that were each alone between pauses, and
-- with the first pause after a week or more without any.
beginnings AS (
  SELECT client_key, model_key, usual_us, pause_us, last_us - 42 * 86400000000 AS window_us,
    MAX(IF(gap_before_us > pause_us AND gap_us > pause_us AND next_gap_us > pause_us, at_us, 0)) AS lone_us,
    MIN(at_us) AS first_us,
    MIN(IF(gap_us > pause_us, at_us, NULL)) AS first_pause_us
  FROM recent JOIN rhythms USING (client_key, model_key)
  WHERE at_us > last_us - 42 * 86400000000
  GROUP BY client_key, model_key, usual_us, pause_us, last_us
),
schedules AS (
  SELECT client_key, model_key, usual_us, pause_us,
    GREATEST(window_us, lone_us, IF(first_pause_us - first_us >= 7 * 86400000000, first_pause_us, 0)) AS before_us
  FROM beginnings
),
-- What pauses (at night, on weekends) needs a calendar: a week, or in its first week a day, cut into slots as long as
-- the usual interval, with the last execution in the middle of the first slot.
calendars AS (
  SELECT client_key, model_key, MIN(at_us) AS first_us,
    GREATEST(1, LEAST(288, DIV(86400000000 + DIV(usual_us, 2), usual_us))) AS slots_per_day,
    IF(last_us - MIN(at_us) >= 7 * 86400000000, 7, 1) AS cycle_days
  FROM recent JOIN schedules USING (client_key, model_key)
  WHERE at_us > before_us AND 2 * usual_us < 7 * 86400000000
  GROUP BY client_key, model_key, last_us, usual_us, pause_us, before_us
  HAVING MAX(IF(at_us - gap_us > before_us, gap_us, 0)) > pause_us AND last_us - MIN(at_us) >= 86400000000
),
-- Counted in local time from 49 days, which is seven weeks, before the last execution: that keeps divisions positive.
local_executions AS (
  SELECT client_key, model_key, recency, last_us, first_us, slots_per_day, cycle_days,
    DIV(86400000000, slots_per_day) AS slot_us,
    UNIX_MICROS(TIMESTAMP(DATETIME(TIMESTAMP_MICROS(at_us), '${time_zone}')))
      - UNIX_MICROS(TIMESTAMP(DATETIME(TIMESTAMP_MICROS(last_us), '${time_zone}')))
      + 49 * 86400000000 + DIV(DIV(86400000000, slots_per_day), 2) AS local_us
  FROM recent JOIN calendars USING (client_key, model_key)
  WHERE at_us >= first_us
),
slots AS (
  SELECT client_key, model_key, recency, last_us, first_us, slot_us, slots_per_day, cycle_days,
    DIV(local_us, 86400000000) AS day,
    DIV(DIV(local_us, 86400000000), cycle_days) AS cycle,
    MOD(DIV(local_us, 86400000000), cycle_days) * slots_per_day
      + LEAST(slots_per_day - 1, DIV(MOD(local_us, 86400000000), slot_us)) AS slot
  FROM local_executions
),
-- Days that end with the time of day of the last execution.
days AS (
  SELECT client_key, model_key, day, COUNT(*) AS executions,
    ROW_NUMBER() OVER (PARTITION BY client_key, model_key ORDER BY day DESC) AS recency
  FROM slots
  WHERE day < 49
  GROUP BY client_key, model_key, day
),
-- The latest three days tell which hours are over only if they were good ones, with half of the usual executions at
-- least, or what fails more and more often would seem to rest.
good_days AS (
  SELECT client_key, model_key, COUNT(*) AS days,
    IF(
      2 * SUM(IF(recency <= 3, executions, 0)) * COUNT(*) >= 3 * SUM(executions), MIN(IF(recency <= 3, day, NULL)), 0
    ) AS since_day
  FROM days
  GROUP BY client_key, model_key
),
-- Usual is a slot with an execution on a third of the days of the first week at least, later in half of the weeks and
-- in one of the latest two (the sixth and fifth), and at that time of day on one of the latest three good days.
profiles AS (
  SELECT client_key, model_key, slot, slots_per_day * cycle_days AS slots, slot_us,
    IF(
      cycle_days = 1,
      3 * COUNT(DISTINCT cycle) >= days,
      2 * COUNT(DISTINCT cycle) >= IF(slot = 0, 1, 0) + DIV(last_us - first_us + slot * slot_us, 7 * 86400000000)
        AND MAX(cycle) >= 5
    )
    AND MAX(MAX(day)) OVER (PARTITION BY client_key, model_key, MOD(slot, slots_per_day)) >= since_day
      AS is_usual
  FROM slots JOIN good_days USING (client_key, model_key)
  GROUP BY client_key, model_key, slot, slots_per_day, slot_us, cycle_days, last_us, first_us, days, since_day
),
-- The usual slot that follows each slot; after the last of a cycle the first of the next one.
followers AS (
  SELECT *, COALESCE(
      MIN(IF(is_usual, slot, NULL)) OVER (
        PARTITION BY client_key, model_key ORDER BY slot ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
      ),
      slots + MIN(IF(is_usual, slot, NULL)) OVER (PARTITION BY client_key, model_key)
    ) AS next_slot
  FROM profiles
),
second_followers AS (
  SELECT client_key, model_key, slot, is_usual, slot_us * (
      COALESCE(
        MIN(IF(is_usual, next_slot, NULL)) OVER (
          PARTITION BY client_key, model_key ORDER BY slot ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        ),
        slots + MIN(IF(is_usual, next_slot, NULL)) OVER (PARTITION BY client_key, model_key)
      ) - slot
    ) AS second_us
  FROM followers
),
pauses AS (
  SELECT client_key, model_key, recency, second_us, cycle_days = 1 AS is_first_week,
    MAX(IF(is_usual, second_us, 0)) OVER (PARTITION BY client_key, model_key) AS longest_us
  FROM slots JOIN second_followers USING (client_key, model_key, slot)
),
-- One missed run is no alarm, two are: what is waited for is the second execution to come, less a little, so that the
-- alarm is raised before it. Months are of unequal length, so there it is two days, else half an hour at most.
patience AS (
  SELECT client_key, model_key, at_us, recency, gap_before_us, gap_us, next_gap_us, usual_us,
    COALESCE(longest_us > pause_us + usual_us, FALSE) AS has_pauses,
    COALESCE(second_us > pause_us + usual_us, FALSE) AS is_pause,
    COALESCE(is_first_week, FALSE) AS is_first_week,
    IF(second_us > pause_us + usual_us, second_us, 2 * usual_us)
      - IF(usual_us > 10 * 86400000000, DIV(usual_us, 15), LEAST(DIV(usual_us, 10), 1800000000)) AS patience_us
  FROM recent JOIN rhythms USING (client_key, model_key)
  LEFT JOIN pauses USING (client_key, model_key, recency)
  WHERE recency <= 2 OR at_us + next_gap_us > UNIX_MICROS(${now}) - 30 * 86400000000
),
-- An execution after a silence may be the first of a rarer schedule, so that the silence comes once more: a day's does,
-- a longer one only if it came twice, or nobody would hear of what fails again after its repair.
silences AS (
  SELECT *, IF(
      gap_us > LEAD(patience_us) OVER newest_first
        AND 2 * gap_us >= 7 * usual_us
        AND (gap_us <= 36 * 3600000000 OR 10 * gap_before_us BETWEEN 9 * gap_us AND 11 * gap_us),
      DIV(gap_us * 11, 10),
      0
    ) AS silence_us
  FROM patience
  WINDOW newest_first AS (PARTITION BY client_key, model_key ORDER BY recency)
),
allowances AS (
  SELECT *, IF(silence_us > patience_us, silence_us, patience_us) AS allowance_us,
    is_pause AND silence_us <= patience_us AS is_by_calendar
  FROM silences
  UNION ALL
  SELECT * FROM allowances WHERE FALSE
),
-- The gaps that ended in the last 30 days. Those that were too long hide executions that never came.
punctuality AS (
  SELECT client_key, model_key, COUNT(*) AS came,
    COUNTIF(next_gap_us > allowance_us) AS late_gaps,
    SUM(IF(next_gap_us > allowance_us, LEAST(next_gap_us, at_us + next_gap_us - since_us), 0)) AS late_gaps_us,
    AVG(IF(next_gap_us > allowance_us, NULL, next_gap_us)) AS mean_gap_us
  FROM (SELECT *, UNIX_MICROS(${now}) - 30 * 86400000000 AS since_us FROM allowances)
  WHERE at_us + next_gap_us > since_us
  GROUP BY client_key, model_key
),
latest AS (
  SELECT *, at_us + allowance_us AS elapsed_us,
    UNIX_MICROS(TIMESTAMP(DATETIME(TIMESTAMP_MICROS(at_us), '${time_zone}'))) + allowance_us AS local_us
  FROM allowances
  WHERE recency = 1
),
-- In its first week nothing that pauses is expected on a weekend, which it has not been through yet. Day 2 since 1970
-- was a Saturday.
weekends AS (
  SELECT *, CASE
      WHEN NOT (is_by_calendar AND is_first_week) THEN 0
      WHEN MOD(DIV(local_us, 86400000000), 7) = 2 THEN 2 * 86400000000
      WHEN MOD(DIV(local_us, 86400000000), 7) = 3 THEN 86400000000
      ELSE 0
    END AS weekend_us
  FROM latest
),
-- A pause ends by the clock on the wall, which may have been changed meanwhile.
expectations AS (
  SELECT client_key, model_key, has_pauses, elapsed_us + weekend_us + IF(
      is_by_calendar,
      local_us + weekend_us
        - UNIX_MICROS(TIMESTAMP(DATETIME(TIMESTAMP_MICROS(elapsed_us + weekend_us), '${time_zone}'))),
      0
    ) AS expected_us
  FROM weekends
),
ages AS (
  SELECT *, UNIX_MICROS(${now}) - last_us AS age_us, UNIX_MICROS(${now}) - expected_us AS overdue_us
  FROM newest
  JOIN details USING (client_key, model_key)
  JOIN rhythms USING (client_key, model_key)
  JOIN expectations USING (client_key, model_key)
),
judged AS (
  SELECT *, gaps >= 3 AND 20 * usual_gaps >= 9 * gaps AS has_rhythm, CASE
      WHEN gaps < 3 THEN 'new'
      WHEN 20 * usual_gaps < 9 * gaps THEN 'irregular'
      WHEN age_us >= GREATEST(30 * 86400000000, 3 * usual_us) THEN 'stopped'
      WHEN overdue_us > 3 * usual_us AND overdue_us >= 86400000000 THEN 'silent'
      WHEN overdue_us > 0 THEN 'late'
      ELSE 'on_time'
    END AS health
  FROM ages
),
-- What never came: as much as usually comes in the time of the late gaps and since, and at least one each.
misses AS (
  SELECT client_key, model_key,
    COALESCE(came, 0) AS came,
    COALESCE(late_gaps, 0) + IF(overdue_us > 0, 1, 0) AS silences,
    (COALESCE(late_gaps_us, 0) + IF(overdue_us > 0, LEAST(age_us, 30 * 86400000000), 0))
      / COALESCE(NULLIF(mean_gap_us, 0), usual_us) - COALESCE(late_gaps, 0) AS missed
  FROM judged LEFT JOIN punctuality USING (client_key, model_key)
  WHERE has_rhythm
),
shares AS (
  SELECT client_key, model_key,
    came / NULLIF(came + GREATEST(silences, CAST(ROUND(missed) AS INT64)), 0) AS on_time_share_30d
  FROM misses
),
texts AS (
  SELECT *,
    FORMAT_TIMESTAMP('%a %d %b %Y %H:%M', TIMESTAMP_MICROS(last_us), '${time_zone}') AS last_text,
    FORMAT_TIMESTAMP('%a %d %b %Y %H:%M', TIMESTAMP_MICROS(expected_us), '${time_zone}') AS expected_text,
    CASE
      WHEN age_us < 7200000000 THEN CAST(DIV(age_us, 60000000) AS STRING) || ' min'
      WHEN age_us < 2 * 86400000000 THEN CAST(DIV(age_us, 3600000000) AS STRING) || ' hours'
      ELSE CAST(DIV(age_us, 86400000000) AS STRING) || ' days'
    END AS age_text,
    CASE
      WHEN usual_us BETWEEN 3500000000 AND 3700000000 THEN 'every hour'
      WHEN usual_us < 7100000000 THEN 'every ' || CAST(DIV(usual_us + 30000000, 60000000) AS STRING) || ' min'
      WHEN usual_us BETWEEN 84600000000 AND 88200000000 THEN 'every day'
      WHEN usual_us < 2 * 84600000000
        THEN 'every ' || CAST(DIV(usual_us + 1800000000, 3600000000) AS STRING) || ' hours'
      WHEN usual_us BETWEEN 600000000000 AND 610000000000 THEN 'every week'
      ELSE 'every ' || CAST(DIV(usual_us + 43200000000, 86400000000) AS STRING) || ' days'
    END || IF(has_pauses, ' with pauses', '') AS rhythm_text
  FROM judged LEFT JOIN shares USING (client_key, model_key)
)
SELECT NULLIF(client_key, -1) AS client_id,
  NULLIF(model_key, -1) AS model_id,
  name AS model_name,
  health,
  CASE health
    WHEN 'new' THEN 'Only ' || CAST(executions AS STRING) || IF(executions = 1, ' execution', ' executions')
      || ' so far, the last on ' || last_text || ': too few to know how often it runs.'
    WHEN 'irregular' THEN 'No rhythm to judge by: only ' || CAST(usual_gaps AS STRING) || ' of its last '
      || CAST(gaps AS STRING) || ' gaps were near the usual one. It last ran on ' || last_text || ', ' || age_text
      || ' ago.'
    WHEN 'on_time' THEN 'Runs ' || rhythm_text || ', the last time on ' || last_text || ', ' || age_text
      || ' ago. Late if it has not run by ' || expected_text || '.'
    WHEN 'stopped' THEN 'No execution for ' || age_text || ', since ' || last_text || '. It used to run '
      || rhythm_text || '.'
    ELSE 'No execution for ' || age_text || ', since ' || last_text || '. It usually runs ' || rhythm_text
      || ' and is overdue since ' || expected_text || '.'
  END AS reason,
  TIMESTAMP_MICROS(last_us) AS last_execution_at,
  IF(health = 'new', NULL, usual_us / 60000000) AS usual_interval_minutes,
  IF(has_rhythm, TIMESTAMP_MICROS(expected_us), NULL) AS expected_by,
  IF(has_rhythm AND overdue_us > 0, overdue_us / 60000000, NULL) AS overdue_minutes,
  executions_24h,
  executions_7d,
  on_time_share_30d,
  last_execution_seconds,
  usual_execution_seconds
FROM texts

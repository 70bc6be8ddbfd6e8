-- Does each ${object} still run as it usually does, and if not, since when?
-- Nearly every step reads only the one before, because BigQuery runs a step anew for each step that reads it.
-- Times are whole microseconds (86400000000 are a day), which every engine counts alike.
WITH successes AS (
  SELECT client_id, UNIX_MICROS(MAX(started_at)) AS known_us
  FROM `${dataset}.sync_runs`
  WHERE stream = '${object}_logs' AND mode = 'incremental' AND outcome = 'success' AND started_at <= ${now}
  GROUP BY client_id
),
-- What happened since the sync last came to the end of the log is not known, so each ${object} is judged as of then.
executions AS (
  SELECT
    -- Joins do not find NULL; no client or ${object} is number -1.
    IFNULL(logs.client_id, -1) AS client_key, IFNULL(logs.${object}_id, -1) AS object_key, logs.id, logs.${object}_name AS name,
    UNIX_MICROS(logs.createdat) AS at_us, IFNULL(logs.row_count, 0) <> 0 AS has_records,
    NULLIF(GREATEST(IFNULL(own.known_us, 0), IFNULL(of_all.known_us, 0)), 0) AS known_us,
    IFNULL(NULLIF(GREATEST(IFNULL(own.known_us, 0), IFNULL(of_all.known_us, 0)), 0), UNIX_MICROS(${now})) AS now_us,
    GREATEST(-1e15, LEAST(1e15, logs.execution_time_seconds)) AS seconds
  FROM `${dataset}.${object}_logs_latest` AS logs
  CROSS JOIN (SELECT MAX(IF(client_id IS NULL, known_us, NULL)) AS known_us FROM successes) AS of_all
  LEFT JOIN successes AS own ON own.client_id = logs.client_id
  WHERE logs.createdat > TIMESTAMP_SUB(${now}, INTERVAL 400 DAY) AND logs.createdat <= ${now}
),
numbered AS (
  SELECT *,
    COUNT(*) OVER of_object AS executions, COUNT(*) OVER of_object - ROW_NUMBER() OVER oldest_first + 1 AS recency,
    MAX(at_us) OVER of_object AS last_us, MAX(IF(has_records, at_us, NULL)) OVER of_object AS last_records_us,
    LAST_VALUE(name IGNORE NULLS) OVER oldest_first AS newest_name, LAG(at_us) OVER oldest_first - LAG(at_us, 2) OVER oldest_first AS gap_before_us,
    at_us - LAG(at_us) OVER oldest_first AS gap_us, LEAD(at_us) OVER oldest_first - at_us AS next_gap_us
  FROM executions
  WINDOW of_object AS (PARTITION BY client_key, object_key), oldest_first AS (of_object ORDER BY at_us, id)
),
-- What happens within a minute is one execution to a rhythm. The lower median, because half of the gaps may be pauses.
samples AS (
  SELECT *,
    COUNTIF(at_us > last_us - 42 * 86400000000) OVER of_object AS executions_42d,
    IFNULL(MIN(IF(at_us = last_records_us, recency, NULL)) OVER of_object - 1, executions) AS consecutive_empty_executions,
    COUNT(sample_us) OVER of_object AS all_gaps, PERCENTILE_DISC(sample_us, 0.5) OVER of_object AS median_us,
    COUNT(latest_us) OVER of_object AS latest_gaps, PERCENTILE_DISC(latest_us, 0.5) OVER of_object AS latest_median_us,
    MAX(latest_us) OVER of_object AS latest_longest_us, SUM(IF(recency <= 10, gap_us, NULL)) OVER of_object AS latest_gaps_us,
    PERCENTILE_CONT(IF(recency <= 60, seconds, NULL), 0.5) OVER of_object AS usual_seconds
  FROM (
    SELECT *,
      IF(recency <= 60 AND gap_us >= 60000000, gap_us, NULL) AS sample_us,
      IF(recency <= 10 AND gap_us >= 60000000, gap_us, NULL) AS latest_us
    FROM numbered
    WHERE last_us > UNIX_MICROS(${now}) - 90 * 86400000000
      -- Those before tell nothing that the steps to come ask.
      AND (recency <= 62 OR at_us > last_us - 42 * 86400000000 OR at_us = last_records_us)
  )
  WINDOW of_object AS (PARTITION BY client_key, object_key)
),
-- Six weeks show what a usual week is; older executions count only of what runs rarely.
recent AS (
  SELECT * EXCEPT (gap_us, gap_before_us),
    IF(at_us - gap_us > since_us, gap_us, NULL) AS gap_us,
    IF(at_us - gap_us - gap_before_us > since_us, gap_before_us, NULL) AS gap_before_us
  FROM (SELECT *, IF(executions_42d <= 60, 0, last_us - 42 * 86400000000) AS since_us FROM samples)
  WHERE at_us > since_us
),
-- How many gaps are within two fifths of their median. By chance it would be less than a third.
regularities AS (
  SELECT *,
    COUNTIF(recency <= 60 AND 5 * gap_us BETWEEN 3 * median_us AND 7 * median_us) OVER of_object AS all_usual_gaps,
    COUNTIF(recency <= 10 AND 5 * gap_us BETWEEN 3 * latest_median_us AND 7 * latest_median_us) OVER of_object AS latest_usual_gaps,
    MAX(IF(at_us > last_us - 42 * 86400000000, gap_us, NULL)) OVER of_object AS longest_gap_us
  FROM recent
  WINDOW of_object AS (PARTITION BY client_key, object_key)
),
-- A schedule that was changed shows in the latest ten gaps first. They count when most are alike and longer than
-- before, or all far shorter for longer than one of the old gaps, which a burst of runs by hand is not.
rhythms AS (
  SELECT *,
    IF(is_changed, latest_gaps, all_gaps) AS gaps, IF(is_changed, latest_usual_gaps, all_usual_gaps) AS usual_gaps,
    IF(is_changed, latest_median_us, median_us) AS usual_us,
    GREATEST(5400000000, DIV(IF(is_changed, latest_median_us, median_us) * 5, 2)) AS pause_us
  FROM (
    SELECT *, 5 * latest_usual_gaps >= 3 * latest_gaps AND (
        2 * latest_median_us > 3 * median_us OR (2 * latest_longest_us < median_us AND latest_gaps_us >= median_us)
      ) AS is_changed
    FROM regularities
  )
),
-- What pauses (at night, on weekends) needs a calendar. The present schedule may have begun after two executions in a
-- row that were each alone between pauses, and with the first pause after a week or more without any.
beginnings AS (
  SELECT client_key, object_key, recency, at_us, last_us, gap_us, usual_us, pause_us,
    MAX(IF(gap_before_us > pause_us AND gap_us > pause_us AND next_gap_us > pause_us, at_us, 0)) OVER of_object AS lone_us,
    MIN(at_us) OVER of_object AS oldest_us,
    MIN(IF(gap_us > pause_us, at_us, NULL)) OVER of_object AS first_pause_us
  FROM rhythms
  WHERE longest_gap_us > pause_us AND 2 * usual_us < 7 * 86400000000 AND at_us > last_us - 42 * 86400000000
  WINDOW of_object AS (PARTITION BY client_key, object_key)
),
schedules AS (
  SELECT *,
    MIN(at_us) OVER of_object AS first_us,
    MAX(IF(at_us - gap_us > begun_us, gap_us, 0)) OVER of_object AS longest_gap_us
  FROM (
    SELECT *, GREATEST(lone_us, IF(first_pause_us - oldest_us >= 7 * 86400000000, first_pause_us, 0)) AS begun_us
    FROM beginnings
  )
  WHERE at_us > begun_us
  WINDOW of_object AS (PARTITION BY client_key, object_key)
),
-- The calendar is a week, or in its first week a day, cut into slots as long as the usual interval.
calendars AS (
  SELECT *,
    GREATEST(1, LEAST(288, DIV(86400000000 + DIV(usual_us, 2), usual_us))) AS slots_per_day,
    IF(last_us - first_us >= 7 * 86400000000, 7, 1) AS cycle_days
  FROM schedules
  WHERE longest_gap_us > pause_us AND last_us - first_us >= 86400000000
),
-- Local time, counted from seven weeks before the last execution to keep divisions positive. It is in the middle of the first slot.
slots AS (
  SELECT *,
    DIV(local_us, 86400000000) AS day,
    DIV(DIV(local_us, 86400000000), cycle_days) AS cycle,
    MOD(DIV(local_us, 86400000000), cycle_days) * slots_per_day + LEAST(slots_per_day - 1, DIV(MOD(local_us, 86400000000), slot_us)) AS slot
  FROM (
    SELECT *, DIV(86400000000, slots_per_day) AS slot_us,
      49 * 86400000000 + DIV(DIV(86400000000, slots_per_day), 2)
        + UNIX_MICROS(TIMESTAMP(DATETIME(TIMESTAMP_MICROS(at_us), '${time_zone}')))
        - UNIX_MICROS(TIMESTAMP(DATETIME(TIMESTAMP_MICROS(last_us), '${time_zone}'))) AS local_us
    FROM calendars
  )
),
-- Days end with the time of day of the last execution: day 49 has only just begun, and does not count.
days AS (
  SELECT *,
    IF(day < 49, DENSE_RANK() OVER (PARTITION BY client_key, object_key, day < 49 ORDER BY day DESC), NULL) AS day_recency
  FROM slots
),
-- The latest three days tell which hours are over only if they were good ones, with half of the usual executions at
-- least, or what fails more and more often would seem to rest.
good_days AS (
  SELECT *,
    MAX(day_recency) OVER of_object AS days,
    IF(
      2 * COUNTIF(day_recency <= 3) OVER of_object * MAX(day_recency) OVER of_object >= 3 * COUNT(day_recency) OVER of_object,
      MIN(IF(day_recency <= 3, day, NULL)) OVER of_object, 0
    ) AS good_since_day
  FROM days
  WINDOW of_object AS (PARTITION BY client_key, object_key)
),
-- Usual is a slot with an execution on a third of the days of the first week at least, later in half of the weeks and
-- in one of the latest two (the sixth and fifth), and at that time of day on one of the latest three good days.
profiles AS (
  SELECT client_key, object_key, slot, slots_per_day * cycle_days AS slots, slot_us,
    MAX(MAX(day)) OVER (PARTITION BY client_key, object_key, MOD(slot, slots_per_day)) >= good_since_day AND IF(
      cycle_days = 1,
      3 * COUNT(DISTINCT cycle) >= days,
      2 * COUNT(DISTINCT cycle) >= IF(slot = 0, 1, 0) + DIV(last_us - first_us + slot * slot_us, 7 * 86400000000)
        AND MAX(cycle) >= 5
    ) AS is_usual
  FROM good_days
  GROUP BY client_key, object_key, slot, slots_per_day, slot_us, cycle_days, last_us, first_us, days, good_since_day
),
-- The usual slot that follows each slot; after the last of a cycle the first of the next one.
followers AS (
  SELECT *, IFNULL(MIN(IF(is_usual, slot, NULL)) OVER later, slots + MIN(IF(is_usual, slot, NULL)) OVER of_object) AS next_slot
  FROM profiles
  WINDOW of_object AS (PARTITION BY client_key, object_key), later AS (of_object ORDER BY slot ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
),
second_followers AS (
  SELECT *, slot_us
      * (IFNULL(MIN(IF(is_usual, next_slot, NULL)) OVER later, slots + MIN(IF(is_usual, next_slot, NULL)) OVER of_object) - slot) AS second_us
  FROM followers
  WINDOW of_object AS (PARTITION BY client_key, object_key), later AS (of_object ORDER BY slot ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
),
pauses AS (
  SELECT client_key, object_key, recency, second_us, cycle_days = 1 AS is_first_week,
    LEAD(second_us) OVER (of_object ORDER BY recency) AS second_before_us, MAX(IF(is_usual, second_us, 0)) OVER of_object AS longest_us
  FROM good_days
  JOIN second_followers USING (client_key, object_key, slot)
  WINDOW of_object AS (PARTITION BY client_key, object_key)
),
-- One missed run is no alarm, two are: what is waited for is the second execution to come, less a little, so that the
-- alarm is raised before it. Months are of unequal length, so there it is two days, else half an hour at most.
patience AS (
  SELECT *,
    second_us > pause_us + usual_us AS is_pause, longest_us > pause_us + usual_us AS has_pauses,
    IF(second_us > pause_us + usual_us, second_us, 2 * usual_us) - early_us AS patience_us,
    IF(second_before_us > pause_us + usual_us, second_before_us, 2 * usual_us) - early_us AS patience_before_us
  FROM (
    SELECT *, IF(usual_us > 10 * 86400000000, DIV(usual_us, 15), LEAST(DIV(usual_us, 10), 1800000000)) AS early_us
    FROM rhythms
    LEFT JOIN pauses USING (client_key, object_key, recency)
  )
  WHERE recency <= 2 OR at_us + next_gap_us > now_us - 30 * 86400000000
),
-- An execution after a silence may be the first of a rarer schedule, so that the silence comes once more: a day's does,
-- a longer one only if it came twice, or nobody would hear of what fails again after its repair.
silences AS (
  SELECT *, IF(
      (recency = 1 OR at_us > now_us - 30 * 86400000000)
        AND gap_us > patience_before_us AND 2 * gap_us >= 7 * usual_us
        AND (gap_us <= 36 * 3600000000 OR 10 * gap_before_us BETWEEN 9 * gap_us AND 11 * gap_us),
      DIV(gap_us * 11, 10), 0
    ) AS silence_us
  FROM patience
),
allowances AS (
  SELECT *,
    IF(silence_us > patience_us, silence_us, patience_us) AS allowance_us,
    is_pause AND silence_us <= patience_us AS is_by_calendar,
    IF(at_us + next_gap_us > now_us - 30 * 86400000000, next_gap_us, NULL) AS judged_gap_us
  FROM silences
),
-- The gaps that ended in the last 30 days, and the last execution. Gaps that were too long hide executions that never came.
punctuality AS (
  SELECT client_key, object_key, now_us, known_us, last_us, usual_us, gaps, usual_gaps, usual_seconds, executions, consecutive_empty_executions,
    COUNTIF(at_us > now_us - 86400000000) AS executions_24h, COUNTIF(at_us > now_us - 7 * 86400000000) AS executions_7d,
    COUNT(judged_gap_us) AS came, COUNTIF(judged_gap_us > allowance_us) AS late_gaps,
    SUM(IF(judged_gap_us > allowance_us, LEAST(judged_gap_us, at_us + judged_gap_us - now_us + 30 * 86400000000), 0)) AS late_gaps_us,
    AVG(IF(judged_gap_us > allowance_us, NULL, judged_gap_us)) AS mean_gap_us,
    MAX(IF(recency = 1, newest_name, NULL)) AS name, MAX(IF(recency = 1, seconds, NULL)) AS last_seconds,
    MAX(IF(recency = 1, last_us + allowance_us, NULL)) AS elapsed_us,
    MAX(IF(recency = 1, allowance_us, NULL)) + UNIX_MICROS(TIMESTAMP(DATETIME(TIMESTAMP_MICROS(last_us), '${time_zone}'))) AS local_us,
    LOGICAL_OR(recency = 1 AND is_by_calendar) AS is_by_calendar, LOGICAL_OR(recency = 1 AND is_first_week) AS is_first_week,
    LOGICAL_OR(recency = 1 AND has_pauses) AS has_pauses
  FROM allowances
  GROUP BY client_key, object_key, now_us, known_us, last_us, usual_us, gaps, usual_gaps, usual_seconds, executions, consecutive_empty_executions
),
-- In its first week nothing that pauses is expected on a weekend, which it has not been through yet. Day 2 since 1970 was a Saturday.
weekends AS (
  SELECT *,
    gaps >= 3 AND 20 * usual_gaps >= 9 * gaps AS has_rhythm, GREATEST(0, now_us - last_us) AS age_us,
    CASE IF(is_by_calendar AND is_first_week, MOD(DIV(local_us, 86400000000), 7), NULL)
      WHEN 2 THEN 2 * 86400000000 WHEN 3 THEN 86400000000 ELSE 0
    END AS weekend_us
  FROM punctuality
),
-- A pause ends by the clock on the wall, which may have been changed meanwhile.
expectations AS (
  SELECT *, elapsed_us + weekend_us + IF(
      is_by_calendar,
      local_us + weekend_us - UNIX_MICROS(TIMESTAMP(DATETIME(TIMESTAMP_MICROS(elapsed_us + weekend_us), '${time_zone}'))), 0
    ) AS expected_us
  FROM weekends
),
judged AS (
  SELECT *,
    CASE
      WHEN known_us IS NULL THEN 'unknown'
      WHEN gaps < 3 THEN 'new'
      WHEN NOT has_rhythm THEN 'irregular'
      WHEN age_us >= GREATEST(30 * 86400000000, 3 * usual_us) THEN 'stopped'
      WHEN overdue_us > 3 * usual_us AND overdue_us >= 86400000000 THEN 'silent'
      WHEN overdue_us > 0 THEN 'late'
      ELSE 'on_time'
    END AS health,
    -- What never came: as much as usually comes in the time of the late gaps and since, and at least one each.
    GREATEST(late_gaps + IF(overdue_us > 0, 1, 0), CAST(ROUND(
      (late_gaps_us + IF(overdue_us > 0, LEAST(age_us, 30 * 86400000000), 0)) / IFNULL(NULLIF(mean_gap_us, 0), usual_us) - late_gaps
    ) AS INT64)) AS missed
  FROM (SELECT *, now_us - expected_us AS overdue_us FROM expectations)
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
      WHEN usual_us < 2 * 84600000000 THEN 'every ' || CAST(DIV(usual_us + 1800000000, 3600000000) AS STRING) || ' hours'
      WHEN usual_us BETWEEN 600000000000 AND 610000000000 THEN 'every week'
      ELSE 'every ' || CAST(DIV(usual_us + 43200000000, 86400000000) AS STRING) || ' days'
    END || IF(has_pauses, ' with pauses', '') AS rhythm_text,
    known_us IS NOT NULL AND has_rhythm AND overdue_us > 0 AS is_overdue
  FROM judged
),
${silence}
SELECT NULLIF(client_key, -1) AS client_id, NULLIF(object_key, -1) AS ${object}_id, name AS ${object}_name, health,
  CASE health
    WHEN 'unknown' THEN 'The sync has not come to the end of its log yet: whether it still runs is not known.'
    WHEN 'new' THEN 'Only ' || CAST(executions AS STRING) || IF(executions = 1, ' execution', ' executions')
      || ' so far, the last on ' || last_text || ': too few to know how often it runs.'
    WHEN 'irregular' THEN 'No rhythm to judge by: only ' || CAST(usual_gaps AS STRING) || ' of its last '
      || CAST(gaps AS STRING) || ' gaps were near the usual one. It last ran on ' || last_text || ', ' || age_text || ' ago.'
    WHEN 'on_time' THEN 'Runs ' || rhythm_text || ', the last time on ' || last_text || ', ' || age_text
      || ' ago. Late if it has not run by ' || expected_text || '.'
    ELSE 'No execution for ' || age_text || ', since ' || last_text || IF(
        health = 'stopped', '. It used to run ' || rhythm_text, '. It usually runs ' || rhythm_text || ' and is overdue since ' || expected_text
      ) || '.'
  END AS reason,
  TIMESTAMP_MICROS(last_us) AS last_execution_at, IF(gaps < 3, NULL, usual_us / 60000000) AS usual_interval_minutes,
  IF(known_us IS NOT NULL AND has_rhythm, TIMESTAMP_MICROS(expected_us), NULL) AS expected_by,
  IF(is_overdue, overdue_us / 60000000, NULL) AS overdue_minutes,
  executions_24h, executions_7d, IF(known_us IS NOT NULL AND has_rhythm, SAFE_DIVIDE(came, came + missed), NULL) AS on_time_share_30d,
  consecutive_empty_executions,
  last_seconds AS last_execution_seconds, usual_seconds AS usual_execution_seconds, TIMESTAMP_MICROS(known_us) AS known_through,
  state, TIMESTAMP_MICROS(since_us) AS state_since, state_message, silence_reason, failing_share_30d
FROM reasons

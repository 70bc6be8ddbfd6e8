-- How steady a pipeline is, told by the steps from one day to the next and from one week to the next, as logarithms.
steps AS (
  SELECT *, POWER(LEAST(1, ABS(log_volume - LAST_VALUE(log_volume IGNORE NULLS) OVER before)), 2) / 2 AS daily_step,
    GREATEST(-1, LEAST(1, log_volume - LAG(log_volume, 7) OVER (of_pipeline ORDER BY day))) AS weekly_step,
    AVG(log_volume) OVER (of_pipeline ORDER BY day ROWS BETWEEN 4 PRECEDING AND 1 PRECEDING) AS log_volume_before,
    AVG(log_volume) OVER (of_pipeline ORDER BY day ROWS BETWEEN 1 FOLLOWING AND 4 FOLLOWING) AS log_volume_after,
    AVG(log_volume) OVER (of_pipeline ORDER BY day ROWS BETWEEN 8 PRECEDING AND 8 FOLLOWING) AS log_volume_around,
    IFNULL(AVG(IF(days_ahead >= -14, log_volume, NULL)) OVER of_pipeline, AVG(log_volume) OVER of_pipeline) AS log_volume_of_late,
    -- What usually comes after the last time of the last day; a fifth of an even day is added, for where little is known.
    IFNULL((SUM(weight * records_later) OVER of_pipeline + mean_volume / 5 * (1 - elapsed_share))
      / NULLIF(SUM(weight * records) OVER of_pipeline + mean_volume / 5, 0), 1 - elapsed_share) AS later_share
  FROM (SELECT *, IF(is_known = 1 AND volume > 0 AND profile > 0.15 AND NOT is_rare, LN(volume / profile), NULL) AS log_volume FROM profiles)
  WINDOW of_pipeline AS (PARTITION BY pipeline), before AS (of_pipeline ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
-- Weekly steps that are larger than daily ones tell of days that resemble the one before, each of which proves less. Where there are
-- hardly any, the daily ones stand for them.
variances AS (
  SELECT *, 0.001 + (3 * daily_variance + weekly_steps) / (3 + weekly_pairs) AS variance
  FROM (
    SELECT *, (0.12 + IFNULL(SUM(daily_step) OVER of_pipeline, 0)) / (3 + COUNT(daily_step) OVER of_pipeline) AS daily_variance,
      -- About their mean: growth is no noise.
      IFNULL(GREATEST(0, SUM(weekly_step * weekly_step) OVER of_pipeline
        - POWER(SUM(weekly_step) OVER of_pipeline, 2) / NULLIF(COUNT(weekly_step) OVER of_pipeline, 0)), 0) / 2 AS weekly_steps,
      COUNT(weekly_step) OVER of_pipeline AS weekly_pairs
    FROM steps
    WINDOW of_pipeline AS (PARTITION BY pipeline)
  )
),
heights AS (
  SELECT *, EXP(height) AS rise, IF(height IS NULL, NULL, weight) AS w,
    IF(height IS NULL, NULL, weight * EXP(2 * (log_volume_of_late - log_volume_around))) AS v
  FROM (
    -- A day that strays far from both those before and those after it is moved near to them; the edge of a leap stays.
    SELECT *, 2 * daily_variance / (daily_variance + variance) / variance AS certainty,
      GREATEST(LEAST(COALESCE(log_volume_before, log_volume_after, log_volume), COALESCE(log_volume_after, log_volume_before, log_volume))
          - 2.5 * SQRT(variance),
        LEAST(GREATEST(COALESCE(log_volume_before, log_volume_after, log_volume), COALESCE(log_volume_after, log_volume_before, log_volume))
          + 2.5 * SQRT(variance), log_volume)) - log_volume_of_late AS height
    FROM variances
  )
),
-- What a line needs: through the logarithms of the days before (b), of the days since (s), and through the volumes since (r).
sums_of_lines AS (
  SELECT *, SUM(w) OVER before AS b, SUM(w * days_ahead) OVER before AS bt, SUM(w * days_ahead * days_ahead) OVER before AS btt,
    SUM(w * height) OVER before AS bh, SUM(w * height * days_ahead) OVER before AS bht, SUM(w * height * height) OVER before AS bhh,
    SUM(w) OVER since AS s, SUM(w * days_ahead) OVER since AS st, SUM(w * days_ahead * days_ahead) OVER since AS stt,
    SUM(w * height) OVER since AS sh, SUM(w * height * days_ahead) OVER since AS sht, SUM(w * height * height) OVER since AS shh,
    SUM(v) OVER since AS r, SUM(v * days_ahead) OVER since AS rt, SUM(v * days_ahead * days_ahead) OVER since AS rtt,
    SUM(v * rise) OVER since AS rh, SUM(v * rise * days_ahead) OVER since AS rht, SUM(v * rise * rise) OVER since AS rhh
  FROM heights
  WINDOW of_pipeline AS (PARTITION BY pipeline), since AS (of_pipeline ORDER BY day DESC),
    before AS (of_pipeline ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
-- Every day may be the one that the present regime began on, one in a hundred is, and since then it may be even or grow in two ways.
shapes AS (
  SELECT *, 10000 / certainty AS stiffness, IF(shape = 'even', 1e12, 10000 / certainty) AS stiffness_since,
    GREATEST(0, btt - bt * bt / b) AS spread, bht - bt * bh / b AS product, bhh - bh * bh / b AS squares,
    IF(shape = 'straight', r, s) AS since, GREATEST(0, IF(shape = 'straight', rtt - rt * rt / r, stt - st * st / s)) AS spread_since,
    IF(shape = 'straight', rht - rt * rh / r, sht - st * sh / s) AS product_since,
    IF(shape = 'straight', rhh - rh * rh / r, shh - sh * sh / s) AS squares_since,
    GREATEST(0, btt - 2 * bt * days_ahead + b * days_ahead * days_ahead - POWER(bt - b * days_ahead, 2) / (b + s)) AS spread_of_bend,
    bht - bh * days_ahead - (bt - b * days_ahead) * (bh + sh) / (b + s) AS product_of_bend, bhh + shh - POWER(bh + sh, 2) / (b + s) AS squares_of_bend,
    CASE shape WHEN 'even' THEN 0.5 WHEN 'compound' THEN 0.3 ELSE 0.2 END * IF(day = first_day, 1, 0.01) AS chance_beforehand
  FROM sums_of_lines
  CROSS JOIN UNNEST(['even', 'compound', 'straight']) AS shape
),
-- How likely the lines before and since are, if the level of each may be anything and its slope is drawn towards none; what is even may
-- also have become so without a leap, out of growth.
likelihoods AS (
  SELECT *, likelihood - MAX(likelihood) OVER (PARTITION BY pipeline) AS likelihood_of_best,
    GREATEST(-0.1, LEAST(0.1, slope / level)) AS growth,
    IF(shape = 'even', 0, 1 / certainty / (spread_since + stiffness_since) / level / level) AS growth_variance
  FROM (
    SELECT *, IF(shape = 'straight', GREATEST(0.05, (rh - slope * rt) / r), 1) AS level, IF(shape = 'even' AND day > first_day,
      GREATEST(of_leap, of_bend) + LN(1 + EXP(-ABS(of_leap - of_bend))), of_leap) AS likelihood
    FROM (
      SELECT *, product_since / (spread_since + stiffness_since) AS slope, LN(chance_beforehand)
          - (certainty * (squares_since - product_since * product_since / (spread_since + stiffness_since))
            + LN(1 + 9 * certainty * since) + LN(1 + spread_since / stiffness_since)
            + IF(day = first_day, 0, certainty * (squares - product * product / (spread + stiffness))
              + LN(1 + 9 * certainty * b) + LN(1 + spread / stiffness))) / 2 AS of_leap,
        LN(chance_beforehand) - (certainty * (squares_of_bend - product_of_bend * product_of_bend / (spread_of_bend + stiffness))
          + LN(1 + 9 * certainty * (b + s)) + LN(1 + spread_of_bend / stiffness)) / 2 AS of_bend
      FROM shapes
    )
  )
),
-- What the others went through is likely for a pipeline too: nine tenths of what is expected of it beforehand is what they tell.
regimes AS (
  SELECT *, SUM(belief) OVER (PARTITION BY pipeline) AS belief_in_all, SUM(belief) OVER of_shape AS belief_in_shape,
    SUM(belief) OVER (of_shape ORDER BY day) AS belief_so_far, SUM(belief * growth) OVER of_shape AS growths,
    SUM(belief * (growth * growth + growth_variance)) OVER of_shape AS growths_squared
  FROM (
    SELECT *, IFNULL(EXP(likelihood_of_best) * (0.1 + 0.9 * GREATEST(0, SUM(EXP(likelihood_of_best)) OVER of_all - EXP(likelihood_of_best))
      / SUM(EXP(likelihood_of_best)) OVER () / chance_beforehand), IF(shape = 'even' AND day = first_day, 1, 0)) AS belief
    FROM likelihoods
    WINDOW of_all AS (PARTITION BY shape, IF(day = first_day, NULL, day))
  )
  WINDOW of_shape AS (PARTITION BY pipeline, shape)
)

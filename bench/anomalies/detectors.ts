/** Finds unusual executions of the last 30 days: a SELECT of their ids and of what is unusual about them. */
export type Detector = (now: string) => string;

const TIME_ZONE = 'America/Sao_Paulo';

/** The view, and what people would use instead. */
export const DETECTORS: Record<string, Detector> = {
  execution_anomalies: () => 'SELECT id, kind FROM execution_anomalies',

  // Elementary's default: it reports a day, and so all executions of it.
  'z above 3 over 14 daily buckets': (now) => `
    WITH executions AS (
      SELECT *, CAST(createdat AT TIME ZONE '${TIME_ZONE}' AS DATE) AS day FROM pipeline_logs_latest
    ),
    days AS (
      SELECT pipeline_id, day, SUM(row_count) AS row_count, AVG(execution_time_seconds) AS seconds
      FROM executions
      GROUP BY pipeline_id, day
    ),
    scores AS (
      SELECT pipeline_id, day, row_count,
        (row_count - AVG(row_count) OVER training) / NULLIF(STDDEV(row_count) OVER training, 0) AS volume_score,
        (seconds - AVG(seconds) OVER training) / NULLIF(STDDEV(seconds) OVER training, 0) AS seconds_score
      FROM days
      WINDOW training AS (PARTITION BY pipeline_id ORDER BY day ROWS BETWEEN 14 PRECEDING AND 1 PRECEDING)
    )
    SELECT executions.id, ${kindOf('scores.row_count')} AS kind
    FROM executions
    JOIN scores USING (pipeline_id, day)
    WHERE (ABS(volume_score) > 3 OR seconds_score > 3) AND createdat > ${now} - INTERVAL 720 HOUR`,

  'z above 3 over all executions': (now) => `
    WITH scores AS (
      SELECT id, createdat, row_count,
        (row_count - AVG(row_count) OVER pipeline) / NULLIF(STDDEV(row_count) OVER pipeline, 0) AS volume_score,
        (execution_time_seconds - AVG(execution_time_seconds) OVER pipeline)
          / NULLIF(STDDEV(execution_time_seconds) OVER pipeline, 0) AS seconds_score
      FROM pipeline_logs_latest
      WINDOW pipeline AS (PARTITION BY pipeline_id)
    )
    SELECT id, ${kindOf('row_count')} AS kind
    FROM scores
    WHERE (ABS(volume_score) > 3 OR seconds_score > 3) AND createdat > ${now} - INTERVAL 720 HOUR`,
};

function kindOf(rowCount: string): string {
  return `CASE
    WHEN volume_score > 3 THEN 'volume_spike'
    WHEN volume_score < -3 AND ${rowCount} = 0 THEN 'unexpected_zero'
    WHEN volume_score < -3 THEN 'volume_drop'
    ELSE 'slow'
  END`;
}

import { readDuckDb } from '../duckdb.ts';

export interface StoredView {
  name: string;
  rows: number;
  /** As text, to the minute, UTC; null if there are no rows. */
  oldest: string | null;
  newest: string | null;
}

/** What a DuckDB file holds after a run. */
export function readContents(path: string): Promise<StoredView[]> {
  return readDuckDb(path, async (connection) => {
    const answer = await connection.runAndReadAll(
      ['pipeline_logs_latest', 'model_logs_latest']
        .map(
          (name) => `SELECT '${name}' AS name, count(*) AS rows,
            strftime(min(createdat), '%Y-%m-%d %H:%M') AS oldest, strftime(max(createdat), '%Y-%m-%d %H:%M') AS newest
          FROM ${name}`,
        )
        .join(' UNION ALL '),
    );
    return answer.getRowObjectsJson().map(({ name, rows, oldest, newest }) => ({
      name: String(name),
      rows: Number(rows),
      oldest: textOrNull(oldest),
      newest: textOrNull(newest),
    }));
  });
}

function textOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}

import type { Config } from '../../functions/config.ts';
import { readDuckDb } from '../duckdb.ts';

export interface StoredView {
  name: string;
  rows: number;
  /** As text, to the minute, UTC; null if there are no rows. */
  oldest: string | null;
  newest: string | null;
}

export interface PipelineUsage {
  name: string;
  clientId: string | null;
  records: number;
}

/** What a DuckDB file holds after a run. */
export interface Contents {
  views: StoredView[];
  /** `2026-11` */
  month: string;
  /** This month's billable records by pipeline, the most first. */
  usage: PipelineUsage[];
}

export function readContents(path: string, { timeZone }: Config['billing']): Promise<Contents> {
  return readDuckDb(path, async (connection) => {
    const read = async (sql: string, values: Record<string, string> = {}) =>
      (await connection.runAndReadAll(sql, values)).getRowObjectsJson();
    const views = await read(
      ['pipeline_logs_latest', 'model_logs_latest']
        .map(
          (name) => `SELECT '${name}' AS name, count(*) AS rows,
            strftime(min(createdat), '%Y-%m-%d %H:%M') AS oldest, strftime(max(createdat), '%Y-%m-%d %H:%M') AS newest
          FROM ${name}`,
        )
        .join(' UNION ALL '),
    );
    const [month] = await read("SELECT strftime(timezone($zone, now()), '%Y-%m') AS month", {
      zone: timeZone,
    });
    const usage = await read(
      `SELECT arg_max(pipeline_name, createdat) AS name, client_id, pipeline_id,
         sum(coalesce(row_count, 0))::DOUBLE AS records
       FROM pipeline_logs_latest
       WHERE is_billable IS NOT FALSE
         AND date_trunc('month', timezone($zone, createdat)) = date_trunc('month', timezone($zone, now()))
       GROUP BY client_id, pipeline_id
       ORDER BY records DESC, pipeline_id`,
      { zone: timeZone },
    );
    return {
      views: views.map(({ name, rows, oldest, newest }) => ({
        name: String(name),
        rows: Number(rows),
        oldest: textOrNull(oldest),
        newest: textOrNull(newest),
      })),
      month: String(month?.month),
      usage: usage.map(({ name, client_id, pipeline_id, records }) => ({
        name: textOrNull(name) ?? `pipeline ${pipeline_id}`,
        clientId: textOrNull(client_id),
        records: Number(records),
      })),
    };
  });
}

function textOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}

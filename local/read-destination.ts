import { writeFile } from 'node:fs/promises';
import type { Config } from '../functions/config.ts';
import { loadOverview } from '../functions/insights/overview.ts';
import { renderPage } from '../functions/page/page.ts';
import { readDuckDb } from './duckdb.ts';
import type { Destination, StoredView } from './terminal/destination.ts';

/** A page of made-up data is known by its name. */
const PAGES = { real: 'dashboard.html', madeUp: 'sandbox.html' };
const VIEWS = ['pipeline_logs_latest', 'model_logs_latest'];

/** Looks at what is stored after a run, and writes the page of a DuckDB file. */
export async function readDestination(config: Config, isMadeUp: boolean): Promise<Destination> {
  const { warehouse } = config;
  const page = isMadeUp ? PAGES.madeUp : PAGES.real;
  if (warehouse.kind === 'bigquery') {
    const { project, dataset } = warehouse;
    return { kind: 'bigquery', dataset: project ? `${project}.${dataset}` : dataset };
  }
  const { path } = warehouse;
  try {
    const views = await readViews(path);
    const overview = await loadOverview(config);
    await writeFile(page, renderPage(overview, { ...config, isMadeUp }));
    return { kind: 'duckdb', path, page, views, overview, isMadeUp };
  } catch (error) {
    // The run itself is over; another one may hold the file by now, or the folder may not be writable.
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: 'unreadable', path, page, reason };
  }
}

function readViews(path: string): Promise<StoredView[]> {
  return readDuckDb(path, async (connection) => {
    const selects = VIEWS.map(
      (name) => `SELECT '${name}' AS name,
        count(*) FILTER (createdat <= now()) AS rows, count(*) FILTER (createdat > now()) AS ahead,
        strftime(min(createdat), '%Y-%m-%d %H:%M') AS oldest,
        strftime(max(createdat) FILTER (createdat <= now()), '%Y-%m-%d %H:%M') AS newest
      FROM ${name}`,
    );
    const answer = await connection.runAndReadAll(selects.join(' UNION ALL '));
    return answer.getRowObjectsJson().map(({ name, rows, ahead, oldest, newest }) => ({
      name: String(name),
      rows: Number(rows),
      ahead: Number(ahead),
      oldest: textOrNull(oldest),
      newest: textOrNull(newest),
    }));
  });
}

function textOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}

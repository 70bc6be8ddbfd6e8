import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readTemplates } from '../../functions/views/templates.ts';
import { connectDuckDb } from '../../functions/warehouse/duckdb/connection.ts';
import { openDuckDbForReading } from '../../functions/warehouse/duckdb/reading.ts';
import { makeTables, makeViews, placeholdersOf } from '../../functions/warehouse/duckdb/schema.ts';

const BILLING = { timeZone: 'America/Sao_Paulo', planRecords: 50_000_000, planPipelines: null };
const RUNS = 3;
const DAYS = 90;

/** So many pipelines run at such an interval, which is about 750,000 executions; so does a tenth as many models. */
const RHYTHMS = [
  { pipelines: 20, minutes: 5 },
  { pipelines: 90, minutes: 60 },
  { pipelines: 60, minutes: 360 },
  { pipelines: 130, minutes: 1_440 },
];

/** How long each view takes in DuckDB, read as the page reads it, on a long history. */
export async function readViewsOfLongHistory(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'kondado-bench-'));
  const file = path.join(folder, 'history.duckdb');
  try {
    const executions = await writeHistory(file);
    console.log(
      `\nEach view in DuckDB on ${executions} executions of ${DAYS} days, as the page reads it: the fastest of ${RUNS}.`,
    );
    console.table(await timesOf(file));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function writeHistory(file: string): Promise<string> {
  const { connection, close } = await connectDuckDb(file);
  try {
    await makeTables(connection);
    await connection.run('SELECT setseed(0.42)');
    let first = 1;
    for (const { pipelines, minutes } of RHYTHMS) {
      await connection.run(insertion('pipeline', first, pipelines, minutes));
      await connection.run(insertion('model', first, pipelines / 10, minutes));
      first += pipelines;
    }
    await connection.run(
      `INSERT INTO sync_runs (run_id, mode, stream, outcome, started_at, finished_at, first_id, last_id, watermark_after)
       SELECT 'run', 'incremental', stream, 'success', now() - to_hours(hour), now() - to_hours(hour), 1, 1000 - hour, now()
       FROM range(${24 * DAYS}) AS hours(hour), (VALUES ('pipeline_logs'), ('model_logs')) AS streams(stream)`,
    );
    await makeViews(connection, placeholdersOf(BILLING));
    const answer = await connection.runAndReadAll('SELECT count(*) FROM pipeline_logs');
    return Number(answer.getRows()[0]?.[0]).toLocaleString('en');
  } finally {
    close();
  }
}

/** Executions with jitter, of which one in fifty is missing. */
function insertion(object: string, firstId: number, count: number, minutes: number): string {
  return `INSERT INTO ${object}_logs (id, ${object}_id, ${object}_name, client_id, row_count, execution_time_seconds,
      createdat, updatedat, _run_id, _synced_at)
    SELECT epoch_ms(at_time) * 1000 + object, object, 'Postgres - orders ' || object, 1 + object % 2,
      CAST(exp(5 + 2 * random() + object % 5) AS BIGINT), exp(2 + random()), at_time, at_time, 'run', at_time
    FROM (
      SELECT object, now() - to_microseconds(CAST((step + 0.1 * random()) * ${minutes * 60_000_000} AS BIGINT)) AS at_time
      FROM range(${firstId}, ${firstId + count}) AS objects(object),
        range(${Math.floor((DAYS * 1_440) / minutes)}) AS steps(step)
      WHERE random() > 0.02
    )`;
}

async function timesOf(file: string): Promise<object[]> {
  const reader = await openDuckDbForReading({ kind: 'duckdb', path: file, isSandbox: false }, BILLING);
  if (reader === null) throw new Error(`There is no ${file}.`);
  const table = [];
  for (const view of readTemplates().keys()) {
    if (view.endsWith('_latest')) continue; // all others read them
    const times: number[] = [];
    let rows = 0;
    for (let run = 0; run < RUNS; run++) {
      const startedMs = performance.now();
      rows = (await reader.ask(`SELECT TO_JSON_STRING(part) AS content FROM {${view}} AS part`)).length;
      times.push(performance.now() - startedMs);
    }
    table.push({ view, rows, ms: Math.round(Math.min(...times)) });
  }
  await reader.close();
  return table;
}

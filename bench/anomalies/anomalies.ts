// How many planted anomalies the view finds, and how often it takes something else for one.
import { type DuckDBConnection, DuckDBInstance, DuckDBTimestampTZValue } from '@duckdb/node-api';
import { makeTables, makeViews } from '../../functions/warehouse/duckdb/schema.ts';
import { DETECTORS } from './detectors.ts';
import { createPipelines } from './history.ts';

const SEEDS = [1, 2, 3];
const NOW_MS = Date.UTC(2026, 10, 24, 15);
const NOW = `TIMESTAMPTZ '${new Date(NOW_MS).toISOString()}'`;

/** In percent of the planted ones: those that were found, and those that were found as the right kind. */
const FOUND = `COUNT(planted)::INTEGER AS planted,
  ROUND(100 * COUNT(found_as) FILTER (planted IS NOT NULL) / COUNT(planted), 1) AS "found %",
  ROUND(100 * COUNT(*) FILTER (found_as = planted) / COUNT(planted), 1) AS "right kind %"`;
/** In percent of the others: those that were reported. */
const FALSE = `COUNT(*) FILTER (planted IS NULL)::INTEGER AS others,
  ROUND(100 * COUNT(found_as) FILTER (planted IS NULL AND NOT is_change) / COUNT(*) FILTER (planted IS NULL), 2) AS "false %"`;

const TABLES = [
  {
    title: 'Anomalies planted into the last 30 of 90 days: how many are found, and how many others reported.',
    select: `detector, seed, ${FOUND}, ${FALSE}`,
  },
  { title: 'By what was planted.', select: `detector, planted AS kind, ${FOUND}` },
  { title: 'By what the pipelines are like.', select: `detector, shape, ${FOUND}, ${FALSE}` },
  { title: 'By how often they run.', select: `detector, schedule, ${FOUND}, ${FALSE}` },
];

export async function run(): Promise<void> {
  const connection = await open();
  for (const seed of SEEDS) await judge(connection, seed);
  for (const { title, select } of TABLES) {
    console.log(`\n${title}`);
    const table = await connection.runAndReadAll(
      `SELECT ${select} FROM judgements GROUP BY ALL HAVING COUNT(planted) > 0 ORDER BY ALL`,
    );
    console.table(table.getRowObjectsJson());
  }
  connection.closeSync();
  await time();
}

async function open(): Promise<DuckDBConnection> {
  const connection = await (await DuckDBInstance.create(':memory:', { threads: '2' })).connect();
  await makeTables(connection);
  await makeViews(connection, {
    dataset: 'main',
    now: NOW,
    time_zone: 'America/Sao_Paulo',
    plan_records: 'NULL',
    plan_pipelines: 'NULL',
  });
  await connection.run(
    `CREATE TABLE truths (id BIGINT, pipeline_id INTEGER, schedule VARCHAR, shape VARCHAR, createdat TIMESTAMPTZ,
       row_count BIGINT, seconds DOUBLE, planted VARCHAR, is_change BOOLEAN)`,
  );
  await connection.run(
    `CREATE TABLE judgements (detector VARCHAR, seed INTEGER, schedule VARCHAR, shape VARCHAR, planted VARCHAR,
       is_change BOOLEAN, found_as VARCHAR)`,
  );
  return connection;
}

async function judge(connection: DuckDBConnection, seed: number): Promise<void> {
  await store(connection, seed);
  for (const [detector, select] of Object.entries(DETECTORS)) {
    await connection.run(
      `INSERT INTO judgements
       SELECT '${detector}', ${seed}, schedule, shape, planted, is_change, found.kind
       FROM truths LEFT JOIN (${select(NOW)}) AS found USING (id)
       WHERE createdat > ${NOW} - INTERVAL 720 HOUR`,
    );
  }
}

async function store(connection: DuckDBConnection, seed: number): Promise<void> {
  await connection.run('DELETE FROM truths; DELETE FROM pipeline_logs');
  const appender = await connection.createAppender('truths');
  let id = 0n;
  for (const [index, { schedule, shape, executions }] of createPipelines(seed, NOW_MS).entries()) {
    for (const { createdAtMs, rowCount, seconds, planted, isChange } of executions) {
      id++;
      appender.appendBigInt(id);
      appender.appendInteger(index);
      appender.appendVarchar(schedule);
      appender.appendVarchar(shape);
      appender.appendTimestampTZ(new DuckDBTimestampTZValue(BigInt(createdAtMs) * 1_000n));
      if (rowCount === null) appender.appendNull();
      else appender.appendBigInt(BigInt(rowCount));
      if (seconds === null) appender.appendNull();
      else appender.appendDouble(seconds);
      if (planted === null) appender.appendNull();
      else appender.appendVarchar(planted);
      appender.appendBoolean(isChange);
      appender.endRow();
    }
  }
  appender.closeSync();
  await connection.run(
    `INSERT INTO pipeline_logs (id, pipeline_id, row_count, execution_time_seconds, createdat, _run_id, _synced_at)
     SELECT id, pipeline_id, row_count, seconds, createdat, 'bench', createdat FROM truths`,
  );
}

async function time(): Promise<void> {
  const connection = await open();
  await connection.run(
    `INSERT INTO pipeline_logs (id, pipeline_id, row_count, execution_time_seconds, createdat, _run_id, _synced_at)
     SELECT hour * 500 + pipeline, pipeline, EXP(6 + RANDOM()), EXP(2 + RANDOM()),
       ${NOW} - TO_HOURS(hour) - TO_SECONDS(pipeline), 'bench', ${NOW}
     FROM RANGE(2160) AS hours (hour), RANGE(500) AS pipelines (pipeline)`,
  );
  const startedAtMs = performance.now();
  await connection.runAndReadAll('SELECT * FROM execution_anomalies');
  const seconds = (performance.now() - startedAtMs) / 1_000;
  console.log(
    `\n500 hourly pipelines and 90 days, 1,080,000 executions, with 2 threads: ${seconds.toFixed(1)} s.`,
  );
  connection.closeSync();
}

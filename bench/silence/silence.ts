// How many pipelines that stop the view notices in time, and how often it takes a running one for stopped.

import { type DuckDBConnection, DuckDBInstance, type DuckDBPreparedStatement } from '@duckdb/node-api';
import { DAY_MS, HOUR_MS } from '../../functions/timestamps.ts';
import { readDuckDbViews } from '../../functions/warehouse/duckdb/schema.ts';
import { createRandom, type Random } from '../../local/sandbox/random.ts';
import { toLocal } from './clocks.ts';
import { ALTERNATIVES, deadlineMs } from './detectors.ts';
import { createPipeline, type Pipeline } from './pipelines.ts';
import { KINDS } from './schedules.ts';
import { createScores, type Scores } from './scores.ts';

const SEEDS = [1, 2, 3];
const ZONES = ['America/Sao_Paulo', 'Europe/Berlin'];
const PIPELINES_A_KIND = 6;
/** A pipeline that runs every 5 minutes has so many rows that a few of them must do. */
const PIPELINES_EVERY_5_MINUTES = 2;
const CHECKED_DAYS = 60;
const CHECKS = 80;
const STOPS_A_PIPELINE = 3;
/** Nobody can tell a rhythm from fewer executions. */
const LEAST_EXECUTIONS = 4;

const VIEW = 'pipeline_status';
const ALARMS: ReadonlySet<string> = new Set(['late', 'silent', 'stopped']);

export async function run(): Promise<void> {
  console.log(
    `\nSilence: each pipeline looked at on ${CHECKS} full hours of ${CHECKED_DAYS} days, and stopped ${STOPS_A_PIPELINE} times.`,
  );
  console.log('In time is two intervals after the last execution, or an hour after the second missed start.');
  for (const seed of SEEDS) {
    const startedAtMs = performance.now();
    const scores = createScores();
    for (const [index, zone] of ZONES.entries()) await judge(zone, [seed, index], scores);
    console.log(`\nSeed ${seed}, ${((performance.now() - startedAtMs) / 1000).toFixed(0)} s.`);
    console.table([VIEW, ...Object.keys(ALTERNATIVES)].map((detector) => scores.line(detector)));
    console.table(KINDS.map((kind) => scores.line(VIEW, kind)));
  }
}

async function judge(zone: string, seed: readonly number[], scores: Scores): Promise<void> {
  const random = createRandom(...seed);
  // At any time of the year, so that clocks change in some histories.
  const endMs = Date.UTC(2026, 0, 1) + Math.floor(random.between(0, 330)) * DAY_MS;
  const checkedFromMs = endMs - CHECKED_DAYS * DAY_MS;
  const pipelines = KINDS.flatMap((kind, number) =>
    Array.from(
      { length: kind === 'every 5 minutes' ? PIPELINES_EVERY_5_MINUTES : PIPELINES_A_KIND },
      (_, index) => createPipeline(kind, zone, endMs, ...seed, number, index),
    ),
  );
  const { connection, statement, close } = await openView(zone);
  await store(connection, pipelines);
  for (let check = 0; check < CHECKS; check++) {
    const nowMs = Math.floor(random.between(checkedFromMs, endMs) / HOUR_MS) * HOUR_MS;
    const answers = await statusAt(statement, nowMs);
    for (const [index, pipeline] of pipelines.entries()) {
      checkAt(nowMs, pipeline, answers.get(index)?.health, isAtRest(zone, nowMs), scores);
    }
  }
  const stopped = pipelines.flatMap((pipeline) =>
    Array.from({ length: STOPS_A_PIPELINE }, () => stop(pipeline, checkedFromMs, random)),
  );
  await store(connection, stopped);
  // What is expected depends only on the past, so one look at the end tells when each alarm was raised.
  const answers = await statusAt(statement, endMs);
  for (const [index, pipeline] of stopped.entries()) {
    const deadline = deadlineMs(pipeline, pipeline.executions.at(-1) ?? 0);
    scores.countStop(VIEW, pipeline.kind, (answers.get(index)?.expectedByMs ?? deadline) < deadline);
    for (const [detector, alarmMs] of Object.entries(ALTERNATIVES)) {
      scores.countStop(detector, pipeline.kind, alarmMs(pipeline, pipeline.executions) <= deadline);
    }
  }
  close();
}

/** Counts who takes a running pipeline for stopped, between its fourth execution and its last. */
function checkAt(
  nowMs: number,
  pipeline: Pipeline,
  health: string | undefined,
  isAtRest: boolean,
  scores: Scores,
): void {
  const next = pipeline.executions.findIndex((atMs) => atMs > nowMs);
  if (next < LEAST_EXECUTIONS) return;
  const past = pipeline.executions.slice(0, next);
  scores.countCheck(VIEW, pipeline.kind, ALARMS.has(health ?? ''), isAtRest);
  for (const [detector, alarmMs] of Object.entries(ALTERNATIVES)) {
    scores.countCheck(detector, pipeline.kind, nowMs > alarmMs(pipeline, past), isAtRest);
  }
}

/** The pipeline as if one of its executions since an instant had been its last. */
function stop(pipeline: Pipeline, sinceMs: number, random: Random): Pipeline {
  const first = pipeline.executions.findIndex((atMs) => atMs > sinceMs);
  const count = random.between(Math.max(LEAST_EXECUTIONS, first + 1), pipeline.executions.length + 1);
  return { ...pipeline, executions: pipeline.executions.slice(0, Math.floor(count)) };
}

function isAtRest(zone: string, atMs: number): boolean {
  const local = toLocal(zone, atMs);
  return local.getUTCDay() % 6 === 0 || local.getUTCHours() < 8 || local.getUTCHours() > 20;
}

/** At every moment that is judged a sync has just come to the end of the log. */
const RUNS = `(SELECT NULL::BIGINT AS client_id, 'pipeline_logs' AS stream, 'incremental' AS mode, 'success' AS outcome,
  make_timestamptz($now_us::BIGINT) AS started_at)`;

async function openView(zone: string) {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  const connection = await instance.connect();
  await connection.run(
    `CREATE TABLE pipeline_logs_latest (id BIGINT, client_id BIGINT, pipeline_id BIGINT, pipeline_name VARCHAR,
       row_count BIGINT, is_billable BOOLEAN, execution_time_seconds DOUBLE, createdat TIMESTAMPTZ)`,
  );
  await connection.run(
    `CREATE TABLE status_observations (observed_at TIMESTAMPTZ, kind VARCHAR, client_id BIGINT, object_id BIGINT, state VARCHAR,
       message VARCHAR)`,
  );
  const view =
    readDuckDbViews({
      dataset: 'main',
      now: 'make_timestamptz($now_us::BIGINT)',
      time_zone: zone,
      plan_records: 'NULL',
      plan_pipelines: 'NULL',
    }).get(VIEW) ?? '';
  const statement = await connection.prepare(
    `SELECT pipeline_id, health, epoch_us(expected_by) FROM (${view.replaceAll('main."sync_runs"', RUNS)})`,
  );
  const close = () => {
    statement.destroySync();
    connection.closeSync();
    instance.closeSync();
  };
  return { connection, statement, close };
}

/** Replaces what is stored; a pipeline's number is its place. */
async function store(connection: DuckDBConnection, pipelines: readonly Pipeline[]): Promise<void> {
  await connection.run('DELETE FROM pipeline_logs_latest');
  await connection.run('CREATE OR REPLACE TEMP TABLE finished (pipeline_id BIGINT, at_us BIGINT)');
  const appender = await connection.createAppender('finished');
  for (const [index, { executions }] of pipelines.entries()) {
    for (const atMs of executions) {
      appender.appendBigInt(BigInt(index));
      appender.appendBigInt(BigInt(atMs) * 1000n);
      appender.endRow();
    }
  }
  appender.closeSync();
  await connection.run(
    `INSERT INTO pipeline_logs_latest
     SELECT row_number() OVER (), 1, pipeline_id, 'orders', 1, true, 1, make_timestamptz(at_us) FROM finished`,
  );
}

interface Status {
  health: string;
  expectedByMs: number | undefined;
}

async function statusAt(statement: DuckDBPreparedStatement, nowMs: number): Promise<Map<number, Status>> {
  statement.bind({ now_us: BigInt(nowMs) * 1000n });
  const rows = (await statement.runAndReadAll()).getRows();
  return new Map(
    rows.map(([pipelineId, health, expectedByUs]) => [
      Number(pipelineId),
      {
        health: String(health),
        expectedByMs: expectedByUs === null ? undefined : Number(expectedByUs) / 1000,
      },
    ]),
  );
}

// How near the forecast comes to what months really used, compared with what people would use instead.
import { type DuckDBConnection, DuckDBInstance, DuckDBTimestampTZValue } from '@duckdb/node-api';
import { DAY_MS } from '../../functions/timestamps.ts';
import { readDuckDbViews } from '../../functions/warehouse/duckdb/schema.ts';
import { createRandom, type Random } from '../../local/sandbox/random.ts';
import { fromSameWeekdays, straightLine } from './alternatives.ts';
import { COMPANY_KINDS, companyMonth } from './companies/companies.ts';
import { customerMonth } from './customers.ts';
import { type CustomerMonth, type Execution, recordsBetween } from './executions.ts';
import { type Judgement, summarize } from './judgements.ts';
import { KINDS } from './kinds.ts';

const SEEDS = [1, 2, 3];
const MONTHS_A_KIND = 12;
/** The forecast is made on day 10 of the month, the day of the limit is told on day 15. */
const FORECAST_DAY = 10;
const LIMIT_DAY = 15;
const VIEW = 'plan_forecast';

/** Two ways to make up months; the view was tuned on other seeds of both. */
const GENERATORS = [
  { name: 'Customers', kinds: KINDS, make: customerMonth },
  { name: 'Companies', kinds: COMPANY_KINDS, make: companyMonth },
] as unknown as Generator[];

interface Generator {
  name: string;
  kinds: readonly string[];
  make: (seed: number, kind: string, index: number) => CustomerMonth;
}

interface Forecast {
  projected: number;
  low: number;
  high: number;
  limitDate: string | null;
}

export async function run(): Promise<void> {
  console.log(
    `\nForecast: ${MONTHS_A_KIND} months of each kind, on day ${FORECAST_DAY} at any hour. Mean absolute error in % of what the month used.`,
  );
  console.log(
    '"Unavoidable" knows every pipeline\'s true volume; the band should hold 80 %; limit dates within a day, judged on day 15.',
  );
  const { connection, close } = await openLogs();
  for (const generator of GENERATORS) {
    for (const seed of SEEDS) {
      const startedAtMs = performance.now();
      const rows = await judgeKinds(connection, generator, seed);
      console.log(
        `\n${generator.name}, seed ${seed}, ${((performance.now() - startedAtMs) / 1000).toFixed(0)} s.`,
      );
      console.table(rows);
    }
  }
  close();
}

async function judgeKinds(connection: DuckDBConnection, { kinds, make }: Generator, seed: number) {
  const rows: Record<string, string>[] = [];
  const all: Judgement[] = [];
  for (const kind of kinds) {
    const judgements: Judgement[] = [];
    for (let index = 0; index < MONTHS_A_KIND; index++) {
      const random = createRandom(seed, kinds.indexOf(kind), index, LIMIT_DAY);
      judgements.push(await judge(connection, make(seed, kind, index), random));
    }
    rows.push(summarize(kind, judgements));
    all.push(...judgements);
  }
  return [...rows, summarize('all', all)];
}

async function judge(connection: DuckDBConnection, month: CustomerMonth, random: Random): Promise<Judgement> {
  await store(connection, month.executions);
  const nowMs = duringDay(month, FORECAST_DAY, random);
  const outcome = recordsBetween(month.executions, month.startMs, month.endMs);
  const { projected, low, high } = await ask(connection, nowMs, null);
  const error = (value: number) => Math.abs(value / outcome - 1);
  const soFar = recordsBetween(month.executions, month.startMs, nowMs);
  const expected = month.expectations.filter(({ atMs }) => atMs >= nowMs);
  return {
    view: error(projected),
    straightLine: error(straightLine(month, nowMs)),
    naiveWeek: error(fromSameWeekdays(month, nowMs, 1)),
    sameWeekdays: error(fromSameWeekdays(month, nowMs, 8)),
    unavoidable: error(expected.reduce((total, { records }) => total + records, soFar)),
    isInBand: outcome >= low && outcome <= high,
    bandWidth: (high - low) / outcome,
    limitDaysOff: await limitDaysOff(connection, month, random),
  };
}

/** How many days the limit date is off, of a plan that ends on some day after day 15; null if nothing runs on that day. */
async function limitDaysOff(
  connection: DuckDBConnection,
  month: CustomerMonth,
  random: Random,
): Promise<number | null> {
  const days = Math.round((month.endMs - month.startMs) / DAY_MS);
  const limitDay = Math.floor(random.between(LIMIT_DAY + 1, days + 1));
  const [before, after] = [limitDay - 1, limitDay].map((day) =>
    recordsBetween(month.executions, month.startMs, month.startMs + day * DAY_MS),
  ) as [number, number];
  if (before === after) return null;
  const planRecords = Math.round((before + after) / 2);
  const { limitDate } = await ask(connection, duringDay(month, LIMIT_DAY, random), planRecords);
  return limitDate === null ? days : Math.abs(Number(limitDate.slice(-2)) - limitDay);
}

function duringDay({ startMs }: CustomerMonth, day: number, random: Random): number {
  return Math.floor(startMs + (day - random.between(0, 1)) * DAY_MS);
}

async function openLogs() {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  const connection = await instance.connect();
  await connection.run(
    `CREATE TABLE pipeline_logs_latest
       (client_id BIGINT, pipeline_id BIGINT, createdat TIMESTAMPTZ, row_count BIGINT, is_billable BOOLEAN)`,
  );
  const close = () => {
    connection.closeSync();
    instance.closeSync();
  };
  return { connection, close };
}

/** At every moment that is judged a sync has just come to the end of the log. */
function runsAt(nowMs: number): string {
  return `(SELECT NULL::BIGINT AS client_id, 'pipeline_logs' AS stream, 'incremental' AS mode, 'success' AS outcome,
    TIMESTAMPTZ '${new Date(nowMs).toISOString()}' AS started_at)`;
}

async function ask(
  connection: DuckDBConnection,
  nowMs: number,
  planRecords: number | null,
): Promise<Forecast> {
  const view =
    readDuckDbViews({
      dataset: 'main',
      now: `TIMESTAMPTZ '${new Date(nowMs).toISOString()}'`,
      time_zone: 'America/Sao_Paulo',
      plan_records: String(planRecords ?? 'NULL'),
      plan_pipelines: 'NULL',
    }).get(VIEW) ?? '';
  const answer = await connection.runAndReadAll(
    `SELECT projected_month_records, projected_low, projected_high, CAST(limit_date AS VARCHAR)
     FROM (${view.replaceAll('main."sync_runs"', runsAt(nowMs))})`,
  );
  const [[projected, low, high, limitDate] = []] = answer.getRows();
  return {
    projected: Number(projected),
    low: Number(low),
    high: Number(high),
    limitDate: typeof limitDate === 'string' ? limitDate : null,
  };
}

/** Replaces what is stored. */
async function store(connection: DuckDBConnection, executions: readonly Execution[]): Promise<void> {
  await connection.run('DELETE FROM pipeline_logs_latest');
  const appender = await connection.createAppender('pipeline_logs_latest');
  for (const { pipelineId, atMs, records, isBillable } of executions) {
    appender.appendBigInt(1n);
    appender.appendBigInt(BigInt(pipelineId));
    appender.appendTimestampTZ(new DuckDBTimestampTZValue(BigInt(atMs) * 1000n));
    if (records === null) appender.appendNull();
    else appender.appendBigInt(BigInt(records));
    if (isBillable === null) appender.appendNull();
    else appender.appendBoolean(isBillable);
    appender.endRow();
  }
  appender.closeSync();
}

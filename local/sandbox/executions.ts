import type { StreamName } from '../../functions/streams.ts';
import { DAY_MS, MINUTE_MS } from '../../functions/timestamps.ts';
import { launchPipeline, MODELS, type Model, missChance, PIPELINES, type Pipeline } from './pipelines.ts';
import { createRandom, type Random } from './random.ts';
import { isWeekday, RHYTHMS, ticksOfDay, toLocal } from './rhythm.ts';

export type LogRow = Readonly<Record<string, unknown>> & { readonly id: number };

/** A log row, when the API starts to show it, and when it shows the second version. */
export interface Execution {
  row: LogRow;
  createdAtMs: number;
  visibleFromMs: number;
  update: { row: LogRow; visibleFromMs: number } | undefined;
}

interface Draft {
  createdAtMs: number;
  fields: Record<string, unknown>;
  /** The fields that a later correction changes; made only for the few rows that get one. */
  correctedFields: () => Record<string, unknown>;
}

/** The documented example row; the made-up ids continue from it. */
const FIRST_ID = 5_181_910;
const FIRST_ID_MS = Date.UTC(2020, 8, 17, 0, 3, 48);

/** All customers share one sequence of ids: this is how many log rows the whole service writes in a second. */
const IDS_PER_SECOND: Record<StreamName, number> = { pipeline_logs: 2, model_logs: 0.3 };

const SWAP_WITHIN_MS = MINUTE_MS;
const LATE_SHARE = 0.012;
const UPDATED_SHARE = 0.03;
const RAW_ROW_COUNT_SINCE_MS = Date.UTC(2025, 5, 12);
const EXTERNAL_IPS = ['3.220.239.218', '34.194.118.90', '52.7.31.164'];

/**
 * All executions of one UTC day (days since 1970), ascending by id.
 *
 * A day depends only on the seed and its date, and its ids stay within its own range, so days can be strung together
 * in order.
 */
export function executionsOfDay(stream: StreamName, seed: number, day: number): Execution[] {
  const drafts = stream === 'pipeline_logs' ? pipelineDrafts(seed, day) : modelDrafts(seed, day);
  drafts.sort((left, right) => left.createdAtMs - right.createdAtMs);
  const random = createRandom(seed, day);
  const ids = idsOf(stream, drafts, random);
  return drafts
    .map((draft, index) => toExecution(draft, ids[index] ?? 0, random))
    .sort((left, right) => left.row.id - right.row.id);
}

function pipelineDrafts(seed: number, day: number): Draft[] {
  const launch = launchPipeline(day);
  const pipelines = launch === undefined ? PIPELINES : [...PIPELINES, launch];
  return pipelines.flatMap((pipeline) => {
    const random = createRandom(seed, day, pipeline.id);
    return ticksOfDay(pipeline.rhythm, pipeline.minute, day * DAY_MS)
      .filter((tickMs) => !random.chance(missChance(pipeline, tickMs)))
      .map((tickMs) => pipelineDraft(pipeline, tickMs, random));
  });
}

function pipelineDraft(pipeline: Pipeline, tickMs: number, random: Random): Draft {
  const isEmpty = random.chance(pipeline.emptyShare ?? 0.01);
  const rawRowCount = isEmpty
    ? 0
    : Math.round(random.logNormal(pipeline.rows * season(pipeline, tickMs), 0.45));
  const seconds = random.logNormal(0.6 + rawRowCount * 0.004, 0.35);
  const createdAtMs = finishedAtMs(tickMs, seconds, random);
  const bytesPerRow = random.between(180, 260) * (pipeline.recordsPerRow ?? 1);
  const count = (rows: number) => ({
    row_count: asNumberOrText(rows * (pipeline.recordsPerRow ?? 1), random),
    ...(createdAtMs >= RAW_ROW_COUNT_SINCE_MS && { raw_row_count: String(rows) }),
    mb_estimate: ((rows * bytesPerRow) / 1e6).toFixed(5),
  });
  const fields = {
    client_id: pipeline.clientId,
    pipeline_id: pipeline.id,
    execution_time_seconds: seconds.toFixed(6),
    has_deltas: pipeline.hasDeltas ?? false,
    pipeline_name: pipeline.name,
    ...savepoints(pipeline, tickMs),
    external_ip: EXTERNAL_IPS[pipeline.id % EXTERNAL_IPS.length],
    is_billable: pipeline.isBillable ?? true,
    ...count(rawRowCount),
  };
  const correctedFields = () => count(Math.ceil(rawRowCount * random.between(1, 1.15)));
  return { createdAtMs, fields, correctedFields };
}

/** How busy the moment is, compared with a usual one: weekends, nights, and the days when the books are closed. */
function season(pipeline: Pipeline, tickMs: number): number {
  const local = toLocal(tickMs);
  const weekend = isWeekday(local) ? 1 : (pipeline.weekend ?? 0.8);
  const isOften = RHYTHMS[pipeline.rhythm].everyMinutes <= 60;
  const hour = local.getUTCHours();
  const timeOfDay = isOften ? (hour < 7 ? 0.3 : hour < 9 || hour > 21 ? 0.8 : 1.35) : 1;
  const dayAfterTomorrow = toLocal(tickMs + 2 * DAY_MS);
  const isMonthEnd = dayAfterTomorrow.getUTCDate() <= 2 || local.getUTCDate() === 1;
  return weekend * timeOfDay * (pipeline.peaksAtMonthEnd && isMonthEnd ? 4 : 1);
}

function savepoints({ savepoint, rhythm }: Pipeline, tickMs: number): Record<string, string | null> {
  if (savepoint === undefined) return { initial_savepoint: null, new_savepoint: null };
  const write = {
    time: (atMs: number) => new Date(atMs).toISOString(),
    date: (atMs: number) => new Date(atMs).toISOString().slice(0, 10),
    number: (atMs: number) => String(Math.floor(atMs / 10_000)),
  }[savepoint];
  const beforeMs = tickMs - RHYTHMS[rhythm].everyMinutes * MINUTE_MS;
  return { initial_savepoint: write(beforeMs), new_savepoint: write(tickMs) };
}

function modelDrafts(seed: number, day: number): Draft[] {
  return MODELS.flatMap((model) => {
    const random = createRandom(seed, day, model.id);
    return ticksOfDay(model.rhythm, model.minute, day * DAY_MS)
      .filter(() => !random.chance(0.004))
      .map((tickMs) => modelDraft(model, tickMs, random));
  });
}

function modelDraft(model: Model, tickMs: number, random: Random): Draft {
  const seconds = random.logNormal(model.seconds, 0.3);
  const growth = Math.exp((tickMs - Date.UTC(2026, 0, 1)) / DAY_MS / 1_000);
  const rowCount = Math.round(model.rows * growth);
  const fields = {
    model_id: model.id,
    client_id: model.clientId,
    row_count: asNumberOrText(rowCount, random),
    execution_time_seconds: seconds.toFixed(6),
    model_name: model.name,
  };
  const correctedFields = () => ({
    row_count: asNumberOrText(Math.ceil(rowCount * random.between(1, 1.02)), random),
  });
  return { createdAtMs: finishedAtMs(tickMs, seconds, random), fields, correctedFields };
}

/** A log is written once its execution has finished, which here is always on the day on which it began. */
function finishedAtMs(tickMs: number, seconds: number, random: Random): number {
  const dayEndMs = (Math.floor(tickMs / DAY_MS) + 1) * DAY_MS;
  const finishedMs = Math.floor(tickMs + random.between(1_000, 40_000) + seconds * 1_000);
  return Math.min(finishedMs, dayEndMs - 1 - Math.floor(random.between(0, 1_000)));
}

/** The API writes most numbers as text, and some rows hold plain ones. */
function asNumberOrText(value: number, random: Random): number | string {
  return random.chance(0.1) ? value : String(value);
}

/** Ids grow with time, but some neighbours were numbered when they began, not when they ended. */
function idsOf(stream: StreamName, drafts: Draft[], random: Random): number[] {
  const ids: number[] = [];
  for (const { createdAtMs } of drafts) {
    const id = FIRST_ID + Math.floor(((createdAtMs - FIRST_ID_MS) / 1_000) * IDS_PER_SECOND[stream]);
    ids.push(Math.max(id, (ids.at(-1) ?? Number.NEGATIVE_INFINITY) + 1));
  }
  for (let index = 1; index < drafts.length; index++) {
    const [before, after] = [drafts[index - 1], drafts[index]];
    const [smaller, larger] = [ids[index - 1], ids[index]];
    if (before === undefined || after === undefined || smaller === undefined || larger === undefined)
      continue;
    if (after.createdAtMs - before.createdAtMs > SWAP_WITHIN_MS || !random.chance(0.2)) continue;
    ids[index - 1] = larger;
    ids[index] = smaller;
    index++; // a pair is swapped once, so that no id strays further than a minute
  }
  return ids;
}

function toExecution({ createdAtMs, fields, correctedFields }: Draft, id: number, random: Random): Execution {
  const createdAt = new Date(createdAtMs).toISOString();
  const row = { id, ...fields, createdAt, updatedAt: createdAt };
  const lateMs = random.chance(LATE_SHARE) ? random.between(10, 20) * MINUTE_MS : 0;
  const execution = { row, createdAtMs, visibleFromMs: createdAtMs + lateMs, update: undefined };
  if (!random.chance(UPDATED_SHARE)) return execution;

  const updatedAtMs = Math.floor(createdAtMs + random.between(3, 30) * MINUTE_MS);
  const updatedAt = new Date(updatedAtMs).toISOString();
  const update = { row: { ...row, ...correctedFields(), updatedAt }, visibleFromMs: updatedAtMs };
  return { ...execution, update };
}

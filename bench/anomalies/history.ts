import { DAY_MS, MINUTE_MS } from '../../functions/timestamps.ts';
import { createRandom, type Random } from '../../local/sandbox/random.ts';
import { RHYTHMS, type Rhythm, toLocal } from '../../local/sandbox/rhythm.ts';
import { SHAPES, type Volumes } from './shapes.ts';

export const KINDS = ['unexpected_zero', 'volume_spike', 'volume_drop', 'slow'] as const;
export type Kind = (typeof KINDS)[number];

export interface Execution {
  createdAtMs: number;
  rowCount: number | null;
  seconds: number | null;
  /** What was done to it on purpose. */
  planted: Kind | null;
  /** One of the first three after a change of level: an alarm for them is neither right nor wrong. */
  isChange: boolean;
}

export interface Pipeline {
  schedule: string;
  shape: string;
  executions: Execution[];
}

const HISTORY_DAYS = 90;
const JUDGED_DAYS = 30;
const MOST_PLANTED = 12;
/** With fewer executions before it, no execution can be unusual. */
const LEAST_PAST = 8;

/** The schedules, and how many pipelines of each shape have them. */
const SCHEDULES: { name: string; rhythm: Rhythm; pipelines: number }[] = [
  { name: 'every 5 minutes', rhythm: { everyMinutes: 5 }, pipelines: 1 },
  { name: 'hourly', rhythm: RHYTHMS.hourly, pipelines: 6 },
  { name: 'office hours', rhythm: RHYTHMS.officeHours, pipelines: 3 },
  { name: 'every 6 hours', rhythm: RHYTHMS.every6Hours, pipelines: 6 },
  { name: 'daily', rhythm: RHYTHMS.daily, pipelines: 10 },
  { name: 'weekly', rhythm: { everyMinutes: 7 * 1440 }, pipelines: 10 },
];

/** Ninety days of pipelines of every schedule and shape, with anomalies planted into the last thirty. */
export function createPipelines(seed: number, nowMs: number): Pipeline[] {
  let number = 0;
  return Object.entries(SHAPES).flatMap(([shape, createVolumes]) =>
    SCHEDULES.flatMap(({ name, rhythm, pipelines }) =>
      Array.from({ length: pipelines }, () => {
        const random = createRandom(seed, ++number);
        const volumes = createVolumes(random, nowMs);
        const executions = createExecutions(random, rhythm, volumes, nowMs);
        const judged = executions
          .slice(LEAST_PAST)
          .filter(({ createdAtMs }) => createdAtMs >= nowMs - JUDGED_DAYS * DAY_MS);
        plantAnomalies(random, judged, volumes);
        return { schedule: name, shape, executions };
      }),
    ),
  );
}

function createExecutions(random: Random, rhythm: Rhythm, volumes: Volumes, nowMs: number): Execution[] {
  const intervalMs = rhythm.everyMinutes * MINUTE_MS;
  const secondsOf = createDurations(random, volumes.median(nowMs));
  const [missedShare, unknownShare] = [random.chance(0.5) ? 0.02 : 0, random.chance(0.1) ? 0.01 : 0];
  const { beginsAtMs = nowMs - HISTORY_DAYS * DAY_MS, changeAtMs = Number.POSITIVE_INFINITY } = volumes;
  const executions: Execution[] = [];
  let changed = 0;
  for (let atMs = beginsAtMs + random.unit() * intervalMs; atMs < nowMs; atMs += intervalMs) {
    if (random.chance(missedShare) || rhythm.isAllowed?.(toLocal(atMs)) === false) continue;
    const rowCount = volumeAt(random, volumes, atMs);
    const seconds = secondsOf(rowCount);
    if (atMs >= changeAtMs) changed++;
    executions.push({
      createdAtMs: Math.round(atMs),
      rowCount: random.chance(unknownShare) ? null : rowCount,
      seconds: random.chance(unknownShare) ? null : seconds,
      planted: null,
      isChange: changed > 0 && changed <= 3,
    });
  }
  return executions;
}

function volumeAt(random: Random, { median, sigma, emptyShare = 0, isCount }: Volumes, atMs: number): number {
  if (random.chance(emptyShare)) return 0;
  const volume = random.logNormal(median(atMs), sigma);
  return isCount ? count(random, volume) : Math.max(1, Math.round(volume));
}

/** A draw from the Poisson distribution by Knuth's method, good for means up to a few hundred. */
function count(random: Random, mean: number): number {
  const limit = Math.exp(-mean);
  let events = 0;
  for (let product = random.unit(); product > limit; product *= random.unit()) events++;
  return events;
}

/** Durations grow with the records: as a power of them, or linearly on top of a fixed start. */
function createDurations(random: Random, usualRowCount: number): (rowCount: number) => number {
  const usual = random.logNormal(20, 1.2);
  const sigma = random.between(0.1, 0.4);
  const dependence = random.between(0, 1);
  const isPower = random.chance(0.5);
  return (rowCount) => {
    const ratio = (rowCount + 1) / (usualRowCount + 1);
    const factor = isPower ? ratio ** dependence : 1 - dependence + dependence * ratio;
    return random.logNormal(usual * factor + 0.1, sigma);
  };
}

/** Every hundredth execution, between one and twelve of a pipeline: among many anomalies none would be one. */
function plantAnomalies(random: Random, judged: Execution[], { emptyShare = 0 }: Volumes): void {
  const wanted = Math.min(MOST_PLANTED, Math.max(1, Math.round(judged.length / 100)));
  for (let planted = 0; planted < wanted; planted++) {
    const execution = judged[Math.floor(random.unit() * judged.length)];
    const kind = KINDS[Math.floor(random.unit() * KINDS.length)];
    if (!execution || !kind || execution.planted || execution.isChange) continue;
    const { rowCount, seconds } = execution;
    if (rowCount === null || seconds === null) continue;
    // Less than next to nothing is no anomaly, and neither is nothing where that is usual.
    if (kind !== 'slow' && rowCount < (kind === 'volume_spike' ? 1 : 20)) continue;
    if (kind === 'unexpected_zero' && emptyShare > 0) continue;
    execution.planted = kind;
    const factor = Math.exp(random.between(Math.log(3), Math.log(20)));
    if (kind === 'unexpected_zero') execution.rowCount = 0;
    if (kind === 'volume_spike') execution.rowCount = Math.round(rowCount * factor);
    if (kind === 'volume_drop') execution.rowCount = Math.max(1, Math.round(rowCount / factor));
    if (kind === 'slow') execution.seconds = seconds * random.between(3, 10);
  }
}

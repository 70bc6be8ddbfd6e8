import type { RunRequest } from '../../functions/sync/request.ts';
import { MINUTE_MS, parseTimestamp } from '../../functions/timestamps.ts';
import { createRandom, type Random } from '../../local/sandbox/random.ts';
import { type ApiRow, minutesAgo, pipelineRow } from './rows.ts';

export const DAY_MINUTES = 1_440;

/** Rows evenly spread from some days ago until five minutes ago, their ids any distance apart. */
export function spread(count: number, days: number, seed = 1): ApiRow[] {
  const random = createRandom(seed);
  const stepMinutes = (days * DAY_MINUTES - 5) / count;
  let id = 1_000;
  return Array.from({ length: count }, (_, index) => {
    id += Math.ceil(random.logNormal(3, 2));
    return pipelineRow(id, {
      createdAt: minutesAgo(days * DAY_MINUTES - index * stepMinutes),
      row_count: String(index),
    });
  });
}

/** Rows whose ids follow their arrival, which is up to so many minutes after they were created. */
export function disordered(count: number, days: number, minutes: number, seed: number): ApiRow[] {
  const random = createRandom(seed);
  return spread(count, days, seed).map((row) => {
    const createdMs = Date.parse(String(row.createdAt)) - random.between(0, minutes) * MINUTE_MS;
    return pipelineRow(Number(row.id), { createdAt: new Date(createdMs).toISOString() });
  });
}

/** Ways in which rows may be missing; the tests keep the newest row, which is the watermark. */
export const MISSING: Record<string, (rows: readonly ApiRow[], random: Random) => ApiRow[]> = {
  'single rows': (rows, random) => rows.filter(() => random.chance(0.05)),
  'every other row': (rows) => rows.filter((_, index) => index % 2 === 0),
  'nearly all rows': (rows, random) => rows.filter(() => random.chance(0.97)),
  'runs of rows': (rows, random) => {
    let isHole = false;
    return rows.filter(() => {
      if (random.chance(0.03)) isHole = !isHole;
      return isHole;
    });
  },
  'the oldest half': (rows) => rows.slice(0, rows.length / 2),
};

export const createdAt = (row: ApiRow | undefined) => String(row?.createdAt);
export const timestamp = (text: string) => parseTimestamp(text) ?? '';
export const idsOf = (rows: readonly ApiRow[]) => rows.map(({ id }) => Number(id));
export const dayAgo = (days: number) => minutesAgo(days * DAY_MINUTES);

/** The rows created from one moment on and before another. */
export const within = (rows: readonly ApiRow[], from: string, to = '9') =>
  rows.filter((row) => createdAt(row) >= from && createdAt(row) < to);

export interface Range {
  from?: string;
  to?: string;
  fromId?: bigint;
}

export const backfill = ({ from, to, fromId }: Range): Partial<RunRequest> => ({
  mode: 'backfill',
  ...(from === undefined ? {} : { from: timestamp(from) }),
  ...(to === undefined ? {} : { to: timestamp(to) }),
  ...(fromId === undefined ? {} : { fromId }),
});

export const verify = (range: Range = {}): Partial<RunRequest> => ({ ...backfill(range), mode: 'verify' });

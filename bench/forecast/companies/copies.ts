import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../functions/timestamps.ts';
import type { Random } from '../../../local/sandbox/random.ts';
import { toLocal } from '../../../local/sandbox/rhythm.ts';
import type { Execution, Expectation } from '../executions.ts';
import type { Hour } from './tables.ts';

/** What one execution copies: what was written since the last one, the whole table, or its last days again. */
export type Way =
  | { kind: 'new rows' }
  | { kind: 'whole table'; rowsBefore: number }
  | { kind: 'last days'; days: number };

/** How a pipeline copies a table. */
export interface Copy {
  pipelineId: number;
  way: Way;
  everyHours: number;
  /** Local days on which it may run. */
  isAllowed: (local: Date) => boolean;
  /** When it was made and when it was deleted. */
  firstMs: number;
  lastMs: number;
  /** Days of history that its first execution loads. */
  firstLoadDays: number;
  isBillable: boolean;
}

const OUTAGE_CHANCE_A_DAY = 0.002;

/** The executions of a copy, and what was to be expected of them; the hours begin at a local midnight. */
export function copiesOf(
  random: Random,
  copy: Copy,
  hours: readonly Hour[],
  isPaused: (atMs: number) => boolean,
) {
  const written = cumulated(hours, ({ rows }) => rows);
  const expected = cumulated(hours, ({ expected }) => expected);
  const executions: Execution[] = [];
  const expectations: Expectation[] = [];
  const originMs = hours[0]?.atMs ?? 0;
  const minute = Math.floor(random.between(3, 50));
  let copiedThrough: number | null = null;
  let outUntilMs = 0;
  const phase = Math.floor(random.between(0, copy.everyHours));
  for (let hour = 0; hour < hours.length; hour++) {
    const atMs = originMs + hour * HOUR_MS + Math.floor((minute + random.between(0, 9)) * MINUTE_MS);
    if (hour % 24 === 0 && random.chance(OUTAGE_CHANCE_A_DAY))
      outUntilMs = atMs + random.between(0.3, 2) * DAY_MS;
    const isDue = (hour - phase) % copy.everyHours === 0 && copy.isAllowed(toLocal(atMs));
    if (!isDue || atMs < copy.firstMs || atMs >= copy.lastMs || atMs < outUntilMs || isPaused(atMs)) continue;
    const since = sinceWhen(copy, hour, copiedThrough);
    const before = copy.way.kind === 'whole table' ? copy.way.rowsBefore : 0;
    const records = before + (written[hour] ?? 0) - (written[since] ?? 0);
    executions.push({
      pipelineId: copy.pipelineId,
      atMs,
      records,
      isBillable: copy.isBillable,
    });
    if (copy.isBillable)
      expectations.push({ atMs, records: before + (expected[hour] ?? 0) - (expected[since] ?? 0) });
    copiedThrough = hour;
  }
  return { executions, expectations };
}

function sinceWhen({ way, firstLoadDays }: Copy, hour: number, copiedThrough: number | null): number {
  if (way.kind === 'whole table') return 0;
  if (way.kind === 'last days') return Math.max(0, hour - way.days * 24);
  return copiedThrough ?? Math.max(0, hour - firstLoadDays * 24);
}

/** How much there was at the start of each hour. */
function cumulated(hours: readonly Hour[], read: (hour: Hour) => number): number[] {
  let total = 0;
  return hours.map((hour) => {
    total += read(hour);
    return total - read(hour);
  });
}

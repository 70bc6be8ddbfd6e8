import { DAY_MS, HOUR_MS } from '../../../functions/timestamps.ts';
import type { Random } from '../../../local/sandbox/random.ts';
import { toLocal } from '../../../local/sandbox/rhythm.ts';

/** A table of a company's own system: what happens in it, hour by hour, is what a pipeline finds to copy. */
export interface Table {
  /** Rows written in an hour of a usual day, on average. */
  rowsAnHour: number;
  hours: readonly number[];
  /** From Sunday. */
  week: readonly number[];
  /** How far a day strays, as a logarithm, and how much of that it passes on to the next. */
  stray: { sigma: number; kept: number };
  /** What a day is worth beyond all that, so many days after the month's start: growth, campaigns, holidays. */
  worth: (daysIntoMonth: number, local: Date) => number;
}

export interface Hour {
  atMs: number;
  rows: number;
  expected: number;
}

/** Every hour of a table from one local midnight to another. */
export function hoursOfTable(
  random: Random,
  table: Table,
  fromMs: number,
  toMs: number,
  startMs: number,
): Hour[] {
  const { sigma, kept } = table.stray;
  const hours: Hour[] = [];
  let stray = 0;
  for (let dayMs = fromMs; dayMs < toMs; dayMs += DAY_MS) {
    stray = kept * stray + Math.sqrt(1 - kept ** 2) * sigma * normal(random);
    const local = toLocal(dayMs);
    const day =
      table.rowsAnHour *
      (table.week[local.getUTCDay()] ?? 1) *
      table.worth((dayMs - startMs) / DAY_MS, local);
    for (const [hour, share] of table.hours.entries()) {
      const expected = day * share;
      const mean = expected * Math.exp(stray - sigma ** 2 / 2);
      const rows = Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)));
      hours.push({ atMs: dayMs + hour * HOUR_MS, rows, expected });
    }
  }
  return hours;
}

/** Which hours of the day, and which days of the week, a business has: offices, shops that live on weekends, machines. */
export function business(random: Random): Pick<Table, 'hours' | 'week'> {
  const kind = random.unit();
  const curve = (hour: number) => Math.exp(-(((hour - 14) / 4.5) ** 2));
  if (kind < 0.2) return { hours: shares(() => 1), week: [1, 1, 1, 1, 1, 1, 1] };
  if (kind < 0.4) {
    const weekend = random.between(1.2, 2);
    return {
      hours: shares((hour) => 0.1 + curve(hour - 4)),
      week: [weekend, 0.7, 0.7, 0.8, 0.9, 1.2, weekend],
    };
  }
  const weekend = random.chance(0.3) ? 0 : random.between(0.05, 0.5);
  return {
    hours: shares((hour) => 0.02 + curve(hour)),
    week: [weekend * 0.7, 1.1, 1.05, 1, 1, 0.9, weekend],
  };
}

/** Of a standard normal distribution. */
export function normal(random: Random): number {
  return Math.log(random.logNormal(1, 1));
}

function shares(curve: (hour: number) => number): number[] {
  const curved = Array.from({ length: 24 }, (_, hour) => curve(hour));
  const mean = curved.reduce((total, share) => total + share, 0) / 24;
  return curved.map((share) => share / mean);
}

import { DAY_MS } from '../../functions/timestamps.ts';
import type { CustomerMonth } from './executions.ts';
import { recordsBetween } from './executions.ts';

/** Month to date / days elapsed x days of the month. */
export function straightLine({ startMs, endMs, executions }: CustomerMonth, nowMs: number): number {
  return (recordsBetween(executions, startMs, nowMs) / (nowMs - startMs)) * (endMs - startMs);
}

/** Each day to come as the mean of the last so many same weekdays; as the mean of all days if there is none. */
export function fromSameWeekdays(month: CustomerMonth, nowMs: number, weeks: number): number {
  const { startMs, endMs, executions } = month;
  const today = Math.floor((nowMs - startMs) / DAY_MS);
  const daily = dailyRecords(month, today);
  let total = recordsBetween(executions, startMs, nowMs);
  for (let day = today; startMs + day * DAY_MS < endMs; day++) {
    const same = [...daily].filter(([past]) => (day - past) % 7 === 0).map(([, records]) => records);
    const usual = mean(same.length > 0 ? same.slice(-weeks) : [...daily.values()]);
    const share = day === today ? (startMs + (today + 1) * DAY_MS - nowMs) / DAY_MS : 1;
    total += usual * share;
  }
  return total;
}

/** The records of each whole day since the first, by its distance from the start of the month. */
function dailyRecords({ startMs, executions }: CustomerMonth, today: number): Map<number, number> {
  const firstMs = executions[0]?.atMs ?? startMs;
  const daily = new Map<number, number>();
  for (let day = Math.floor((firstMs - startMs) / DAY_MS); day < today; day++) daily.set(day, 0);
  for (const { atMs, records, isBillable } of executions) {
    const day = Math.floor((atMs - startMs) / DAY_MS);
    const before = daily.get(day);
    if (before !== undefined && isBillable !== false) daily.set(day, before + (records ?? 0));
  }
  return daily;
}

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}

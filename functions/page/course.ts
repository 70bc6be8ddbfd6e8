import { dayAfter, daysBetween, lengthOfMonth } from '../insights/days.ts';
import type { Forecast } from '../insights/forecast.ts';
import type { Overview } from '../insights/overview.ts';
import type { Clock } from './clock.ts';

/** A sum of records at a moment, in days since the month began: 0.5 is noon of the first day. */
export interface Point {
  at: number;
  records: number;
}

/** How the month went so far, and how it will go on. */
export interface Course {
  days: { day: string; records: number; total: number }[];
  /** How many days the month has. */
  length: number;
  past: Point[];
  /** Where the data ends. */
  reached: Point;
  future: (Point & { low: number; high: number })[];
  end: { records: number; low: number; high: number } | null;
  plan: number | null;
  limit: (Point & { day: string }) | null;
}

/** Sums up the month's days, and draws the forecast on from where the data ends. */
export function courseOf(
  plan_forecast: Forecast,
  daily_usage: Overview['daily_usage'],
  clock: Clock,
): Course {
  const { month, data_through, plan_records: plan, limit_date } = plan_forecast;
  const { projected_month_records: projected, projected_low, projected_high } = plan_forecast;
  const length = lengthOfMonth(month);
  const at = data_through === null ? 0 : Math.min(Math.max(0, clock.daysSince(month, data_through)), length);
  const days = daysOf(month, Math.ceil(at), daily_usage);
  const reached = { at, records: plan_forecast.month_to_date_records };
  const end =
    projected === null
      ? null
      : { records: projected, low: projected_low ?? projected, high: projected_high ?? projected };
  const limit =
    limit_date === null || plan === null
      ? null
      : { at: daysBetween(month, limit_date) + 0.5, records: plan, day: limit_date };
  // The forecast passes through the limit on the day that it names.
  const between = limit !== null && limit.at > at && (end?.records ?? 0) >= limit.records ? [limit] : [];
  return {
    days,
    length,
    past: [
      { at: 0, records: 0 },
      ...days.slice(0, -1).map(({ total }, index) => ({ at: index + 1, records: total })),
      reached,
    ],
    reached,
    future: end
      ? [reached, ...between, { at: length, records: end.records }].map((point) => {
          const share = (point.at - at) / (length - at || 1);
          return {
            ...point,
            low: point.records - share * (end.records - end.low),
            high: point.records + share * (end.high - end.records),
          };
        })
      : [],
    end,
    plan,
    limit,
  };
}

function daysOf(month: string, number: number, usage: Overview['daily_usage']): Course['days'] {
  const recordsOn = new Map<string, number>();
  for (const { day, billable_records } of usage) {
    recordsOn.set(day, (recordsOn.get(day) ?? 0) + billable_records);
  }
  let total = 0;
  return Array.from({ length: number }, (_, index) => {
    const day = dayAfter(month, index);
    const records = recordsOn.get(day) ?? 0;
    total += records;
    return { day, records, total };
  });
}

import { dayAfter, daysBetween } from './days.ts';
import { type KondadoObject, keyOf, pipelineOf } from './objects.ts';
import type { Overview } from './overview.ts';
import type { Wording } from './wording/wording.ts';

/** What one pipeline uses this month. */
export interface Usage {
  pipeline: KondadoObject;
  records: number;
  /** Of the plan; of the month where the plan is not known, null if there is nothing to share. */
  share: number | null;
  /** Against the same days of the month before; null where there is nothing to compare, infinite if it is new. */
  change: number | null;
  previousMonth: number;
}

/** Which pipelines use the plan this month, the most first: the same on the page and in the summary. */
export function usageOf({ monthly_usage, daily_usage, plan_forecast }: Overview, wording: Wording): Usage[] {
  if (plan_forecast === null) return [];
  const { month, plan_records } = plan_forecast;
  const rows = monthly_usage.filter((row) => row.month === month);
  const whole = plan_records ?? rows.reduce((sum, { billable_records }) => sum + billable_records, 0);
  const changeOf = changes(month, daily_usage);
  return rows
    .map((row) => {
      const pipeline = pipelineOf(row, wording);
      return {
        pipeline,
        records: row.billable_records,
        share: whole === 0 ? null : row.billable_records / whole,
        change: changeOf(keyOf(pipeline)),
        previousMonth: row.previous_month_billable_records,
      };
    })
    .sort((one, other) => other.records - one.records);
}

function changes(month: string, daily_usage: Overview['daily_usage']): (key: string) => number | null {
  const previous = `${dayAfter(month, -1).slice(0, 7)}-01`;
  const lastDay = daily_usage.reduce((latest, { day }) => (day > latest ? day : latest), month);
  // Today is not over, so it is left out on both sides.
  const wholeDays = daysBetween(month, lastDay);
  const sums = new Map<string, { now: number; before: number }>();
  for (const row of daily_usage) {
    const key = keyOf({ kind: 'pipeline', clientId: row.client_id, id: row.pipeline_id });
    const sum = sums.get(key) ?? { now: 0, before: 0 };
    if (row.day >= month && row.day < lastDay) sum.now += row.billable_records;
    if (row.day >= previous && row.day < month && daysBetween(previous, row.day) < wholeDays) {
      sum.before += row.billable_records;
    }
    sums.set(key, sum);
  }
  return (key) => {
    const { now, before } = sums.get(key) ?? { now: 0, before: 0 };
    return wholeDays === 0 || now + before === 0 ? null : (now - before) / before;
  };
}

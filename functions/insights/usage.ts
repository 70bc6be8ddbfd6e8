import { dayAfter, dayOf, daysBetween } from './days.ts';
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
export function usageOf(overview: Overview, wording: Wording): Usage[] {
  const { monthly_usage, plan_forecast } = overview;
  if (plan_forecast === null) return [];
  const { month, plan_records } = plan_forecast;
  const rows = monthly_usage.filter((row) => row.month === month);
  const whole = plan_records ?? rows.reduce((sum, { billable_records }) => sum + billable_records, 0);
  const changeOf = changes(month, overview, wording);
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

function changes(month: string, overview: Overview, wording: Wording): (key: string) => number | null {
  const previous = `${dayAfter(month, -1).slice(0, 7)}-01`;
  const wholeDaysOf = wholeDays(month, overview, wording);
  const sums = new Map<string, { now: number; before: number }>();
  for (const row of overview.daily_usage) {
    const key = keyOf({ kind: 'pipeline', clientId: row.client_id, id: row.pipeline_id });
    const sum = sums.get(key) ?? { now: 0, before: 0 };
    const isCompared = (from: string) => row.day >= from && daysBetween(from, row.day) < wholeDaysOf(key);
    if (isCompared(month)) sum.now += row.billable_records;
    if (row.day < month && isCompared(previous)) sum.before += row.billable_records;
    sums.set(key, sum);
  }
  return (key) => {
    const { now, before } = sums.get(key) ?? { now: 0, before: 0 };
    const isComparable = wholeDaysOf(key) > 0 && now >= 0 && before >= 0 && now + before > 0;
    return isComparable ? (now - before) / before : null;
  };
}

/** How many days of the month are over and known, of each pipeline: the others are left out of both months. */
function wholeDays(
  month: string,
  { daily_usage, pipeline_status, plan_forecast }: Overview,
  wording: Wording,
): (key: string) => number {
  const today = daily_usage.reduce((latest, { day }) => (day > latest ? day : latest), month);
  const before = (known: Date | null | undefined) => {
    const end = known ? dayOf(known, wording.formats.timeZone) : month;
    return daysBetween(month, end < today ? end : today);
  };
  const ofAll = before(plan_forecast?.known_through);
  const ofEach = new Map(
    pipeline_status.map((row) => [keyOf(pipelineOf(row, wording)), before(row.known_through)]),
  );
  return (key) => ofEach.get(key) ?? ofAll;
}

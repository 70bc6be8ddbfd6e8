import type { ViewRow } from '../views/columns.ts';
import { count, longDay, percent } from './wording.ts';

/** Whether the plan lasts: `over` it is used up, `short` it will be this month, `close` it might be. */
export type Outlook = 'empty' | 'unknown' | 'good' | 'close' | 'short' | 'over';

export function outlookOf(forecast: ViewRow<'plan_forecast'>): Outlook {
  const { data_through, plan_records, month_to_date_records, projected_high, limit_date } = forecast;
  if (data_through === null) return 'empty';
  if (plan_records === null) return 'unknown';
  if (month_to_date_records >= plan_records) return 'over';
  if (limit_date !== null) return 'short';
  return projected_high !== null && projected_high >= plan_records ? 'close' : 'good';
}

/** Whether the plan lasts, in a sentence: the first thing that the page, the command line and the log say. */
export function forecastSentence(forecast: ViewRow<'plan_forecast'>): string {
  const { plan_records, month_to_date_records, projected_month_records, projected_high, limit_date } =
    forecast;
  const course = (text: (records: number) => string) =>
    projected_month_records === null ? '' : `, on course for ${text(projected_month_records)}`;
  const outlook = outlookOf(forecast);
  if (outlook === 'empty') return 'No execution of a pipeline is stored yet.';
  if (plan_records === null) {
    return `${count(month_to_date_records)} billable records this month${course(count)}; the limit of the plan is not known.`;
  }
  const share = (records: number) => percent(records / plan_records);
  const used = `${share(month_to_date_records)} of the plan used${course(share)}`;
  switch (outlook) {
    case 'over':
      return `The plan is used up${limit_date === null ? '' : ` since ${longDay(limit_date)}`}: ${used}.`;
    case 'short':
      return `${used}: the limit is reached on ${longDay(limit_date ?? '')}.`;
    case 'close':
      return `${used}: it should last, but up to ${share(projected_high ?? 0)} is possible.`;
    default:
      return `${used}: it lasts this month.`;
  }
}

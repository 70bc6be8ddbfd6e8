import type { ReadingConfig } from '../config.ts';
import type { ViewRow } from '../views/columns.ts';
import { daysBetween, lengthOfMonth } from './days.ts';
import type { Wording } from './wording/wording.ts';

/** What the view says, for the plan of the environment. */
export type Forecast = ViewRow<'plan_forecast'> & {
  /** Whether the view was made with another plan, so that it says nothing about when this one is used up. */
  isOfOtherPlan: boolean;
};

/** Whether the plan lasts: `over` it is used up, `short` it will be this month, `close` it might be. */
export type Outlook = 'empty' | 'unknown' | 'unforeseen' | 'good' | 'close' | 'short' | 'over';

/** Puts the environment's plan in the place of the one that the view was made with. */
export function withPlan(forecast: ViewRow<'plan_forecast'>, billing: ReadingConfig['billing']): Forecast {
  const { planRecords: plan_records, planPipelines: plan_pipelines } = billing;
  if (plan_records === forecast.plan_records) return { ...forecast, plan_pipelines, isOfOtherPlan: false };
  return {
    ...forecast,
    plan_records,
    plan_pipelines,
    used_share: plan_records === null ? null : forecast.month_to_date_records / plan_records,
    limit_date: null,
    days_until_limit: null,
    isOfOtherPlan: true,
  };
}

export function outlookOf(forecast: Forecast): Outlook {
  const { data_through, plan_records, month_to_date_records, limit_date } = forecast;
  const { projected_month_records, projected_high } = forecast;
  if (data_through === null) return 'empty';
  if (plan_records === null) return 'unknown';
  if (month_to_date_records >= plan_records) return 'over';
  if (limit_date !== null) return 'short';
  if (projected_month_records === null) return 'unforeseen';
  if (forecast.isOfOtherPlan && projected_month_records >= plan_records) return 'short';
  return projected_high !== null && projected_high >= plan_records ? 'close' : 'good';
}

/**
 * Whether the plan lasts, in a sentence: the first thing that the page, the command line and the log say.
 *
 * @param today the day of the forecast, such as `2026-11-25`, in the time zone of the plan.
 */
export function forecastSentence(forecast: Forecast, today: string, { states }: Wording): string {
  const { month, plan_records: plan, limit_date } = forecast;
  const { month_to_date_records: records, projected_month_records: projected, projected_high } = forecast;
  const outlook = outlookOf(forecast);
  if (outlook === 'empty') return states.noExecutions;
  const length = lengthOfMonth(month);
  const day = Math.min(Math.max(1, daysBetween(month, today) + 1), length);
  return states.dayOf(day, length) + courseSentence();

  function courseSentence(): string {
    if (plan === null) return states.limitUnknown(records, projected, 'PLAN_RECORDS_PER_MONTH');
    const used = records / plan;
    const course = projected === null ? null : projected / plan;
    switch (outlook) {
      case 'over':
        return states.usedUp(limit_date, used, course);
      case 'short':
        return limit_date === null
          ? states.limitThisMonth(used, course)
          : states.limitAhead(used, course, limit_date);
      case 'close':
        return states.mayReachLimit(used, course, (projected_high ?? 0) / plan);
      case 'unforeseen':
        return states.noForecast(used);
      default:
        return states.lasts(used, course);
    }
  }
}

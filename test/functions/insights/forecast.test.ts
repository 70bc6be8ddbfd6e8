import { expect, test } from 'vitest';
import { forecastSentence, outlookOf, withPlan } from '../../../functions/insights/forecast.ts';
import { createWording } from '../../../functions/insights/wording/wording.ts';
import { createOverview } from '../../fixtures/overview.ts';

const { plan_forecast } = createOverview({ pipelines: 1, nameOf: () => '' });
const WORDING = createWording({ language: 'en', timeZone: 'America/Sao_Paulo' });
const LIMITED = {
  ...plan_forecast,
  plan_records: 1000,
  month_to_date_records: 710,
  projected_month_records: 1180,
  projected_low: 1100,
  projected_high: 1250,
  limit_date: '2026-11-22',
};

test.each([
  [
    'short',
    {},
    'Day 25 of 30: 71 % of the plan used, on course for 118 %: the limit is reached on Sunday 22 November.',
  ],
  [
    'over',
    { month_to_date_records: 1004 },
    'Day 25 of 30: the plan is used up since Sunday 22 November, on course for 118 %.',
  ],
  [
    'good',
    { projected_month_records: 890, projected_high: 940, limit_date: null },
    'Day 25 of 30: 71 % of the plan used, on course for 89 %: it lasts this month.',
  ],
  [
    'close',
    { projected_month_records: 996, projected_high: 1100, limit_date: null },
    'Day 25 of 30: 71 % of the plan used, on course for 99 %: it should last, but up to 110 % is possible.',
  ],
  [
    'unknown',
    { plan_records: null, limit_date: null },
    'Day 25 of 30: 710 billable records this month, on course for 1,180; the limit of the plan is not known: PLAN_RECORDS_PER_MONTH sets it.',
  ],
  [
    'unforeseen',
    { month_to_date_records: 0, projected_month_records: null, projected_high: null, limit_date: null },
    'Day 25 of 30: 0 % of the plan used; what the month will bring is not known yet.',
  ],
  ['empty', { data_through: null }, 'No execution of a pipeline is stored yet.'],
])('%s %j', (outlook, fields, sentence) => {
  const forecast = { ...LIMITED, ...fields };
  expect(outlookOf(forecast)).toBe(outlook);
  expect(forecastSentence(forecast, '2026-11-25', WORDING)).toBe(sentence);
});

test.each([
  [2000, 'good', 'Day 25 of 30: 36 % of the plan used, on course for 59 %: it lasts this month.'],
  [
    1100,
    'short',
    'Day 25 of 30: 65 % of the plan used, on course for 107 %: the limit is reached this month, on which day is not known yet.',
  ],
  [700, 'over', 'Day 25 of 30: the plan is used up, on course for 169 %.'],
  [
    null,
    'unknown',
    'Day 25 of 30: 710 billable records this month, on course for 1,180; the limit of the plan is not known: PLAN_RECORDS_PER_MONTH sets it.',
  ],
])('a plan of %s that the view does not know yet shows at once', (planRecords, outlook, sentence) => {
  const { isOfOtherPlan: _, ...row } = LIMITED;
  const forecast = withPlan(row, { timeZone: 'UTC', planRecords, planPipelines: 3 });
  expect(outlookOf(forecast)).toBe(outlook);
  expect(forecastSentence(forecast, '2026-11-25', WORDING)).toBe(sentence);
  expect(forecast.plan_pipelines).toBe(3);
});

import { expect, test } from 'vitest';
import { forecastSentence, outlookOf } from '../../../functions/insights/forecast.ts';
import { createOverview } from '../../fixtures/overview.ts';

const { plan_forecast } = createOverview({ pipelines: 1, nameOf: () => '' });
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
  ['short', {}, '71 % of the plan used, on course for 118 %: the limit is reached on Sunday 22 November.'],
  [
    'over',
    { month_to_date_records: 1004 },
    'The plan is used up since Sunday 22 November: 101 % of the plan used, on course for 118 %.',
  ],
  [
    'good',
    { projected_month_records: 890, projected_high: 940, limit_date: null },
    '71 % of the plan used, on course for 89 %: it lasts this month.',
  ],
  [
    'close',
    { projected_month_records: 996, projected_high: 1100, limit_date: null },
    '71 % of the plan used, on course for 99 %: it should last, but up to 110 % is possible.',
  ],
  [
    'unknown',
    { plan_records: null, limit_date: null },
    '710 billable records this month, on course for 1,180; the limit of the plan is not known.',
  ],
  [
    'good',
    { month_to_date_records: 0, projected_month_records: null, projected_high: null, limit_date: null },
    '0 % of the plan used: it lasts this month.',
  ],
  ['empty', { data_through: null }, 'No execution of a pipeline is stored yet.'],
])('%s %j', (outlook, fields, sentence) => {
  const forecast = { ...LIMITED, ...fields };
  expect(outlookOf(forecast)).toBe(outlook);
  expect(forecastSentence(forecast)).toBe(sentence);
});

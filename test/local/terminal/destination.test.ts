import { expect, test } from 'vitest';
import type { Overview } from '../../../functions/insights/overview.ts';
import { destinationLines } from '../../../local/terminal/destination.ts';
import { DEAD } from '../../fixtures/states.ts';

function summary(overview: Overview): string {
  const lines = destinationLines(
    { kind: 'duckdb', path: 'kondado.duckdb', page: 'dashboard.html', views: [], overview, isMadeUp: false },
    {
      billing: { timeZone: 'America/Sao_Paulo', planRecords: null, planPipelines: null },
      language: 'en',
      muted: { pipelines: [], models: [] },
    },
    { maxWidth: 500, emphasize: (text) => text },
  );
  return lines.join('\n');
}

test('after a failure the summary says as of when everything is, and nothing of a month that nobody has read', () => {
  expect(summary(DEAD)).toContain(
    'Everything below is as of Saturday 21 November 08:20. By then 60 % of the plan was used.\n',
  );
  expect(summary(DEAD)).not.toContain('Nothing is known');
  const plan_forecast = DEAD.plan_forecast && {
    ...DEAD.plan_forecast,
    month: '2026-12-01',
    month_to_date_records: 0,
  };
  const later = { ...DEAD, asOf: new Date('2026-12-02T12:00:00Z'), plan_forecast, monthly_usage: [] };
  expect(summary(later)).toContain('Everything below is as of Saturday 21 November 08:20.\n');
  expect(summary(later)).toMatch(/December 2026 .*\n {2}Nothing is known of this month\./);
  expect(summary(later)).not.toMatch(/By then|none yet/);
});

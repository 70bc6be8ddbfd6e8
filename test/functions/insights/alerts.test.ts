import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { readReadingConfig } from '../../../functions/config.ts';
import { logAlerts, lookBefore } from '../../../functions/insights/alerts.ts';
import type { RunReport } from '../../../functions/sync/report.ts';
import { FORECAST, late, linesOf, logged, onTime, PLAN, report } from '../../support/alert-lines.ts';
import { writeRelations } from '../../support/relations.ts';
import { test } from '../../support/test.ts';
import { bigQueryWarehouse, runInDuckDb } from '../../support/warehouses.ts';

describe('the line about the plan', () => {
  const limited = {
    ...FORECAST,
    month_to_date_records: 710,
    projected_month_records: 1180,
    plan_records: 1000,
    limit_date: '2026-11-22',
  };

  test('has the figures that alerts compare, and says them in a sentence', async ({ folder }) => {
    const [line] = await linesOf(folder, { after: { plan_forecast: [limited] }, env: PLAN });
    expect(line).toMatchObject({
      event: 'plan_usage',
      severity: 'INFO',
      message:
        'Day 24 of 30: 71 % of the plan used, on course for 118 %: the limit is reached on Sunday 22 November.',
      used_percent: 71,
      projected_percent: 118,
      limit_date: '2026-11-22',
      month_to_date_records: 710,
      plan_records: 1000,
      link: 'https://app.kondado.com.br/pipelines',
    });
  });

  test('speaks the language of its readers, with the same figures', async ({ folder }) => {
    const env = { ...PLAN, DISPLAY_LANGUAGE: 'pt-BR' };
    const [line] = await linesOf(folder, { after: { plan_forecast: [limited] }, env });
    expect(line).toMatchObject({ used_percent: 71, limit_date: '2026-11-22' });
    expect(line?.message).toBe(
      'Dia 24 de 30: 71 % do plano consumido, em ritmo de chegar a 118 %: o limite será atingido no domingo, 22 de novembro.',
    );
  });

  test('follows a plan that was changed since the views were made', async ({ folder }) => {
    const env = { PLAN_RECORDS_PER_MONTH: '2000' };
    const [line] = await linesOf(folder, { after: { plan_forecast: [limited] }, env });
    expect(line).toMatchObject({ used_percent: 35.5, projected_percent: 59, limit_date: null });
  });

  test('has null where the plan is not known', async ({ folder }) => {
    const [line] = await linesOf(folder, { after: { plan_forecast: [limited] } });
    expect(line).toMatchObject({ used_percent: null, projected_percent: null, limit_date: null });
  });

  test.for([
    ['nothing is stored', { data_through: null }],
    ['a first load is still under way', { known_through: null }],
  ] as const)('is left out where %s', async ([, fields], { folder }) => {
    expect(await linesOf(folder, { after: { plan_forecast: [{ ...limited, ...fields }] } })).toEqual([]);
  });
});

describe('nothing is looked at', () => {
  test.for([
    ['in a verification', { mode: 'verify' }],
    ['in a dry run', { dry_run: true }],
    ['in a run that could not be recorded', { error: { code: 'WAREHOUSE_REJECTED', message: 'no' } }],
  ] as [string, Partial<RunReport>][])('%s', async ([, fields], { folder }) => {
    const look = { before: { pipeline_status: [onTime(1)] }, after: { pipeline_status: [late(1, -30)] } };
    expect(await linesOf(folder, { ...look, run: report(undefined, fields) })).toEqual([]);
  });
});

test('a view that is missing is a warning that says so, and takes nothing else with it', async ({
  folder,
}) => {
  const path = join(folder, 'part.duckdb');
  await writeRelations(path, { plan_forecast: [FORECAST], pipeline_status: [late(1, -30)] });
  await runInDuckDb(path, 'DROP TABLE model_status');
  const config = readReadingConfig({ WAREHOUSE: 'duckdb', DUCKDB_PATH: path });
  const lines = await logged((log) => logAlerts(report(), null, config, new AbortController().signal, log));
  expect(lines.map(({ event }) => event)).toEqual(['evaluation_skipped', 'plan_usage', 'pipelines_overdue']);
  expect(lines[0]?.message).toMatch(/lacks model_status, or has an older one/);
});

test('BigQuery that does not answer costs no more than the time that is left', async ({ startBigQuery }) => {
  const fake = await startBigQuery({ fault: () => ({ kind: 'hang' }) });
  const config = readReadingConfig({ ...bigQueryWarehouse(fake).env });
  expect(await lookBefore(config, AbortSignal.timeout(200))).toBeNull();
  const lines = await logged((log) => logAlerts(report(), null, config, AbortSignal.timeout(200), log));
  expect(new Set(lines.map(({ event }) => event))).toEqual(new Set(['evaluation_skipped']));
  expect(lines[0]?.message).toContain('TIME_BUDGET_SECONDS');
});

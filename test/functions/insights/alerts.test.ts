import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { readReadingConfig } from '../../../functions/config.ts';
import { logAlerts, lookBefore } from '../../../functions/insights/alerts.ts';
import { createLog, type Log } from '../../../functions/log.ts';
import { type RunReport, type StreamOutcome, startStreamReport } from '../../../functions/sync/report.ts';
import { MINUTE_MS, timestampOf } from '../../../functions/timestamps.ts';
import type { ViewName, ViewRow } from '../../../functions/views/columns.ts';
import { createOverview } from '../../fixtures/overview.ts';
import { writeRelations } from '../../support/relations.ts';
import type { Environment, LogLine } from '../../support/runs.ts';
import { test } from '../../support/test.ts';
import { bigQueryWarehouse, runInDuckDb } from '../../support/warehouses.ts';

const NOON_MS = Date.UTC(2026, 10, 23, 12);
const at = (minutes: number) => new Date(NOON_MS + minutes * MINUTE_MS);

const overview = createOverview({ pipelines: 1, models: 1, nameOf: () => 'Orders' });
const { isOfOtherPlan: _, ...plan_forecast } = overview.plan_forecast;
/** Nothing is stored, so that there is no line about the plan. */
const NO_FORECAST = { ...plan_forecast, data_through: null };
const [pipeline] = overview.pipeline_status;
const [model] = overview.model_status;

type Status = ViewRow<'pipeline_status'>;
type Rows = { [V in ViewName]?: ViewRow<V>[] };

/** A pipeline that counts as late from so many minutes after noon on. */
function late(id: number, minutes: number, fields: Partial<Status> = {}): Status {
  const name = `Pipeline ${id}`;
  return {
    ...(pipeline as Status),
    pipeline_id: String(id),
    pipeline_name: name,
    health: 'late',
    reason: 'No execution for 2 hours.',
    expected_by: at(minutes),
    overdue_minutes: 5,
    ...fields,
  };
}

/** A run from noon to a minute later. */
function report(
  outcomes: [StreamOutcome, StreamOutcome] = ['success', 'success'],
  fields: Partial<RunReport> = {},
) {
  const streams = (['pipeline_logs', 'model_logs'] as const).map((stream, index) => ({
    ...startStreamReport({ stream, clientId: null }),
    started_at: timestampOf(NOON_MS),
    duration_ms: MINUTE_MS,
    outcome: outcomes[index] as StreamOutcome,
  }));
  const moment = timestampOf(NOON_MS);
  return {
    run_id: 'run',
    mode: 'incremental',
    dry_run: false,
    outcome: 'success',
    started_at: moment,
    finished_at: moment,
    streams,
    ...fields,
  } satisfies RunReport;
}

/** A pipeline that is as it should be. */
function onTime(id: number, fields: Partial<Status> = {}): Status {
  return late(id, 60, { health: 'on_time', overdue_minutes: null, last_execution_at: at(-30), ...fields });
}

interface Look {
  /** What the views say before the run; null if nobody could look. */
  before?: Rows | null;
  after: Rows;
  run?: RunReport;
  env?: Environment;
}

let files = 0;
/** The lines of a run, with tables in the place of the views. */
async function linesOf(folder: string, { before = {}, after, run = report(), env = {} }: Look) {
  const configOf = async (rows: Rows) => {
    const path = join(folder, `${files++}.duckdb`);
    await writeRelations(path, { plan_forecast: [NO_FORECAST], ...rows });
    return readReadingConfig({ WAREHOUSE: 'duckdb', DUCKDB_PATH: path, ...env });
  };
  const signal = new AbortController().signal;
  const seen = before === null ? null : await lookBefore(await configOf(before), signal);
  return logged((log) => configOf(after).then((config) => logAlerts(run, seen, config, signal, log)));
}

async function logged(work: (log: Log) => Promise<void>): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  await work(createLog({ level: 'debug', isReadable: false, write: (line) => lines.push(JSON.parse(line)) }));
  return lines;
}

const idsOf = (lines: LogLine[]) => lines.map(({ pipeline_id }) => pipeline_id);
const PLAN = { PLAN_RECORDS_PER_MONTH: '1000' };

describe('the line about the plan', () => {
  const limited = {
    ...plan_forecast,
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

describe('a line about an overdue pipeline', () => {
  test('comes once, in the run that finds it overdue, with its reason and a link', async ({ folder }) => {
    const before = { pipeline_status: [late(1, -90), onTime(2), onTime(3)] };
    const after = { pipeline_status: [late(1, -90), late(2, -30), onTime(3)] };
    const [line, ...others] = await linesOf(folder, { before, after });
    expect(others).toEqual([]);
    expect(line).toMatchObject({
      event: 'pipeline_overdue',
      severity: 'WARNING',
      client_id: '1',
      pipeline_id: '2',
      pipeline_name: 'Pipeline 2',
      health: 'late',
      expected_by: at(-30).toISOString(),
      overdue_minutes: 5,
      link: 'https://app.kondado.com.br/pipelines/2',
    });
    expect(line?.message).toBe(
      'The pipeline Pipeline 2 is late. It usually runs every day and was due by 23 Nov 08:30: overdue by 5 minutes. ' +
        'The last execution was on 23 Nov 20:20. (America/Sao_Paulo) https://app.kondado.com.br/pipelines/2',
    );
    expect(await linesOf(folder, { before: after, after })).toEqual([]);
  });

  test('comes for models too', async ({ folder }) => {
    const status = { ...(model as ViewRow<'model_status'>), health: 'on_time', overdue_minutes: null };
    const silent = { ...status, health: 'silent', expected_by: at(-30), overdue_minutes: 30 };
    const [line, ...others] = await linesOf(folder, {
      before: { model_status: [status] },
      after: { model_status: [silent] },
    });
    expect(line).toMatchObject({
      model_name: 'Orders',
      model_id: '160',
      health: 'silent',
      link: 'https://app.kondado.com.br/models/160',
    });
    expect(others).toEqual([]);
  });

  test('does not come for one that is muted', async ({ folder }) => {
    const lines = await linesOf(folder, {
      before: { pipeline_status: [onTime(1), onTime(2)] },
      after: { pipeline_status: [late(1, -30), late(2, -30)] },
      env: { MUTED_PIPELINES: '1' },
    });
    expect(idsOf(lines)).toEqual(['2']);
  });

  test('does not come after a run that read nothing to its end', async ({ folder }) => {
    const look = { before: { pipeline_status: [onTime(1)] }, after: { pipeline_status: [late(1, -30)] } };
    for (const outcome of ['partial', 'failed', 'not_started'] as const) {
      expect(await linesOf(folder, { ...look, run: report([outcome, outcome]) })).toEqual([]);
    }
  });

  test.for([
    ['in the first run', {}],
    [
      'where nothing was known before',
      { pipeline_status: [onTime(1, { health: 'unknown' }), onTime(2, { health: 'unknown' })] },
    ],
    ['where nobody could look before', null],
  ] as [string, Rows | null][])('is one for all %s', async ([, before], { folder }) => {
    const after = { pipeline_status: [late(1, -30), late(2, -9000)] };
    expect(await linesOf(folder, { before, after })).toEqual([
      expect.objectContaining({
        event: 'pipelines_overdue',
        overdue: 2,
        message: '2 overdue, see the page.',
      }),
    ]);
  });

  test('comes twenty times at most, with the number of the others', async ({ folder }) => {
    const ids = Array.from({ length: 50 }, (_, index) => index);
    const lines = await linesOf(folder, {
      before: { pipeline_status: ids.map((id) => onTime(id)) },
      after: { pipeline_status: ids.map((id) => late(id, -30)) },
    });
    expect(lines).toHaveLength(21);
    expect(new Set(lines.slice(0, 20).map(({ event }) => event))).toEqual(new Set(['pipeline_overdue']));
    expect(lines[20]).toMatchObject({
      event: 'pipelines_overdue',
      overdue: 30,
      message: '30 more overdue, see the page.',
    });
  });

  test('is one for all that the plan has paused, and one each for the others', async ({ folder }) => {
    const usedUp = {
      ...plan_forecast,
      month_to_date_records: 1100,
      plan_records: 1000,
      limit_date: '2026-11-22',
    };
    const before = { pipeline_status: [onTime(1), onTime(2), onTime(3)] };
    const longBefore = late(3, -3 * 1440);
    const after = {
      plan_forecast: [usedUp],
      pipeline_status: [late(1, -30), late(2, -20), longBefore],
    };
    const lines = await linesOf(folder, { before, after, env: PLAN });
    expect(lines.map(({ event }) => event)).toEqual(['plan_usage', 'pipelines_overdue', 'pipeline_overdue']);
    expect(lines[1]).toMatchObject({ overdue: 2, reason: 'plan_used_up', pipeline_ids: ['1', '2'] });
    expect(lines[1]?.message).toContain(
      'because the plan is used up since Sunday 22 November: Pipeline 1 and Pipeline 2',
    );
    expect(lines[2]).toMatchObject({ pipeline_id: '3' });
  });
});

describe('a line about a pipeline that is back', () => {
  test('comes once it has finished again', async ({ folder }) => {
    const before = { pipeline_status: [late(1, -90, { last_execution_at: at(-900) }), onTime(2)] };
    const after = { pipeline_status: [onTime(1, { last_execution_at: at(-10) }), onTime(2)] };
    expect(await linesOf(folder, { before, after })).toEqual([
      expect.objectContaining({
        event: 'pipeline_back',
        severity: 'INFO',
        pipeline_id: '1',
        last_execution_at: at(-10).toISOString(),
        message:
          'The pipeline Pipeline 1 is back: it finished on 23 Nov 08:50 (America/Sao_Paulo). https://app.kondado.com.br/pipelines/1',
      }),
    ]);
  });

  test('does not come for one that has not run, and is not expected any more', async ({ folder }) => {
    const before = { pipeline_status: [late(1, -90, { last_execution_at: at(-900) })] };
    const after = { pipeline_status: [onTime(1, { health: 'irregular', last_execution_at: at(-900) })] };
    expect(await linesOf(folder, { before, after })).toEqual([]);
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
  await writeRelations(path, { plan_forecast: [plan_forecast], pipeline_status: [late(1, -30)] });
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

import { describe, expect } from 'vitest';
import {
  at,
  FORECAST,
  late,
  linesOf,
  MODEL,
  onTime,
  PLAN,
  type Rows,
  report,
} from '../../support/alert-lines.ts';
import type { LogLine } from '../../support/runs.ts';
import { test } from '../../support/test.ts';

const idsOf = (lines: LogLine[]) => lines.map(({ pipeline_id }) => pipeline_id);

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
    const status = { ...MODEL, health: 'on_time', overdue_minutes: null };
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
      ...FORECAST,
      month_to_date_records: 1100,
      plan_records: 1000,
      limit_date: '2026-11-22',
    };
    const before = { pipeline_status: [onTime(1), onTime(2), onTime(3)] };
    const longBefore = late(3, -3 * 1440);
    const after = {
      plan_forecast: [usedUp],
      pipeline_status: [
        late(1, -30, { silence_reason: 'plan_used_up' }),
        late(2, -20, { silence_reason: 'plan_used_up' }),
        longBefore,
      ],
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

  test('of more than twenty one line says how many more, and so of those that begin to fail', async ({
    folder,
  }) => {
    const ids = Array.from({ length: 23 }, (_, index) => index + 1);
    const look = (status: (id: number) => ReturnType<typeof onTime>) => ({
      pipeline_status: ids.map(status),
    });
    const running = (id: number) => onTime(id, { last_execution_at: at(-10), state: 'ok' });
    const back = await linesOf(folder, {
      before: look((id) => late(id, -90, { last_execution_at: at(-900) })),
      after: look(running),
    });
    const failing = await linesOf(folder, {
      before: look(running),
      after: look((id) => onTime(id, { last_execution_at: at(-10), state: 'failing' })),
    });
    for (const [lines, event, message] of [
      [back, 'pipeline_back', '3 more are back, see the page.'],
      [failing, 'pipeline_failing', '3 more began to fail, see the page.'],
    ] as const) {
      expect(lines.map((line) => line.event)).toEqual(Array.from({ length: 21 }, () => event));
      expect(lines[20]).toMatchObject({ message, others: 3, link: 'https://app.kondado.com.br/pipelines' });
    }
  });

  test('does not come for one that has not run, and is not expected any more', async ({ folder }) => {
    const before = { pipeline_status: [late(1, -90, { last_execution_at: at(-900) })] };
    const after = { pipeline_status: [onTime(1, { health: 'irregular', last_execution_at: at(-900) })] };
    expect(await linesOf(folder, { before, after })).toEqual([]);
  });
});

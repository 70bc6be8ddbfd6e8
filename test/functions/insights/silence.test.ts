import { describe, expect } from 'vitest';
import { at, FORECAST, late, linesOf, onTime, PLAN } from '../../support/alert-lines.ts';
import { test } from '../../support/test.ts';

const USED_UP = { ...FORECAST, month_to_date_records: 1100, plan_records: 1000, limit_date: '2026-11-22' };
const FAILING = { state: 'failing', state_since: at(-60), state_message: 'No \u202espace left.' };

describe('a line about an overdue pipeline', () => {
  test.for([
    [
      'fails',
      { ...FAILING, silence_reason: 'failing' },
      'It fails in Kondado (since 23 Nov 08:00 or earlier): “No space left.” It usually runs',
    ],
    [
      'is blocked',
      { state: 'blocked', state_since: at(-60), silence_reason: 'blocked' },
      'Kondado has blocked it (since 23 Nov 08:00 or earlier). It usually',
    ],
    [
      'is gone',
      { state: 'gone', state_since: at(-60), silence_reason: 'gone' },
      'Kondado does not know it any more (since 23 Nov 08:00 or earlier): it was deleted, or',
    ],
    [
      'is paused',
      { ...FAILING, silence_reason: 'plan_used_up' },
      'The records of the plan were used up before it was due: Kondado pauses pipelines then. It usually',
    ],
    [
      'is well',
      { state: 'ok', silence_reason: 'unknown' },
      'Kondado said nothing wrong of it when it was last asked. It',
    ],
    [
      'is not published',
      { state: 'draft', silence_reason: 'unknown' },
      'It is not published in Kondado. It usually',
    ],
    ['is what nobody knows', { state: 'unknown', silence_reason: 'unknown' }, 'is late. It usually runs'],
  ] as const)('says that it %s', async ([, fields, words], { folder }) => {
    const [, line, ...others] = await linesOf(folder, {
      before: { pipeline_status: [onTime(1)] },
      after: { plan_forecast: [USED_UP], pipeline_status: [late(1, -30, fields)] },
      env: PLAN,
    });
    expect(others).toEqual([]);
    expect(line).toMatchObject({
      event: 'pipeline_overdue',
      state: fields.state,
      silence_reason: fields.silence_reason,
    });
    expect(line?.message).toContain(words);
  });

  test('does not come for one that is switched off, nor when it is back', async ({ folder }) => {
    const off = late(1, -30, { state: 'disabled', silence_reason: 'switched_off' });
    for (const before of [{ pipeline_status: [onTime(1)] }, {}, null]) {
      expect(await linesOf(folder, { before, after: { pipeline_status: [off] } })).toEqual([]);
    }
    const back = { pipeline_status: [onTime(1, { last_execution_at: at(10) })] };
    expect(await linesOf(folder, { before: { pipeline_status: [off] }, after: back })).toEqual([]);
  });

  test('comes once it is switched on again, and still silent', async ({ folder }) => {
    const off = late(1, -30, { state: 'disabled', silence_reason: 'switched_off' });
    const on = late(1, -30, { state: 'ok' });
    const lines = await linesOf(folder, {
      before: { pipeline_status: [off] },
      after: { pipeline_status: [on] },
    });
    expect(lines).toMatchObject([{ event: 'pipeline_overdue', pipeline_id: '1' }]);
  });

  test('does not blame the plan that the views know, where the environment has a larger one', async ({
    folder,
  }) => {
    const paused = { silence_reason: 'plan_used_up' };
    const look = {
      before: { pipeline_status: [onTime(1), onTime(2)] },
      after: {
        plan_forecast: [USED_UP],
        pipeline_status: [late(1, -30, paused), late(2, -30, { ...paused, ...FAILING })],
      },
    };
    const larger = await linesOf(folder, { ...look, env: { PLAN_RECORDS_PER_MONTH: '5000' } });
    expect(larger.map(({ event, silence_reason }) => [event, silence_reason])).toEqual([
      ['plan_usage', undefined],
      ['pipeline_overdue', 'unknown'],
      ['pipeline_overdue', 'failing'],
    ]);
    const same = await linesOf(folder, { ...look, env: PLAN });
    expect(same.map(({ event }) => event)).toEqual(['plan_usage', 'pipelines_overdue']);
  });
});

describe('a line about one that fails or is blocked, though it is not overdue,', () => {
  test('comes once, when Kondado begins to say so', async ({ folder }) => {
    const before = { pipeline_status: [onTime(1, { state: 'ok' }), onTime(2)] };
    const after = {
      pipeline_status: [onTime(1, FAILING), onTime(2, { ...FAILING, state: 'blocked' }), onTime(3, FAILING)],
    };
    const lines = await linesOf(folder, { before, after });
    expect(lines).toMatchObject([
      {
        event: 'pipeline_failing',
        severity: 'WARNING',
        pipeline_id: '1',
        health: 'on_time',
        state: 'failing',
      },
      { event: 'pipeline_failing', pipeline_id: '2', state: 'blocked', silence_reason: null },
    ]);
    expect(lines[0]?.message).toBe(
      'The pipeline Pipeline 1 is failing, though not overdue yet. It fails in Kondado (since 23 Nov 08:00 or earlier): ' +
        '“No space left.” The last execution was on 23 Nov 08:30. (America/Sao_Paulo) https://app.kondado.com.br/pipelines/1',
    );
    const another = { pipeline_status: [onTime(1, { ...FAILING, state_message: 'Other.' })] };
    expect(await linesOf(folder, { before: after, after: another })).toEqual([]);
    expect(await linesOf(folder, { before: null, after })).toEqual([]);
    expect(await linesOf(folder, { before, after, env: { MUTED_PIPELINES: '1,2' } })).toEqual([]);
  });

  test('is followed by one when it becomes overdue', async ({ folder }) => {
    const lines = await linesOf(folder, {
      before: { pipeline_status: [onTime(1, FAILING)] },
      after: { pipeline_status: [late(1, -30, { ...FAILING, silence_reason: 'failing' })] },
    });
    expect(lines.map(({ event }) => event)).toEqual(['pipeline_overdue']);
  });

  test('says so in Portuguese too, with the message as it came', async ({ folder }) => {
    const [line] = await linesOf(folder, {
      before: { pipeline_status: [onTime(1)] },
      after: { pipeline_status: [onTime(1, { ...FAILING, state_message: 'x'.repeat(500) })] },
      env: { DISPLAY_LANGUAGE: 'pt-BR' },
    });
    expect(line?.message).toContain(
      'está falhando, embora ainda não esteja atrasado. Está falhando na Kondado (desde 23/11 08:00',
    );
    expect(line?.message).toContain(`“${'x'.repeat(159)}…”`);
  });
});

import { expect, test } from 'vitest';
import { headlineOf } from '../../../functions/insights/headline.ts';
import type { Overview } from '../../../functions/insights/overview.ts';
import { stateOf } from '../../../functions/insights/state.ts';
import { syncFindings } from '../../../functions/insights/sync-findings.ts';
import { createWording } from '../../../functions/insights/wording/wording.ts';
import { HOUR_MS } from '../../../functions/timestamps.ts';
import { DEAD, EMPTY, LOADING, quietFor, SHORT, WELL } from '../../fixtures/states.ts';

const timeZone = 'America/Sao_Paulo';
const CATCHING_UP: Overview = {
  ...DEAD,
  sync_health: DEAD.sync_health.map((row) => ({ ...row, health: 'ok' })),
  sync_runs: DEAD.sync_runs.map((row) => ({ ...row, outcome: 'partial', error_code: null })),
};
const FAILED_LOAD: Overview = {
  ...LOADING,
  sync_health: LOADING.sync_health.map((row) => ({ ...row, health: 'failing' })),
  sync_runs: LOADING.sync_runs.map((row) => ({
    ...row,
    outcome: 'failed',
    error_code: 'KONDADO_UNAVAILABLE',
  })),
};
const UNREADABLE: Overview = {
  ...WELL,
  plan_forecast: null,
  failures: { plan_forecast: 'WAREHOUSE_REJECTED' },
};
/** One that succeeded three days ago, and one of each hour since, that failed. */
const FAILING_FOR_DAYS: Overview = {
  ...DEAD,
  sync_runs: DEAD.sync_runs
    .filter(
      ({ stream, mode }, index, runs) =>
        runs.findIndex((run) => run.stream === stream && run.mode === mode) === index,
    )
    .flatMap((row) =>
      Array.from({ length: 73 }, (_, hours) => {
        const moment = new Date(DEAD.asOf.getTime() - hours * HOUR_MS);
        const isGood = hours === 72;
        const said = isGood ? { outcome: 'success', error_code: null } : {};
        return { ...row, ...said, started_at: moment, finished_at: moment };
      }),
    ),
};
const FIRST_RUN: Overview = { ...LOADING, sync_health: [], sync_runs: [] };

/** What is said first: in English and in Portuguese, how it looks, and what there is to do. */
test.each<[string, Overview, en: string, pt: string, tone: string, advice?: string]>([
  [
    'all is well',
    WELL,
    'Day 24 of 30: 60 % of the plan used, on course for 77 %: it lasts this month.',
    'Dia 24 de 30: 60 % do plano consumido, em ritmo de chegar a 77 %: dá até o fim do mês.',
    'good',
  ],
  [
    'the limit is near',
    SHORT,
    'Day 24 of 30: 71 % of the plan used, on course for 118 %: the limit is reached on Friday 27 November.',
    'Dia 24 de 30: 71 % do plano consumido, em ritmo de chegar a 118 %: o limite será atingido na sexta-feira, 27 de novembro.',
    'critical',
  ],
  [
    'a first load was cut off at a quarter',
    LOADING,
    "Reading Kondado's logs: 25 % of 90 days, through 17 September, about 75 minutes left.",
    'Lendo os logs da Kondado: 25 % dos 90 dias, até 17 de setembro, faltam cerca de 75 minutos.',
    'notice',
  ],
  [
    'the very first run is under way',
    FIRST_RUN,
    "Reading Kondado's logs: 25 % of 90 days, through 17 September.",
    'Lendo os logs da Kondado: 25 % dos 90 dias, até 17 de setembro.',
    'notice',
  ],
  [
    'nobody goes on with a first load',
    quietFor(5, LOADING),
    "Kondado's logs are read in part only: 25 % of 90 days, through 17 September. No sync has run since Tuesday 24 November 03:19.",
    'Os logs da Kondado só foram lidos em parte: 25 % dos 90 dias, até 17 de setembro. ' +
      'Nenhuma sincronização rodou desde terça-feira, 24 de novembro, às 03:19.',
    'warning',
    'npm run sync',
  ],
  [
    'a first load has failed',
    FAILED_LOAD,
    "Reading Kondado's logs: 25 % of 90 days, through 17 September; the last run failed.",
    'Lendo os logs da Kondado: 25 % dos 90 dias, até 17 de setembro; a última tentativa falhou.',
    'critical',
    'KONDADO_UNAVAILABLE',
  ],
  [
    'the sync has been refused for three days',
    DEAD,
    'Nothing new since Saturday 21 November 08:20: the last run failed on Tuesday 24 November 08:01.',
    'Nada de novo desde sábado, 21 de novembro, às 08:20: a última execução falhou (terça-feira, 24 de novembro, às 08:01).',
    'critical',
    'KONDADO_UNAUTHORIZED',
  ],
  [
    'every run of three days has failed',
    FAILING_FOR_DAYS,
    'Nothing new since Saturday 21 November 08:20: the sync has failed for 3 days.',
    'Nada de novo desde sábado, 21 de novembro, às 08:20: a sincronização está falhando há 3 dias.',
    'critical',
    'KONDADO_UNAUTHORIZED',
  ],
  [
    'nothing has run for three days',
    { ...DEAD, sync_runs: [] },
    'Nothing new since Saturday 21 November 08:20: no sync has run for 3 days.',
    'Nada de novo desde sábado, 21 de novembro, às 08:20: nenhuma sincronização roda há 3 dias.',
    'critical',
    'npm run sync',
  ],
  [
    'the sync catches up',
    CATCHING_UP,
    'Complete only through Saturday 21 November 08:20: the sync is catching up and has read through 24 November.',
    'Dados completos só até sábado, 21 de novembro, às 08:20: a sincronização está recuperando o atraso e já leu até 24 de novembro.',
    'warning',
  ],
  ['nothing is stored', EMPTY, 'No logs are stored yet.', 'Ainda não há logs gravados.', 'notice'],
  [
    'the forecast cannot be read',
    UNREADABLE,
    'How far the plan is used could not be read.',
    'Não foi possível ler quanto do plano foi usado.',
    'critical',
  ],
])('where %s, that is said first', (_case, overview, en, pt, tone, advice) => {
  const state = stateOf(overview);
  const english = headlineOf(state, overview, createWording({ language: 'en', timeZone }));
  const portuguese = headlineOf(state, overview, createWording({ language: 'pt-BR', timeZone }));
  expect(english.sentence).toBe(en);
  expect(portuguese.sentence).toBe(pt);
  expect([english.tone, portuguese.tone]).toEqual([tone, tone]);
  for (const { advice: given } of [english, portuguese]) {
    if (advice === undefined) expect(given).toBeNull();
    else expect(given).toContain(advice);
  }
});

test('a stream of models that is still being read does not hide what is known of the pipelines', () => {
  const sync_health = WELL.sync_health.map((row) =>
    row.stream === 'model_logs' ? { ...row, health: 'loading', known_through: null } : row,
  );
  expect(stateOf({ ...WELL, sync_health }).kind).toBe('known');
});

test('one client that was never read to its end keeps everything from being known', () => {
  const [pipelines] = WELL.sync_health;
  const sync_health = [
    { ...(pipelines as Overview['sync_health'][0]), client_id: '1' },
    { ...(pipelines as Overview['sync_health'][0]), client_id: '2', known_through: null, health: 'loading' },
  ];
  const plan_forecast = WELL.plan_forecast && { ...WELL.plan_forecast, known_through: null };
  expect(stateOf({ ...WELL, sync_health, plan_forecast })).toMatchObject({ kind: 'loading', failure: null });
});

test('a sync that fails is said to fail with one code, whatever the mode of the run that failed', () => {
  const [run] = DEAD.sync_runs;
  if (run === undefined) throw new Error('A dead sync has runs.');
  const at = (minutes: number) => new Date(run.started_at.getTime() + minutes * 60_000);
  const runs: Overview['sync_runs'] = [
    { ...run, mode: 'backfill', started_at: at(1), finished_at: at(30), error_code: 'WAREHOUSE_REJECTED' },
    {
      ...run,
      mode: 'incremental',
      started_at: at(2),
      finished_at: at(3),
      outcome: 'success',
      error_code: null,
    },
    { ...run, started_at: at(31), finished_at: at(32), outcome: 'not_started', error_code: null },
  ];
  const overview: Overview = { ...DEAD, sync_runs: runs };
  const wording = createWording({ language: 'en', timeZone });
  const reasons = syncFindings(overview, false, wording).flatMap((finding) => finding.reasons);
  expect(reasons.join(' ')).toContain('WAREHOUSE_REJECTED');
  expect(stateOf(overview)).toMatchObject({ kind: 'stale', failure: { code: 'WAREHOUSE_REJECTED' } });
});

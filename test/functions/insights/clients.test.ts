import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { readReadingConfig } from '../../../functions/config.ts';
import { headlineOf, staleNote } from '../../../functions/insights/headline.ts';
import { loadOverview, type Overview } from '../../../functions/insights/overview.ts';
import { type Stale, stateOf } from '../../../functions/insights/state.ts';
import { syncFindings } from '../../../functions/insights/sync-findings.ts';
import { createWording, type Wording } from '../../../functions/insights/wording/wording.ts';
import { HOUR_MS } from '../../../functions/timestamps.ts';
import type { Language } from '../../../functions/variables.ts';
import { WELL } from '../../fixtures/states.ts';
import { writeRelations } from '../../support/relations.ts';
import { minutesAgo, pipelineRow } from '../../support/rows.ts';
import { type Environment, runSync } from '../../support/runs.ts';
import { test } from '../../support/test.ts';
import { duckDbWarehouse, runInDuckDb } from '../../support/warehouses.ts';

const wordingIn = (language: Language) => createWording({ language, timeZone: 'America/Sao_Paulo' });
const EN = wordingIn('en');
const PT = wordingIn('pt-BR');
const ago = (hours: number) => new Date(WELL.asOf.getTime() - hours * HOUR_MS);
const [SOURCE] = WELL.sync_health as [Overview['sync_health'][0]];
const [RUN] = WELL.sync_runs as [Overview['sync_runs'][0]];

/** Clients by the hours for which nothing new is known of each. */
function clients(hours: Record<string, number>, fields: Partial<Overview> = {}): Overview {
  const ids = Object.entries(hours);
  return {
    ...WELL,
    sync_health: ids.map(([client_id, known]) => ({
      ...SOURCE,
      client_id,
      known_through: ago(known),
      health: known < 3 ? 'ok' : 'stale',
    })),
    sync_runs: ids.map(([client_id, known]) => ({
      ...RUN,
      client_id,
      started_at: ago(known),
      finished_at: ago(known),
    })),
    plan_forecast: WELL.plan_forecast && {
      ...WELL.plan_forecast,
      known_through: ago(Math.max(...ids.map(([, known]) => known))),
    },
    pipeline_status: ids.flatMap(([client_id, known]) =>
      WELL.pipeline_status.slice(0, 1).map((row) => ({ ...row, client_id, known_through: ago(known) })),
    ),
    ...fields,
  };
}

/** The last run of a client failed, so many hours ago. */
function withFailure(overview: Overview, client: string, hours: number, fields: object = {}): Overview {
  const of = <R extends { client_id: string | null }>(rows: R[], changes: object) =>
    rows.map((row) => (row.client_id === client ? { ...row, ...changes } : row));
  const failed = { ...RUN, client_id: client, outcome: 'failed', error_code: 'KONDADO_UNAVAILABLE' };
  const times = { started_at: ago(hours + 0.1), finished_at: ago(hours) };
  return {
    ...overview,
    sync_health: of(overview.sync_health, { health: 'failing' }),
    sync_runs: [...overview.sync_runs, { ...failed, ...times, ...fields }],
  };
}

const said = (overview: Overview, wording: Wording = EN) => headlineOf(stateOf(overview), overview, wording);

describe('a client of which nothing new is known is named, where the others are well:', () => {
  test.for<[string, Overview, en: string, pt: string]>([
    [
      'its runs fail',
      withFailure(clients({ 1: 0.5, 2: 6 }), '2', 0.5),
      'Nothing new of client 2 since Tuesday 24 November 02:20: the last run failed on Tuesday 24 November 07:50.',
      'Nada de novo do cliente 2 desde terça-feira, 24 de novembro, às 02:20: a última execução falhou (terça-feira, 24 de novembro, às 07:50).',
    ],
    [
      'nobody reads it',
      clients({ 1: 0.5, 2: 6 }),
      'Nothing new of client 2 since Tuesday 24 November 02:20: it has not been read for 6 hours.',
      'Nada de novo do cliente 2 desde terça-feira, 24 de novembro, às 02:20: não é lido há 6 horas.',
    ],
    [
      'nobody reads two of them, of which the one longer than the other',
      clients({ 1: 0.5, 2: 6, 3: 9 }),
      'Nothing new of clients 2 and 3 since Monday 23 November 23:20: they have not been read for 6 hours.',
      'Nada de novo dos clientes 2 e 3 desde segunda-feira, 23 de novembro, às 23:20: não são lidos há 6 horas.',
    ],
    [
      'its runs catch up',
      withFailure(clients({ 1: 0.5, 2: 6 }), '1', 0.5, { outcome: 'partial', client_id: '2' }),
      'Of client 2 complete only through Tuesday 24 November 02:20: the sync is catching up and has read through 24 November.',
      'Dados do cliente 2 completos só até terça-feira, 24 de novembro, às 02:20: a sincronização está recuperando o atraso e já leu até 24 de novembro.',
    ],
  ])('%s', ([, overview, en, pt]) => {
    expect(said(overview).sentence).toBe(en);
    expect(said(overview, PT).sentence).toBe(pt);
    const note = (wording: Wording) => staleNote(stateOf(overview) as Stale, overview, wording);
    expect(note(EN)).toMatch(
      /^What is below of clients? [23 and]+ is as of .*; the other clients are up to date\.$/,
    );
    expect(note(PT)).toMatch(/^O que está abaixo dos? clientes? .*; os outros clientes estão em dia\.$/);
  });

  test('not where it is all of them', () => {
    const overview = clients({ 1: 5, 2: 6 });
    expect(said(overview).sentence).toBe(
      'Nothing new since Tuesday 24 November 02:20: no sync has run for 5 hours.',
    );
    expect(stateOf(overview)).toMatchObject({ clients: null });
  });

  test('no more than a few of many', () => {
    const many = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [String(index), index < 7 ? 0 : 5]),
    );
    expect(said(clients(many)).sentence).toContain('of clients 7, 8, 9, 10, 11, … since');
  });
});

describe('a client that is not configured any more', () => {
  const removed = { clientIds: ['1'] };

  test('makes nothing stale, and its silence is no trouble of the sync', () => {
    const overview = clients({ 1: 0.5, 2: 40 * 24 }, removed);
    expect(stateOf(overview)).toEqual({ kind: 'known', through: ago(0.5) });
    expect(said(overview).sentence).toMatch(/^Day 24 of 30/);
    expect(syncFindings(overview, false, EN)).toEqual([]);
    expect(syncFindings(clients({ 1: 0.5, 2: 40 * 24 }), false, EN)).toMatchObject([{ kind: 'sync_stale' }]);
  });

  test('is why there is no forecast', () => {
    const overview = clients({ 1: 0.5, 2: 100 }, removed);
    const plan_forecast = overview.plan_forecast && {
      ...overview.plan_forecast,
      projected_month_records: null,
    };
    expect(said({ ...overview, plan_forecast })).toMatchObject({
      tone: 'notice',
      advice: 'There is no forecast because client 2 is not read any more: not in KONDADO_CLIENT_IDS.',
    });
    expect(said({ ...overview, plan_forecast }, PT).advice).toBe(
      'Não há previsão porque o cliente 2 não é mais lido: não está em KONDADO_CLIENT_IDS.',
    );
    expect(said(overview).advice).toBeNull();
  });

  test('hides nothing of those that are', () => {
    expect(said(clients({ 1: 6, 2: 100 }, removed)).sentence).toMatch(
      /^Nothing new since Tuesday 24 November 02:20/,
    );
    expect(stateOf(clients({ 1: 0.5, 2: 6, 3: 100 }, { clientIds: ['2', '1'] }))).toMatchObject({
      kind: 'stale',
      clients: ['2'],
    });
  });

  test('is all that is known where nothing has run since', () => {
    expect(stateOf(clients({ 2: 100 }, removed))).toMatchObject({ kind: 'stale', since: ago(100) });
  });
});

test('the runs of one of two clients, and of one that was removed, are told as they were', async ({
  folder,
  startKondado,
}) => {
  const rows = [1, 2].map((client_id) =>
    pipelineRow(client_id * 10, { client_id, createdAt: minutesAgo(600) }),
  );
  const kondado = await startKondado({ pipeline_logs: rows });
  const warehouse = duckDbWarehouse(join(folder, 'kondado.duckdb'));
  const env = (ids: string): Environment => ({
    ...kondado.env,
    ...warehouse.env,
    STREAMS: 'pipeline_logs',
    KONDADO_CLIENT_IDS: ids,
  });
  const sentence = async (ids: string) => {
    const overview = await loadOverview(readReadingConfig(env(ids)));
    return overview && said(overview).sentence;
  };
  expect((await runSync(env('1,2'))).report.outcome).toBe('success');
  await runInDuckDb(
    join(folder, 'kondado.duckdb'),
    'UPDATE sync_runs SET started_at = started_at - INTERVAL 5 HOUR, finished_at = finished_at - INTERVAL 5 HOUR',
  );
  expect((await runSync(env('1'))).report.outcome).toBe('success');
  expect(await sentence('1')).toMatch(/^Day \d/);
  expect(await sentence('1,2')).toMatch(
    /^Nothing new of client 2 since .*: it has not been read for 5 hours\.$/,
  );
});

describe('how long ago the last run was', () => {
  test('is told of that run, not of the newest success', () => {
    const week = clients({ 1: 7 * 24 });
    const { sentence, advice } = said(withFailure(week, '1', 4 * 24));
    expect(sentence).toBe(
      'Nothing new since Tuesday 17 November 08:20: the last run failed on Friday 20 November 08:20.',
    );
    expect(advice).toMatch(/^KONDADO_UNAVAILABLE: .* Start a sync/);
    expect(said(withFailure(week, '1', 1)).advice).not.toContain('Start a sync');
    const partial = withFailure(week, '1', 4 * 24, { outcome: 'partial' });
    const idle = { ...partial, sync_health: week.sync_health };
    expect(said(idle).sentence).toMatch(/: no sync has run for 4 days\.$/);
  });

  test('is told of one that came no further without an error, too', () => {
    const stuck = withFailure(clients({ 1: 30 }), '1', 1, { outcome: 'partial', error_code: null });
    expect(said(stuck).sentence).toMatch(/: the last run came no further on Tuesday 24 November 07:20\.$/);
    const notStarted = withFailure(clients({ 1: 30 }), '1', 1, { outcome: 'not_started' });
    const overview = { ...notStarted, sync_health: clients({ 1: 30 }).sync_health };
    expect(said(overview).sentence).toMatch(/: the last run has read no more\.$/);
  });

  test.for([1, 4, 20, 80])('is known %i days later', async (days, { folder }) => {
    const path = join(folder, 'kondado.duckdb');
    const moment = (more: number) => new Date(Date.now() - (days + more) * 24 * HOUR_MS);
    const run = (more: number, fields: object) => ({
      ...RUN,
      started_at: moment(more),
      finished_at: moment(more),
      ...fields,
    });
    await writeRelations(path, {
      plan_forecast: [
        {
          ...(WELL.plan_forecast as NonNullable<Overview['plan_forecast']>),
          as_of: new Date(),
          known_through: moment(3),
        },
      ],
      sync_health: [{ ...SOURCE, health: 'failing', known_through: moment(3) }],
      sync_runs: [
        run(0, { outcome: 'failed', error_code: 'KONDADO_UNAUTHORIZED' }),
        run(3, { outcome: 'success', error_code: null }),
        // What is read again is no answer to when the sync last ran.
        { ...RUN, stream: 'model_logs', mode: 'verify', started_at: new Date(), finished_at: new Date() },
      ].slice(0, days === 4 ? 3 : 2),
    });
    const overview = await loadOverview(readReadingConfig({ WAREHOUSE: 'duckdb', DUCKDB_PATH: path }));
    expect(overview && said(overview).sentence).toMatch(/: the last run failed on /);
    expect(overview?.sync_runs.some(({ mode }) => mode === 'incremental')).toBe(true);
  });
});

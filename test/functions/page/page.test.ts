import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, vi } from 'vitest';
import { MADE_UP_KEY } from '../../../functions/config.ts';
import { VARIABLES } from '../../../functions/variables.ts';
import type { FakeBigQuery, FakeBigQueryOptions } from '../../fakes/bigquery.ts';
import { writeRelations } from '../../support/relations.ts';
import { load, minutesAgo, pipelineRow } from '../../support/rows.ts';
import { type Environment, runSync } from '../../support/runs.ts';
import { type FunctionServer, startFunction } from '../../support/server.ts';
import { test } from '../../support/test.ts';
import { bigQueryWarehouse, duckDbWarehouse, runInDuckDb } from '../../support/warehouses.ts';

let server: FunctionServer;
let url: string;

beforeAll(async () => {
  server = await startFunction();
  url = server.url;
});
afterAll(() => server.close());
beforeEach(() => {
  vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  for (const name of Object.keys(VARIABLES)) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

function setEnvironment(env: Environment): void {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
}

test('before the first run there is a page that says so, and no file is made', async ({ folder }) => {
  const path = join(folder, 'kondado.duckdb');
  setEnvironment({ WAREHOUSE: 'duckdb', DUCKDB_PATH: path });
  const response = await fetch(url);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(await response.text()).toContain('<h1 class="notice">No logs are stored yet.</h1>');
  expect(existsSync(path)).toBe(false);
});

test('nothing of Kondado has to be configured for it, but what it needs is checked', async ({ folder }) => {
  setEnvironment({ WAREHOUSE: 'duckdb', DUCKDB_PATH: join(folder, 'none'), KONDADO_BASE_URL: 'wrong' });
  expect((await fetch(url)).status).toBe(200);
  setEnvironment({ BILLING_TIME_ZONE: 'Mars/Olympus', PLAN_RECORDS_PER_MONTH: 'many' });
  const response = await fetch(url);
  expect(response.status).toBe(500);
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  const text = await response.text();
  expect(text).toContain('CONFIG_INVALID');
  expect(text).toMatch(
    /PLAN_RECORDS_PER_MONTH.*BILLING_TIME_ZONE|BILLING_TIME_ZONE.*PLAN_RECORDS_PER_MONTH/s,
  );
  expect(text).not.toContain('KONDADO_');
});

test('the browser is told to load nothing, to run nothing and to keep nothing', async ({ folder }) => {
  setEnvironment({ WAREHOUSE: 'duckdb', DUCKDB_PATH: join(folder, 'none') });
  const { headers } = await fetch(url);
  expect(headers.get('content-security-policy')?.split('; ')).toEqual(
    expect.arrayContaining(["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"]),
  );
  expect(headers.get('content-security-policy')).not.toMatch(/script-src|unsafe/);
  expect(Object.fromEntries(headers)).toMatchObject({
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
});

describe.for(['DuckDB', 'BigQuery'] as const)('with %s', (kind) => {
  const hostile = '<script>alert("π")</script>';
  const rows = () => [
    ...load('pipeline_logs', 160),
    ...[5, 65, 125].map((minutes, index) =>
      pipelineRow(5_000 + index, {
        pipeline_id: 7,
        pipeline_name: hostile,
        row_count: '1000',
        createdAt: minutesAgo(130 - minutes),
      }),
    ),
  ];

  async function open(
    folder: string,
    startBigQuery: (options?: FakeBigQueryOptions) => Promise<FakeBigQuery>,
  ) {
    const billing = { timeZone: 'America/Sao_Paulo', planRecords: 1_000_000, planPipelines: null };
    return kind === 'DuckDB'
      ? duckDbWarehouse(join(folder, 'kondado.duckdb'))
      : bigQueryWarehouse(await startBigQuery({ billing, isJudged: true }));
  }

  test('the page shows what the runs have stored', async ({ folder, startKondado, startBigQuery }) => {
    const kondado = await startKondado({ pipeline_logs: rows(), model_logs: load('model_logs', 3) });
    const warehouse = await open(folder, startBigQuery);
    const env: Environment = { ...kondado.env, ...warehouse.env, PLAN_RECORDS_PER_MONTH: '1000000' };
    const { report, lines } = await runSync(env);
    expect(report.outcome).toBe('success');
    expect(lines.map(({ event }) => event)).toContain('plan_usage');
    expect(lines.map(({ event }) => event)).not.toContain('evaluation_skipped');

    setEnvironment(env);
    const response = await fetch(url);
    const text = await response.text();
    expect(response.status, text).toBe(200);
    expect(text).toMatch(/<h1 class="\w+">Day \d+ of \d+: \d+ % of the plan used/);
    expect(text).toContain('<bdi>&lt;script&gt;alert(&quot;π&quot;)&lt;/script&gt;</bdi>');
    expect(text).not.toContain('<script');
    expect(text).toContain('Receita mensal');
    expect(text).toContain('incremental');
    for (const name of ['KONDADO_API_KEY', 'KONDADO_TOKEN', 'KONDADO_BASE_URL']) {
      expect(text).not.toContain(env[name]);
    }
  });

  test('the page can be read during a run', async ({ folder, startKondado, startBigQuery }) => {
    const isHalfway = Promise.withResolvers<void>();
    const isRead = Promise.withResolvers<undefined>();
    const kondado = await startKondado({
      pipeline_logs: rows(),
      fault: ({ index }) => {
        if (index !== 3) return undefined;
        isHalfway.resolve();
        return isRead.promise;
      },
    });
    const warehouse = await open(folder, startBigQuery);
    setEnvironment({ ...kondado.env, ...warehouse.env, STREAMS: 'pipeline_logs' });
    const run = fetch(url, { method: 'POST' });
    await isHalfway.promise;
    const response = await fetch(url);
    expect(response.status, await response.clone().text()).toBe(200);
    expect(await response.text()).toContain('Kondado - Blog - wp_options');
    isRead.resolve(undefined);
    expect((await run).status).toBe(200);
    expect(await (await fetch(url)).text()).toContain('&lt;script&gt;');
  });
});

test('a file without the views tells what makes them', async ({ folder }) => {
  const path = join(folder, 'old.duckdb');
  await runInDuckDb(path, 'CREATE TABLE pipeline_logs (id BIGINT)');
  setEnvironment({ WAREHOUSE: 'duckdb', DUCKDB_PATH: path });
  const response = await fetch(url);
  expect(response.status).toBe(503);
  const text = await response.text();
  expect(text).toContain('WAREHOUSE_REJECTED');
  expect(text).toContain('the next run of the sync makes it');
});

test('a language that is not spoken is refused in English, with those that are', async ({ folder }) => {
  setEnvironment({ WAREHOUSE: 'duckdb', DUCKDB_PATH: join(folder, 'none'), DISPLAY_LANGUAGE: 'fr' });
  const response = await fetch(url);
  expect(response.status).toBe(500);
  const text = await response.text();
  expect(text).toContain('<html lang="en">');
  expect(text).toContain('accepted is en or pt-BR');
});

test('the page speaks Portuguese where that is asked for, its faults too', async ({ folder }) => {
  const env = { WAREHOUSE: 'duckdb', DUCKDB_PATH: join(folder, 'none'), DISPLAY_LANGUAGE: 'pt-BR' };
  setEnvironment(env);
  expect(await (await fetch(url)).text()).toMatch(/<html lang="pt-BR">.*Ainda não há logs gravados\./s);
  setEnvironment({ PLAN_RECORDS_PER_MONTH: 'many' });
  expect(await (await fetch(url)).text()).toMatch(/<html lang="pt-BR">.*Não foi possível montar a página/s);
});

test('what comes from the sandbox is said to be made up, whoever shows it', async ({ folder }) => {
  const path = join(folder, 'sandbox.duckdb');
  await writeRelations(path, {});
  setEnvironment({ WAREHOUSE: 'duckdb', DUCKDB_PATH: path });
  expect(await (await fetch(url)).text()).toContain('Made-up data');
});

test('a file that the sandbox has marked is said to be made up, whatever its name', async ({ folder }) => {
  const path = join(folder, 'demo.duckdb');
  await writeRelations(path, {});
  setEnvironment({ WAREHOUSE: 'duckdb', DUCKDB_PATH: path });
  expect(await (await fetch(url)).text()).not.toContain('Made-up data');
  await runInDuckDb(path, 'CREATE SCHEMA made_up');
  expect(await (await fetch(url)).text()).toContain('Made-up data');
});

test('the sandbox tells nothing of a file that is not its own: the plan would be made up', async ({
  folder,
}) => {
  const path = join(folder, 'real.duckdb');
  setEnvironment({ WAREHOUSE: 'duckdb', DUCKDB_PATH: path, KONDADO_API_KEY: MADE_UP_KEY });
  const before = await (await fetch(url)).text();
  expect(before).toContain('Made-up data');
  expect(existsSync(path)).toBe(false);
  await writeRelations(path, {});
  const response = await fetch(url);
  expect(response.status).toBe(500);
  expect(await response.text()).toContain('is not marked as made up');
});

test('a view that cannot be read costs the page no more than its part', async ({ folder }) => {
  const path = join(folder, 'part.duckdb');
  await writeRelations(path, {});
  await runInDuckDb(path, 'DROP TABLE model_status');
  setEnvironment({ WAREHOUSE: 'duckdb', DUCKDB_PATH: path });
  const response = await fetch(url);
  expect(response.status).toBe(200);
  const text = await response.text();
  expect(text).toMatch(/not readable.*model_status.*could not be read \(WAREHOUSE_REJECTED\)/s);
});

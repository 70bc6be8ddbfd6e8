import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, vi } from 'vitest';
import { MADE_UP_KEY } from '../../functions/config.ts';
import { SANDBOX_KEY, SANDBOX_TOKEN, type Sandbox } from '../../local/sandbox/server.ts';
import { storedRows, test } from '../support/commands.ts';

async function received(sandbox: Sandbox, requests: number): Promise<void> {
  await vi.waitUntil(() => sandbox.requests.length >= requests, { timeout: 20_000, interval: 10 });
}

describe('npm run sync without credentials', () => {
  test('syncs the sandbox, then only what is new, and says where the data is', { timeout: 60_000 }, async ({
    command,
    folder,
  }) => {
    const first = await command('sync');
    expect(first).toMatchObject({ status: 0, stderr: expect.stringContaining('sandbox') });
    expect(first.stdout).toMatch(/pipeline_logs +success +\d\d,\d{3} +0 +0 /);
    expect(first.stdout).toMatch(/Billable records in \w+ \d{4} \(America\/Sao_Paulo\)/);
    expect(first.stdout).toMatch(/^Day \d+ of \d+: \d+ % of the plan used, on course for \d+ %: /m);
    expect(first.stdout).toMatch(
      /^Needs attention \(America\/Sao_Paulo\)\n( {2}(?:silent|late|stopped|\w+ records|slow): \S.*\n)+/m,
    );
    expect(first.stdout).toContain('The data is in sandbox.duckdb');
    expect(first.stdout).toContain('The page is sandbox.html');
    const page = readFileSync(path.join(folder, 'sandbox.html'), 'utf8');
    expect(page).toContain('Made-up data');
    expect(page).toContain(/^(Day \d+ of \d+: .*)$/m.exec(first.stdout)?.[1]);
    for (const secret of [MADE_UP_KEY, SANDBOX_TOKEN]) expect(page).not.toContain(secret);
    expect(first.stdout).toContain('npm run query');

    const second = await command('sync', ['--json']);
    expect(second.status).toBe(0);
    const report = JSON.parse(second.stdout);
    expect(report).toMatchObject({ mode: 'incremental', outcome: 'success' });
    expect(report.streams).toHaveLength(2);
    for (const stream of report.streams) {
      expect(stream.rows_duplicate).toBeGreaterThan(0);
      expect(stream.rows_inserted).toBeLessThan(20);
      expect(stream.requests).toBe(2);
    }

    const answer = await command('query', ['SELECT count(*) AS executions FROM pipeline_logs_latest']);
    expect(answer.stdout).toMatch(/^executions\n +\d{5}\n$/);
    expect((await command('query', ['DELETE FROM pipeline_logs'])).status).toBe(1);
  });
});

describe('npm run sync with credentials', () => {
  test('names what is missing of them', async ({ command, folder }) => {
    const { status, stdout } = await command('sync', [], { KONDADO_API_KEY: SANDBOX_KEY });
    expect(status).toBe(1);
    expect(stdout).toContain('CONFIG_INVALID');
    expect(stdout).toContain('KONDADO_TOKEN');
    expect(existsSync(path.join(folder, 'sandbox.duckdb'))).toBe(false);
    const env = { KONDADO_API_KEY: SANDBOX_KEY, DISPLAY_LANGUAGE: 'pt-BR' };
    expect((await command('sync', [], env)).stdout).toMatch(
      /^CONFIG_INVALID: Confira as variáveis de ambiente: .* em inglês: .*KONDADO_TOKEN/m,
    );
  });

  test('ends well where the page cannot be written, and says so', async ({ account, command, folder }) => {
    const { env } = await account();
    mkdirSync(path.join(folder, 'dashboard.html'));
    const { status, stdout } = await command('sync', [], env);
    expect(status).toBe(0);
    expect(stdout).toContain('dashboard.html could not be made');
    expect(await storedRows(path.join(folder, 'kondado.duckdb'))).toBe(500);
  });

  test('shows an error once and in full, and ends with 1', async ({ account, command }) => {
    const { env } = await account({ token: 'another token' });
    const { status, stdout, stderr } = await command('sync', [], env);
    expect(status).toBe(1);
    expect((stdout + stderr).match(/pipeline_logs: KONDADO_UNAUTHORIZED/g)).toHaveLength(1);
  });

  test('prints the report of a failed run alone with --json', async ({ account, command }) => {
    const { env } = await account({ token: 'another token' });
    const { status, stdout } = await command('sync', ['--json'], env);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'failed' });
  });

  test.for(['SIGINT', 'SIGTERM'] as const)('ends at %s with what is stored kept', async (signal, {
    account,
    folder,
    start,
  }) => {
    const { sandbox, env } = await account({ rows: 20_000, latencyMs: 40 });
    const { child, output } = start('sync', [], env);
    await received(sandbox, 8);
    child.kill(signal);
    const { status, stdout } = await output;
    expect(status).toBe(0);
    expect(stdout).toMatch(/Interrupted after .* new rows stored, and kept/);
    const stored = await storedRows(path.join(folder, 'kondado.duckdb'));
    expect(stored).toBeGreaterThanOrEqual(49);
    expect(stdout).toMatch(new RegExp(`pipeline_logs +partial +${stored} `));
  });

  test('says how to continue a backfill that was interrupted', async ({ account, start }) => {
    const { sandbox, env } = await account({ rows: 20_000, latencyMs: 40 });
    const to = '2100-01-01T00:00:00Z';
    const range = ['--streams', 'pipeline_logs', '--from-id', '0', '--to', to];
    const { child, output } = start('sync', range, env);
    await received(sandbox, 8);
    child.kill('SIGINT');
    const { stdout } = await output;
    expect(stdout).toMatch(
      /Continue with: npm run sync -- --streams pipeline_logs --from-id \d+ --to 2100-01-01T00:00:00\.000Z/,
    );
  });

  test('takes the Ctrl-C that npm repeats for one', async ({ account, start }) => {
    const { sandbox, env } = await account({ rows: 20_000, latencyMs: 40 });
    const { child, output } = start('sync', [], env);
    await received(sandbox, 4);
    child.kill('SIGINT');
    child.kill('SIGINT');
    expect((await output).status).toBe(0);
  });

  test('continues by itself when the time budget is used up', async ({ account, command, folder }) => {
    const { env } = await account({ rows: 1500, latencyMs: 120 });
    const { status, stdout } = await command('sync', [], { ...env, TIME_BUDGET_SECONDS: '2.5' });
    expect(status).toBe(0);
    expect(stdout).toMatch(/pipeline_logs +success +1,500 /);
    expect(await storedRows(path.join(folder, 'kondado.duckdb'))).toBe(1500);
  });

  test.for<{ args: string[] }>([
    { args: [] },
    { args: ['--verify'] },
  ])('continues by itself from an id $args, and reports it as one', async ({ args }, {
    account,
    command,
  }) => {
    const { env } = await account({ rows: 1200, latencyMs: 120 });
    const all = ['--json', '--streams', 'pipeline_logs', '--from-id'];
    await command('sync', [...all, '1199'], env);
    const limited = { ...env, TIME_BUDGET_SECONDS: '2.5' };
    const { status, stdout } = await command('sync', [...args, ...all, '0'], limited);
    expect(status).toBe(0);
    const { outcome, streams } = JSON.parse(stdout);
    expect(outcome).toBe('success');
    expect(streams).toMatchObject([
      { outcome: 'success', rows_inserted: 1198, first_id: 1, last_id: 1200, next_id: null, error: null },
    ]);
    expect(streams[0].rows_read).toBeGreaterThan(1200); // each run begins with the last row of the one before
  });

  test('gives up when Kondado lets nothing through', async ({ account, command }) => {
    const { env } = await account({ rows: 10, fault: () => ({ kind: 'rateLimit' }) });
    const limited = { ...env, TIME_BUDGET_SECONDS: '5' };
    const { status, stdout, stderr } = await command('sync', [], limited);
    expect(status).toBe(1);
    expect(stderr).toContain("Kondado's rate limit was hit");
    expect(stdout).toContain('KONDADO_RATE_LIMITED: Kondado is not to be asked for another');
  });
});

describe('the arguments', () => {
  test('end the command with 2 and point to the help when they are wrong', async ({ command, folder }) => {
    const { status, stdout, stderr } = await command('sync', ['--bogus', '--from', '2999-01-01']);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/--bogus.*--from lies in the future[\s\S]*--help/);
    const swallowed = await command('sync', [], { npm_config_dry_run: 'true' });
    expect(swallowed).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('--dry-run') });
    expect(readdirSync(folder)).toEqual([]);
    const help = await command('sync', ['--help']);
    expect(help).toMatchObject({ status: 0, stderr: '' });
    expect(help.stdout).toContain('--from-id');
  });
});

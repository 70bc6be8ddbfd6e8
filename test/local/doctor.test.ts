import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect } from 'vitest';
import { CHECK_NAMES } from '../../functions/check/checks.ts';
import { test } from '../support/commands.ts';

describe('npm run doctor', () => {
  test('lists every check, and ends with 0, although only the limits of the plan are missing', async ({
    account,
    command,
    folder,
  }) => {
    const { env, sandbox } = await account({ rows: 120 });
    const { status, stdout } = await command('doctor', [], env);
    expect(status).toBe(0);
    const lines = stdout.split('\n').slice(1, CHECK_NAMES.length + 1);
    expect(lines.map((line) => line.split(/ +/)[1])).toEqual(CHECK_NAMES);
    expect(lines[0]).toMatch(/^ok +configuration +The environment is usable/);
    expect(lines.at(-1)).toMatch(/^warning +plan .*Set PLAN_RECORDS_PER_MONTH and PLAN_ACTIVE_PIPELINES\.$/);
    expect(stdout).toMatch(/\nA sync has what it needs, 2 warnings\.\n$/);
    expect(sandbox.requests.length).toBeLessThanOrEqual(12);
    expect(existsSync(path.join(folder, 'dashboard.html'))).toBe(false);
  });

  test('ends with 1 when something failed, and says what to do', async ({ account, command }) => {
    const { env } = await account({ token: 'another token' });
    const { status, stdout } = await command('doctor', [], env);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^failed +kondado\.pipeline_logs .*Check KONDADO_API_KEY and KONDADO_TOKEN/m);
    expect(stdout).toMatch(/\n2 checks failed, 1 warning\.\n$/);
  });

  test('prints the report alone with --json, also with an unusable configuration', async ({ command }) => {
    const { status, stdout } = await command('doctor', ['--json'], { KONDADO_API_KEY: 'x', WAREHOUSE: 'y' });
    expect(status).toBe(1);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ mode: 'check', outcome: 'failed' });
    expect(report.checks[0]).toMatchObject({ name: 'configuration', outcome: 'failed' });
  });

  test('checks the sandbox without credentials, and finds it well', async ({ command, folder }) => {
    const { status, stdout, stderr } = await command('doctor');
    expect({ status, stderr }).toMatchObject({ status: 0, stderr: expect.stringContaining('sandbox') });
    expect(stdout).toContain('A sync has what it needs, 0 warnings.');
    expect(existsSync(path.join(folder, 'sandbox.duckdb'))).toBe(true);
  });

  test.for<[string[], Record<string, string>, RegExp]>([
    [['--jsn'], {}, /--jsn is not an option, did you mean --json\?\.\n/],
    [['now'], {}, /unexpected "now"/],
    [['--json=1'], {}, /--json/],
    [[], { npm_config_json: 'true' }, /npm kept --json for itself: put --/],
  ])('%j is wrong usage: said, and nothing is read', async ([args, env, said], { account, command }) => {
    const { sandbox, env: reaching } = await account();
    const { status, stdout, stderr } = await command('doctor', args, { ...reaching, ...env });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(said);
    expect(sandbox.requests).toEqual([]);
  });

  test('--help says what it asks for', async ({ command }) => {
    const { status, stdout } = await command('doctor', ['--help']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/--json .*\n.*--help/);
    expect(stdout).toContain('at most six times a stream');
  });
});

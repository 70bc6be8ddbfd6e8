import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect } from 'vitest';
import { storedRows, test } from '../support/commands.ts';
import { freePort } from '../support/ports.ts';

const REAL = { DUCKDB_PATH: 'real.duckdb' };

describe('real rows and made-up ones are kept apart', () => {
  test('without credentials nothing goes into a file with real rows', async ({
    account,
    command,
    folder,
  }) => {
    const { env } = await account({ rows: 120 });
    expect(await command('sync', [], { ...env, ...REAL })).toMatchObject({ status: 0 });
    const file = path.join(folder, 'real.duckdb');
    const before = readFileSync(file);
    const json = await command('sync', ['--json'], REAL);
    expect(json.status).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({ outcome: 'failed', error: { code: 'CONFIG_INVALID' } });
    expect((await command('sync', [], REAL)).stdout).toMatch(
      /CONFIG_INVALID.*real\.duckdb is not marked as made up/s,
    );
    const doctor = await command('doctor', ['--json'], REAL);
    expect(doctor.status).toBe(1);
    expect(JSON.parse(doctor.stdout).checks).toContainEqual({
      name: 'warehouse',
      outcome: 'failed',
      message: expect.stringContaining('real.duckdb is not marked as made up'),
    });
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(existsSync(path.join(folder, 'sandbox.html'))).toBe(false);
  });

  test('with credentials nothing goes into a file that the sandbox filled', { timeout: 60_000 }, async ({
    account,
    command,
    folder,
  }) => {
    const demo = { DUCKDB_PATH: 'demo.duckdb' };
    expect(await command('sync', [], demo)).toMatchObject({ status: 0 });
    const file = path.join(folder, 'demo.duckdb');
    const before = await storedRows(file);
    const { env } = await account();
    expect(await command('sync', [], { ...env, ...demo })).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/CONFIG_INVALID.*demo\.duckdb was filled by the built-in sandbox/s),
    });
    expect(await command('doctor', [], { ...env, ...demo })).toMatchObject({ status: 1 });
    expect(await storedRows(file)).toBe(before);
    expect(existsSync(path.join(folder, 'dashboard.html'))).toBe(false);

    const again = await command('sync', [], demo);
    expect(again).toMatchObject({ status: 0, stdout: expect.stringContaining('Made-up data') });
    const sandbox = { ...env, DUCKDB_PATH: 'sandbox.duckdb' };
    expect(await command('sync', [], sandbox)).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('DUCKDB_PATH: received a file called sandbox.duckdb'),
    });
    expect(existsSync(path.join(folder, 'sandbox.duckdb'))).toBe(false);
  });

  test('npm start without credentials neither fills nor judges a file with real rows', async ({
    account,
    command,
    start,
  }) => {
    const { env } = await account({ rows: 120 });
    await command('sync', [], { ...env, ...REAL });
    const port = await freePort();
    const { child } = start('start', [], { ...REAL, PORT: String(port) });
    await new Promise<void>((resolve) => {
      child.stderr?.on('data', (chunk) => {
        if (String(chunk).includes('Listening')) resolve();
      });
    });
    for (const method of ['POST', 'GET']) {
      const answer = await fetch(`http://localhost:${port}/`, { method });
      expect(answer.status).toBe(500);
      expect(await answer.text()).toContain('real.duckdb is not marked as made up');
    }
  });
});

test('a leading ~/ in DUCKDB_PATH is the home folder for every command', async ({
  account,
  command,
  folder,
}) => {
  const { env } = await account({ rows: 120 });
  const home = path.join(folder, 'home');
  mkdirSync(home);
  const there = { HOME: home, DUCKDB_PATH: '~/logs.duckdb' };
  const synced = await command('sync', [], { ...env, ...there });
  expect(synced.stdout).toContain('home/logs.duckdb');
  expect(synced.stdout).toContain('The page is dashboard.html');
  expect(await storedRows(path.join(home, 'logs.duckdb'))).toBe(120);
  const sql = 'SELECT count(*) AS rows FROM pipeline_logs_latest';
  expect(await command('query', ['--csv', sql], there)).toMatchObject({ status: 0, stdout: 'rows\n120\n' });
  expect((await command('doctor', [], { ...env, ...there })).stdout).toContain('home/logs.duckdb');
});

describe('a file .env that cannot be read', () => {
  const commands = [
    ['sync', []],
    ['start', []],
    ['doctor', []],
    ['query', ['SELECT 1']],
    ['views', []],
  ] as const;

  test.for(commands)('as a folder is said by npm run %s', async ([script, args], { command, folder }) => {
    mkdirSync(path.join(folder, '.env'));
    expect(await command(script, args)).toEqual({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(/^The file \.env .* it could not be read \(EISDIR\).*\.\n$/),
    });
  });

  test('in another encoding is said, because what it holds would be missed by nobody', async ({
    command,
    folder,
  }) => {
    writeFileSync(path.join(folder, '.env'), Buffer.from('\uFEFFKONDADO_API_KEY=x\n', 'utf16le'));
    expect(await command('sync')).toMatchObject({ status: 2, stderr: expect.stringContaining('UTF-8') });
    expect(existsSync(path.join(folder, 'sandbox.duckdb'))).toBe(false);
  });
});

test('a file .env may begin with a byte order mark, and the environment wins', async ({
  command,
  folder,
}) => {
  writeFileSync(path.join(folder, '.env'), '\uFEFFBILLING_TIME_ZONE=Asia/Tokyo\n');
  expect((await command('views')).stdout).toContain('Asia/Tokyo');
  const { stdout } = await command('views', [], { BILLING_TIME_ZONE: 'Europe/Rome' });
  expect(stdout).toContain('Europe/Rome');
  expect(stdout).not.toContain('Asia/Tokyo');
});

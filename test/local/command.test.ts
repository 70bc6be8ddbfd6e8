import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startStreamReport } from '../../functions/sync/report.ts';
import { timestampOf } from '../../functions/timestamps.ts';
import { parseCommand } from '../../local/arguments.ts';
import { readDuckDb } from '../../local/duckdb.ts';
import { withLocalDefaults } from '../../local/environment.ts';
import { type LogSource, rowsSource } from '../../local/sandbox/company.ts';
import {
  SANDBOX_KEY,
  SANDBOX_TOKEN,
  type Sandbox,
  type SandboxOptions,
  startSandbox,
} from '../../local/sandbox/server.ts';
import { startProgress } from '../../local/terminal/progress.ts';
import { createScreen, type Terminal } from '../../local/terminal/screen.ts';
import { renderTable } from '../../local/terminal/table.ts';

const HOUR_MS = 3_600_000;
const NOON_MS = Date.UTC(2026, 10, 23, 12);
const DAY_MS = 86_400_000;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Output {
  status: number | null;
  stdout: string;
  stderr: string;
}

function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'kondado-command-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Starts a command in a folder of its own, with nothing of our environment. */
function start(script: string, cwd: string, args: string[] = [], env: Record<string, string> = {}) {
  const file = fileURLToPath(new URL(`../../local/${script}.ts`, import.meta.url));
  const child = spawn(process.execPath, [file, ...args], { cwd, env: { PATH: process.env.PATH, ...env } });
  cleanups.push(() => child.kill('SIGKILL'));
  return { child, output: outputOf(child) };
}

async function outputOf(child: ChildProcess): Promise<Output> {
  const texts = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk) => {
    texts.stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    texts.stderr += chunk;
  });
  const [status] = await once(child, 'close');
  const all = texts.stdout + texts.stderr;
  for (const secret of [SANDBOX_KEY, SANDBOX_TOKEN]) expect(all).not.toContain(secret);
  expect(all).not.toMatch(/[^\P{Cc}\n]/u);
  return { status, ...texts };
}

function command(script: string, cwd: string, args: string[] = [], env: Record<string, string> = {}) {
  return start(script, cwd, args, env).output;
}

/** An account with so many rows, the newest an hour old, and the environment that reaches it. */
async function account(options: Partial<SandboxOptions> & { rows?: number } = {}) {
  const { rows = 500, ...rest } = options;
  const sandbox = await startSandbox({ source: history(rows), limits: null, ...rest });
  cleanups.push(sandbox.close);
  const env = {
    KONDADO_BASE_URL: sandbox.url,
    KONDADO_API_KEY: SANDBOX_KEY,
    KONDADO_TOKEN: SANDBOX_TOKEN,
    KONDADO_REQUESTS_PER_SECOND: '1000',
    KONDADO_REQUESTS_PER_MINUTE: '60000',
  };
  return { sandbox, env };
}

function history(rows: number): LogSource {
  const createdAt = (index: number) => new Date(Date.now() - (rows - index) * HOUR_MS).toISOString();
  const pipeline_logs = Array.from({ length: rows }, (_, index) => ({
    id: index + 1,
    client_id: 1,
    pipeline_id: index % 3,
    pipeline_name: `\u001b[31mred\u202e ${index % 3}`,
    row_count: '10',
    createdAt: createdAt(index),
    updatedAt: createdAt(index),
  }));
  return rowsSource({ pipeline_logs, model_logs: [] });
}

async function requests(sandbox: Sandbox, number: number): Promise<void> {
  while (sandbox.requests.length < number) await new Promise((resolve) => setTimeout(resolve, 10));
}

async function storedRows(file: string): Promise<number> {
  const rows = await readDuckDb(file, (connection) =>
    connection.runAndReadAll('SELECT count(*)::INTEGER FROM pipeline_logs_latest'),
  );
  return Number(rows.getRows()[0]?.[0]);
}

function terminal(isTTY: boolean) {
  let text = '';
  const stream: Terminal = {
    isTTY,
    columns: 90,
    rows: 24,
    write: (chunk) => {
      text += chunk;
    },
  };
  return { stream, text: () => text };
}

/** A report of a first run that has come so many days far, of the 90 that there are. */
function report(days: number) {
  return {
    ...startStreamReport({ stream: 'pipeline_logs', clientId: null }),
    rows_read: days * 100,
    requests: days * 2,
  };
}

const readTo = (days: number) => timestampOf(NOON_MS - (90 - days) * DAY_MS);

describe('npm run sync without credentials', () => {
  test('syncs the sandbox, then only what is new, and says where the data is', async () => {
    const cwd = temporaryFolder();
    const first = await command('sync', cwd);
    expect(first).toMatchObject({ status: 0, stderr: expect.stringContaining('sandbox') });
    expect(first.stdout).toMatch(/pipeline_logs +success +\d\d,\d{3} +0 +0 /);
    expect(first.stdout).toMatch(/Billable records in \w+ \d{4} \(America\/Sao_Paulo\)/);
    expect(first.stdout).toMatch(/^\d+ % of the plan used, on course for \d+ %: /m);
    expect(first.stdout).toMatch(
      /^Needs attention\n( {2}(?:silent|late|stopped|\w+ records|slow) +\S.*\n)+/m,
    );
    expect(first.stdout).toContain('The data is in sandbox.duckdb');
    expect(first.stdout).toContain('The page is dashboard.html');
    const page = readFileSync(path.join(cwd, 'dashboard.html'), 'utf8');
    expect(page).toContain(/^(\d+ % of the plan used.*)$/m.exec(first.stdout)?.[1]);
    for (const secret of [SANDBOX_KEY, SANDBOX_TOKEN]) expect(page).not.toContain(secret);
    expect(first.stdout).toContain('npm run query');

    const second = await command('sync', cwd, ['--json']);
    expect(second.status).toBe(0);
    const report = JSON.parse(second.stdout);
    expect(report).toMatchObject({ mode: 'incremental', outcome: 'success' });
    expect(report.streams).toHaveLength(2);
    for (const stream of report.streams) {
      expect(stream.rows_duplicate).toBeGreaterThan(0);
      expect(stream.rows_inserted).toBeLessThan(20);
      expect(stream.requests).toBe(2);
    }

    const answer = await command('query', cwd, ['SELECT count(*) AS executions FROM pipeline_logs_latest']);
    expect(answer.stdout).toMatch(/^executions\n +\d{5}\n$/);
    expect((await command('query', cwd, ['DELETE FROM pipeline_logs'])).status).toBe(1);
  });

  test('never writes made-up rows into BigQuery, and leaves the settings of others alone', () => {
    expect(withLocalDefaults({ WAREHOUSE: 'bigquery' })).toEqual({
      env: { WAREHOUSE: 'bigquery' },
      isSandbox: false,
    });
    expect(withLocalDefaults({ KONDADO_API_KEY: '', DUCKDB_PATH: 'my.duckdb' })).toMatchObject({
      env: { WAREHOUSE: 'duckdb', DUCKDB_PATH: 'my.duckdb', PLAN_RECORDS_PER_MONTH: '11500000' },
      isSandbox: true,
    });
    expect(withLocalDefaults({ KONDADO_TOKEN_SECRET: 'projects/p/secrets/s/versions/1' }).isSandbox).toBe(
      false,
    );
  });
});

describe('npm run sync with credentials', () => {
  test('names what is missing of them', async () => {
    const cwd = temporaryFolder();
    const { status, stdout } = await command('sync', cwd, [], { KONDADO_API_KEY: SANDBOX_KEY });
    expect(status).toBe(1);
    expect(stdout).toContain('CONFIG_INVALID');
    expect(stdout).toContain('KONDADO_TOKEN');
    expect(existsSync(path.join(cwd, 'sandbox.duckdb'))).toBe(false);
  });

  test('ends well where the page cannot be written, and says so', async () => {
    const { env } = await account();
    const cwd = temporaryFolder();
    mkdirSync(path.join(cwd, 'dashboard.html'));
    const { status, stdout } = await command('sync', cwd, [], env);
    expect(status).toBe(0);
    expect(stdout).toContain('dashboard.html could not be made');
    expect(await storedRows(path.join(cwd, 'kondado.duckdb'))).toBe(500);
  });

  test('shows an error once and in full, and ends with 1', async () => {
    const { env } = await account({ token: 'another token' });
    const { status, stdout, stderr } = await command('sync', temporaryFolder(), [], env);
    expect(status).toBe(1);
    expect((stdout + stderr).match(/pipeline_logs: KONDADO_UNAUTHORIZED/g)).toHaveLength(1);
  });

  test('prints the report of a failed run alone with --json', async () => {
    const { env } = await account({ token: 'another token' });
    const { status, stdout } = await command('sync', temporaryFolder(), ['--json'], env);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'failed' });
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('ends at %s with what is stored kept', async (signal) => {
    const { sandbox, env } = await account({ rows: 20_000, latencyMs: 40 });
    const cwd = temporaryFolder();
    const { child, output } = start('sync', cwd, [], env);
    await requests(sandbox, 8);
    child.kill(signal);
    const { status, stdout } = await output;
    expect(status).toBe(0);
    expect(stdout).toMatch(/Interrupted after .* new rows stored, and kept/);
    const stored = await storedRows(path.join(cwd, 'kondado.duckdb'));
    expect(stored).toBeGreaterThanOrEqual(49);
    expect(stdout).toMatch(new RegExp(`pipeline_logs +partial +${stored} `));
  });

  test('says how a backfill that was interrupted goes on', async () => {
    const { sandbox, env } = await account({ rows: 20_000, latencyMs: 40 });
    const to = '2100-01-01T00:00:00Z';
    const range = ['--streams', 'pipeline_logs', '--from-id', '0', '--to', to];
    const { child, output } = start('sync', temporaryFolder(), range, env);
    await requests(sandbox, 8);
    child.kill('SIGINT');
    const { stdout } = await output;
    expect(stdout).toMatch(
      /Go on with: npm run sync -- --streams pipeline_logs --from-id \d+ --to 2100-01-01T00:00:00\.000Z/,
    );
  });

  test('takes the Ctrl-C that npm repeats for one', async () => {
    const { sandbox, env } = await account({ rows: 20_000, latencyMs: 40 });
    const { child, output } = start('sync', temporaryFolder(), [], env);
    await requests(sandbox, 4);
    child.kill('SIGINT');
    child.kill('SIGINT');
    expect((await output).status).toBe(0);
  });

  test('goes on by itself when the time budget is used up', async () => {
    const { env } = await account({ rows: 1500, latencyMs: 40 });
    const cwd = temporaryFolder();
    const { status, stdout } = await command('sync', cwd, [], { ...env, TIME_BUDGET_SECONDS: '0.8' });
    expect(status).toBe(0);
    expect(stdout).toMatch(/pipeline_logs +success +1,500 /);
    expect(await storedRows(path.join(cwd, 'kondado.duckdb'))).toBe(1500);
  });

  test.each([
    [[]],
    [['--verify']],
  ])('goes on by itself from an id %j, and reports it as one', async (args) => {
    const { env } = await account({ rows: 1200, latencyMs: 40 });
    const cwd = temporaryFolder();
    const all = ['--json', '--streams', 'pipeline_logs', '--from-id'];
    await command('sync', cwd, [...all, '1199'], env);
    const limited = { ...env, TIME_BUDGET_SECONDS: '0.8' };
    const { status, stdout } = await command('sync', cwd, [...args, ...all, '0'], limited);
    expect(status).toBe(0);
    const { outcome, streams } = JSON.parse(stdout);
    expect(outcome).toBe('success');
    expect(streams).toMatchObject([
      { outcome: 'success', rows_inserted: 1198, first_id: 1, last_id: 1200, next_id: null, error: null },
    ]);
    expect(streams[0].rows_read).toBeGreaterThan(1200); // each run begins with the last row of the one before
  });

  test('gives up when Kondado lets nothing through', async () => {
    const { env } = await account({ rows: 10, fault: () => ({ kind: 'rateLimit' }) });
    const limited = { ...env, TIME_BUDGET_SECONDS: '0.5' };
    const { status, stdout, stderr } = await command('sync', temporaryFolder(), [], limited);
    expect(status).toBe(1);
    expect(stderr).toContain("Kondado's rate limit was hit");
    expect(stdout).toContain('KONDADO_RATE_LIMITED: Kondado is not to be asked for another');
  });
});

describe('the arguments', () => {
  test('become a request', () => {
    const { request } = parseCommand([
      ...['--from-id', '9007199254740993', '--to', '2026-09-08', '--streams', 'model_logs', '--dry-run'],
    ]);
    expect(request).toEqual({
      mode: 'backfill',
      streams: ['model_logs'],
      from: undefined,
      to: '2026-09-08T00:00:00.000000Z',
      fromId: 9007199254740993n,
      dryRun: true,
    });
    expect(parseCommand([]).request).toMatchObject({ mode: 'incremental', streams: undefined });
    expect(parseCommand(['--verify', '--json'])).toMatchObject({ isJson: true, request: { mode: 'verify' } });
  });

  test.each([
    [
      ['--bogus', 'stray', '--json=1'],
      ['--bogus is not an option', 'unexpected "stray"', '--json takes no value'],
    ],
    [['--from', '--to'], ['--from needs a value']],
    [['--from-id', '1', '--from-id', '2'], ['--from-id is given twice']],
    [['--from-id', 'x'], ['--from-id must be a whole number from 0 on']],
    [['--to', '2026-09-01'], ['--to needs --from or --from-id']],
    [['--from', '2999-01-01'], ['--from lies in the future']],
    [
      ['--streams', 'a,b', '--from', '1.9.2026'],
      ['--streams must be one of', '--from must be a date'],
    ],
  ])('%j is refused with every fault', (args, faults) => {
    for (const fault of faults) expect(() => parseCommand(args)).toThrow(fault);
  });

  test('end the command with 2 and point to the help when they are wrong', async () => {
    const cwd = temporaryFolder();
    const { status, stdout, stderr } = await command('sync', cwd, ['--bogus', '--from', '2999-01-01']);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/--bogus.*--from lies in the future[\s\S]*--help/);
    const help = await command('sync', cwd, ['--help']);
    expect(help).toMatchObject({ status: 0, stderr: '' });
    expect(help.stdout).toContain('--from-id');
  });
});

test('a table that is too wide is turned on its side', () => {
  const columns = [{ title: 'stream' }, { title: 'rows', align: 'right' as const }];
  const rows = [
    ['📦 a', '1'],
    ['b', '1,000'],
  ];
  const emphasize = (text: string) => text;
  expect(renderTable(columns, rows, { maxWidth: 80, emphasize })).toEqual([
    'stream   rows',
    '📦 a        1',
    'b       1,000',
  ]);
  expect(renderTable(columns, rows, { maxWidth: 10, emphasize })).toEqual([
    '      📦 a      b',
    'rows     1  1,000',
  ]);
});

describe('the progress', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: NOON_MS, toFake: ['Date', 'performance', 'setInterval', 'clearInterval'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('a terminal shows bars, the time left by the limit, and its wait', () => {
    const { stream, text } = terminal(true);
    const progress = startProgress(createScreen(stream, {}), { to: undefined });
    progress.limitTo(20);
    const live = report(0);
    progress.onStart({ waitMs: () => 12_300 });
    progress.onProgress(live, readTo(0));
    Object.assign(live, report(45));
    progress.onProgress(live, readTo(45));
    vi.advanceTimersByTime(1000);
    const frame = text().split('\u001b[J').at(-1);
    expect(frame?.split('\n')).toEqual([
      'pipeline_logs ██████████░░░░░░░░░░  49 %  4,500 rows, 90 requests',
      "4,500 rows/s, 1.0 s, about 5 minutes left, waiting 13 s for Kondado's limit",
    ]);
    live.outcome = 'success';
    progress.note('stopping');
    expect(text().split('\u001b[J').at(-1)).toMatch(
      /100 %.*\n4,500 rows\/s, 1.0 s, waiting[^\n]+\nstopping$/,
    );
    progress.end();
    expect(text().endsWith('\r\u001b[2A\u001b[J')).toBe(true);
  });

  test('what is no terminal gets a plain line every five seconds, and none in a short run', () => {
    const { stream, text } = terminal(false);
    const progress = startProgress(createScreen(stream, {}), { to: undefined });
    const live = report(0);
    progress.onProgress(live, readTo(0));
    Object.assign(live, report(30));
    progress.onProgress(live, readTo(30));
    vi.advanceTimersByTime(4900);
    expect(text()).toBe('');
    vi.advanceTimersByTime(5200);
    expect(text().split('\n')).toEqual([
      'pipeline_logs: 33 %  3,000 rows, 60 requests; 600 rows/s, 5.0 s, about 11 s left',
      'pipeline_logs: 33 %  3,000 rows, 60 requests; 300 rows/s, 10 s, about 21 s left',
      '',
    ]);
    progress.end();
  });

  test('a run that goes on is counted with the one before', () => {
    const { stream, text } = terminal(false);
    const progress = startProgress(createScreen(stream, {}), { to: undefined });
    progress.onProgress(report(10));
    progress.onProgress(report(20));
    vi.advanceTimersByTime(5000);
    expect(text()).toContain('3,000 rows, 60 requests');
    progress.end();
  });

  test('a long line does not break a narrow terminal, nor many streams a low one', () => {
    const { stream, text } = terminal(true);
    const screen = createScreen({ ...stream, columns: 10, rows: 3 }, {});
    screen.draw(['a line that is too long', 'two', 'three']);
    expect(text()).toBe('a line t…\ntwo');
    screen.print('a warning\n');
    expect(text()).toBe('a line t…\ntwo\r\u001b[1A\u001b[Ja warning\n');
    expect(createScreen(stream, { TERM: 'dumb' }).isInteractive).toBe(false);
  });
});

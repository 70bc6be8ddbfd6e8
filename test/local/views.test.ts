import { describe, expect } from 'vitest';
import { readTemplates } from '../../functions/views/templates.ts';
import { makeTables } from '../../functions/warehouse/duckdb/schema.ts';
import { test } from '../support/commands.ts';
import { openFarAway } from '../support/duckdb.ts';

interface View {
  name: string;
  question: string;
  sql: string;
}

const viewsIn = (stdout: string): View[] => JSON.parse(stdout).views;

describe('npm run views', () => {
  test('prints every view with its question and its SQL, and nothing else', async ({ command }) => {
    const { status, stdout, stderr } = await command('views', [], { BILLING_TIME_ZONE: 'Asia/Kolkata' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const views = viewsIn(stdout);
    expect(views.map(({ name }) => name)).toEqual([...readTemplates().keys()]);
    for (const { question, sql } of views) {
      expect(question).toMatch(/^[A-Z].*[?.]$/);
      expect(sql.startsWith(`-- ${question}\n`)).toBe(true);
      expect(sql).toContain('`PROJECT.kondado.');
      expect(sql).not.toMatch(/\$\{/);
    }
    const all = views.map(({ sql }) => sql).join('\n');
    expect(all).toContain("DATE(CURRENT_TIMESTAMP(), 'Asia/Kolkata')");
    expect(all).toContain('CAST(NULL AS INT64) AS plan_records');
  });

  test('fills every placeholder with what is given', async ({ command }) => {
    const given = ['--dataset', 'any thing.d', '--now', 'MOMENT(1)', '--time-zone', 'A/B'];
    const plan = ['--plan-records', '12 + 3', '--plan-pipelines', 'SEVEN'];
    for (const dialect of ['bigquery', 'duckdb']) {
      const { stdout } = await command('views', ['--dialect', dialect, ...given, ...plan]);
      const all = viewsIn(stdout)
        .map(({ sql }) => sql)
        .join('\n');
      for (const value of ['any thing.d.', 'MOMENT(1)', "'A/B'", '12 + 3', 'SEVEN'])
        expect(all).toContain(value);
    }
  });

  test.for([
    "TIMESTAMPTZ '2026-11-25 00:00:00+00'",
    "TIMESTAMP '2026-11-25 00:00:00+00'",
    "TIMESTAMP_SUB(TIMESTAMP '2026-11-26', INTERVAL 1 DAY)",
    "TIMESTAMPTZ '2026-11-26 00:00:00+00' - INTERVAL 24 HOUR",
  ])('makes views that DuckDB can create one after the other, with %s as now', async (now, { command }) => {
    const { stdout } = await command('views', ['--dialect', 'duckdb', '--now', now]);
    const duckDb = await openFarAway();
    try {
      await makeTables(duckDb.connection);
      for (const { name, sql } of viewsIn(stdout))
        await duckDb.connection.run(`CREATE VIEW ${name} AS ${sql}`);
      const { rows } = await duckDb.ask('SELECT as_of, month FROM plan_forecast');
      expect(rows).toEqual([{ as_of: '2026-11-25T00:00:00.000000Z', month: '2026-11-01' }]);
    } finally {
      duckDb.close();
    }
  });

  test('names every fault of a wrong usage, and prints no view', async ({ command }) => {
    const args = [
      '--dialect',
      'oracle',
      '--time-zon',
      'UTC',
      '--now',
      'a',
      '--now',
      'b',
      'more',
      '--dataset',
    ];
    const { status, stdout, stderr } = await command('views', args, { npm_config_plan_records: '5' });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    for (const fault of [
      '--dialect must be bigquery or duckdb, not "oracle"',
      '--time-zon is not an option, did you mean --time-zone?',
      '--now is given twice',
      'unexpected "more"',
      '--dataset needs a value',
      'npm kept --plan-records for itself',
    ]) {
      expect(stderr).toContain(fault);
    }
  });

  test('--help lists the options', async ({ command }) => {
    const { status, stdout } = await command('views', ['--help']);
    expect(status).toBe(0);
    expect(stdout).toContain('--plan-pipelines N');
  });
});

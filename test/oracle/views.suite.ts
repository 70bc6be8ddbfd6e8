import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Row, TABLES, type TableName } from '../../functions/schema/tables.ts';
import { readViews } from '../../functions/views/templates.ts';
import type { Fixture } from '../fixtures/fixture.ts';
import { FIXTURES } from '../fixtures/fixtures.ts';
import { VERSIONS } from '../fixtures/versions.ts';
import type { Answer } from '../support/duckdb.ts';
import { type DuckDbViews, openViews, placeholdersOf } from '../support/views.ts';
import { type Oracle, type OracleTable, startOracle } from './oracle.ts';

/** Sums of FLOAT64 depend on the order in which they are added, which neither promises. */
const TOLERANCE = 1e-9;
const MAX_PIPELINES = 10;

let oracle: Oracle;
beforeAll(async () => {
  oracle = await startOracle();
});
afterAll(() => oracle.stop());

describe.each(Object.entries(FIXTURES))('on %s', (_name, fixture) => {
  const ask = judgeOf(fixture);
  let duckDb: DuckDbViews;
  beforeAll(async () => {
    duckDb = await openViews(fixture);
  });
  afterAll(() => duckDb.close());

  const views = [...bigQueryViews(fixture).keys()].filter((view) => view !== 'plan_forecast');
  test.each(views)('%s says the same in both engines', async (view) => {
    expectSame(await duckDb.read(view), await ask(view));
  });

  test('plan_forecast says the same in both engines', async () => {
    const part = ofFewPipelines(fixture);
    const duckDb = await openViews(part);
    try {
      expectSame(await duckDb.read('plan_forecast'), await judgeOf(part)('plan_forecast'));
    } finally {
      duckDb.close();
    }
  });
});

/** The oracle's time for the forecast grows with the square of the days of all pipelines: thirty take minutes. */
function ofFewPipelines(fixture: Fixture): Fixture {
  const { pipeline_logs = [] } = fixture.tables ?? {};
  const nameOf = ({ client_id, pipeline_id }: Row) => `${client_id} ${pipeline_id}`;
  const names = [...new Set(pipeline_logs.map(nameOf))];
  const kept = new Set(names.filter((_, index) => index % Math.ceil(names.length / MAX_PIPELINES) === 0));
  const few = pipeline_logs.filter((row) => kept.has(nameOf(row)));
  return { ...fixture, tables: { ...fixture.tables, pipeline_logs: few } };
}

test('the newest version is the one with the newest updatedat, then the newest sync', async () => {
  const { rows } = await judgeOf(VERSIONS)('pipeline_logs_latest');
  const counts = Object.fromEntries(rows.map(({ id, row_count }) => [String(id), row_count]));
  expect(counts).toEqual({ 1: 2n, 2: 4n, 3: 6n, 4: 7n, '9007199254740993': null, '9007199254740995': 8n });
  expect(rows).toHaveLength(6);
});

function bigQueryViews(fixture: Fixture): Map<string, string> {
  const now = `TIMESTAMP '${fixture.now}'`;
  return readViews({ dataset: 'p.d', now, ...placeholdersOf(fixture) });
}

/** Asks the oracle for a view. What the view reads is a table to it: the rows of the fixture, or what it said itself. */
function judgeOf(fixture: Fixture): (view: string) => Promise<OracleTable> {
  const views = bigQueryViews(fixture);
  const answers = new Map<string, Promise<OracleTable>>();
  function answerTo(name: string): Promise<OracleTable> {
    const answer = answers.get(name) ?? ask(name);
    answers.set(name, answer);
    return answer;
  }
  async function ask(name: string): Promise<OracleTable> {
    const sql = views.get(name);
    if (sql === undefined) {
      const table = name as TableName;
      return { name: `p.d.${name}`, columns: TABLES[table].schema, rows: fixture.tables?.[table] ?? [] };
    }
    const reads = new Set([...sql.matchAll(/`p\.d\.(\w+)`/g)].map(([, read = '']) => read));
    const result = await oracle.evaluate(sql, await Promise.all([...reads].map(answerTo)));
    return { name: `p.d.${name}`, ...result };
  }
  return answerTo;
}

function expectSame(found: Answer, expected: Omit<OracleTable, 'name'>): void {
  expect(found.columns).toEqual(expected.columns);
  const floats = expected.columns.filter(({ type }) => type === 'FLOAT64').map(({ name }) => name);
  const [rows, expectedRows] = [found, expected].map(({ rows }) => inOneOrder(rows, floats));
  expect(rows?.map(({ exact }) => exact)).toEqual(expectedRows?.map(({ exact }) => exact));
  const differences = expectedRows?.flatMap(({ exact, row }, index) =>
    floats
      .filter((name) => !isClose(rows?.[index]?.row[name], row[name]))
      .map((name) => ({ exact, name, found: rows?.[index]?.row[name], expected: row[name] })),
  );
  expect(differences).toEqual([]);
}

/** Sorted by what must be equal, then by FLOAT64 values as far as they are surely equal. */
function inOneOrder(rows: readonly Record<string, unknown>[], floats: readonly string[]) {
  const keyed = rows.map((row) => {
    const exact = Object.entries(row).filter(([name]) => !floats.includes(name));
    const about = floats.map((name) =>
      typeof row[name] === 'number' ? row[name].toPrecision(6) : row[name],
    );
    return { exact: text(exact), key: text([exact, about]), row };
  });
  return keyed.sort((one, other) => (one.key < other.key ? -1 : 1));
}

function isClose(found: unknown, expected: unknown): boolean {
  if (typeof found !== 'number' || typeof expected !== 'number') return found === expected;
  return Object.is(found, expected) || Math.abs(found - expected) <= TOLERANCE * Math.abs(expected);
}

function text(value: unknown): string {
  return JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? `${item}n` : item));
}

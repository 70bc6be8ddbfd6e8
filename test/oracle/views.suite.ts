import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TABLES, type TableName } from '../../functions/schema/tables.ts';
import { readViews } from '../../functions/views/templates.ts';
import type { Fixture } from '../fixtures/fixture.ts';
import { FIXTURES } from '../fixtures/fixtures.ts';
import { VERSIONS } from '../fixtures/versions.ts';
import type { Answer } from '../support/duckdb.ts';
import { type DuckDbViews, openViews, placeholdersOf } from '../support/views.ts';
import { type Oracle, type OracleTable, startOracle } from './oracle.ts';

/** Sums of FLOAT64 depend on the order in which they are added, which neither promises. */
const TOLERANCE = 1e-9;

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

  test.each([...bigQueryViews(fixture).keys()])('%s says the same in both engines', async (view) => {
    const [expected, found] = [await ask(view), await duckDb.read(view)];
    expect(found.columns).toEqual(expected.columns);
    expectSameRows(found, expected);
  });
});

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

function expectSameRows(found: Answer, expected: Omit<OracleTable, 'name'>): void {
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

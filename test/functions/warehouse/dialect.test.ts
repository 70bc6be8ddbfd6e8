import { afterAll, beforeAll, expect, test } from 'vitest';
import { toDuckDb } from '../../../functions/warehouse/duckdb/dialect.ts';
import { EXPRESSIONS, REFUSED, STATEMENTS } from '../../fixtures/expressions.ts';
import { type DuckDbInMemory, openFarAway } from '../../support/duckdb.ts';

let duckDb: DuckDbInMemory;
beforeAll(async () => {
  duckDb = await openFarAway();
});
afterAll(() => duckDb.close());

// That they mean this to BigQuery, test/oracle/dialect.suite.ts shows.
test.each(EXPRESSIONS)('%s means the same', async (sql, type, value) => {
  const { columns, rows } = await duckDb.ask(toDuckDb(`SELECT ${sql} AS found`));
  expect({ ...columns[0], ...rows[0] }).toEqual({ name: 'found', type, found: value });
});

test.each(STATEMENTS)('%s means the same', async (sql, expected) => {
  const { rows } = await duckDb.ask(toDuckDb(sql));
  expect(rows.map((row) => Object.values(row))).toEqual(expected);
});

test.each(REFUSED)('%s is refused, and the message names %s', (sql, name) => {
  expect(() => toDuckDb(`\n${sql}`)).toThrow(`Line 2: the dialect for DuckDB does not know`);
  expect(() => toDuckDb(sql)).toThrow(name);
});

test('tables and placeholders get their form, comments and white space stay', () => {
  const sql = `-- Why? \`a.b\` APPROX_QUANTILES('
SELECT a.\`id\`,  a.\`odd name\`, \${now}
FROM \`my-project.d.t\` AS a JOIN \`\${dataset}.t\` ON '\${time_zone}' = a.zone -- it's so
`;
  expect(toDuckDb(sql)).toBe(`-- Why? \`a.b\` APPROX_QUANTILES('
SELECT a."id",  a."odd name", (\${now})
FROM "my-project"."d"."t" AS a JOIN \${dataset}."t" ON '\${time_zone}' = a.zone -- it's so
`);
});

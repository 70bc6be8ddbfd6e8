import { afterAll, beforeAll, expect, test } from 'vitest';
import { EXPRESSIONS, STATEMENTS } from '../fixtures/expressions.ts';
import { type Oracle, startOracle } from './oracle.ts';

let oracle: Oracle;
beforeAll(async () => {
  oracle = await startOracle();
});
afterAll(() => oracle.stop());

test.each(EXPRESSIONS)('%s means this to BigQuery', async (sql, type, value) => {
  const { columns, rows } = await oracle.evaluate(`SELECT ${sql} AS found`);
  expect({ ...columns[0], ...rows[0] }).toEqual({ name: 'found', type, found: value });
});

test.each(STATEMENTS)('%s means this to BigQuery', async (sql, expected) => {
  const { rows } = await oracle.evaluate(sql);
  expect(rows.map((row) => Object.values(row))).toEqual(expected);
});

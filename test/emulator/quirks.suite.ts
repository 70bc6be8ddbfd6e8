import { beforeAll, describe, expect, test } from 'vitest';
import { api, call, PROJECT, uniqueName } from './rest.ts';

const DATASET = uniqueName('quirks');
const FIELDS = [
  { name: 'id', type: 'INT64', mode: 'REQUIRED' },
  { name: 'createdat', type: 'TIMESTAMP', mode: 'NULLABLE' },
];

beforeAll(() => api('POST', '/datasets', { datasetReference: { projectId: PROJECT, datasetId: DATASET } }));

async function makeTable(): Promise<string> {
  const tableId = uniqueName('table');
  await api('POST', `/datasets/${DATASET}/tables`, {
    tableReference: { projectId: PROJECT, datasetId: DATASET, tableId },
    schema: { fields: FIELDS },
  });
  return tableId;
}

const insert = (table: string, rows: object[]) =>
  call('POST', `/datasets/${DATASET}/tables/${table}/insertAll`, { rows });

/** The rows of a query, every value a text; undefined if it was refused. */
async function query(sql: string): Promise<unknown[][] | undefined> {
  const { status, body } = await call('POST', '/queries', { query: sql, useLegacySql: false });
  if (status !== 200) return undefined;
  return (body.rows ?? []).map((row: { f: { v: unknown }[] }) => row.f.map(({ v }) => v));
}

const stored = (table: string, what: string) =>
  query(`SELECT ${what} FROM \`${PROJECT}.${DATASET}.${table}\` ORDER BY 1`);

// Where the emulator differs from BigQuery. A test that fails here after an upgrade is good news: what it names can then
// be tested with the emulator too.
describe('unlike BigQuery, the emulator', () => {
  test('stores rows with the same insertId twice', async () => {
    const table = await makeTable();
    for (let time = 0; time < 2; time++) await insert(table, [{ insertId: 'one', json: { id: '1' } }]);
    expect(await stored(table, 'COUNT(*)')).toEqual([['2']]);
  });

  test('stores a row with an unknown field, without the field', async () => {
    const table = await makeTable();
    const { status, body } = await insert(table, [{ json: { id: '1', nonsense: 'x' } }]);
    expect({ status, errors: body.insertErrors ?? [] }).toEqual({ status: 200, errors: [] });
    expect(await stored(table, 'COUNT(*)')).toEqual([['1']]);
  });

  test('stores a row without a required field', async () => {
    const table = await makeTable();
    const { body } = await insert(table, [{ json: { createdat: '2026-01-01T00:00:00Z' } }]);
    expect(body.insertErrors ?? []).toEqual([]);
    expect(await stored(table, 'COUNT(*)')).toEqual([['1']]);
  });

  test('answers a value that does not fit its column with a fault of its own', async () => {
    const { status } = await insert(await makeTable(), [{ json: { id: '1', createdat: 'yesterday' } }]);
    expect(status).toBe(500);
  });

  test('reads a number in a TIMESTAMP column as microseconds', async () => {
    const table = await makeTable();
    await insert(table, [{ json: { id: '1', createdat: 1_700_000_000 } }]);
    expect(await stored(table, 'EXTRACT(YEAR FROM createdat)')).toEqual([['1970']]);
  });

  test.each([
    'SELECT nonsense FROM (SELECT 1 AS id)',
    'SELEKT 1',
    `SELECT * FROM \`${PROJECT}.${DATASET}.nowhere\``,
  ])('answers a query that is wrong without saying so: %s', async (sql) => {
    expect(await query(sql)).toEqual([]);
  });

  test('writes NUMERIC as text with all nine digits', async () => {
    expect(await query("SELECT CAST(NUMERIC '3.3' AS STRING)")).toEqual([['3.300000000']]);
  });
});

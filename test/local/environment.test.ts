import { expect, test } from 'vitest';
import { withLocalDefaults } from '../../local/environment.ts';

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

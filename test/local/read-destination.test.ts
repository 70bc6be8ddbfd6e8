import { expect } from 'vitest';
import { HOUR_MS } from '../../functions/timestamps.ts';
import { rowsSource } from '../../local/sandbox/source.ts';
import { test } from '../support/commands.ts';

test('the summary counts rows dated ahead of now apart', async ({ account, command }) => {
  const model_logs: object[] = [];
  const row = (id: number, hours: number) => {
    const createdAt = new Date(Date.now() + hours * HOUR_MS).toISOString();
    return { id, pipeline_id: 1, client_id: 1, row_count: 1, createdAt, updatedAt: createdAt };
  };
  const told = async (hours: readonly number[]) => {
    const pipeline_logs = hours.map((each, index) => row(index + 1, each));
    const { env } = await account({ source: rowsSource({ pipeline_logs, model_logs }) });
    const DUCKDB_PATH = `${hours.length}.duckdb`;
    const { stdout } = await command('sync', [], { ...env, DUCKDB_PATH });
    const day = (each: number) => pipeline_logs[each]?.createdAt.slice(0, 16).replace('T', ' ');
    return { line: /pipeline_logs_latest +(.*)/.exec(stdout)?.[1], day };
  };
  const some = await told([-5, -4, 3]);
  expect(some.line).toBe(`2  ${some.day(0)} to ${some.day(1)} UTC; 1 row more, dated ahead of now`);
  expect((await told([3, 4])).line).toBe('0  2 rows more, dated ahead of now');
  const none = await told([-2]);
  expect(none.line).toBe(`1  ${none.day(0)} to ${none.day(0)} UTC`);
});

import { expect } from 'vitest';
import type { StreamReport } from '../../functions/sync/report.ts';
import type { RunRequest } from '../../functions/sync/request.ts';
import type { FakeBigQuery } from '../fakes/bigquery.ts';
import { type Environment, type Run, runSync } from './runs.ts';
import { test as base, type Kondado } from './test.ts';
import { bigQueryWarehouse, duckDbWarehouse, type StoredRow, type TestWarehouse } from './warehouses.ts';

/** Whatever must hold for any warehouse is tested with each. */
export const WAREHOUSES = ['DuckDB', 'BigQuery'] as const;

export const ONE_STREAM = { STREAMS: 'pipeline_logs' };

export interface OpenedWarehouse extends TestWarehouse {
  /** The server, if the warehouse is BigQuery. */
  fake?: FakeBigQuery;
}

/** @param isJudged whether the views that every run looks at know anything, also in BigQuery's stand-in. */
export function testWith(kind: (typeof WAREHOUSES)[number], isJudged = false) {
  return base.extend<{ warehouse: OpenedWarehouse }>({
    async warehouse({ folder, startBigQuery }, use) {
      if (kind === 'DuckDB') return use(duckDbWarehouse(`${folder}/kondado.duckdb`));
      const fake = await startBigQuery({ isJudged });
      await use({ ...bigQueryWarehouse(fake), fake });
    },
  });
}

/** One run, whose counters must add up. */
export async function sync(
  kondado: Kondado,
  warehouse: TestWarehouse,
  request: Partial<RunRequest> = {},
  env: Environment = ONE_STREAM,
  stop?: AbortSignal,
): Promise<Run> {
  const run = await runSync({ ...kondado.env, ...warehouse.env, ...env }, request, stop);
  for (const { rows_read, rows_inserted, rows_duplicate, rows_rejected } of run.report.streams) {
    expect(rows_read).toBe(rows_inserted + rows_duplicate + rows_rejected);
  }
  return run;
}

/** What the source says, without when and by which run it was stored. */
export function contents(rows: readonly StoredRow[]): StoredRow[] {
  return rows.map(({ _run_id, _synced_at, ...row }) => row);
}

export async function latestIds(warehouse: TestWarehouse): Promise<number[]> {
  return (await warehouse.latest('pipeline_logs')).map(({ id }) => Number(id));
}

export async function runsOf(warehouse: TestWarehouse, mode: string): Promise<StoredRow[]> {
  return (await warehouse.rows('sync_runs')).filter((row) => row.mode === mode);
}

export async function deleteIds(
  warehouse: OpenedWarehouse,
  ids: readonly (number | bigint)[],
): Promise<void> {
  expect(ids).not.toHaveLength(0);
  const dataset = warehouse.fake ? `${warehouse.fake.dataset}.` : '';
  await warehouse.run(`DELETE FROM ${dataset}pipeline_logs WHERE id IN (${ids.join(', ')})`);
}

/** Rows read, inserted, duplicate and rejected. */
export function counters(report: StreamReport): number[] {
  return [report.rows_read, report.rows_inserted, report.rows_duplicate, report.rows_rejected];
}

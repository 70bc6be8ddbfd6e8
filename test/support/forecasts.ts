import { expect } from 'vitest';
import type { Row } from '../../functions/schema/tables.ts';
import { addMs, DAY_MS, type Timestamp } from '../../functions/timestamps.ts';
import { type Fixture, pipelineExecution, syncRun } from '../fixtures/fixture.ts';
import { readView } from './views.ts';

/** Noon of the tenth in Sao Paulo. */
export const NOW = '2026-11-10T15:00:00.000000Z';

/** What the view says just after the sync has come to the end of the log, unless told otherwise. */
export async function forecast(
  fixture: Partial<Omit<Fixture, 'tables'>>,
  pipeline_logs: Row[] = [],
  sync_runs = [syncRun('known', fixture.now ?? NOW)],
): Promise<Row> {
  const rows = await readView(
    { now: NOW, ...fixture, tables: { pipeline_logs, sync_runs } },
    'plan_forecast',
  );
  expect(rows).toHaveLength(1);
  return rows[0] as Row;
}

/** An execution a day, of 100 records unless told otherwise, from one moment to another. */
export function daily(from: Timestamp, to: Timestamp, fields: Row = {}): Row[] {
  const rows: Row[] = [];
  for (let at = from; at <= to; at = addMs(at, DAY_MS)) {
    rows.push(pipelineExecution(rows.length + 1, at, { row_count: 100n, ...fields }));
  }
  return withIds(rows);
}

export function withIds(...lists: Row[][]): Row[] {
  return lists.flat().map((row, index) => ({ ...row, id: BigInt(index + 1) }));
}

/** At six in the morning of Sao Paulo, for more than a quarter of a year. */
export const STEADY = daily('2026-07-20T09:00:00.000000Z', NOW);

/** A forecast to within half a per cent: even the steadiest past allows for a weekend that is a little different. */
export function about(records: number) {
  return expect.toSatisfy((found) => Math.abs(Number(found) / records - 1) < 0.005, `about ${records}`);
}

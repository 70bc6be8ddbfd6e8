import type { Budget } from '../budget.ts';
import type { Config, ReadingConfig } from '../config.ts';
import type { Adapter } from './adapter.ts';
import { createQuestions, readView } from './queries.ts';
import type { Reader, Warehouse } from './warehouse.ts';

/** Opens the warehouse that the configuration names; each adapter, and the library it needs, loads only when it is used. */
export async function openWarehouse(config: ReadingConfig, budget: Budget): Promise<Warehouse> {
  const adapter = await openAdapter(config, budget);
  return {
    ...createQuestions(adapter.ask),
    store: adapter.store,
    record: adapter.record,
    close: adapter.close,
  };
}

async function openAdapter({ warehouse, billing }: ReadingConfig, budget: Budget): Promise<Adapter> {
  if (warehouse.kind === 'duckdb') {
    const { openDuckDb } = await import('./duckdb/duckdb.ts');
    return openDuckDb(warehouse, billing);
  }
  const { openBigQuery } = await import('./bigquery/bigquery.ts');
  return openBigQuery(warehouse, budget);
}

/**
 * Opens the warehouse that the configuration names for reading; null if it is a file that is not there yet.
 *
 * @param signal ends a call with BudgetUsedUp.
 */
export async function openReader({ warehouse }: ReadingConfig, signal?: AbortSignal): Promise<Reader | null> {
  const adapter = await openForReading(warehouse, signal);
  return (
    adapter && { read: (view, condition) => readView(adapter.ask, view, condition), close: adapter.close }
  );
}

async function openForReading(
  warehouse: Config['warehouse'],
  signal: AbortSignal | undefined,
): Promise<Pick<Adapter, 'ask' | 'close'> | null> {
  if (warehouse.kind === 'duckdb') {
    const { openDuckDbForReading } = await import('./duckdb/reading.ts');
    return openDuckDbForReading(warehouse);
  }
  const { connectBigQuery } = await import('./bigquery/connection.ts');
  return { ask: connectBigQuery(warehouse, signal).ask, close: async () => {} };
}

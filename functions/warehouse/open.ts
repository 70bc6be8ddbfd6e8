import type { Budget } from '../budget.ts';
import type { StorageConfig } from '../config.ts';
import type { Adapter, ReadingAdapter } from './adapter.ts';
import { createInspectionQuestions } from './inspection.ts';
import { createOutboxQuestions } from './outbox.ts';
import { createQuestions, readView } from './queries.ts';
import { createStatusQuestions } from './status-questions.ts';
import type { InspectedWarehouse, Reader, Warehouse } from './warehouse.ts';

/** Opens the warehouse that the configuration names; each adapter, and the library it needs, loads only when it is used. */
export async function openWarehouse(config: StorageConfig, budget: Budget): Promise<Warehouse> {
  return warehouseOf(await openAdapter(config, budget));
}

/** Opens the warehouse that the configuration names for a check. */
export async function openForInspection(config: StorageConfig, budget: Budget): Promise<InspectedWarehouse> {
  const adapter = await openAdapter(config, budget);
  return { ...warehouseOf(adapter), ...createInspectionQuestions(adapter.ask), ...adapter.inspector };
}

function warehouseOf({ ask, store, record, close }: Adapter): Warehouse {
  return {
    ...createQuestions(ask),
    ...createStatusQuestions(ask),
    ...createOutboxQuestions(ask),
    store,
    record,
    close,
  };
}

async function openAdapter({ warehouse, billing }: StorageConfig, budget: Budget): Promise<Adapter> {
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
export async function openReader(config: StorageConfig, signal?: AbortSignal): Promise<Reader | null> {
  const adapter = await openForReading(config, signal);
  if (adapter === null) return null;
  const { ask, isMadeUp, close } = adapter;
  return { read: (view, condition) => readView(ask, view, condition), isMadeUp, close };
}

async function openForReading(
  { warehouse, billing }: StorageConfig,
  signal: AbortSignal | undefined,
): Promise<ReadingAdapter | null> {
  if (warehouse.kind === 'duckdb') {
    const { openDuckDbForReading } = await import('./duckdb/reading.ts');
    return openDuckDbForReading(warehouse, billing);
  }
  const { connectBigQuery } = await import('./bigquery/connection.ts');
  return { ask: connectBigQuery(warehouse, signal).ask, isMadeUp: false, close: async () => {} };
}

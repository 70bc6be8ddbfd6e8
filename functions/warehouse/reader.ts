import type { ReadingConfig } from '../config.ts';
import type { ViewName, ViewRow } from '../views/columns.ts';

/** The views, wherever they are; nothing is ever written. Every call rejects with a SyncError, or BudgetUsedUp. */
export interface Reader {
  /**
   * The rows of a view, in no order.
   *
   * @param condition in SQL that both dialects understand. @default TRUE
   */
  read<V extends ViewName>(view: V, condition?: string): Promise<ViewRow<V>[]>;
  close(): Promise<void>;
}

/**
 * Opens the warehouse that the configuration names for reading; null if it is a file that is not there yet.
 *
 * @param timeLeftMs until BudgetUsedUp ends a call.
 */
export async function openReader(
  { warehouse }: ReadingConfig,
  timeLeftMs: () => number,
): Promise<Reader | null> {
  if (warehouse.kind === 'duckdb') {
    const { openDuckDbReader } = await import('./duckdb/reader.ts');
    return openDuckDbReader(warehouse);
  }
  const { openBigQueryReader } = await import('./bigquery/reader.ts');
  return openBigQueryReader(warehouse, timeLeftMs);
}

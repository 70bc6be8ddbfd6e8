import type { Budget } from '../budget.ts';
import type { Config } from '../config.ts';
import type { LogRow, Reading, RejectedRow, StoredRejection } from '../rows.ts';
import type { Row } from '../schema/tables.ts';
import type { Source, StreamName } from '../streams.ts';
import type { RunRequest } from '../sync/request.ts';
import type { Timestamp } from '../timestamps.ts';

/** Where the stored rows of a source end. */
export interface Position {
  /** The newest `createdat` that is not ahead of now. */
  watermark: Timestamp;
  /** The smallest id among the rows created within the lookback before the watermark. */
  startId: bigint;
}

/** What became of an earlier run, as `sync_runs` has it. */
export interface EarlierRun {
  outcome: string;
  firstId: bigint | null;
  lastId: bigint | null;
  finishedAt: Timestamp;
}

/** What was done with the rows given to `store`. */
export interface StoreResult {
  /** The ids of the rows that the warehouse refused, and that were set aside. */
  refusedIds: bigint[];
  /** How many of them had been set aside before. */
  refusedBefore: number;
}

/**
 * The tables, wherever they are. Every call rejects with a SyncError, WAREHOUSE_UNAVAILABLE (try later) or
 * WAREHOUSE_REJECTED (somebody has to do something).
 */
export interface Warehouse {
  /** Where the next incremental run goes on; null if there are no rows of this source. */
  position(source: Source, now: Timestamp, lookbackMs: number): Promise<Position | null>;
  /** The largest id stored, null if there are no rows of this source. */
  largestId(source: Source): Promise<bigint | null>;
  /**
   * The largest id of a row created before a moment, below the smallest id of one created at or after it; null for none.
   * In this order a single row with an id far off cannot hide others.
   */
  idsAround(source: Source, moment: Timestamp): Promise<{ below: bigint | null; above: bigint | null }>;
  /** How many ids of a source are stored from one to another, both inclusive. */
  countIds(source: Source, firstId: bigint, lastId: bigint): Promise<number>;
  /**
   * The versions stored from an id on, ascending by id, whole ids only: at most about `limit`, of all clients.
   *
   * @param createdSince leaves out rows created before, so that few partitions are read.
   */
  storedVersions(options: {
    stream: StreamName;
    firstId: bigint;
    createdSince: Timestamp | null;
    limit: number;
  }): Promise<{ id: bigint; updatedat: Timestamp | null }[]>;
  /** The runs of a source in one mode that were started since a moment, oldest first. */
  earlierRuns(source: Source, mode: RunRequest['mode'], since: Timestamp): Promise<EarlierRun[]>;
  /** The rows set aside before that have one of these ids, or none. */
  rejections(stream: StreamName, ids: readonly bigint[]): Promise<StoredRejection[]>;
  /**
   * Stores the rows of one page: first what is set aside, then the others, ascending.
   *
   * In this order a process that is killed in between leaves nothing behind that the next run would not read again.
   */
  store(reading: Reading, rows: readonly LogRow[], rejected: readonly RejectedRow[]): Promise<StoreResult>;
  /** Appends rows to `sync_runs`. */
  record(runs: readonly Row[]): Promise<void>;
  close(): Promise<void>;
}

/** Opens the warehouse that the configuration names; each adapter, and the library behind it, loads only when it is used. */
export async function openWarehouse(config: Config, budget: Budget): Promise<Warehouse> {
  if (config.warehouse.kind === 'duckdb') {
    const { openDuckDb } = await import('./duckdb/duckdb.ts');
    return openDuckDb(config.warehouse, config.billing);
  }
  const { openBigQuery } = await import('./bigquery/bigquery.ts');
  return openBigQuery(config.warehouse, budget);
}

import type { LogRow, Reading, RejectedRow } from '../rows.ts';
import type { Row, TableName } from '../schema/tables.ts';

/** One row of an answer: every column is read as text, so that no engine can lose a digit. */
export type AnswerRow = Record<string, string | null>;

/**
 * Asks one question in BigQuery's SQL, in which `{name}` stands for the table or view of that name.
 *
 * Every column of the answer must be a STRING.
 */
export type Ask = (sql: string) => Promise<AnswerRow[]>;

/** What was done with the rows given to `store`. */
export interface StoreResult {
  stored: readonly LogRow[];
  /** Those that the warehouse refused and that are set aside now, not those that were before. */
  refused: readonly RejectedRow[];
}

/** A table as it is there. */
export interface TableShape {
  /** The types by the columns' names, in BigQuery's words where it has one. */
  columns: ReadonlyMap<string, string>;
  /** How its rows are kept apart; null where nothing of the kind exists. */
  layout: { partition: { type: string; field: string } | null; clustering: readonly string[] } | null;
}

/** What is asked of a warehouse that is checked, beside its rows; nothing is changed. */
export interface Inspector {
  /** Where the warehouse is, in words; rejects if it cannot be reached there. */
  locate(): Promise<string>;
  /** Null if there is no such table. */
  describe(table: TableName): Promise<TableShape | null>;
  /** Rejects if a query of the view is refused; the query is not run. */
  tryView(view: string): Promise<void>;
}

/** A table for what the sync itself has seen and done. */
export type RecordTable = Extract<TableName, 'sync_runs' | 'status_observations'>;

/** What an adapter does; all that is asked in SQL is in `queries.ts`, once for all adapters. */
export interface Adapter {
  ask: Ask;
  /**
   * Stores the rows of one page: first what is set aside, then the others, ascending.
   *
   * In this order a process that is killed in between leaves nothing behind that the next run would not read again.
   */
  store(reading: Reading, rows: readonly LogRow[], rejected: readonly RejectedRow[]): Promise<StoreResult>;
  /** Appends rows to a table that holds no rows of Kondado's logs, also when nothing more may be stored of these. */
  record(table: RecordTable, rows: readonly Row[]): Promise<void>;
  inspector: Inspector;
  close(): Promise<void>;
}

/** What reads an adapter's rows alone. */
export interface ReadingAdapter extends Pick<Adapter, 'ask' | 'close'> {
  /** Whether the rows are known to be the sandbox's. */
  isMadeUp: boolean;
}

import type { ViewName, ViewRow } from '../views/columns.ts';
import type { Adapter, Inspector } from './adapter.ts';
import type { InspectionQuestions } from './inspection.ts';
import type { OutboxQuestions } from './outbox.ts';
import type { Questions } from './queries.ts';
import type { StatusQuestions } from './status-questions.ts';

/**
 * The tables, wherever they are. Every call rejects with a SyncError, WAREHOUSE_UNAVAILABLE (try later) or
 * WAREHOUSE_REJECTED (somebody has to do something), or with BudgetUsedUp.
 */
export type Warehouse = Questions &
  StatusQuestions &
  OutboxQuestions &
  Pick<Adapter, 'store' | 'record' | 'close'>;

/** The same, with all that a check asks beside what a run does. */
export type InspectedWarehouse = Warehouse & Inspector & InspectionQuestions;

/** The views, wherever they are; nothing is ever written. Calls reject as those of a Warehouse do. */
export interface Reader {
  /**
   * The rows of a view, in no order.
   *
   * @param condition in SQL, on the view's columns. @default TRUE
   */
  read<V extends ViewName>(view: V, condition?: string): Promise<ViewRow<V>[]>;
  /** Whether the rows are known to be the sandbox's. */
  isMadeUp: boolean;
  close(): Promise<void>;
}

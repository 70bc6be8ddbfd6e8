import type { Config } from './config.ts';
import { addMs, type Timestamp } from './timestamps.ts';
import type { Position } from './warehouse/warehouse.ts';

const DAY_MS = 86_400_000;

/** Which rows of a source a run reads. */
export interface Window {
  startId: bigint;
  /** Rows created before this are not in range; null is no bound. */
  from: Timestamp | null;
  /** Rows created at or after this are not in range; null is no bound. */
  to: Timestamp | null;
  /** No stored version of a row in the window was created before this; null if that is not known. */
  createdSince: Timestamp | null;
  /** Whether rows that were missing are counted as repaired. */
  isVerification: boolean;
}

/** The window of an incremental run: from the lookback before the watermark, or from the very first id. */
export function incrementalWindow(
  position: Position | null,
  { lookbackMs, initialElementId }: Config,
): Window {
  return {
    startId: position?.startId ?? initialElementId,
    from: null,
    to: null,
    // A day more than the lookback: ids need not follow createdat, and a page with an older row costs another query.
    createdSince: position ? addMs(position.watermark, -lookbackMs - DAY_MS) : null,
    isVerification: false,
  };
}

import type { Budget } from '../budget.ts';
import type { ReadingConfig } from '../config.ts';
import type { Log } from '../log.ts';
import { epochMsOf, HOUR_MS, MINUTE_MS, timestampOf } from '../timestamps.ts';
import type { EarlierRun } from '../warehouse/queries.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import { type FinishedRun, logAlerts, lookBefore } from './alerts.ts';
import type { Statuses } from './changes.ts';

const LOOK_MS = 20_000;

/** The look at plan and pipelines that goes with an incremental run. */
export interface Evaluation {
  /** The warehouse for the run, before whose first new row the pipelines are looked at as they were. */
  watch(warehouse: Warehouse): Warehouse;
  /** Looks at them if nothing was new, but an hour has passed; to be called before the run is recorded. */
  end(): Promise<void>;
  /** Logs what has changed, if anybody has looked. */
  log(run: FinishedRun, signal: AbortSignal, log: Log): Promise<void>;
}

/**
 * Makes the evaluation of one run: the views are read only if the run has brought new rows, or if it is the first of its hour
 * to succeed. So a run every five minutes costs little more than one an hour where nothing happens.
 *
 * What became overdue during runs without an evaluation was told by none of them, so it counts as not overdue before. Which
 * ones had an evaluation follows from `sync_runs`.
 */
export function createEvaluation(
  config: ReadingConfig & { timeBudgetMs: number },
  { reading, storing }: Pick<Budget, 'reading' | 'storing'>,
): Evaluation {
  const runs = new Map<string, IncrementalRun>();
  let look: Promise<Statuses | null> | undefined;

  /** It must not keep the run from its work. */
  function lookOnce(until: AbortSignal): Promise<Statuses | null> {
    const timely = AbortSignal.timeout(Math.ceil(Math.min(LOOK_MS, config.timeBudgetMs / 10)));
    look ??= lookBefore(config, AbortSignal.any([until, timely]));
    return look;
  }

  function remember(earlier: readonly EarlierRun[]): void {
    for (const { mode, outcome, runId, startedAt, inserted } of earlier) {
      if (mode !== 'incremental') continue;
      const known = runs.get(runId);
      runs.set(runId, {
        startedAt: known?.startedAt ?? startedAt,
        inserted: inserted + (known?.inserted ?? 0),
        isSuccess: outcome === 'success' || known?.isSuccess === true,
      });
    }
  }

  return {
    watch: (warehouse) => ({
      ...warehouse,
      async standing(...question) {
        const standing = await warehouse.standing(...question);
        remember(standing.runs);
        return standing;
      },
      async store(...page) {
        const [, rows] = page;
        if (rows.length > 0) await lookOnce(reading);
        return warehouse.store(...page);
      },
    }),
    async end() {
      const thisHour = hourOf(timestampOf(Date.now()));
      const hours = judging([...runs.values()]).map(({ startedAt }) => hourOf(startedAt));
      if (!hours.includes(thisHour)) await lookOnce(storing);
    },
    async log(run, signal, log) {
      if (look === undefined) return;
      const before = await look;
      await logAlerts(run, before && asOf(before, lastEvaluation([...runs.values()])), config, signal, log);
    },
  };
}

interface IncrementalRun {
  startedAt: string;
  inserted: number;
  /** Of one stream at least; without one there is nothing to judge. */
  isSuccess: boolean;
}

/** The runs that may have had an evaluation, oldest first. */
function judging(runs: readonly IncrementalRun[]): IncrementalRun[] {
  return runs
    .filter(({ isSuccess }) => isSuccess)
    .toSorted((one, other) => (one.startedAt < other.startedAt ? -1 : 1));
}

/** When the newest run began that had an evaluation, in milliseconds; null if none is known. */
function lastEvaluation(runs: readonly IncrementalRun[]): number | null {
  const ordered = judging(runs);
  const evaluated = ordered.findLast(({ startedAt, inserted }, index) => {
    const before = ordered[index - 1];
    return inserted > 0 || before === undefined || hourOf(before.startedAt) !== hourOf(startedAt);
  });
  return evaluated === undefined ? null : epochMsOf(evaluated.startedAt);
}

/** How all were at an earlier moment, with the same rows: who became overdue after it was not overdue yet. */
function asOf(statuses: Statuses, momentMs: number | null): Statuses {
  if (momentMs === null) return statuses;
  return new Map(
    [...statuses].map(([key, status]) => {
      const { overdue_minutes: overdue, known_through: known } = status;
      if (overdue === null || known === null) return [key, status];
      const isLater = known.getTime() - overdue * MINUTE_MS >= momentMs;
      return [key, isLater ? { ...status, overdue_minutes: null } : status];
    }),
  );
}

function hourOf(moment: string): number {
  return Math.floor(epochMsOf(moment) / HOUR_MS);
}

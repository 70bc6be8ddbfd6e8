import { BudgetUsedUp } from './errors.ts';

const MAX_TIMER_MS = 2 ** 31 - 1;

/** The time that a run may take, in two steps, so that what was read is stored and reported before it is over. */
export interface Budget {
  /** Aborts when nothing more may be read from Kondado: it ends pauses, back-offs and hanging requests. */
  reading: AbortSignal;
  /** Milliseconds until nothing more may be stored. */
  storingMs(): number;
  /** Milliseconds until the run must be over. */
  totalMs(): number;
}

/**
 * Starts the clock of a run.
 *
 * A tenth of the time, at most ten seconds, is kept back for storing the last page and for the report.
 *
 * @param stop ends the reading early, for instance at Ctrl-C.
 */
export function startBudget(budgetMs: number, stop?: AbortSignal): Budget {
  const endMs = performance.now() + budgetMs;
  const reserveMs = Math.min(budgetMs / 10, 10_000);
  const timer = AbortSignal.timeout(Math.ceil(Math.min(budgetMs - reserveMs, MAX_TIMER_MS)));
  return {
    reading: stop ? AbortSignal.any([timer, stop]) : timer,
    storingMs: () => endMs - reserveMs / 2 - performance.now(),
    totalMs: () => endMs - performance.now(),
  };
}

/** Resolves after a time; rejects with BudgetUsedUp as soon as the signal aborts. */
export function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new BudgetUsedUp());
      return;
    }
    const timer = setTimeout(
      () => {
        signal.removeEventListener('abort', end);
        resolve();
      },
      Math.min(milliseconds, MAX_TIMER_MS),
    );
    function end() {
      clearTimeout(timer);
      reject(new BudgetUsedUp());
    }
    signal.addEventListener('abort', end, { once: true });
  });
}

/**
 * Resolves or rejects as the work does, or rejects with `late()` after a time.
 *
 * Google's clients have no time-out of their own that holds: https://github.com/googleapis/google-cloud-node/issues/7998
 */
export async function withDeadline<T>(work: Promise<T>, milliseconds: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), Math.min(Math.max(milliseconds, 0), MAX_TIMER_MS));
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

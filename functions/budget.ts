import { BudgetUsedUp } from './errors.ts';

const MAX_TIMER_MS = 2 ** 31 - 1;
/** Whoever sends SIGTERM waits ten seconds: https://docs.cloud.google.com/run/docs/container-contract#instance-shutdown */
const STORING_AFTER_STOP_MS = 4500;
const WHOLE_AFTER_STOP_MS = 7000;

/** The time that a run may take, in three steps, so that what was read is stored, and what was done is recorded, before it is over. */
export interface Budget {
  /** Aborts when nothing more may be read from Kondado: it ends pauses, back-offs and hanging requests. */
  reading: AbortSignal;
  /** Milliseconds until `reading` aborts, unless the run is stopped before. */
  readingMs(): number;
  /** Aborts when nothing more may be stored. */
  storing: AbortSignal;
  /** Aborts when the run must be over. */
  whole: AbortSignal;
}

/**
 * Starts the clock of a run.
 *
 * A tenth of the time, at most ten seconds, is kept back for storing the last page and for the report.
 *
 * @param stop ends the reading at once and the rest within seconds, for instance at Ctrl-C or SIGTERM.
 */
export function startBudget(budgetMs: number, stop?: AbortSignal): Budget {
  const reserveMs = Math.min(budgetMs / 10, 10_000);
  const readingEndMs = performance.now() + budgetMs - reserveMs;
  const step = (milliseconds: number, afterStopMs: number) => {
    const timer = AbortSignal.timeout(Math.ceil(Math.min(milliseconds, MAX_TIMER_MS)));
    return stop ? AbortSignal.any([timer, delayed(stop, afterStopMs)]) : timer;
  };
  return {
    reading: step(budgetMs - reserveMs, 0),
    readingMs: () => readingEndMs - performance.now(),
    storing: step(budgetMs - reserveMs / 2, STORING_AFTER_STOP_MS),
    whole: step(budgetMs, WHOLE_AFTER_STOP_MS),
  };
}

/** Aborts so many milliseconds after another signal. */
function delayed(signal: AbortSignal, milliseconds: number): AbortSignal {
  if (milliseconds === 0) return signal;
  const controller = new AbortController();
  const start = () => setTimeout(() => controller.abort(), milliseconds).unref();
  if (signal.aborted) start();
  else signal.addEventListener('abort', start, { once: true });
  return controller.signal;
}

/** Resolves after a time; rejects with BudgetUsedUp as soon as the signal aborts. */
export async function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const sleep = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.min(milliseconds, MAX_TIMER_MS));
  });
  try {
    await untilAborted(sleep, signal);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves or rejects as the work does, or rejects with BudgetUsedUp as soon as the signal aborts. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const end = () => reject(new BudgetUsedUp());
  if (signal.aborted) end();
  signal.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([promise, work]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/**
 * Resolves or rejects as the work does, or rejects with `late()` after a time.
 *
 * Google's clients have no time-out of their own that holds: https://github.com/googleapis/google-cloud-node/issues/7998
 */
export async function withDeadline<T>(work: Promise<T>, milliseconds: number, late: () => Error): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(late()), Math.min(milliseconds, MAX_TIMER_MS));
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

import { wait } from '../budget.ts';
import type { Limits } from '../config.ts';
import { BudgetUsedUp } from '../errors.ts';

/** Lets requests out so that Kondado never sees more of them than its limits allow. */
export interface Limiter {
  /**
   * Runs one request when its turn has come, in the order of the calls.
   *
   * @throws {BudgetUsedUp} if the signal aborts before its turn.
   */
  schedule<T>(request: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Lets nothing out for a time, from now on. */
  pause(milliseconds: number): void;
  /** Milliseconds until the next request may go out. */
  waitMs(): number;
}

const MINUTE_MS = 60_000;

/**
 * Makes a limiter for everything that the process sends with one key.
 *
 * A request counts from when its answer arrived: it reached Kondado before that, and the next one leaves after, so however
 * long the network holds either of them, Kondado sees them further apart than the limits ask. The price is one round trip
 * a minute. Calls are served in turn, one at a time, so no stream can starve another.
 */
export function createLimiter({ perSecond, perMinute }: Limits): Limiter {
  const gapMs = withMargin(1000 / (perSecond < 1 ? perSecond : Math.floor(perSecond)));
  const perWindow = Math.max(1, Math.floor(perMinute));
  const windowMs = withMargin(perMinute < 1 ? MINUTE_MS / perMinute : MINUTE_MS);
  const answeredAtMs: number[] = []; // the last `perWindow` ones
  const queue: (() => void)[] = [];
  let isBusy = false;
  let pausedUntilMs = 0;

  function waitMs(): number {
    const last = answeredAtMs.at(-1) ?? Number.NEGATIVE_INFINITY;
    const first = answeredAtMs.length < perWindow ? Number.NEGATIVE_INFINITY : (answeredAtMs[0] ?? 0);
    return Math.max(last + gapMs, first + windowMs, pausedUntilMs) - performance.now();
  }

  async function turn(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw new BudgetUsedUp();
    if (!isBusy) {
      isBusy = true;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        queue.splice(queue.indexOf(enter), 1);
        reject(new BudgetUsedUp());
      };
      signal.addEventListener('abort', leave, { once: true });
      queue.push(enter);
    });
  }

  function passOn(): void {
    const next = queue.shift();
    if (next) next();
    else isBusy = false;
  }

  return {
    waitMs,
    pause(milliseconds) {
      pausedUntilMs = Math.max(pausedUntilMs, performance.now() + milliseconds);
    },
    async schedule(request, signal) {
      await turn(signal);
      try {
        // A timer may be early, and a pause may come while waiting.
        for (let ms = waitMs(); ms > 0; ms = waitMs()) await wait(Math.ceil(ms), signal);
        try {
          return await request();
        } finally {
          answeredAtMs.push(performance.now());
          if (answeredAtMs.length > perWindow) answeredAtMs.shift();
        }
      } finally {
        passOn();
      }
    },
  };
}

/** A little more than asked: two clocks do not run alike. */
function withMargin(milliseconds: number): number {
  return milliseconds + Math.min(5, milliseconds / 200);
}

const limiters = new Map<string, Limiter>();

/** The one limiter of this process for a key, kept from run to run: the limits do not start anew with a run. */
export function limiterFor(key: string, limits: Limits): Limiter {
  const name = `${limits.perSecond} ${limits.perMinute} ${key}`;
  const limiter = limiters.get(name) ?? createLimiter(limits);
  limiters.set(name, limiter);
  return limiter;
}

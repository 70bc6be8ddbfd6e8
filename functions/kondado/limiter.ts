import { type Budget, wait } from '../budget.ts';
import type { Limits } from '../config.ts';
import { BudgetUsedUp, PauseTooLong } from '../errors.ts';
import { MINUTE_MS } from '../timestamps.ts';

/** Until when a request may wait. */
export type Patience = Pick<Budget, 'reading' | 'readingMs'>;

/** Lets requests out so that Kondado never sees more of them than its limits allow. */
export interface Limiter {
  /**
   * Runs one request when its turn has come, in the order of the calls.
   *
   * @param request may tell when it has reached Kondado for certain; otherwise that is when it is answered.
   * @throws {BudgetUsedUp} if the budget ends before its turn.
   * @throws {PauseTooLong} at once, if a pause lasts longer than the budget.
   */
  schedule<T>(request: (hasArrived: () => void) => Promise<T>, patience: Patience): Promise<T>;
  /** Lets nothing out for a time, from now on, whichever run asks; the code says why. */
  pause(milliseconds: number, code: PauseTooLong['code']): void;
  /** Milliseconds until the next request may go out. */
  waitMs(): number;
}

/**
 * Makes a limiter for everything that the process sends with one key.
 *
 * A request counts from when it has reached Kondado for certain, and the next one leaves after: so however long the network
 * holds either of them, Kondado sees them further apart than the limits ask. The price is one delivery a minute, or one
 * round trip where the answer is the only proof of it. Calls are served in turn, one at a time, so no stream can starve
 * another.
 */
export function createLimiter({ perSecond, perMinute }: Limits): Limiter {
  const gapMs = withMargin(1000 / (perSecond < 1 ? perSecond : Math.floor(perSecond)));
  const perWindow = Math.max(1, Math.floor(perMinute));
  const windowMs = withMargin(perMinute < 1 ? MINUTE_MS / perMinute : MINUTE_MS);
  const arrivedAtMs: number[] = []; // the last `perWindow` ones
  const queue: (() => void)[] = [];
  let isBusy = false;
  let pausedUntilMs = 0;
  let pauseCode: PauseTooLong['code'] = 'KONDADO_RATE_LIMITED';

  function waitMs(): number {
    const last = arrivedAtMs.at(-1) ?? Number.NEGATIVE_INFINITY;
    const first = arrivedAtMs.length < perWindow ? Number.NEGATIVE_INFINITY : (arrivedAtMs[0] ?? 0);
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
    pause(milliseconds, code) {
      const untilMs = performance.now() + milliseconds;
      if (untilMs <= pausedUntilMs) return;
      pausedUntilMs = untilMs;
      pauseCode = code;
    },
    async schedule(request, { reading, readingMs }) {
      await turn(reading);
      try {
        // A timer may be early, and a pause may come while waiting.
        for (let ms = waitMs(); ms > 0; ms = waitMs()) {
          const pauseMs = pausedUntilMs - performance.now();
          if (pauseMs > readingMs()) throw new PauseTooLong(pauseCode, pauseMs);
          await wait(Math.ceil(ms), reading);
        }
        let atMs: number | undefined;
        const hasArrived = () => {
          atMs ??= performance.now();
        };
        try {
          return await request(hasArrived);
        } finally {
          hasArrived();
          arrivedAtMs.push(atMs ?? performance.now());
          if (arrivedAtMs.length > perWindow) arrivedAtMs.shift();
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

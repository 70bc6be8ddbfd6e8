export interface Limits {
  /** Requests in any 1,000 ms; below 1, one in any 1/perSecond seconds. */
  perSecond: number;
  /** Requests in any 60,000 ms; below 1, one in any 1/perMinute minutes. */
  perMinute: number;
}

/** As documented, per IP and per key. */
export const DOCUMENTED_LIMITS: Limits = { perSecond: 1, perMinute: 20 };

interface SlidingWindow {
  requests: number;
  lengthMs: number;
}

/** Tells whether a request that arrives now keeps the limits; one that breaks them does not count against later ones. */
export function createLimiter(limits: Limits | null): (atMs: number) => boolean {
  if (limits === null) return () => true;
  const windows = [slidingWindow(limits.perSecond, 1_000), slidingWindow(limits.perMinute, 60_000)];
  const longestMs = Math.max(...windows.map(({ lengthMs }) => lengthMs));
  let arrivals: number[] = [];

  return (atMs) => {
    arrivals = arrivals.filter((arrivalMs) => atMs - arrivalMs < longestMs);
    const keepsLimits = windows.every(({ requests, lengthMs }) => {
      const within = arrivals.filter((arrivalMs) => atMs - arrivalMs < lengthMs);
      return within.length < requests;
    });
    if (keepsLimits) arrivals.push(atMs);
    return keepsLimits;
  };
}

function slidingWindow(rate: number, lengthMs: number): SlidingWindow {
  return rate >= 1 ? { requests: Math.floor(rate), lengthMs } : { requests: 1, lengthMs: lengthMs / rate };
}

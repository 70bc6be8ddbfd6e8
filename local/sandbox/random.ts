export interface Random {
  /** From 0 up to, not including, 1. */
  unit(): number;
  between(low: number, high: number): number;
  chance(probability: number): boolean;
  /** Half of the draws lie below `median`; `sigma` says how far the rest strays. */
  logNormal(median: number, sigma: number): number;
}

/**
 * A stream of random numbers that is the same for the same parts, so that each day of the made-up company can be
 * generated on its own, at any time, and always comes out the same.
 */
export function createRandom(...parts: number[]): Random {
  let state = parts.reduce(mix, 0x9e3779b9);

  function unit(): number {
    state = (state + 0x6d2b79f5) | 0;
    return scramble(state) / 2 ** 32;
  }

  return {
    unit,
    between: (low, high) => low + (high - low) * unit(),
    chance: (probability) => unit() < probability,
    logNormal(median, sigma) {
      const normal = Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit());
      return median * Math.exp(sigma * normal);
    },
  };
}

function mix(hash: number, part: number): number {
  return scramble((Math.imul(hash, 31) + part) | 0) | 0;
}

/** The output step of mulberry32: https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
function scramble(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 15), 1 | value);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return (mixed ^ (mixed >>> 14)) >>> 0;
}

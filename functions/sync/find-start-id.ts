import { epochMsOf, type Timestamp } from '../timestamps.ts';

const MAX_PROBES = 24;
/** More than five million ids, should all be ours: a page within a millisecond tells nothing of the pace. */
const MAX_PAGES_AHEAD = 2 ** 17;
/** After so many guesses that have not halved what is left, only halving goes on. */
const MAX_POOR_GUESSES = 3;

/** A row as far as the search needs it. */
export interface DatedId {
  id: bigint;
  createdat: Timestamp;
}

/** What a page says of where a moment is: `before` means that every row from `id` on down is older, but for one. */
type Verdict =
  | { kind: 'before'; id: bigint; createdat: Timestamp }
  | { kind: 'straddles' }
  | { kind: 'after' };

/**
 * Finds an id to read from so that no row created at or after a moment is left out.
 *
 * The API has no filter by date, but ids mostly follow the dates: so the id is guessed from the dates around it, and
 * whenever a guess has not halved what is left, the middle is taken instead. The answer may be too early, never too late,
 * also if any one row on a page is misdated.
 *
 * @param options.lowestId nothing is read below it.
 * @param options.below an id known to be older than the moment, if there is one.
 * @param options.above an id above `below` known not to be older.
 * @param options.probe reads the page at an id: its rows, ascending; none means that the log ends before.
 */
export async function findStartId(options: {
  moment: Timestamp;
  lowestId: bigint;
  below: bigint | null;
  above: bigint | null;
  probe: (id: bigint) => Promise<DatedId[]>;
  maxProbes?: number;
}): Promise<bigint> {
  const { moment, probe, maxProbes = MAX_PROBES } = options;
  const momentMs = epochMsOf(moment);
  let low = { id: options.below ?? options.lowestId, ms: Number.NaN };
  let high: { id: bigint; ms: number } | null =
    options.above === null ? null : { id: options.above, ms: Number.NaN };
  /** How many ids a page and a millisecond span, as far as the last page tells. */
  let idsPerPage = 1n;
  let idsPerMs = 0;
  let poorGuesses = 0;
  let stepFactor = 1;
  let largestPage = 0;

  for (let probes = 0, at = low.id; probes < maxProbes; probes++) {
    const page = await probe(at);
    const [first, last] = [page[0], page.at(-1)];
    const gapBefore: bigint = high === null ? 0n : high.id - low.id;
    const verdict = judge(page, moment);
    if (verdict.kind === 'straddles') return at;
    // Probably the last page of the log. If it is not, this is too early at worst.
    if (verdict.kind === 'before' && page.length < largestPage) return at;
    largestPage = Math.max(largestPage, page.length);
    if (verdict.kind === 'after') {
      if (at <= low.id) return low.id;
      high = { id: at, ms: first ? epochMsOf(first.createdat) : Number.NaN };
    } else if (first && last) {
      idsPerPage = last.id - first.id + 1n;
      const pageMs = epochMsOf(verdict.createdat) - epochMsOf(first.createdat);
      idsPerMs = Number.isNaN(low.ms) ? Number(idsPerPage) / Math.max(pageMs, 1) : slope(low, verdict);
      low = { id: verdict.id, ms: epochMsOf(verdict.createdat) };
    }
    if (high === null) {
      // The end is not known yet: go as far as the pace so far asks, but not out of all proportion.
      const ids = Math.min(Math.max(0, momentMs - low.ms) * idsPerMs, Number(idsPerPage) * MAX_PAGES_AHEAD);
      at = low.id + idsPerPage * BigInt(stepFactor) + BigInt(Math.round(ids));
      stepFactor *= 4;
      continue;
    }
    const gap: bigint = high.id - low.id;
    if (gap <= idsPerPage) return low.id;
    const isPoor = gapBefore > 0n && gap * 2n > gapBefore;
    if (isPoor) poorGuesses++;
    const share = (momentMs - low.ms) / (high.ms - low.ms);
    const canInterpolate = share > 0 && share < 1 && !isPoor && poorGuesses < MAX_POOR_GUESSES;
    const guess = canInterpolate
      ? low.id + BigInt(Math.round(Number(gap) * share)) - idsPerPage / 2n
      : low.id + gap / 2n;
    at = guess <= low.id ? low.id + 1n : guess >= high.id ? high.id - 1n : guess;
  }
  return low.id;
}

/** One row never decides: of those before the moment the last one may be misdated, so the one below it counts. */
function judge(page: readonly DatedId[], moment: Timestamp): Verdict {
  const before = page.filter(({ createdat }) => createdat < moment);
  const sure = before.at(-2);
  if (sure === undefined) return { kind: 'after' };
  return page.length - before.length > 1 ? { kind: 'straddles' } : { kind: 'before', ...sure };
}

function slope(low: { id: bigint; ms: number }, { id, createdat }: DatedId): number {
  return Number(id - low.id) / Math.max(epochMsOf(createdat) - low.ms, 1);
}

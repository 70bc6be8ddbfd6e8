import { PAGE_SIZE } from './kondado/pages.ts';
import type { Plan } from './report.ts';
import { findStartId, type Placed } from './search.ts';
import type { Source } from './streams.ts';
import type { Timestamp } from './timestamps.ts';
import { probe, type Window, type WindowDependencies } from './window.ts';

const MAX_END_PROBES = 14;
const SAMPLES = 6;
const NOTHING: Plan = {
  first_id: null,
  last_id: null,
  rows_estimated: 0,
  requests_estimated: 0,
  minutes_estimated: 0,
  runs_estimated: 1,
  rows_stored: 0,
};
const AFTER_ALL: Timestamp = '9999-12-31T23:59:59.999999Z';

/** Says what a run would read, by reading a few pages of it. */
export async function planWindow(
  source: Source,
  window: Window | null,
  dependencies: WindowDependencies,
): Promise<Plan> {
  if (!window) return NOTHING;
  const { config, warehouse, counters } = dependencies;
  const searchRequests = counters.requests - counters.retries - counters.rate_limit_hits;
  const pages: Placed[][] = [];
  const look = async (id: bigint) => {
    const page = await probe(source, id, dependencies);
    pages.push(page);
    return page;
  };
  const endId = await findStartId({
    moment: window.to ?? AFTER_ALL,
    lowestId: window.startId,
    below: null,
    above: null,
    probe: look,
    maxProbes: MAX_END_PROBES,
  });
  const isInRange = ({ createdat }: Placed) =>
    createdat >= (window.from ?? '') && createdat < (window.to ?? AFTER_ALL);
  const ends = pages
    .flat()
    .filter(isInRange)
    .map(({ id }) => id);
  const firstId = ends.reduce<bigint | null>(
    (least, id) => (least === null || id < least ? id : least),
    null,
  );
  const lastId = ends.reduce<bigint | null>((most, id) => (most === null || id > most ? id : most), null);
  const rows = await estimateRows(pages, window.startId, endId, look);

  const requests = searchRequests + 1 + Math.max(0, Math.ceil((rows - PAGE_SIZE) / (PAGE_SIZE - 1)));
  const { perSecond, perMinute } = config.kondado.limits;
  const minutes = requests / Math.min(perSecond * 60, perMinute);
  return {
    first_id: firstId,
    last_id: lastId,
    rows_estimated: rows,
    requests_estimated: requests,
    minutes_estimated: Math.round(minutes * 100) / 100,
    runs_estimated: Math.max(1, Math.ceil((minutes * 60_000) / config.timeBudgetMs)),
    rows_stored: firstId === null || lastId === null ? 0 : await warehouse.countIds(source, firstId, lastId),
  };
}

/** Rows from one id to another: those of the first and last page, and between them as many as samples let expect. */
async function estimateRows(
  pages: readonly Placed[][],
  startId: bigint,
  endId: bigint,
  look: (id: bigint) => Promise<Placed[]>,
): Promise<number> {
  const firstPage = pages[0] ?? [];
  const lastPage = pages.find((page) => page[0] !== undefined && page[0].id >= endId) ?? [];
  const lastOfFirst = firstPage.at(-1)?.id ?? startId;
  if (firstPage.length < PAGE_SIZE || endId <= lastOfFirst) {
    const ids = new Set([...firstPage, ...lastPage].map(({ id }) => id));
    return ids.size;
  }
  const span = endId - lastOfFirst;
  let rows = 0;
  let ids = 0n;
  for (let sample = 0n; sample < SAMPLES; sample++) {
    const page = await look(lastOfFirst + (span * sample) / BigInt(SAMPLES));
    const [first, last] = [page[0], page.at(-1)];
    if (!first || !last) continue;
    rows += page.length;
    ids += last.id - first.id + 1n;
  }
  const between = ids === 0n ? 0 : Math.round((rows * Number(span)) / Number(ids));
  return firstPage.length + between + lastPage.length;
}

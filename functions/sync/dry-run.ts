import type { Config } from '../config.ts';
import type { SourceApi } from '../kondado/client.ts';
import { type PageReader, type ParsedPage, readPages } from '../kondado/pages.ts';
import type { Source } from '../streams.ts';
import { MINUTE_MS, type Timestamp, timestampOf } from '../timestamps.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import { datedIds } from './backfill.ts';
import { type DatedId, findStartId } from './find-start-id.ts';
import { proveEmptiness } from './proofs.ts';
import type { Estimate } from './report.ts';
import { createEndTest, isDatedIn, type Window } from './window.ts';

const MAX_REQUESTS = 30;
const PAGES_READ = 6;
const MAX_END_PROBES = 12;
const SAMPLES = 8;

const NOTHING: Estimate = {
  first_id: null,
  last_id: null,
  rows_estimated: 0,
  requests_estimated: 0,
  minutes_estimated: 0,
  runs_estimated: 1,
  rows_stored: 0,
};

/**
 * Says what a run would read.
 *
 * A window of a few pages is read to its end, so that nothing about it is estimated. For a larger one the end is searched,
 * and what lies between is judged by a few pages in it.
 */
export async function estimateWindow(
  window: Window | null,
  tools: { source: Source; config: Config; warehouse: Warehouse; readPage: PageReader; api: SourceApi },
): Promise<Estimate> {
  if (window === null) return NOTHING;
  const { source, config, warehouse, readPage } = tools;
  const { counters } = tools.api;
  const answered = () => counters.requests - counters.retries - counters.rate_limit_hits;
  const rows = new Map<bigint, Timestamp>();
  let pageSize = 2;
  let rowsShown = 0;
  const take = (page: ParsedPage): DatedId[] => {
    const dated = datedIds(page);
    for (const { id, createdat } of dated) rows.set(id, createdat);
    pageSize = Math.max(pageSize, page.rows.length);
    rowsShown += page.rows.length;
    return dated;
  };

  let nextId: bigint | null = null;
  let pages = 0;
  for await (const page of readPages(readPage, window.startId, createEndTest(window, config.lookbackMs))) {
    take(page);
    nextId = page.nextId;
    if (++pages === PAGES_READ) break;
  }
  const lastRead = [...rows.keys()].at(-1);
  if (rowsShown === 0 && nextId === null) await proveEmptiness(source, window.startId, warehouse);
  let requests = answered();

  let rowsAfter = 0;
  if (nextId !== null && lastRead !== undefined) {
    const look = async (id: bigint) => take(await readPage(id));
    const requestsLeft = () => MAX_REQUESTS - counters.requests;
    const now = timestampOf(Date.now());
    const endId = await findStartId({
      moment: window.to !== null && window.to < now ? window.to : now,
      lowestId: nextId,
      below: null,
      above: null,
      probe: look,
      maxProbes: Math.max(1, Math.min(MAX_END_PROBES, requestsLeft() - SAMPLES)),
    });
    rowsAfter = await estimateRows(lastRead, endId, look, Math.min(SAMPLES, requestsLeft()));
    // Each page repeats the last row of the one before, and the last one proves the end.
    requests += Math.ceil(rowsAfter / (pageSize - 1)) + 1;
  }

  const inRange = [...rows].filter(([, createdat]) => isDatedIn(window, createdat)).map(([id]) => id);
  inRange.sort((one, other) => (one < other ? -1 : 1));
  const [firstId, lastId] = [inRange[0], inRange.at(-1)];
  const readInRange = inRange.filter((id) => lastRead !== undefined && id <= lastRead).length;
  const { perSecond, perMinute } = config.kondado.limits;
  const minutes = requests / Math.min(perSecond * 60, perMinute);
  return {
    first_id: firstId ?? null,
    last_id: lastId ?? null,
    rows_estimated: readInRange + rowsAfter,
    requests_estimated: requests,
    minutes_estimated: Math.round(minutes * 100) / 100,
    runs_estimated: Math.max(1, Math.ceil((minutes * MINUTE_MS) / config.timeBudgetMs)),
    rows_stored:
      firstId === undefined || lastId === undefined
        ? 0
        : await warehouse.countIds(source, { firstId, lastId }),
  };
}

/** How many rows lie above one id up to the page at another, by the density of the pages looked at between them. */
async function estimateRows(
  lastRead: bigint,
  endId: bigint,
  look: (id: bigint) => Promise<DatedId[]>,
  samples: number,
): Promise<number> {
  const endPage = await look(endId);
  const span = endId > lastRead ? endId - lastRead : 0n;
  let rows = 0;
  let ids = 0n;
  for (let sample = 0n; sample < samples - 1; sample++) {
    const page = await look(lastRead + 1n + (span * sample) / BigInt(samples));
    const [first, last] = [page[0], page.at(-1)];
    if (!first || !last) continue;
    rows += page.length;
    ids += last.id - first.id + 1n;
  }
  const between = ids === 0n ? 0 : Math.round((rows * Number(span)) / Number(ids));
  return between + endPage.filter(({ id }) => id > lastRead).length;
}

import { untilAborted } from '../budget.ts';
import { BudgetUsedUp, toSyncError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { LogRow } from '../rows.ts';
import type { Row } from '../schema/tables.ts';
import { type Source, type StreamName, sourceName } from '../streams.ts';
import type { EventsReport } from '../sync/report.ts';
import { addMs, DAY_MS, timestampOf } from '../timestamps.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import { eventOf, type FinishedEvent } from './cloud-event.ts';
import { EventsFault, type Sink } from './sinks.ts';

const OUTBOX_ROWS_PER_READ = 1000;
/** Events that wait for a topic which hangs, while millions of rows are read, must not fill the memory. */
const MAX_WAITING_BYTES = 32_000_000;
/** What an event takes beside its data. */
const BYTES_PER_EVENT = 1000;

export interface Publisher {
  /** The warehouse for the run, so that it is known if rows may be stored whose events nobody was told of. */
  watch(warehouse: Warehouse): Warehouse;
  /** Takes the rows of a page that were stored for the first time; returns at once. */
  add(source: Source, rows: readonly LogRow[]): void;
  /** Resolves once all events are out, or it is known that they will not be in this run, which is logged. */
  finish(): Promise<EventsReport>;
  /** How many events of a source are out; null unless all are. To be asked when it has finished. */
  publishedOf(source: Source): number | null;
}

interface PublisherOptions {
  runId: string;
  sources: readonly Source[];
  /** Whether it publishes what earlier runs have left, and nothing that is older than a day. */
  isIncremental: boolean;
  warehouse: Pick<Warehouse, 'unpublishedRows'>;
  sinks: readonly Sink[];
  /** Ends it, as the first failure does. */
  signal: AbortSignal;
  log: Log;
}

/**
 * Makes what publishes the events of a run, beside the reading, which never waits for it.
 *
 * Of each stream one page after the other goes out, after what earlier runs have left, so that each pipeline's events follow
 * its rows. For the same reason the first failure ends it all: the next run begins with what is left.
 */
export function createPublisher(options: PublisherOptions): Publisher {
  const { runId, sources, isIncremental, warehouse, sinks, signal, log } = options;
  /** For each stream the end of what is on its way. */
  const chains = new Map<StreamName, Promise<void>>();
  const published = new Map<string, number>();
  /** Sources with a page on its way to the warehouse, or lost on it. */
  const unsettled = new Set<string>();
  let waiting = 0;
  let waitingBytes = 0;
  let fault: EventsReport['error'] = null;

  /** Does something unless anything has failed before. */
  async function attempt(work: () => Promise<void>): Promise<void> {
    if (fault !== null) return;
    try {
      await work();
    } catch (error) {
      fault ??= faultOf(error);
    }
  }

  async function send(source: Source, events: readonly FinishedEvent[]): Promise<void> {
    for (const sink of sinks) await untilAborted(sink.send(events), signal);
    waiting -= events.length;
    published.set(sourceName(source), publishedOf(source) + events.length);
  }

  const publishedOf = (source: Source) => published.get(sourceName(source)) ?? 0;

  /** Counts as the first source's: which client's run has left it does not matter. */
  async function sendLeft(source: Source): Promise<void> {
    const { stream } = source;
    for (let afterId: bigint | null = null, isMore = true; isMore; ) {
      const now = timestampOf(Date.now());
      const rows: Row[] = await warehouse.unpublishedRows({
        stream,
        runId,
        now,
        createdSince: addMs(now, -DAY_MS),
        afterId,
        limit: OUTBOX_ROWS_PER_READ,
      });
      waiting += rows.length;
      if (rows.length > 0) {
        await send(
          source,
          rows.map((row) => eventOf(stream, row)),
        );
      }
      isMore = rows.length === OUTBOX_ROWS_PER_READ;
      afterId = BigInt(String(rows.at(-1)?.id ?? 0));
    }
  }

  /** Asked for after the first page: what an earlier run had on its way when it was killed is seen by then. */
  function chainOf(stream: StreamName): Promise<void> {
    const started = chains.get(stream);
    if (started !== undefined) return started;
    const first = sources.find((source) => source.stream === stream);
    return isIncremental && first ? attempt(() => sendLeft(first)) : Promise.resolve();
  }

  function enqueue(source: Source, rows: readonly LogRow[]): Promise<void> {
    const chain = chainOf(source.stream);
    if (fault !== null || rows.length === 0) return chain;
    const events = rows.map(({ values }) => eventOf(source.stream, values));
    const bytes = events.reduce((sum, { data }) => sum + data.length + BYTES_PER_EVENT, 0);
    if (waitingBytes + bytes > MAX_WAITING_BYTES) {
      fault = faultOf(new EventsFault('EVENTS_UNAVAILABLE', 'They came faster than they were taken.'));
      return chain;
    }
    waitingBytes += bytes;
    return chain.then(async () => {
      await attempt(() => send(source, events));
      waitingBytes -= bytes;
    });
  }

  return {
    watch: (opened) => ({
      ...opened,
      store(...page) {
        unsettled.add(sourceName(page[0].source));
        return opened.store(...page);
      },
    }),
    add(source, rows) {
      unsettled.delete(sourceName(source));
      const since = addMs(timestampOf(Date.now()), -DAY_MS);
      const events = isIncremental ? rows.filter(({ createdat }) => createdat >= since) : rows;
      waiting += events.length;
      chains.set(source.stream, enqueue(source, events));
    },
    async finish() {
      await Promise.all([...new Set(sources.map(({ stream }) => stream))].map(chainOf));
      const total = [...published.values()].reduce((sum, count) => sum + count, 0);
      if (fault !== null) {
        const message = `Events are not out, at least ${waiting}: ${fault.message} ${outlook(isIncremental)}`;
        const { code } = fault;
        log.write('error', 'events_failed', message, { run_id: runId, code, published: total, waiting });
      }
      return { published: total, waiting, error: fault };
    },
    publishedOf: (source) =>
      fault === null && !unsettled.has(sourceName(source)) ? publishedOf(source) : null,
  };
}

function faultOf(error: unknown): { code: string; message: string } {
  if (error instanceof BudgetUsedUp) {
    return { code: 'EVENTS_UNAVAILABLE', message: 'The time of the run was over before they were taken.' };
  }
  const { code, message } = error instanceof EventsFault ? error : toSyncError(error);
  return { code, message };
}

function outlook(isIncremental: boolean): string {
  return isIncremental
    ? 'The rows are stored, and the next run publishes first what is left.'
    : 'The rows are stored. The next incremental run publishes those of the last 24 hours; nothing publishes the older ones.';
}

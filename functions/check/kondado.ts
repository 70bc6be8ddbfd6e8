import type { Config } from '../config.ts';
import { SyncError } from '../errors.ts';
import type { KondadoClient, Persistence } from '../kondado/client.ts';
import { createPageReader, type PageReader, type ParsedPage, shownFields } from '../kondado/pages.ts';
import type { ObjectStatus } from '../kondado/statuses.ts';
import { type ObjectKind, type Source, type StreamName, sourceName } from '../streams.ts';
import { proveEmptiness } from '../sync/proofs.ts';
import { type StreamReport, startStreamReport } from '../sync/report.ts';
import { epochMsOf, MINUTE_MS } from '../timestamps.ts';
import type { InspectedWarehouse } from '../warehouse/warehouse.ts';
import { type CheckName, type Checks, type Finding, failed, ok, skipped, warning } from './checks.ts';

/** A stream may cost six requests: one of the page, two of the paging, one of the status, and these. */
const SPARE_REQUESTS = 2;
const PAGING_ROWS_BACK = 300;

/** How often the client tries: what it may cost to try again is known here. */
export const ONE_ATTEMPT: Persistence = { attempts: 1, rateLimitHits: 1 };

interface StreamChecks {
  page: CheckName;
  paging: CheckName;
  status: CheckName;
  kind: ObjectKind;
}

const CHECKS_OF: Record<StreamName, StreamChecks> = {
  pipeline_logs: {
    page: 'kondado.pipeline_logs',
    paging: 'paging.pipeline_logs',
    status: 'status.pipelines',
    kind: 'pipeline',
  },
  model_logs: {
    page: 'kondado.model_logs',
    paging: 'paging.model_logs',
    status: 'status.models',
    kind: 'model',
  },
};

interface StreamTools {
  checks: Checks;
  config: Config | undefined;
  kondado: KondadoClient | undefined;
  /** Undefined where the table of the stream cannot be asked. */
  warehouse: InspectedWarehouse | undefined;
  runId: string;
}

type StoredIds = Awaited<ReturnType<InspectedWarehouse['newestIds']>>;

/** What the checks of one stream read with; each call but one is one request. */
interface StreamReader {
  source: Source;
  /** Where the stored rows end; null if there are none, or if they cannot be asked for. */
  findStored: () => Promise<StoredIds>;
  /** Rejects if an empty answer cannot be true. */
  proveEmptiness: (startId: bigint) => Promise<void>;
  initialId: bigint;
  readPage: PageReader;
  readStatus: (id: bigint) => Promise<ObjectStatus>;
  requests: () => number;
}

/** The page from which the other checks of a stream go on. */
interface NewestPage {
  reader: StreamReader;
  stored: StoredIds;
  page: ParsedPage;
}

/** Checks what Kondado answers for a stream, for the first client only; returns what is recorded of it. */
export async function checkStream(stream: StreamName, tools: StreamTools): Promise<StreamReport> {
  const { checks } = tools;
  const names = CHECKS_OF[stream];
  const source = { stream, clientId: tools.config?.clientIds[0] ?? null };
  const report = startStreamReport(source);
  const reader = createReader(source, tools);
  const newest = await checks.run(names.page, ['credentials', reader], pageFinding);
  await checks.run(names.paging, [names.page, newest], pagingFinding);
  await checks.run(names.status, [names.page, newest], (found) => statusFinding(found, names.kind));
  return {
    ...report,
    outcome: newest ? 'success' : reader ? 'failed' : 'not_started',
    requests: reader?.requests() ?? 0,
    duration_ms: Date.now() - epochMsOf(report.started_at),
  };
}

/** Tells that nobody has asked for a stream. */
export function skipStream(stream: StreamName, checks: Checks): void {
  const { page, paging, status } = CHECKS_OF[stream];
  for (const name of [page, paging, status]) checks.skip(name, `${stream} is not asked for.`);
}

/** Compares the clocks by what came with Kondado's last answer. */
export async function clockFinding(kondado: KondadoClient): Promise<Finding> {
  const aheadMs = kondado.clockAheadMs();
  if (aheadMs === null) return skipped('Kondado has not said what time it is.');
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  if (Math.abs(aheadMs) <= MINUTE_MS)
    return ok('Kondado and this computer tell the same time, to the minute.');
  const direction = aheadMs > 0 ? 'behind' : 'ahead of';
  return warning(
    `This computer's clock is ${seconds} seconds ${direction} Kondado's. Let it be set over the network: what is new, ` +
      'late or overdue is told by it.',
  );
}

function createReader(
  source: Source,
  { config, kondado, warehouse, runId }: StreamTools,
): StreamReader | undefined {
  if (!config || !kondado) return undefined;
  const { kind } = CHECKS_OF[source.stream];
  const logs = kondado.of(source);
  const statuses = kondado.ofStatuses();
  const readPage = createPageReader(source, runId, logs);
  const patiently = createPatience();
  return {
    source,
    async findStored() {
      try {
        return (await warehouse?.newestIds(source, PAGING_ROWS_BACK)) ?? null;
      } catch (error) {
        if (error instanceof SyncError) return null; // the checks of the warehouse tell what is wrong with it
        throw error;
      }
    },
    proveEmptiness: async (startId) => warehouse && proveEmptiness(source, startId, warehouse),
    initialId: config.initialElementId,
    readPage: (startId) => patiently(() => readPage(startId)),
    readStatus: (id) => patiently(() => statuses.readStatus(kind, id)),
    requests: () => logs.counters.requests + statuses.counters.requests,
  };
}

/** Makes what asks again after a fault that may pass, as often as one stream may cost. */
function createPatience() {
  let spare = SPARE_REQUESTS;
  return async function patiently<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        const mayPass =
          error instanceof SyncError &&
          (error.code === 'KONDADO_UNAVAILABLE' || error.code === 'KONDADO_RATE_LIMITED');
        if (!mayPass || spare === 0) throw error;
        spare--;
      }
    }
  };
}

/** Reads the page that the next run would begin with, and judges what is on it. */
async function pageFinding(reader: StreamReader): Promise<Finding<NewestPage>> {
  const stored = await reader.findStored();
  const startId = stored?.newest ?? reader.initialId;
  const page = await reader.readPage(startId);
  const { rows, nextId } = page;
  const found = { reader, stored, page };
  if (rows.length === 0) {
    if (nextId === null) await reader.proveEmptiness(startId);
    return warning(
      `Key and token are accepted, but no row of ${sourceName(reader.source)} was shown from id ${startId} on, so neither ` +
        'fields nor paging could be checked. If there should be some, check the rights of the user, KONDADO_CLIENT_IDS ' +
        'and INITIAL_ELEMENT_ID.',
      found,
    );
  }
  const fields = rows.flatMap((row) => (row.kind === 'row' ? row.drift : []));
  const reasons = new Set(rows.flatMap((row) => (row.kind === 'rejected' ? [row.reason] : [])));
  const read = `${rows.length} rows of ${sourceName(reader.source)} came from id ${startId} on, their ids ascending`;
  if (fields.length === 0 && reasons.size === 0) {
    return ok(`${read}, every field known and every row storable.`, found);
  }
  const faults = [
    ...(fields.length === 0
      ? []
      : [`fields without a column, or with values that do not fit theirs: ${shownFields(fields)}`]),
    ...(reasons.size === 0
      ? []
      : [`rows that cannot be stored: ${[...reasons].join(' ').replace(/\.$/, '')}`]),
  ];
  return warning(
    `${read}, with ${faults.join('; and ')}. Nothing is lost, they are kept in _extra and rejected_rows; look whether ` +
      'a newer version of the sync knows them.',
    found,
  );
}

/** Reads two pages, one after the other, as a run would. */
async function pagingFinding({ reader, stored, page: newest }: NewestPage): Promise<Finding> {
  if (newest.rows.length === 0) return skipped('There is no row to page through.');
  const startId = stored?.before ?? reader.initialId;
  const first = await reader.readPage(startId);
  const { lastId, cursor } = first;
  if (lastId === null)
    return skipped(`No row came from id ${startId} on, so there is nothing to page through.`);
  const second = await reader.readPage(lastId);
  const repeated = second.rows.find(({ id }) => id !== null)?.id;
  if (repeated !== lastId && (second.rows.length > 0 || second.nextId === null)) {
    return failed(
      `A page that ends with id ${lastId} is followed by one that does not begin with it, so start_element_id is not ` +
        'inclusive and a run may miss rows. Check again, and if it stays report it before relying on the copy.',
    );
  }
  const said = `A page from id ${startId} has ${first.rows.length} rows, its cursor ${cursorWords(cursor, lastId)}, and after it comes ${restOf(second)}`;
  const isUsual = cursor === null || cursor === lastId || cursor === lastId + 1n;
  return isUsual && second.rows.length > 0
    ? ok(`${said}.`)
    : warning(
        `${said}. Nothing is lost, because the sync goes by the ids of the rows and asks on until it is proven that ` +
          'nothing follows; please report it all the same.',
      );
}

function cursorWords(cursor: bigint | null, lastId: bigint): string {
  if (cursor === null) return 'names no next id';
  if (cursor === lastId) return 'is inclusive (it names the last of them)';
  if (cursor === lastId + 1n) return 'is exclusive (it names the id after the last of them)';
  return `names id ${cursor}, neither the last of them nor the one after it`;
}

function restOf({ rows, nextId }: ParsedPage): string {
  if (rows.length === 0) return 'an empty one whose cursor leads on';
  return nextId === null
    ? 'only its last row again, the end'
    : `its last row again and ${rows.length - 1} rows that fit`;
}

/** Asks for the status of whatever has run last. */
async function statusFinding({ reader, page }: NewestPage, kind: ObjectKind): Promise<Finding> {
  const ids = page.rows.flatMap((row) => (row.kind === 'row' ? [row.values[`${kind}_id`]] : []));
  const id = ids.findLast((each) => typeof each === 'bigint');
  if (typeof id !== 'bigint') return skipped(`No row names a ${kind} that could be asked for.`);
  const { state, status } = await reader.readStatus(id);
  const variable = kind === 'pipeline' ? 'KONDADO_PIPELINE_STATUS_PATH' : 'KONDADO_MODEL_STATUS_PATH';
  if (state === 'gone') {
    return warning(
      `Kondado has no status of ${kind} ${id} (HTTP 404). If the ${kind} was not deleted, check ${variable}.`,
    );
  }
  if (state === 'unknown') {
    return warning(
      `The status of ${kind} ${id} could be read, but what it says is not documented. Look whether a newer version of ` +
        'the sync knows it.',
    );
  }
  const word = /^\w{1,60}$/.test(status ?? '') ? ` (${status})` : ''; // it comes from outside
  return ok(`The status of ${kind} ${id} could be read: ${state}${word}.`);
}

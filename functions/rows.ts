import { createHash } from 'node:crypto';
import { stringifyJson } from './json.ts';
import { type Column, type ColumnType, type Row, sourceColumns, type Value } from './schema/tables.ts';
import type { Source, StreamName } from './streams.ts';
import { addMs, DAY_MS, parseTimestamp, type Timestamp, timestampOf } from './timestamps.ts';

const MAX_AGE_MS = 3652 * DAY_MS; // ten years: BigQuery streams no older rows into a partitioned table
const INT64_MAX = 2n ** 63n - 1n;
/** The API writes the two dates in camelCase, all other fields as their columns. */
const API_FIELDS = new Map([
  ['createdat', 'createdAt'],
  ['updatedat', 'updatedAt'],
]);

/** A log row that can be stored. */
export interface LogRow {
  kind: 'row';
  id: bigint;
  createdat: Timestamp;
  /** The version: an (id, updatedat) that is stored is not appended again. */
  updatedat: Timestamp | null;
  values: Row;
  /** What the API sent, for the case that the warehouse refuses the row. */
  entry: unknown;
  /** API fields that have no column, or whose value did not fit theirs. */
  drift: string[];
}

/** A log row that cannot be stored: it goes to `rejected_rows`. */
export interface RejectedRow {
  kind: 'rejected';
  id: bigint | null;
  /** If it has a date: one too far off to be stored, or of a row that the warehouse refused. */
  createdat: Timestamp | null;
  reason: string;
  /** What the API sent, as JSON text. */
  content: string;
  /** By it a row that was set aside before is known. */
  contentHash: string;
}

/** What became of one entry of a page. */
export type ParsedRow = LogRow | RejectedRow;

/** Where and when rows are read. */
export interface Reading {
  source: Source;
  runId: string;
  now: Timestamp;
  /** Rows created before or after these cannot be stored. */
  earliest: Timestamp;
  latest: Timestamp;
}

export function startReading(source: Source, runId: string): Reading {
  const now = timestampOf(Date.now());
  return { source, runId, now, earliest: addMs(now, -MAX_AGE_MS), latest: addMs(now, DAY_MS) };
}

/** Turns one entry of a page into a row of its table, or into a rejected row with the reason. */
export function parseEntry(entry: unknown, reading: Reading): ParsedRow {
  const { stream } = reading.source;
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    return reject(stream, { id: null, createdat: null, entry }, 'The entry is no object.');
  }
  const sent = entry as Record<string, unknown>;
  const columns = COLUMNS[stream];
  const values: Row = {};
  const extra: [string, unknown][] = [];
  for (const field of Object.keys(sent)) {
    const apiField = API_FIELDS.get(field);
    const isRepeated = apiField !== undefined && apiField in sent;
    const column = isRepeated ? undefined : columns.get(field);
    const value = column && convert(sent[field], column.type);
    if (column && value !== undefined) values[column.name] = value;
    else extra.push([field, sent[field]]);
  }

  const { id, createdat, updatedat } = values;
  const refuseFor = (reason: string) =>
    reject(
      stream,
      {
        id: typeof id === 'bigint' ? id : null,
        createdat: typeof createdat === 'string' ? createdat : null,
        entry,
      },
      reason,
    );
  if (typeof id !== 'bigint') return refuseFor('The row has no usable id.');
  if (typeof createdat !== 'string') return refuseFor('The row has no usable createdAt.');
  if (createdat > reading.latest) return refuseFor('createdAt is more than a day ahead of now.');
  if (createdat < reading.earliest) return refuseFor('createdAt is more than ten years back.');

  // A row read for one client belongs to that client, also if the API does not repeat it in the row.
  values.client_id ??= reading.source.clientId;
  values._extra = extra.length > 0 ? stringifyJson(Object.fromEntries(extra)) : null;
  values._run_id = reading.runId;
  values._synced_at = reading.now;
  const version = typeof updatedat === 'string' ? updatedat : null;
  return {
    kind: 'row',
    id,
    createdat,
    updatedat: version,
    values,
    entry,
    drift: extra.map(([field]) => field),
  };
}

function reject(
  stream: StreamName,
  { id, createdat, entry }: { id: bigint | null; createdat: Timestamp | null; entry: unknown },
  reason: string,
): RejectedRow {
  // Sorted, because equal rows may come with their fields in another order.
  const identity = `${stream} ${id} ${stringifyJson(entry, 'sorted')}`;
  const contentHash = createHash('sha256').update(identity).digest('hex');
  return { kind: 'rejected', id, createdat, reason, content: stringifyJson(entry), contentHash };
}

/** A row that the warehouse refused, with what it said. */
export function rejectRow(row: LogRow, stream: StreamName, reason: string): RejectedRow {
  return reject(stream, row, reason);
}

/** The row of `rejected_rows` for what was set aside. */
export function rejectedRowValues(rejected: RejectedRow, { source, runId, now }: Reading): Row {
  return {
    rejected_at: now,
    run_id: runId,
    stream: source.stream,
    row_id: rejected.id,
    reason: rejected.reason,
    row: rejected.content,
    content_hash: rejected.contentHash,
  };
}

/** What makes two versions of log rows, or two rejected rows, the same. */
export function identityOf(row: ParsedRow): string {
  return row.kind === 'row' ? versionKey(row.id, row.updatedat) : row.contentHash;
}

/** One text for (`id`, `updatedat`); NULL equals NULL. */
export function versionKey(id: bigint, updatedat: Timestamp | null): string {
  return `${id} ${updatedat ?? ''}`;
}

const COLUMNS: Record<StreamName, ReadonlyMap<string, Column>> = {
  pipeline_logs: columnsByField('pipeline_logs'),
  model_logs: columnsByField('model_logs'),
};

/** The column of each field that the API may send; a date is known by the column's own name too. */
function columnsByField(stream: StreamName): ReadonlyMap<string, Column> {
  const columns = sourceColumns(stream);
  return new Map(
    columns.flatMap((column) =>
      [column.name, API_FIELDS.get(column.name)].flatMap((field) => (field ? [[field, column]] : [])),
    ),
  );
}

/** The value as the column stores it, null for null or nothing, undefined if it does not fit. */
function convert(sent: unknown, type: ColumnType): Value | undefined {
  return sent === null || sent === undefined ? null : CONVERSIONS[type](sent);
}

const CONVERSIONS: Record<ColumnType, (sent: unknown) => Value | undefined> = {
  INT64: (sent) => {
    const isInteger = typeof sent === 'bigint' || Number.isSafeInteger(sent);
    const [, digits] =
      /^(-?\d{1,30})(?:\.0*)?$/.exec(typeof sent === 'string' || isInteger ? String(sent) : '') ?? [];
    const value = digits === undefined ? undefined : BigInt(digits);
    return value !== undefined && value <= INT64_MAX && value >= -INT64_MAX - 1n ? value : undefined;
  },
  FLOAT64: (sent) => {
    const isNumeric = typeof sent === 'string' && /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(sent);
    const value =
      isNumeric || typeof sent === 'bigint' || typeof sent === 'number' ? Number(sent) : Number.NaN;
    return Number.isFinite(value) ? value : undefined;
  },
  BOOL: (sent) => {
    if (sent === true || sent === 'true' || sent === 1) return true;
    if (sent === false || sent === 'false' || sent === 0) return false;
    return undefined;
  },
  STRING: (sent) => (typeof sent === 'string' ? sent.toWellFormed() : stringifyJson(sent)),
  TIMESTAMP: (sent) => (typeof sent === 'string' ? parseTimestamp(sent) : undefined),
  JSON: (sent) => stringifyJson(sent),
};

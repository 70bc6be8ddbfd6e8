import { parseJson, stringifyJson } from './json.ts';
import { type Column, type ColumnType, type Row, TABLES, type Value } from './schema/tables.ts';
import type { Source, StreamName } from './streams.ts';
import { addMs, parseTimestamp, type Timestamp, timestampOf } from './timestamps.ts';

const DAY_MS = 86_400_000;
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
  reason: string;
  /** What the API sent, as JSON text. */
  content: string;
}

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
export function parseEntry(entry: unknown, reading: Reading): LogRow | RejectedRow {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    return reject(entry, null, 'The entry is no object.');
  }
  const sent = entry as Record<string, unknown>;
  const columns = COLUMNS[reading.source.stream];
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
  if (typeof id !== 'bigint') return reject(entry, null, 'The row has no usable id.');
  if (typeof createdat !== 'string') return reject(entry, id, 'The row has no usable createdAt.');
  if (createdat > reading.latest) return reject(entry, id, 'createdAt is more than a day ahead of now.');
  if (createdat < reading.earliest) return reject(entry, id, 'createdAt is more than ten years back.');

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

function reject(entry: unknown, id: bigint | null, reason: string): RejectedRow {
  return { kind: 'rejected', id, reason, content: stringifyJson(entry) };
}

/** A row that the warehouse refused, with what it said. */
export function refuse(row: LogRow, reason: string): RejectedRow {
  return reject(row.entry, row.id, reason);
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
  };
}

/** What makes two versions of log rows, or two rejected rows, the same. */
export function identityOf(row: LogRow | RejectedRow): string {
  return row.kind === 'row' ? versionKey(row.id, row.updatedat) : contentKey(row);
}

/** One text for (`id`, `updatedat`); NULL equals NULL. */
export function versionKey(id: bigint, updatedat: Timestamp | null): string {
  return `${id} ${updatedat ?? ''}`;
}

/** One text for an id and a content, however a warehouse spells its JSON. */
function contentKey({ id, content }: StoredRejection): string {
  return `${id} ${stringifyJson(parseJson(content), 'sorted')}`;
}

/** The id of an entry, if it has a usable one: only these say whether a page is in order. */
export function entryId(entry: unknown): bigint | undefined {
  const id = typeof entry === 'object' && entry !== null && 'id' in entry ? convert(entry.id, 'INT64') : null;
  return typeof id === 'bigint' ? id : undefined;
}

/** When an entry was created, if it says so usably. */
export function entryCreatedat(entry: unknown): Timestamp | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const sent = 'createdAt' in entry ? entry.createdAt : 'createdat' in entry ? entry.createdat : undefined;
  return typeof sent === 'string' ? parseTimestamp(sent) : undefined;
}

const COLUMNS: Record<StreamName, ReadonlyMap<string, Column>> = {
  pipeline_logs: columnsByField('pipeline_logs'),
  model_logs: columnsByField('model_logs'),
};

/** The column of each field that the API may send; a date is known by the column's own name too. */
function columnsByField(stream: StreamName): ReadonlyMap<string, Column> {
  const columns = TABLES[stream].schema.filter(({ name }) => !name.startsWith('_'));
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

/** A row of `rejected_rows`, as far as it tells whether a row was set aside before. */
export type StoredRejection = Pick<RejectedRow, 'id' | 'content'>;

/** Which of the rejected rows are not among those set aside before. */
export function notYetRejected(
  rejected: readonly RejectedRow[],
  stored: readonly StoredRejection[],
): RejectedRow[] {
  const known = new Set(stored.map(contentKey));
  return rejected.filter((row) => !known.has(identityOf(row)));
}

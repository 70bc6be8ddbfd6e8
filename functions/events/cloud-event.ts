import { type Row, sourceColumns, type Value } from '../schema/tables.ts';
import { OBJECT_KINDS, type StreamName } from '../streams.ts';
import { displayTimestamp } from '../timestamps.ts';

const LARGEST_NUMBER = 2n ** 53n;
const MAX_SUBJECT_CHARACTERS = 256;
/** Pub/Sub takes 10 MB a request, and what is sent grows by a third in base64. */
const MAX_DATA_BYTES = 6_500_000;
const MAX_TEXT_CHARACTERS = 100_000;
/** https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#type-system */
const NO_TEXT = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/gu;

/** An execution that has finished, as CloudEvents 1.0 describes it. */
export interface FinishedEvent {
  /** The attributes of CloudEvents, without those that it lacks. */
  attributes: {
    specversion: '1.0';
    id: string;
    source: string;
    type: string;
    time: string;
    subject?: string;
  };
  /** What subscriptions filter by. */
  filters: Record<string, string>;
  /** JSON text. */
  data: string;
}

/** The event of a row, which is the same whoever makes it and whenever. */
export function eventOf(stream: StreamName, row: Row): FinishedEvent {
  const kind = OBJECT_KINDS[stream];
  const idColumn = `${kind}_id`;
  const { id, client_id: clientId, row_count: rowCount, createdat } = row;
  const objectId = row[idColumn];
  const subject = subjectOf(row[`${kind}_name`]);
  return {
    attributes: {
      specversion: '1.0',
      id: `${stream}-${id}`,
      source: `//kondado/clients/${clientId ?? 'unknown'}/${kind}s/${objectId ?? 'unknown'}`,
      type: `log.kondado.${kind}.finished.v1`,
      time: displayTimestamp(String(createdat)),
      ...(subject === '' ? {} : { subject }),
    },
    filters: {
      stream,
      ...(clientId === null || clientId === undefined ? {} : { client_id: String(clientId) }),
      ...(objectId === null || objectId === undefined ? {} : { [idColumn]: String(objectId) }),
      has_records: String(typeof rowCount === 'bigint' && rowCount > 0n),
    },
    data: dataOf(stream, row),
  };
}

/** A message as Pub/Sub takes it. */
export interface Message {
  data: string;
  attributes: Record<string, string>;
  orderingKey: string;
}

/** The event as a message: binary mode, in order for each pipeline and model. */
export function messageOf({ attributes, filters, data }: FinishedEvent): Message {
  const named = Object.entries(attributes).map(([name, value]) => [`ce-${name}`, value]);
  return {
    data: Buffer.from(data).toString('base64'),
    attributes: { ...Object.fromEntries(named), 'content-type': 'application/json', ...filters },
    orderingKey: attributes.source,
  };
}

/** The event as one line of JSON: structured mode. */
export function structuredLine({ attributes, data }: FinishedEvent): string {
  const envelope = JSON.stringify({ ...attributes, datacontenttype: 'application/json' });
  return `${envelope.slice(0, -1)},"data":${data}}`;
}

function subjectOf(name: Value | undefined): string {
  if (typeof name !== 'string') return '';
  return [...name.slice(0, 2 * MAX_SUBJECT_CHARACTERS)]
    .slice(0, MAX_SUBJECT_CHARACTERS)
    .join('')
    .replaceAll(NO_TEXT, ' ');
}

/** The row as JSON; texts are cut only where Pub/Sub would not take the message. */
function dataOf(stream: StreamName, row: Row): string {
  const whole = jsonOf(stream, row);
  return Buffer.byteLength(whole) <= MAX_DATA_BYTES ? whole : jsonOf(stream, row, MAX_TEXT_CHARACTERS);
}

function jsonOf(stream: StreamName, row: Row, maxCharacters = Number.POSITIVE_INFINITY): string {
  const values = sourceColumns(stream).map(({ name, type }) => {
    const value = row[name] ?? null;
    if (typeof value === 'bigint') return [name, isExact(value) ? Number(value) : String(value)];
    if (typeof value !== 'string') return [name, value];
    return [
      name,
      type === 'TIMESTAMP' ? displayTimestamp(value) : value.slice(0, maxCharacters).toWellFormed(),
    ];
  });
  return JSON.stringify(Object.fromEntries(values));
}

/** Whoever reads JSON as doubles must not get another id. */
function isExact(value: bigint): boolean {
  return value >= -LARGEST_NUMBER && value <= LARGEST_NUMBER;
}

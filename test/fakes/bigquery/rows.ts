import { readdirSync, readFileSync } from 'node:fs';
import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  DuckDBTimestampTZValue,
  type DuckDBType,
  type DuckDBValue,
  TIMESTAMPTZ,
  VARCHAR,
} from '@duckdb/node-api';
import { DAY_MS } from '../../../functions/timestamps.ts';
import { isoText } from './results.ts';

export interface Field {
  name: string;
  type: string;
  mode: string;
}

export interface Table {
  name: string;
  fields: Field[];
  partitionField: string;
  clustering: string[];
}

export interface InsertRow {
  insertId?: string;
  json: Record<string, unknown>;
}

export interface RowError {
  reason: string;
  location: string;
  debugInfo: string;
  message: string;
}

export type InsertErrors = { index: number; errors: RowError[] }[];

export interface CheckedRow {
  cells: DuckDBValue[];
  errors: RowError[];
}

export interface CheckOptions {
  ignoreUnknownValues: boolean;
  now: () => number;
  project: string;
  dataset: string;
}

export const COLUMN_TYPES: Record<string, { duckdb: string; type: DuckDBType }> = {
  INT64: { duckdb: 'BIGINT', type: BIGINT },
  FLOAT64: { duckdb: 'DOUBLE', type: DOUBLE },
  BOOL: { duckdb: 'BOOLEAN', type: BOOLEAN },
  STRING: { duckdb: 'VARCHAR', type: VARCHAR },
  TIMESTAMP: { duckdb: 'TIMESTAMPTZ', type: TIMESTAMPTZ },
  JSON: { duckdb: 'JSON', type: VARCHAR },
};

/** The tables of `functions/schema/`. */
export function readTables(): Table[] {
  const folder = new URL('../../../functions/schema/', import.meta.url);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => {
      const { schema, partition, clustering = [] } = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
      const name = file.replace(/\.json$/, '');
      return { name, fields: schema, partitionField: partition?.field ?? '', clustering };
    });
}

/** What BigQuery would store of a row, and what it would refuse in it. */
export function checkRow(table: Table, json: Record<string, unknown>, options: CheckOptions): CheckedRow {
  const errors: RowError[] = [];
  for (const name of options.ignoreUnknownValues ? [] : Object.keys(json ?? {})) {
    if (!table.fields.some((field) => field.name === name)) {
      errors.push(rowError('invalid', name, `no such field: ${name}.`));
    }
  }
  const cells = table.fields.map((field) => {
    const value = json && Object.hasOwn(json, field.name) ? json[field.name] : null;
    if (value === null) {
      if (field.mode === 'REQUIRED')
        errors.push(rowError('invalid', '', `Missing required field: ${field.name}.`));
      return null;
    }
    try {
      const cell = cellOf(field.type, value);
      if (field.name === table.partitionField)
        checkBounds(table, field, cell as DuckDBTimestampTZValue, options);
      return cell;
    } catch (error) {
      errors.push(rowError('invalid', field.name, (error as Error).message));
      return null;
    }
  });
  return { cells, errors };
}

export function rowError(reason: string, location: string, message: string): RowError {
  return { reason, location, debugInfo: '', message };
}

/** Which days BigQuery takes for streaming: https://cloud.google.com/bigquery/docs/write-api-rest */
function checkBounds(table: Table, field: Field, cell: DuckDBTimestampTZValue, options: CheckOptions): void {
  const { now, project, dataset } = options;
  const daysAhead = Math.floor(Number(cell.micros) / 1000 / DAY_MS) - Math.floor(now() / DAY_MS);
  if (daysAhead >= -3650 && daysAhead <= 366) return;
  throw new RangeError(
    `Value ${isoText(cell.micros)} for field ${field.name} of the destination table ${project}:${dataset}.${table.name} ` +
      'is outside the allowed bounds. You can only stream to date range within 3650 days in the past and 366 days ' +
      'in the future relative to the current date.',
  );
}

/** A value as a column of this type holds it. */
export function cellOf(type: string, value: unknown): DuckDBValue {
  if (Array.isArray(value)) throw new TypeError('Array specified for non-repeated field.');
  if (typeof value === 'object') throw new TypeError('This field is not a record.');
  switch (type) {
    case 'INT64':
      return int64Of(value);
    case 'FLOAT64': {
      const isNumeric = typeof value === 'number' || (typeof value === 'string' && value.trim() !== '');
      if (isNumeric && Number.isFinite(Number(value))) return Number(value);
      throw new TypeError(`Cannot convert value to floating point (bad value): ${value}`);
    }
    case 'BOOL':
      if (value === true || value === 'true') return true;
      if (value === false || value === 'false') return false;
      throw new TypeError(`Cannot convert value to boolean (bad value): ${value}`);
    case 'STRING':
      if (typeof value === 'string') return value;
      throw new TypeError(`Cannot convert value to string (bad value): ${value}`);
    case 'TIMESTAMP':
      return timestampOf(value);
    case 'JSON':
      if (typeof value === 'string') return storedJson(value);
      throw new TypeError(`Cannot convert value to JSON, text expected (bad value): ${value}`);
    default:
      throw new TypeError(`The fake knows no column type ${type}.`);
  }
}

/** A number above 2^53 has lost digits on its way, so it is refused although BigQuery might take it. */
function int64Of(value: unknown): bigint {
  const isInteger =
    (typeof value === 'number' && Number.isSafeInteger(value)) ||
    (typeof value === 'string' && /^[+-]?\d+$/.test(value));
  const integer = isInteger
    ? BigInt(typeof value === 'string' ? value.replace('+', '') : (value as number))
    : undefined;
  if (integer !== undefined && BigInt.asIntN(64, integer) === integer) return integer;
  throw new TypeError(`Cannot convert value to integer (bad value): ${value}`);
}

function timestampOf(value: unknown): DuckDBTimestampTZValue {
  if (typeof value === 'number' && value >= -62_135_596_800 && value < 253_402_300_800) {
    return new DuckDBTimestampTZValue(BigInt(Math.round(value * 1_000_000)));
  }
  const text = typeof value === 'string' ? value : '';
  const match =
    /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(?:Z| UTC|([+-])(\d\d)(?::?(\d\d))?)$/.exec(text);
  const [, date, time, fraction = '', sign, hours = '0', minutes = '0'] = match ?? [];
  const utc = new Date(`${date}T${time}.000Z`);
  // The 30th of February would become the 2nd of March.
  if (!match || Number.isNaN(utc.getTime()) || !utc.toISOString().startsWith(`${date}T${time}`)) {
    throw new TypeError(`Could not parse '${value}' as a timestamp.`);
  }
  const offsetMs = (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === '-' ? -1 : 1);
  return new DuckDBTimestampTZValue(
    BigInt(utc.getTime() - offsetMs) * 1000n + BigInt(fraction.padEnd(6, '0')),
  );
}

/**
 * What BigQuery keeps of a JSON text: no spaces, keys sorted, integers of up to 64 bits exact, other numbers as
 * FLOAT64 (`1` and `1.0` stay apart), so that nothing relies on getting back the text that was sent.
 */
function storedJson(text: string): string {
  const json = JSON as unknown as { rawJSON(text: string): unknown; isRawJSON(value: unknown): boolean };
  const revive = (_key: string, value: unknown, context?: { source?: string }): unknown => {
    const source = context?.source ?? '';
    if (typeof value === 'number') {
      const integer = /^-?\d+$/.test(source) ? BigInt(source) : undefined;
      if (integer !== undefined && integer >= -(2n ** 63n) && integer < 2n ** 64n)
        return json.rawJSON(source);
      if (!Number.isFinite(value)) throw new RangeError(`Number out of range: ${source}`);
      return Number.isInteger(value) && Math.abs(value) < 1e15 ? json.rawJSON(`${value}.0`) : value;
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value) || json.isRawJSON(value))
      return value;
    return Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)));
  };
  return JSON.stringify(JSON.parse(text, revive));
}

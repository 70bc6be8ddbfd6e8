import {
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBListType,
  DuckDBListValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api';

/** A column as a query's schema describes it. */
export interface ResultField {
  name: string;
  type: string;
  mode: string;
}

const RESULT_TYPES: Partial<Record<DuckDBTypeId, string>> = {
  [DuckDBTypeId.TINYINT]: 'INTEGER',
  [DuckDBTypeId.SMALLINT]: 'INTEGER',
  [DuckDBTypeId.INTEGER]: 'INTEGER',
  [DuckDBTypeId.BIGINT]: 'INTEGER',
  [DuckDBTypeId.HUGEINT]: 'INTEGER',
  [DuckDBTypeId.UBIGINT]: 'INTEGER',
  [DuckDBTypeId.FLOAT]: 'FLOAT',
  [DuckDBTypeId.DOUBLE]: 'FLOAT',
  [DuckDBTypeId.DECIMAL]: 'NUMERIC',
  [DuckDBTypeId.BOOLEAN]: 'BOOLEAN',
  [DuckDBTypeId.VARCHAR]: 'STRING',
  [DuckDBTypeId.DATE]: 'DATE',
  [DuckDBTypeId.TIMESTAMP]: 'DATETIME',
  [DuckDBTypeId.TIMESTAMP_TZ]: 'TIMESTAMP',
  [DuckDBTypeId.SQLNULL]: 'INTEGER',
};

/** A column without a name is `f0_`, `f1_`, … in BigQuery. */
export function resultField(name: string, index: number, columnType: DuckDBType | undefined): ResultField {
  const isList = columnType instanceof DuckDBListType;
  const scalar = isList ? columnType.valueType : columnType;
  const type = scalar?.alias === 'JSON' ? 'JSON' : scalar && RESULT_TYPES[scalar.typeId];
  if (!type) throw new Error(`The fake cannot answer column ${name} of type ${columnType}.`);
  return {
    name: /^[A-Za-z_]\w*$/.test(name) ? name : `f${index}_`,
    type,
    mode: isList ? 'REPEATED' : 'NULLABLE',
  };
}

export function resultValue(value: DuckDBValue): unknown {
  if (value === null) return null;
  if (value instanceof DuckDBTimestampTZValue) return String(value.micros);
  if (value instanceof DuckDBTimestampValue) return value.toString().replace(' ', 'T');
  if (value instanceof DuckDBListValue) return value.items.map((item) => ({ v: resultValue(item) }));
  return String(value);
}

/** A value as tests compare it. */
export function plain(value: DuckDBValue): unknown {
  if (value instanceof DuckDBTimestampTZValue) return isoText(value.micros);
  if (value instanceof DuckDBListValue) return value.items.map(plain);
  const hasText = value instanceof DuckDBDecimalValue || value instanceof DuckDBDateValue;
  return hasText || value instanceof DuckDBTimestampValue ? value.toString() : value;
}

export function isoText(micros: bigint): string {
  const fraction = ((micros % 1000n) + 1000n) % 1000n;
  const text = new Date(Number((micros - fraction) / 1000n)).toISOString();
  return `${text.slice(0, -1)}${String(fraction).padStart(3, '0')}Z`;
}

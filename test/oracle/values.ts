/** A type as the engine writes it. */
export interface ProtoType {
  type_kind: string;
  array_type?: { element_type: ProtoType };
}

/** A value as the engine writes it: the name of the field that is set, and that field; nothing for NULL. */
export type ProtoValue = { value?: string } & Record<string, unknown>;

interface Moment {
  seconds?: string;
  nanos?: number;
}

const DAY_MS = 86_400_000;

/** How a type is called, and how its values travel. Values are those of the tests: INT64 as bigint, times as text. */
const TYPES: Record<
  string,
  { kind: string; field: string; encode: (value: unknown) => unknown; decode: (value: never) => unknown }
> = {
  INT64: { kind: 'TYPE_INT64', field: 'int64_value', encode: String, decode: BigInt },
  FLOAT64: { kind: 'TYPE_DOUBLE', field: 'double_value', encode: Number, decode: Number },
  BOOL: { kind: 'TYPE_BOOL', field: 'bool_value', encode: Boolean, decode: Boolean },
  STRING: { kind: 'TYPE_STRING', field: 'string_value', encode: String, decode: String },
  JSON: { kind: 'TYPE_JSON', field: 'json_value', encode: String, decode: String },
  DATE: {
    kind: 'TYPE_DATE',
    field: 'date_value',
    encode: (day) => Date.parse(`${day}T00:00:00Z`) / DAY_MS,
    decode: (days: number) => new Date(days * DAY_MS).toISOString().slice(0, 10),
  },
  TIMESTAMP: {
    kind: 'TYPE_TIMESTAMP',
    field: 'timestamp_value',
    encode: encodeTimestamp,
    decode: ({ seconds = '0', nanos = 0 }: Moment) =>
      `${new Date(Number(seconds) * 1_000).toISOString().slice(0, 19)}.${String(Math.floor(nanos / 1_000)).padStart(6, '0')}Z`,
  },
};

const NAMES = Object.fromEntries(Object.entries(TYPES).map(([name, { kind }]) => [kind, name]));

/** `INT64`, or `ARRAY<INT64>`. */
export function encodeType(name: string): ProtoType {
  const element = elementOf(name);
  if (element !== undefined) {
    return { type_kind: 'TYPE_ARRAY', array_type: { element_type: encodeType(element) } };
  }
  return { type_kind: typeOf(name).kind };
}

export function decodeType({ type_kind, array_type }: ProtoType): string {
  return array_type ? `ARRAY<${decodeType(array_type.element_type)}>` : (NAMES[type_kind] ?? type_kind);
}

export function encodeValue(name: string, value: unknown): Record<string, unknown> {
  if (value === null || value === undefined) return {};
  const element = elementOf(name);
  if (element !== undefined) {
    return { array_value: { element: (value as unknown[]).map((item) => encodeValue(element, item)) } };
  }
  const { field, encode } = typeOf(name);
  return { [field]: encode(value) };
}

export function decodeValue(type: ProtoType, cell: ProtoValue | undefined): unknown {
  if (!cell?.value) return null;
  const value = cell[cell.value];
  if (type.array_type) {
    const { element_type } = type.array_type;
    return (value as { element: ProtoValue[] }).element.map((item) => decodeValue(element_type, item));
  }
  return typeOf(decodeType(type)).decode(value as never);
}

function elementOf(name: string): string | undefined {
  return /^ARRAY<(.*)>$/.exec(name)?.[1];
}

function typeOf(name: string) {
  const type = TYPES[name];
  if (!type) throw new TypeError(`No view or statement has had the type ${name} so far.`);
  return type;
}

/** ISO text in UTC, up to microseconds. */
function encodeTimestamp(value: unknown): Moment {
  const [, second, fraction = ''] = /^(.{10}[T ].{8})(?:\.(\d{1,6}))?Z$/.exec(String(value)) ?? [];
  if (second === undefined) throw new TypeError(`${value} is no TIMESTAMP.`);
  return { seconds: String(Date.parse(`${second}Z`) / 1_000), nanos: Number(fraction.padEnd(9, '0')) };
}

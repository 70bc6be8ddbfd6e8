/** The encodings of Terraform's plugin protocol, as far as a stand-in needs them: protobuf for messages, msgpack for values. */

/** A length-delimited field: bytes, a text or a nested message. */
export function bytesField(field: number, value: Buffer | string): Buffer {
  const body = Buffer.from(value as string);
  return Buffer.concat([varint(field * 8 + 2), varint(body.length), body]);
}

/** A whole number or a boolean; zero is left out, as protobuf does. */
export function numberField(field: number, value: number | boolean | undefined): Buffer {
  return value ? oneofNumberField(field, Number(value)) : Buffer.alloc(0);
}

/** A number that says by being there which of several fields is meant, so that zero is written too. */
export function oneofNumberField(field: number, value: number): Buffer {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

/** The length-delimited fields of a message, by number. Of a repeated one the last: requests have none that matter here. */
export function readFields(message: Buffer): Record<number, Buffer> {
  const fields: Record<number, Buffer> = {};
  let at = 0;
  const readVarint = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = message.readUInt8(at++);
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = readVarint();
    const length = readVarint();
    const type = tag & 7;
    if (type === 0) continue; // a number: what was read as its length is its value
    if (type !== 2) throw new Error(`Protobuf's wire type ${type} is not expected in a request.`);
    fields[tag >> 3] = message.subarray(at, at + length);
    at += length;
  }
  return fields;
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

/** A value that Terraform does not know yet, such as the id of something that is still to be created. */
export const UNKNOWN = Symbol('unknown');

/** A configuration value; numbers may come as text. */
export type Value = null | boolean | number | string | typeof UNKNOWN | Value[] | { [name: string]: Value };

/** The value in a message of type DynamicValue. */
export function readDynamicValue(message: Buffer): Value {
  const { 1: msgpack, 2: json } = readFields(message);
  if (msgpack?.length) return readMsgpack(msgpack);
  return json?.length ? (JSON.parse(json.toString()) as Value) : null;
}

function readMsgpack(buffer: Buffer): Value {
  let at = 0;
  const take = (length: number) => {
    at += length;
    return buffer.subarray(at - length, at);
  };
  const size = (bytes: number) => take(bytes).readUIntBE(0, bytes);
  const text = (length: number): Value => take(length).toString();
  const list = (length: number): Value => Array.from({ length }, read);
  const map = (length: number): Value =>
    Object.fromEntries(Array.from({ length }, (): [string, Value] => [String(read()), read()]));
  // Whatever its type: Terraform uses extensions for unknown values only.
  const extension = (length: number): Value => {
    take(1 + length);
    return UNKNOWN;
  };
  const READERS: Record<number, () => Value> = {
    192: () => null,
    194: () => false,
    195: () => true,
    196: () => text(size(1)),
    197: () => text(size(2)),
    199: () => extension(size(1)),
    200: () => extension(size(2)),
    202: () => take(4).readFloatBE(),
    203: () => take(8).readDoubleBE(),
    204: () => size(1),
    205: () => size(2),
    206: () => size(4),
    207: () => Number(take(8).readBigUInt64BE()),
    208: () => take(1).readInt8(),
    209: () => take(2).readInt16BE(),
    210: () => take(4).readInt32BE(),
    211: () => Number(take(8).readBigInt64BE()),
    212: () => extension(1),
    213: () => extension(2),
    214: () => extension(4),
    215: () => extension(8),
    216: () => extension(16),
    217: () => text(size(1)),
    218: () => text(size(2)),
    219: () => text(size(4)),
    220: () => list(size(2)),
    221: () => list(size(4)),
    222: () => map(size(2)),
    223: () => map(size(4)),
  };
  function read(): Value {
    const code = size(1);
    if (code < 0x80) return code;
    if (code < 0x90) return map(code & 15);
    if (code < 0xa0) return list(code & 15);
    if (code < 0xc0) return text(code & 31);
    if (code >= 0xe0) return code - 256;
    const reader = READERS[code];
    if (!reader) throw new Error(`Msgpack's code 0x${code.toString(16)} is not expected in a value.`);
    return reader();
  }
  return read();
}

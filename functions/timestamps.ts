/**
 * A moment as `2026-11-23T12:00:01.000000Z`: always UTC, always microseconds.
 *
 * Text, because a number of microseconds does not fit a double, and because text of this form sorts as time does.
 */
export type Timestamp = string;

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

const PATTERN =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s?([Zz]|[+-]\d\d(?::?\d\d)?)?$/;

/** Reads ISO 8601 with any offset, or without one as UTC, to the microsecond; undefined if it is no moment. */
export function parseTimestamp(text: string): Timestamp | undefined {
  if (isUtcMilliseconds(text)) return text.replace('Z', '000Z');
  const match = PATTERN.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second = '00', fraction = '', zone = 'Z'] = match;
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const localMs = Date.parse(`${local}Z`);
  // Date.parse accepts the 31st of February and 24:00; what it reads must be what was written.
  if (Number.isNaN(localMs) || new Date(localMs).toISOString().slice(0, 19) !== local) return undefined;
  const offsetMs = zoneOffsetMs(zone);
  if (offsetMs === undefined) return undefined;
  const utc = new Date(localMs - offsetMs).toISOString();
  // Years below 1 and above 9999 fit no TIMESTAMP column.
  if (!/^\d{4}-/.test(utc) || utc.startsWith('0000')) return undefined;
  return `${utc.slice(0, 19)}.${fraction.slice(0, 6).padEnd(6, '0')}Z`;
}

/** What the API sends, told apart without a regular expression: most of what there is to parse. */
function isUtcMilliseconds(text: string): boolean {
  const epochMs = text.length === 24 && !text.startsWith('0000') ? Date.parse(text) : Number.NaN;
  return !Number.isNaN(epochMs) && new Date(epochMs).toISOString() === text;
}

function zoneOffsetMs(zone: string): number | undefined {
  if (/^z$/i.test(zone)) return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(-2)) * (zone.length > 3 ? 1 : 0);
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * MINUTE_MS;
}

export function timestampOf(epochMs: number): Timestamp {
  return new Date(epochMs).toISOString().replace('Z', '000Z');
}

/** Milliseconds since 1970, the microseconds cut off. */
export function epochMsOf(timestamp: Timestamp): number {
  return Date.parse(timestamp.replace(/\d{3}Z$/, 'Z'));
}

/** Microseconds since 1970. */
export function epochMicrosOf(timestamp: Timestamp): bigint {
  return BigInt(epochMsOf(timestamp)) * 1000n + BigInt(timestamp.slice(-4, -1));
}

const EARLIEST_MS = Date.parse('0001-01-01T00:00:00Z');
const LATEST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/** The moment so many milliseconds later, or earlier if negative; never before the year 1 or after 9999, where texts do not sort. */
export function addMs(timestamp: Timestamp, milliseconds: number): Timestamp {
  const movedMs = Math.min(Math.max(epochMsOf(timestamp) + milliseconds, EARLIEST_MS), LATEST_MS);
  const moved = new Date(movedMs).toISOString();
  return moved.replace('Z', `${timestamp.slice(-4, -1)}Z`);
}

/** As reports and logs show it: with microseconds only if there are any. */
export function displayTimestamp(timestamp: Timestamp): string {
  return timestamp.replace(/000Z$/, 'Z');
}

/** The moment so many microseconds after 1970, or before it. */
export function timestampOfMicros(micros: bigint): Timestamp {
  const fraction = ((micros % 1000n) + 1000n) % 1000n;
  return timestampOf(Number((micros - fraction) / 1000n)).replace(
    '000Z',
    `${String(fraction).padStart(3, '0')}Z`,
  );
}

const MAX_DEPTH = 100;
const INT64_MIN = -(2n ** 63n);
const UINT64_MAX = 2n ** 64n - 1n;

/**
 * Parses JSON without losing digits: integers beyond 2^53 become bigint, other numbers that a double cannot hold become
 * their text.
 *
 * @throws {SyntaxError} if the text is no JSON.
 */
export function parseJson(text: string): unknown {
  return JSON.parse(text, keepDigits);
}

// TypeScript does not know the third argument yet: https://github.com/tc39/proposal-json-parse-with-source
function keepDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? String(value);
  if (/^-?\d+(?:\.0+)?$/.test(source)) return BigInt(source.replace(/\..*/, ''));
  const isExact = Number.isFinite(value) && (source.length <= 15 || String(value) === source);
  return isExact ? value : source;
}

/**
 * Writes a value as JSON that every warehouse accepts: lone surrogates become U+FFFD; integers that fit no 64 bits and
 * what is nested more than 100 levels deep become text.
 *
 * @param keys `sorted` makes equal values equal texts.
 */
export function stringifyJson(value: unknown, keys: 'as sent' | 'sorted' = 'as sent', depth = 0): string {
  if (typeof value === 'string') return JSON.stringify(value.toWellFormed());
  if (typeof value === 'bigint') {
    return value >= INT64_MIN && value <= UINT64_MAX ? String(value) : `"${value}"`;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  if (depth === MAX_DEPTH) return stringifyJson(printJson(value));
  if (Array.isArray(value)) return `[${value.map((item) => stringifyJson(item, keys, depth + 1)).join(',')}]`;
  const members = Object.entries(value);
  if (keys === 'sorted') members.sort(([one], [other]) => (one < other ? -1 : 1));
  const texts = members.map(
    ([key, member]) => `${stringifyJson(key)}:${stringifyJson(member, keys, depth + 1)}`,
  );
  return `{${texts.join(',')}}`;
}

declare global {
  interface JSON {
    /** https://github.com/tc39/proposal-json-parse-with-source; TypeScript does not know it yet. */
    rawJSON(text: string): object;
  }
}

/** Writes a report or a log line as JSON, bigints as numbers with all their digits, keys as they come. */
export function printJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'bigint' ? JSON.rawJSON(String(inner)) : inner,
  );
}

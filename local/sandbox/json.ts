/** `JSON.rawJSON`, which Node has and TypeScript's library does not know yet. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** JSON text in which a bigint stands as a bare number with all its digits. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? rawJSON(part.toString()) : part));
}

/** A number where it is exact, so that most cursors can be read and changed as plain numbers. */
export function toPlainNumber(value: bigint): number | bigint {
  const plain = Number(value);
  return Number.isSafeInteger(plain) ? plain : value;
}

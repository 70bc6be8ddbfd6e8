import { AttemptFailed } from './faults.ts';

/** A page of 50 of the largest rows that Kondado was ever seen to send is far below; more would not fit the memory of a function. */
const MAX_BODY_BYTES = 32 * 2 ** 20;

/** The text of an answer. */
export interface Body {
  text: string;
  /** What it was read as. */
  charset: string;
  /** Whether every byte was a character of the charset; those that were not are U+FFFD in the text. */
  isExact: boolean;
}

/**
 * Reads the body of an answer in the charset that it declares.
 *
 * @throws {AttemptFailed} if it is larger than the function could hold, so that no page can end the process each time it comes.
 */
export async function readText(response: Response): Promise<Body> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) {
      throw new AttemptFailed(
        `an answer of more than ${MAX_BODY_BYTES / 2 ** 20} MiB, which no page should have`,
        true,
      );
    }
    chunks.push(chunk);
  }
  return decode(Buffer.concat(chunks), charsetOf(response.headers.get('content-type')));
}

function decode(bytes: Uint8Array, charset: string): Body {
  try {
    return { text: new TextDecoder(charset, { fatal: true }).decode(bytes), charset, isExact: true };
  } catch {
    return { text: new TextDecoder(charset).decode(bytes), charset, isExact: false };
  }
}

/** The charset of a Content-Type, in the words of https://encoding.spec.whatwg.org/; UTF-8 where it names none that is known. */
function charsetOf(contentType: string | null): string {
  const [, label = 'utf-8'] = /;\s*charset="?([^\s";]+)/i.exec(contentType ?? '') ?? [];
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return 'utf-8';
  }
}

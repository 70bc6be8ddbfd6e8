import { AttemptFailed } from './faults.ts';

// Two pages are in memory at a time, and a function has 512 MiB. Measured: a page of 60 MiB of large texts needs 240 MiB
// while it is parsed, one of 40,000 small rows 110 MiB.
const MAX_BODY_BYTES = 64 * 2 ** 20;
const MAX_OBJECTS = 40_000;

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
 * @throws {AttemptFailed} if it is larger than a function could hold, so that no page can end the process whenever it comes.
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
  const body = decode(Buffer.concat(chunks), charsetOf(response.headers.get('content-type')));
  if (countObjects(body.text) > MAX_OBJECTS) {
    throw new AttemptFailed(`an answer of more than ${MAX_OBJECTS} objects, which no page should have`, true);
  }
  return body;
}

/** At most: a brace in a text counts too. */
function countObjects(text: string): number {
  let objects = 0;
  for (let at = text.indexOf('{'); at !== -1; at = text.indexOf('{', at + 1)) objects++;
  return objects;
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

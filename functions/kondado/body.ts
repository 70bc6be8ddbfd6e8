import { AttemptFailed } from './faults.ts';

// Two pages are in memory at a time, and a function has 512 MiB. Measured: a page of 60 MiB of large texts needs 240 MiB
// while it is parsed, one of 40,000 small rows, of 16 values each, 110 MiB.
const MAX_BODY_BYTES = 64 * 2 ** 20;
const MAX_VALUES = 640_000;

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
  if (holdsMoreValues(body.text, MAX_VALUES)) {
    throw new AttemptFailed(`an answer of more than ${MAX_VALUES} values, which no page should have`, true);
  }
  return body;
}

const [BACKSLASH, QUOTE, BRACE, BRACKET, COMMA] = Array.from('\\"{[,', (character) =>
  character.charCodeAt(0),
);

/** Whether JSON has more values than that, as each begins behind a bracket, a brace or a comma outside of texts. */
function holdsMoreValues(json: string, limit: number): boolean {
  let values = 0;
  let isText = false;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (isText && code === BACKSLASH) at++;
    else if (code === QUOTE) isText = !isText;
    else if (!isText && (code === COMMA || code === BRACE || code === BRACKET) && ++values > limit)
      return true;
  }
  return false;
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

import { z } from 'zod';
import { parseJson, printJson } from '../json.ts';
import { DAY_MS } from '../timestamps.ts';

/** One page of log rows as the API sent it. */
export interface Page {
  /** The rows, unread: one that cannot be used must not spoil the others. */
  entries: unknown[];
  /** The cursor of the next page; null if the API names none. */
  cursor: bigint | null;
}

/** What an HTTP answer of Kondado means, where what was asked for is a `T`. */
export type Answer<T> =
  | { kind: 'value'; value: T }
  | { kind: 'rateLimited'; retryAfterMs: number }
  /** HTTP 408 or 5xx: worth another attempt. */
  | { kind: 'unavailable'; status: number; retryAfterMs: number }
  | { kind: 'refused'; status: number; error: string; message: string }
  /** Not what the API sends, but perhaps what a proxy or a cut line made of it: worth another attempt. */
  | { kind: 'unreadable'; reason: string };

const cursor = z
  .union([z.int(), z.bigint(), z.string().regex(/^\d{1,19}$/)])
  .transform((value) => BigInt(value))
  .nullish();

/** https://kondado.io's help pages: "Logs"; the page lies in two envelopes. */
export const PAGE: z.ZodType<Page> = z
  .object({
    success: z.literal(true),
    data: z.object({
      success: z.literal(true).optional(),
      data: z.array(z.unknown()),
      pagination: z.object({ next_start_element_id: cursor }).nullish(),
    }),
  })
  .transform(({ data: { data, pagination } }) => ({
    entries: data,
    cursor: pagination?.next_start_element_id ?? null,
  }));

const errorEnvelope = z.object({ success: z.literal(false), error: z.unknown(), message: z.unknown() });
const anyErrorEnvelope = z.union([
  errorEnvelope,
  z.object({ success: z.literal(true), data: errorEnvelope }),
]);

/**
 * Tells what an HTTP answer means.
 *
 * A throttled request comes as HTTP 200, so the body decides before the status does. Texts are as they came, so that
 * nothing that is removed from them for display can change the meaning.
 *
 * @param shape of the body that was asked for.
 */
export function decodeAnswer<T>(
  { status, headers, text }: { status: number; headers: Headers; text: string },
  shape: z.ZodType<T>,
): Answer<T> {
  const body = tryParse(text);
  const envelope = anyErrorEnvelope.safeParse(body);
  const fault = envelope.success ? ('data' in envelope.data ? envelope.data.data : envelope.data) : undefined;
  const error = textOf(fault?.error);
  const retryAfter = retryAfterMs(headers.get('retry-after'));
  if (status === 429 || error === 'RATE_LIMIT_EXCEEDED')
    return { kind: 'rateLimited', retryAfterMs: retryAfter };
  if (status === 408 || status >= 500) {
    return { kind: 'unavailable', status, retryAfterMs: status === 503 ? retryAfter : 0 };
  }
  if (fault || status !== 200) return { kind: 'refused', status, error, message: textOf(fault?.message) };
  const parsed = shape.safeParse(body);
  if (parsed.success) return { kind: 'value', value: parsed.data };
  return { kind: 'unreadable', reason: `the answer is ${shapeOf(text, body, parsed.error)}` };
}

function tryParse(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : printJson(value);
}

/** What is wrong with an answer, without repeating any of it. */
function shapeOf(text: string, body: unknown, { issues }: z.ZodError): string {
  if (text.trim() === '') return 'empty';
  if (body === undefined) return /^\s*</.test(text) ? 'HTML instead of JSON' : 'no JSON, or cut off';
  const places = issues.map(({ path }) => path.join('.') || 'the whole');
  return `not the documented envelope (see ${[...new Set(places)].join(', ')})`;
}

/**
 * How long a Retry-After asks to wait, at most a day; 0 if it makes no sense: it is a whole number of seconds, or a date ahead.
 *
 * https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
function retryAfterMs(header: string | null): number {
  const value = header?.trim() ?? '';
  if (/^\d+$/.test(value)) return Math.min(Number(value) * 1000, DAY_MS);
  // Date.parse reads much else: "-1" and "1.5" as days of 2001.
  const isDate = /^[A-Z][a-z]+, .*\d\d:\d\d:\d\d/.test(value) || /^\d{4}-\d\d-\d\dT/.test(value);
  const ms = isDate ? Date.parse(value) - Date.now() : 0;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(0, ms), DAY_MS);
}

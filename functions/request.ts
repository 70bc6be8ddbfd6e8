import type { Request } from '@google-cloud/functions-framework';
import { z } from 'zod';
import { SyncError } from './errors.ts';
import { parseJson } from './json.ts';
import { STREAM_NAMES, type StreamName } from './streams.ts';
import { parseTimestamp, type Timestamp, timestampOf } from './timestamps.ts';

/** What a run is asked to do, as the contract's table of body keys says. */
export interface RunRequest {
  mode: 'incremental' | 'backfill' | 'verify';
  /** Undefined: all that are enabled. */
  streams: StreamName[] | undefined;
  from: Timestamp | undefined;
  to: Timestamp | undefined;
  fromId: bigint | undefined;
  dryRun: boolean;
}

const moment = z.string('must be a text').transform((text, context) => {
  const isDate = /^\d{4}-\d\d-\d\d$/.test(text);
  const hasZone = /T.*(?:Z|[+-]\d\d(?::?\d\d)?)$/.test(text);
  const timestamp = isDate ? parseTimestamp(`${text}T00:00:00Z`) : hasZone ? parseTimestamp(text) : undefined;
  if (timestamp !== undefined) return timestamp;
  context.addIssue('must be a date such as 2026-09-01 or a date-time with zone such as 2026-09-01T12:00:00Z');
  return z.NEVER;
});

const elementId = z
  .union([z.int(), z.bigint()], 'must be a whole number from 0 on')
  .transform((id, context) => {
    const exact = BigInt(id);
    if (exact >= 0n && exact < 2n ** 63n) return exact;
    context.addIssue('must be a whole number from 0 on that fits 64 bits');
    return z.NEVER;
  });

const streamList = z
  .array(
    z.enum(STREAM_NAMES, `must be one of ${STREAM_NAMES.join(', ')}`),
    'must be an array of stream names',
  )
  .nonempty('must not be empty: leave it out for all streams')
  .refine((names) => new Set(names).size === names.length, 'must not name a stream twice');

const KEYS = {
  streams: streamList.optional(),
  from: moment.optional(),
  to: moment.optional(),
  from_id: elementId.optional(),
  verify: z.boolean('must be true or false').optional(),
  dry_run: z.boolean('must be true or false').optional(),
};

const body = z
  .strictObject(KEYS, {
    error: (issue) => (issue.code === 'invalid_type' ? 'must be a JSON object' : undefined),
  })
  .superRefine(({ from, to, from_id }, context) => {
    const fault = (key: string, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message });
    if (from !== undefined && from_id !== undefined) fault('from_id', 'cannot go together with "from"');
    if (from !== undefined && from > timestampOf(Date.now())) fault('from', 'lies in the future');
    if (to !== undefined && from === undefined && from_id === undefined)
      fault('to', 'needs "from" or "from_id"');
    if (to !== undefined && from !== undefined && to <= from) fault('to', 'must be after "from"');
  });

/**
 * Reads what a run is asked to do from the text of a body; no text at all asks for an incremental sync.
 *
 * @throws {SyncError} INVALID_REQUEST that names every fault.
 */
export function parseRunRequest(text: string): RunRequest {
  const parsed = body.safeParse(text.trim() === '' ? {} : parseBody(text));
  if (!parsed.success) throw invalid(parsed.error.issues.flatMap(describe).join('; '));
  const { streams, from, to, from_id, verify = false, dry_run = false } = parsed.data;
  const isBackfill = from !== undefined || from_id !== undefined;
  return {
    mode: verify ? 'verify' : isBackfill ? 'backfill' : 'incremental',
    streams,
    from,
    to,
    fromId: from_id,
    dryRun: dry_run,
  };
}

function parseBody(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    throw invalid('it is not JSON');
  }
}

function invalid(faults: string): SyncError {
  const keys = Object.keys(KEYS).join(', ');
  return new SyncError(
    'INVALID_REQUEST',
    `The request body was refused: ${faults}. It may hold the keys ${keys}.`,
  );
}

function describe(issue: z.core.$ZodIssue): string[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => `unknown key ${JSON.stringify(key)}`);
  return [issue.path.length === 0 ? `it ${issue.message}` : `"${issue.path.join('.')}" ${issue.message}`];
}

/**
 * The text of a request's body, whatever its Content-Type says.
 *
 * Cloud Scheduler sends `application/octet-stream` and `curl -d` a form type, which the framework parses as such, so only
 * the raw body counts. Without a Content-Type the framework leaves the body unread.
 *
 * @throws {SyncError} INVALID_REQUEST if there is a body that cannot be read as text.
 */
export async function bodyText(request: Request): Promise<string> {
  if (request.rawBody) {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(request.rawBody);
    } catch {
      throw invalid('it is not UTF-8 text');
    }
  }
  if (request.headers['content-type'] === undefined) {
    for await (const chunk of request) {
      if (chunk.length > 0)
        throw invalid('it has no Content-Type; send it with "Content-Type: application/json"');
    }
  }
  return '';
}

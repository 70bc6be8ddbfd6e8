import type { Request } from '@google-cloud/functions-framework';
import { z } from 'zod';
import { SyncError } from '../errors.ts';
import { parseJson } from '../json.ts';
import { STREAM_NAMES, type StreamName } from '../streams.ts';
import { parseTimestamp, type Timestamp, timestampOf } from '../timestamps.ts';

/** What a run is asked to do, as the contract's table of body keys says. */
export interface RunRequest {
  mode: 'incremental' | 'backfill' | 'verify' | 'check';
  /** Undefined: all that are enabled. */
  streams: StreamName[] | undefined;
  from: Timestamp | undefined;
  to: Timestamp | undefined;
  fromId: bigint | undefined;
  dryRun: boolean;
  /** Whether a backfill may start although rows before it are not read. */
  acceptGap: boolean;
  /** Whether a backfill or a verification publishes events; an incremental run always does. */
  publish: boolean;
  /** Only this one of the clients, for what is left of a run; no body can ask for it. */
  clientId?: bigint;
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

const flag = z.boolean('must be true or false');

const KEYS = {
  streams: streamList,
  from: moment,
  to: moment,
  from_id: elementId,
  verify: flag,
  dry_run: flag,
  accept_gap: flag,
  publish: flag,
  check: flag,
};

type Keys = { [K in keyof typeof KEYS]?: z.output<(typeof KEYS)[K]> };

/** What is wrong with one key of a body. */
export interface RequestFault {
  key: string;
  message: string;
}

/** Reads what a run is asked to do from the keys of a body, and all that is wrong with them. */
export function readRunRequest(body: object): { request: RunRequest; faults: RequestFault[] } {
  const keys: Keys = {};
  const faults: RequestFault[] = [];
  for (const [key, value] of Object.entries(body)) {
    const type = Object.hasOwn(KEYS, key) ? KEYS[key as keyof Keys] : undefined;
    const parsed = type?.safeParse(value);
    if (parsed?.success) Object.assign(keys, { [key]: parsed.data });
    else {
      const messages = parsed?.error.issues.map((issue) => issue.message) ?? ['is not a known key'];
      faults.push({ key, message: [...new Set(messages)].join(', ') });
    }
  }
  faults.push(...contradictions(keys, body));
  const isBackfill = keys.from !== undefined || keys.from_id !== undefined;
  const request: RunRequest = {
    mode: keys.check ? 'check' : keys.verify ? 'verify' : isBackfill ? 'backfill' : 'incremental',
    streams: keys.streams,
    from: keys.from,
    to: keys.to,
    fromId: keys.from_id,
    dryRun: keys.dry_run ?? false,
    acceptGap: keys.accept_gap ?? false,
    publish: keys.publish ?? false,
  };
  return { request, faults };
}

/** The body that asks for a run. */
export function bodyOf({ mode, streams, from, to, fromId, dryRun, acceptGap, publish }: RunRequest): object {
  const body = {
    streams,
    from,
    to,
    from_id: fromId,
    verify: mode === 'verify' || undefined,
    dry_run: dryRun || undefined,
    accept_gap: acceptGap || undefined,
    publish: publish || undefined,
  };
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}

function contradictions(
  { from, to, accept_gap, publish, verify, check }: Keys,
  body: object,
): RequestFault[] {
  if (check) {
    const others = Object.keys(KEYS).filter((key) => key in body && key !== 'check' && key !== 'streams');
    return others.map((key) => ({ key, message: 'cannot go together with "check"' }));
  }
  const faults: RequestFault[] = [];
  const isFromId = 'from_id' in body;
  if ('from' in body && isFromId) faults.push({ key: 'from_id', message: 'cannot go together with "from"' });
  if (from !== undefined && from > timestampOf(Date.now()))
    faults.push({ key: 'from', message: 'lies in the future' });
  if ('to' in body && !('from' in body) && !isFromId)
    faults.push({ key: 'to', message: 'needs "from" or "from_id"' });
  if (accept_gap && (verify || (!('from' in body) && !isFromId)))
    faults.push({ key: 'accept_gap', message: 'needs "from" or "from_id", and is not for a verification' });
  if (publish && !verify && !('from' in body) && !isFromId)
    faults.push({
      key: 'publish',
      message: 'needs "from", "from_id" or "verify": other runs publish anyway',
    });
  if (to !== undefined && from !== undefined && to <= from)
    faults.push({ key: 'to', message: 'must be after "from"' });
  return faults;
}

/**
 * Reads what a run is asked to do from the text of a body; no text at all asks for an incremental sync.
 *
 * @throws {SyncError} INVALID_REQUEST that names every fault.
 */
export function parseRunRequest(text: string): RunRequest {
  const body = text.trim() === '' ? {} : parseBody(text);
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw invalid('it is not a JSON object');
  const { request, faults } = readRunRequest(body);
  if (faults.length > 0)
    throw invalid(faults.map(({ key, message }) => `${JSON.stringify(key)} ${message}`).join('; '));
  return request;
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

/**
 * The text of a request's body, whatever its Content-Type says.
 *
 * Cloud Scheduler sends `application/octet-stream` and `curl -d` a form type, which the framework parses as such, so only
 * the raw body counts. Without a usable Content-Type the framework leaves the body unread.
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
  for await (const chunk of request) {
    if (chunk.length > 0) {
      throw invalid('its Content-Type is missing or unusable; send it with "Content-Type: application/json"');
    }
  }
  return '';
}

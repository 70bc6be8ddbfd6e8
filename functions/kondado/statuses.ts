import { z } from 'zod';
import { stringifyJson } from '../json.ts';

export type ObjectState =
  | 'gone'
  | 'blocked'
  | 'failing'
  | 'disabled'
  | 'building'
  | 'draft'
  | 'ok'
  /** Something that was never documented; the status is kept as it was sent. */
  | 'unknown';

/** How a pipeline or model is, as Kondado says it. */
export interface ObjectStatus {
  state: ObjectState;
  /** As sent. */
  status: string | null;
  is_running: boolean | null;
  is_active: boolean | null;
  is_blocked: boolean | null;
  kubo_status_type: string | null;
  message: string | null;
  /** Fields without a place here, or whose values did not fit it, as JSON text; null if there are none. */
  extra: string | null;
}

const BLOCKED = /__blocked$/;

/** Of an object that Kondado does not know, or no longer. */
export const GONE: ObjectStatus = {
  state: 'gone',
  status: null,
  is_running: null,
  is_active: null,
  is_blocked: null,
  kubo_status_type: null,
  message: null,
  extra: null,
};

/**
 * The body that tells the status of one object.
 *
 * Pipelines are documented without the envelope and models with it: either is taken for both.
 */
export function statusOf(id: bigint): z.ZodType<ObjectStatus> {
  const name = String(id);
  const bare = z.object({ [name]: z.record(z.string(), z.unknown()) });
  return z
    .union([z.object({ success: z.literal(true), data: bare }).transform(({ data }) => data), bare])
    .transform((byId) => readStatus(byId[name] ?? {}));
}

function readStatus(sent: Record<string, unknown>): ObjectStatus {
  const extra = { ...sent };
  function take<T>(field: string, isFit: (value: unknown) => value is T): T | null {
    const value = sent[field];
    if (value === undefined || value === null || isFit(value)) delete extra[field];
    return isFit(value) ? value : null;
  }
  const values = {
    status: take('status', isText),
    is_running: take('is_running', isFlag),
    is_active: take('is_active', isFlag),
    is_blocked: take('is_blocked', isFlag),
    kubo_status_type: take('kubo_status_type', isText),
    message: take('raw_msg', isText),
  };
  return {
    state: stateOf(values),
    ...values,
    extra: Object.keys(extra).length > 0 ? stringifyJson(extra) : null,
  };
}

/** The first that holds: a blocked pipeline still says what it was before. */
function stateOf({
  status,
  is_active,
  is_blocked,
  kubo_status_type,
}: Pick<ObjectStatus, 'status' | 'is_active' | 'is_blocked' | 'kubo_status_type'>): ObjectState {
  const word = status?.replace(BLOCKED, '') ?? '';
  if (is_blocked || BLOCKED.test(status ?? '')) return 'blocked';
  if (/^(?:error|too_many)_/.test(word)) return 'failing';
  if (word === 'not_active' || is_active === false) return 'disabled';
  if (word === 'building_tables' || kubo_status_type === 'rebuilding') return 'building';
  if (kubo_status_type === 'not_published') return 'draft';
  return ['running', 'scheduled', 'active'].includes(word) ? 'ok' : 'unknown';
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isFlag(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

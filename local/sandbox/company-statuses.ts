import { DAY_MS } from '../../functions/timestamps.ts';
import { isPastLaunch, launchPipeline, lostAccess, MODELS, PIPELINES, type Pipeline } from './pipelines.ts';
import { toLocal } from './rhythm.ts';
import type { StatusFields, StatusObject } from './statuses.ts';

/** Blocked once it has run, on the first of a month, until the next month begins. */
const BLOCKED_ID = 811;
const BLOCKED_FROM_DAY = 3;

/** The statuses that fit the company's logs at a moment; null for what it does not have. */
export function companyStatus({ kind, id }: StatusObject, nowMs: number): StatusFields | null {
  if (kind === 'models') return MODELS.some((model) => model.id === id) ? {} : null;
  const pipeline = PIPELINES.find((each) => each.id === id);
  return pipeline === undefined ? launchStatus(id, nowMs) : pipelineStatus(pipeline, nowMs);
}

function pipelineStatus(pipeline: Pipeline, nowMs: number): StatusFields {
  const [service] = pipeline.name.split(' - ');
  const refusal = `401 invalid_grant: the access to ${service} has expired or was revoked. Connect the account again.`;
  switch (lostAccess(pipeline, nowMs)) {
    case 'expired':
      return { status: 'too_many_consecutive_failed_builds', raw_msg: refusal };
    case 'failing':
      return {
        status: 'error_building_tables',
        raw_msg: `429: ${service} has refused most requests for some hours.`,
      };
    default:
      return pipeline.id === BLOCKED_ID && toLocal(nowMs).getUTCDate() >= BLOCKED_FROM_DAY
        ? {
            status: 'scheduled__blocked',
            is_blocked: true,
            raw_msg: 'The source is under maintenance until the first of next month.',
          }
        : {};
  }
}

/** Each launch has a pipeline of its own, which is switched off when it is over. */
function launchStatus(id: number, nowMs: number): StatusFields | null {
  const day = Math.floor(nowMs / DAY_MS);
  if (id === launchPipeline(day)?.id) return {};
  return isPastLaunch(id, day) ? { status: 'not_active', is_active: false } : null;
}

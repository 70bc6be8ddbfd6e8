import type { ViewRow } from '../views/columns.ts';
import type { Severity } from './finding.ts';
import { type Forecast, outlookOf } from './forecast.ts';
import { quoted } from './shortened.ts';
import type { Wording } from './wording/wording.ts';

export type Status = ViewRow<'pipeline_status'> | ViewRow<'model_status'>;

/** Kondado's messages may be as long as a stack. */
const MESSAGE_LENGTH = 160;

const SEVERITIES = { late: 'warning', silent: 'critical', stopped: 'notice' } as const;
/** What is told before anything is overdue. */
const EARLY = ['failing', 'blocked'] as const;

/** What is wrong with a pipeline or model, in a word, and how severe it is. */
export interface Judgement {
  kind: keyof typeof SEVERITIES | (typeof EARLY)[number] | 'switched_off';
  severity: Severity;
}

/** Undefined if it is nothing to look at. What was switched off on purpose is no emergency. */
export function judgementOf(status: Status): Judgement | undefined {
  const { health, state } = status;
  if (isOverdueHealth(health)) {
    if (status.silence_reason === 'switched_off') return { kind: 'switched_off', severity: 'notice' };
    return { kind: health, severity: SEVERITIES[health] };
  }
  const kind = EARLY.find((name) => name === state);
  return kind === undefined ? undefined : { kind, severity: 'warning' };
}

function isOverdueHealth(health: string): health is keyof typeof SEVERITIES {
  return Object.hasOwn(SEVERITIES, health);
}

/** Whether somebody wants to know that it is overdue: whoever has switched it off knows. */
export function isAlarming({ overdue_minutes, silence_reason }: Status): boolean {
  return overdue_minutes !== null && silence_reason !== 'switched_off';
}

/**
 * Why Kondado's own word is that it is silent; null if it is not overdue.
 *
 * The view may have been made with another plan than the environment has now.
 */
export function silenceReasonOf({ silence_reason, state }: Status, forecast: Forecast | null): string | null {
  const isOutdated = forecast?.isOfOtherPlan === true && outlookOf(forecast) !== 'over';
  if (silence_reason !== 'plan_used_up' || !isOutdated) return silence_reason;
  return EARLY.find((name) => name === state) ?? 'unknown';
}

/**
 * Why a pipeline or model is late, silent, stopped or about to be, in the language of the reader: first what Kondado says.
 *
 * The one place that says so: the page, the summary and the log lines tell the same.
 */
export function reasonOf(status: Status, forecast: Forecast | null, wording: Wording): string {
  const { findings } = wording;
  const { health, usual_interval_minutes, expected_by, overdue_minutes, last_execution_at } = status;
  const word = wordOf(status, forecast, wording);
  if (!isOverdueHealth(health)) return `${word}${findings.lastExecution(last_execution_at)}`;
  const silence =
    health === 'stopped'
      ? findings.stopped(usual_interval_minutes, last_execution_at)
      : findings.overdueSince(usual_interval_minutes, expected_by, overdue_minutes, last_execution_at);
  return word === '' ? silence : `${word} ${silence}`;
}

/** What Kondado says, as a sentence; empty if it was not asked, or has said nothing that is known. */
function wordOf(status: Status, forecast: Forecast | null, { findings }: Wording): string {
  const { state, state_since, state_message } = status;
  const reason = silenceReasonOf(status, forecast) ?? state;
  const key = reason === 'unknown' ? state : reason;
  if (key === null || !Object.hasOwn(findings.silence, key)) return '';
  const message =
    state_message === null || key === 'plan_used_up' ? null : quoted(state_message, MESSAGE_LENGTH);
  return findings.silence[key as keyof typeof findings.silence](state_since, message);
}

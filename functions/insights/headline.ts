import { dayOf } from './days.ts';
import { type Forecast, forecastSentence, type Outlook, outlookOf } from './forecast.ts';
import type { Overview } from './overview.ts';
import type { Failure, Loading, Stale, State } from './state.ts';
import type { Wording } from './wording/wording.ts';

export type Tone = 'good' | 'notice' | 'warning' | 'critical';

/** What is true now, before everything else. */
export interface Headline {
  sentence: string;
  /** What to do, where that is not obvious. */
  advice: string | null;
  tone: Tone;
}

const TONES: Record<Outlook, Tone> = {
  empty: 'notice',
  unknown: 'notice',
  unforeseen: 'notice',
  good: 'good',
  close: 'warning',
  short: 'critical',
  over: 'critical',
};

/** Only what is known to the present is good news. */
export function headlineOf(state: State, overview: Overview, wording: Wording): Headline {
  const { states, formats } = wording;
  switch (state.kind) {
    case 'empty':
      return { sentence: states.noLogs, advice: null, tone: 'notice' };
    case 'loading':
      return loadingHeadline(state, wording);
    case 'stale':
      return staleHeadline(state, wording);
    case 'known': {
      const { plan_forecast } = overview;
      if (plan_forecast === null) break;
      const today = dayOf(overview.asOf, formats.timeZone);
      const sentence = forecastSentence(plan_forecast, today, wording);
      const advice = withoutForecast(plan_forecast, overview, wording);
      return { sentence, advice, tone: TONES[outlookOf(plan_forecast)] };
    }
  }
  return { sentence: states.unreadable, advice: null, tone: 'critical' };
}

function loadingHeadline(
  { share, through, minutesLeft, pausedSince, failure }: Loading,
  wording: Wording,
): Headline {
  const { states } = wording;
  if (failure !== null) {
    const sentence = states.loadingFailed(share, through);
    return { sentence, advice: failureAdvice(failure, pausedSince !== null, wording), tone: 'critical' };
  }
  return pausedSince === null
    ? { sentence: states.loading(share, through, minutesLeft), advice: null, tone: 'notice' }
    : {
        sentence: states.loadingPaused(share, through, pausedSince),
        advice: states.idleAdvice,
        tone: 'warning',
      };
}

function staleHeadline(
  { since, clients, idleMinutes, failure, isCatchingUp, through }: Stale,
  wording: Wording,
): Headline {
  const { states } = wording;
  if (failure !== null) {
    const sentence = states.staleFailing(since, clients, failure);
    return { sentence, advice: failureAdvice(failure, idleMinutes !== null, wording), tone: 'critical' };
  }
  return isCatchingUp
    ? { sentence: states.staleCatchingUp(since, clients, through), advice: null, tone: 'warning' }
    : {
        sentence: states.staleIdle(since, clients, idleMinutes),
        advice: states.idleAdvice,
        tone: 'critical',
      };
}

function failureAdvice({ code }: Failure, isIdle: boolean, wording: Wording): string {
  const advice = adviceFor(code, wording);
  return isIdle ? `${advice} ${wording.states.idleAdvice}` : advice;
}

/** Why there is no forecast although all that is read is known; null if that is not so. */
function withoutForecast(forecast: Forecast, overview: Overview, { states }: Wording): string | null {
  const { clientIds, pipeline_status } = overview;
  if (forecast.projected_month_records !== null || clientIds.length === 0) return null;
  const seen = new Set(pipeline_status.flatMap(({ client_id }) => client_id ?? []));
  const unread = [...seen].filter((id) => !clientIds.includes(id));
  return unread.length === 0 ? null : states.clientsNotRead(unread, 'KONDADO_CLIENT_IDS');
}

/** Of when everything else is, and what is certain of the plan although nothing new is known; what lies ahead is not. */
export function staleNote(state: Stale, { plan_forecast }: Overview, wording: Wording): string {
  const { states } = wording;
  const note = states.staleNote(state.since, state.clients);
  if (plan_forecast === null || plan_forecast.data_through === null) return note;
  const { plan_records: plan, month_to_date_records: records, month } = plan_forecast;
  // The sum is that of another month, or holds what came later.
  if (isBefore(month, state.since, wording) || state.isCatchingUp || state.clients !== null) return note;
  return `${note} ${plan === null ? states.recordsThen(records) : states.usedThen(records / plan)}`;
}

/** Whether what was read ends before the month of the forecast, so that its sums are those of nothing. */
export function isUnknownMonth(state: State, forecast: Forecast | null, wording: Wording): boolean {
  if (state.kind !== 'stale' || state.clients !== null || forecast === null) return false;
  return [state.since, forecast.data_through ?? state.since].every((moment) =>
    isBefore(forecast.month, moment, wording),
  );
}

function isBefore(month: string, moment: Date, { formats }: Wording): boolean {
  return dayOf(moment, formats.timeZone) < month;
}

/** The code with what to do about it, for those who do not know it. */
export function adviceFor(code: string | null, { states }: Wording): string {
  const advice = states.advice[code ?? ''] ?? states.otherAdvice;
  return code === null ? advice : `${code}: ${advice}`;
}

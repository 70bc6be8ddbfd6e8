import { dayOf } from './days.ts';
import { forecastSentence, type Outlook, outlookOf } from './forecast.ts';
import type { Overview } from './overview.ts';
import type { Loading, Stale, State } from './state.ts';
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
      return { sentence, advice: null, tone: TONES[outlookOf(plan_forecast)] };
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
    return { sentence, advice: adviceFor(failure.code, wording), tone: 'critical' };
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
  { since, minutes, failure, isCatchingUp, through }: Stale,
  wording: Wording,
): Headline {
  const { states } = wording;
  if (failure !== null) {
    const sentence = states.staleFailing(since, minutes);
    return { sentence, advice: adviceFor(failure.code, wording), tone: 'critical' };
  }
  return isCatchingUp
    ? { sentence: states.staleCatchingUp(since, through), advice: null, tone: 'warning' }
    : { sentence: states.staleIdle(since, minutes), advice: states.idleAdvice, tone: 'critical' };
}

/** What is certain of the plan although nothing new is known; what lies ahead is not. */
export function usedThen(forecast: Overview['plan_forecast'], { states }: Wording): string | null {
  if (forecast === null || forecast.data_through === null) return null;
  const { plan_records: plan, month_to_date_records: records } = forecast;
  return plan === null ? states.recordsThen(records) : states.usedThen(records / plan);
}

/** The code with what to do about it, for those who do not know it. */
export function adviceFor(code: string | null, { states }: Wording): string {
  const advice = states.advice[code ?? ''] ?? states.otherAdvice;
  return code === null ? advice : `${code}: ${advice}`;
}

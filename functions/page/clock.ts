import { dayOf } from '../insights/days.ts';
import type { Formats } from '../insights/wording/formats.ts';
import { DAY_MS } from '../timestamps.ts';
import { type Html, html } from './html.ts';

/** Tells the time in one time zone, always in the same way. */
export interface Clock {
  timeZone: string;
  /** The day of a moment, such as `2026-11-24`. */
  dayOf(moment: Date): string;
  /** The days from the beginning of a day to a moment; 1.5 is noon of the day after. */
  daysSince(day: string, moment: Date): number;
  /** `24 Nov 03:45`, or a dash. */
  time(moment: Date | null): Html;
}

export function createClock({ timeZone, time }: Formats): Clock {
  // Swedish writes 2026-11-24 03:45:21.
  const sortable = new Intl.DateTimeFormat('sv', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  return {
    timeZone,
    dayOf: (moment) => dayOf(moment, timeZone),
    daysSince: (from, moment) =>
      (Date.parse(`${sortable.format(moment).replace(' ', 'T')}Z`) - Date.parse(from)) / DAY_MS,
    // To the minute, as it is shown: a page has thousands.
    time: (moment) =>
      moment === null
        ? html`–`
        : html`<time datetime="${moment.toISOString().slice(0, 16)}Z">${time(moment)}</time>`,
  };
}

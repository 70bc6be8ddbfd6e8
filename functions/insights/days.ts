import { DAY_MS } from '../timestamps.ts';

/** The day so many days after another, such as `2026-11-22`. */
export function dayAfter(day: string, days: number): string {
  return new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
}

/** The days from one to another, such as `2026-11-22`. */
export function daysBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / DAY_MS;
}

/** How many days the month has that begins on a day. */
export function lengthOfMonth(month: string): number {
  return daysBetween(month, `${dayAfter(month, 31).slice(0, 7)}-01`);
}

/** Making one takes far longer than using it, and a page has thousands of days. */
const formats = new Map<string, Intl.DateTimeFormat>();

/** The day of a moment in a time zone, such as `2026-11-22`. */
export function dayOf(moment: Date, timeZone: string): string {
  // Swedish writes dates like this.
  const format = formats.get(timeZone) ?? new Intl.DateTimeFormat('sv', { timeZone, dateStyle: 'short' });
  formats.set(timeZone, format);
  return format.format(moment);
}

import { DAY_MS } from '../timestamps.ts';

const counts = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const roughCounts = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 });
/** `6,854,896` */
export function count(number: number): string {
  return counts.format(number);
}

/** `1 run`, `2 runs` */
export function plural(number: number, noun: string): string {
  return `${count(number)} ${noun}${number === 1 ? '' : 's'}`;
}

/** `71 %`; what is not yet, or no longer, the whole never looks like it. */
export function percent(share: number): string {
  if (share > 0 && share < 0.01) return '< 1 %';
  const rounded = Math.round(share * 100);
  const shown = share < 1 ? Math.min(rounded, 99) : share > 1 ? Math.max(rounded, 101) : rounded;
  return `${count(shown)} %`;
}

/** `20 minutes`, `5 hours`, `3 days`: roughly, in the largest unit of which there is a whole one, or two. */
export function roughTime(minutes: number): string {
  const whole = Math.max(0, Math.round(minutes));
  if (whole >= 2880 || whole === 1440) return plural(Math.round(whole / 1440), 'day');
  return whole >= 120 || whole === 60 ? plural(Math.round(whole / 60), 'hour') : plural(whole, 'minute');
}

/** `0.49 s`, `12 s`, `3 min 20 s`, `2 h 05 min` */
export function seconds(number: number): string {
  if (number < 10) return `${number.toFixed(number < 1 ? 2 : 1)} s`;
  const whole = Math.round(number);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** At most so many characters; a mark says that there were more. */
export function shortened(text: string, length: number): string {
  const characters = [...text];
  return characters.length > length ? `${characters.slice(0, length - 1).join('')}…` : text;
}

/** `11.5M` */
export function roughCount(number: number): string {
  return roughCounts.format(number);
}

/** `Sunday 22 November`, of a day such as `2026-11-22` */
export function longDay(day: string): string {
  return [
    format(day, { weekday: 'long' }),
    format(day, { day: 'numeric' }),
    format(day, { month: 'long' }),
  ].join(' ');
}

/** `22 Nov` */
export function shortDay(day: string): string {
  return `${format(day, { day: 'numeric' })} ${format(day, { month: 'short' })}`;
}

/** `November 2026` */
export function monthOf(day: string): string {
  return `${format(day, { month: 'long' })} ${format(day, { year: 'numeric' })}`;
}

function format(day: string, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat('en-US', { ...options, timeZone: 'UTC' }).format(new Date(day));
}

/** The day so many days after another, such as `2026-11-22`. */
export function dayAfter(day: string, days: number): string {
  return new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
}

/** The days from one to another, such as `2026-11-22`. */
export function daysBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / DAY_MS;
}

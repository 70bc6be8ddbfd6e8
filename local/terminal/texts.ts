import { plural } from '../../functions/insights/wording.ts';
import type { Timestamp } from '../../functions/timestamps.ts';

export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 10) return `${(milliseconds / 1000).toFixed(1)} s`;
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${pad(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
}

/** For what is only estimated. */
export function roughDuration(milliseconds: number): string {
  return milliseconds < 90_000
    ? `${Math.ceil(milliseconds / 1000)} s`
    : plural(Math.round(milliseconds / 60_000), 'minute');
}

/** To the second, UTC. */
export function moment(timestamp: Timestamp | null): string {
  return timestamp === null ? '-' : timestamp.slice(0, 19).replace('T', ' ');
}

export function ids(first: bigint | null, last: bigint | null): string {
  return first === null || last === null ? '-' : first === last ? `${first}` : `${first}-${last}`;
}

/** Text from outside, on one line and unable to steer the terminal. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
}

function pad(number: number): string {
  return String(number).padStart(2, '0');
}

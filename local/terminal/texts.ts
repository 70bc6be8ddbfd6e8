import type { Formats } from '../../functions/insights/wording/formats.ts';
import { MINUTE_MS, type Timestamp } from '../../functions/timestamps.ts';

/** For what is only estimated. */
export function roughDuration(milliseconds: number, { seconds, roughTime }: Formats): string {
  return milliseconds < 90_000
    ? seconds(Math.ceil(milliseconds / 1000))
    : roughTime(milliseconds / MINUTE_MS);
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

/** A text in lines that fit a terminal, all but the first one indented; a word that is too long stays whole. */
export function hanging(text: string, maxWidth: number, indent: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/(?<=\S) +/)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line.trim() === '' || longer.length <= maxWidth) {
      line = longer;
      continue;
    }
    lines.push(line);
    line = `${' '.repeat(indent)}${word}`;
  }
  return [...lines, line];
}

import type { Formats } from '../../functions/insights/wording/formats.ts';
import { MINUTE_MS, type Timestamp } from '../../functions/timestamps.ts';

const WIDE = /[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;
const COMBINING = /\p{M}/u;

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

/** How many columns of a terminal a text takes up. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += WIDE.test(character) ? 2 : COMBINING.test(character) ? 0 : 1;
  return columns;
}

/** A text in lines that fit a terminal, all but the first one indented; a word that is too long stays whole. */
export function hanging(text: string, maxWidth: number, indent: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/(?<=\S) +/)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line.trim() === '' || columnsOf(longer) <= maxWidth) {
      line = longer;
      continue;
    }
    lines.push(line);
    line = `${' '.repeat(indent)}${word}`;
  }
  return [...lines, line];
}

const LEAST_HELP_WIDTH = 24;

/** A help text in lines that fit; what an option does stays beside it, or comes below it where there is no room. */
export function helpLines(help: string, maxWidth: number): string[] {
  return help.split('\n').flatMap((line) => {
    if (columnsOf(line) <= maxWidth) return [line];
    const [option = ''] = /^ +.*? {2,}/.exec(line) ?? [];
    const isBeside = maxWidth - option.length >= LEAST_HELP_WIDTH;
    const indent = isBeside ? option.length : 6;
    const text = hanging(line.slice(option.length), maxWidth - indent, 0);
    if (option === '') return hanging(line, maxWidth, 0);
    const lines = text.map((each) => `${' '.repeat(indent)}${each}`);
    return isBeside ? [option + text[0], ...lines.slice(1)] : [option.trimEnd(), ...lines];
  });
}

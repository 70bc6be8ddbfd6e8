import { shortened } from '../../functions/insights/shortened.ts';
import { hanging } from './texts.ts';

export interface Column {
  title: string;
  /** @default 'left' */
  align?: 'left' | 'right';
  /** Left out where there is no room for it, the last one first. */
  isOptional?: boolean;
  /** What becomes of its cells if there is still no room: names are cut, sentences wrap. */
  holds?: 'names' | 'sentences';
}

export interface TableOptions {
  maxWidth: number;
  /** For the titles. */
  emphasize: (text: string) => string;
}

type Rows = readonly (readonly string[])[];

const GAP = '  ';
/** What of a name can still be told from another, and what of a sentence can still be read. */
const LEAST_WIDTHS = { names: 12, sentences: 20 };
const WIDE = /[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;
const COMBINING = /\p{M}/u;

/** Aligns cells under their titles. */
export function renderTable(columns: readonly Column[], rows: Rows, options: TableOptions): string[] {
  const places = fittingColumns(columns, rows, options.maxWidth);
  const kept = places.map((place) => columns[place] as Column);
  const cells = rows.map((row) => places.map((place) => row[place] ?? ''));
  const widths = kept.map((column, index) => widthOf(column, cells, index));
  let excess = tableWidth(widths) - options.maxWidth;
  kept.forEach(({ holds }, index) => {
    if (holds === undefined || excess <= 0) return;
    const width = Math.max(LEAST_WIDTHS[holds], (widths[index] ?? 0) - excess);
    excess -= (widths[index] ?? 0) - width;
    widths[index] = width;
  });
  return [
    options.emphasize(lineOf(titlesOf(kept), kept, widths)),
    ...cells.flatMap((row) => linesOf(row, kept, widths)),
  ];
}

/** The places of the columns for which there is room. */
export function fittingColumns(columns: readonly Column[], rows: Rows, maxWidth: number): number[] {
  const widths = columns.map((column, index) => widthOf(column, rows, index));
  let places = [...columns.keys()];
  while (tableWidth(places.map((place) => widths[place] ?? 0)) > maxWidth) {
    const last = places.findLast((place) => columns[place]?.isOptional);
    if (last === undefined) break;
    places = places.filter((place) => place !== last);
  }
  return places;
}

/** A row, on more than one line where a sentence wraps. */
function linesOf(row: readonly string[], columns: readonly Column[], widths: readonly number[]): string[] {
  const wrapped = row.map((cell, index) => {
    const width = widths[index] ?? 0;
    if (length(cell) <= width) return [cell];
    return columns[index]?.holds === 'sentences' ? hanging(cell, width, 0) : [shortened(cell, width)];
  });
  const height = Math.max(...wrapped.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    lineOf(
      wrapped.map((lines) => lines[line] ?? ''),
      columns,
      widths,
    ),
  );
}

function lineOf(row: readonly string[], columns: readonly Column[], widths: readonly number[]): string {
  return row
    .map((cell, index) => padded(cell, widths[index] ?? 0, columns[index]?.align ?? 'left'))
    .join(GAP)
    .trimEnd();
}

function titlesOf(columns: readonly Column[]): string[] {
  return columns.map(({ title }) => title);
}

function widthOf({ title }: Column, rows: Rows, index: number): number {
  return Math.max(length(title), ...rows.map((row) => length(row[index] ?? '')));
}

function tableWidth(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1));
}

function padded(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - length(text)));
  return align === 'left' ? text + space : space + text;
}

/** How many columns of a terminal a text takes up. */
function length(text: string): number {
  let columns = 0;
  for (const character of text) columns += WIDE.test(character) ? 2 : COMBINING.test(character) ? 0 : 1;
  return columns;
}

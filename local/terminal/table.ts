import { shortened } from '../../functions/insights/shortened.ts';
import { columnsOf, hanging } from './texts.ts';

export interface Column {
  title: string;
  /** @default 'left' */
  align?: 'left' | 'right';
  /** Left out where there is no room for it, the last one first; at last: when names are cut and it is still too much. */
  isOptional?: boolean | 'at last';
  /** What becomes of its cells where there is no room: sentences wrap first of all, names are cut when all else is done. */
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
/** On a narrower terminal a list is easier to read than a table with sentences. */
export const LEAST_TABLE_WIDTH = 60;

/** Aligns cells under their titles. */
export function renderTable(columns: readonly Column[], rows: Rows, options: TableOptions): string[] {
  const { maxWidth, emphasize } = options;
  const places = fittingColumns(columns, rows, maxWidth);
  const kept = places.map((place) => columns[place] as Column);
  const cells = rows.map((row) => places.map((place) => row[place] ?? ''));
  const whole = kept.map((column, index) => widthOf(column, cells, index));
  const atMost = (limit: number) =>
    whole.map((width, index) => Math.min(width, Math.max(limit, leastOf(kept[index], width))));
  let limit = maxWidth;
  while (limit > 0 && tableWidth(atMost(limit)) > maxWidth) limit--;
  const widths = atMost(limit);
  return [
    ...linesOf(titlesOf(kept), kept, widths).map(emphasize),
    ...cells.flatMap((row) => linesOf(row, kept, widths)),
  ];
}

/** The places of the columns for which there is room. */
export function fittingColumns(columns: readonly Column[], rows: Rows, maxWidth: number): number[] {
  const whole = columns.map((column, index) => widthOf(column, rows, index));
  const least = columns.map((column, index) => leastOf(column, whole[index] ?? 0));
  const wrapped = columns.map(({ holds }, index) => (holds === 'sentences' ? least : whole)[index] ?? 0);
  let places = [...columns.keys()];
  const leaveOut = (isOptional: Column['isOptional'], widths: readonly number[]) => {
    while (tableWidth(places.map((place) => widths[place] ?? 0)) > maxWidth) {
      const last = places.findLast((place) => columns[place]?.isOptional === isOptional);
      if (last === undefined) return;
      places = places.filter((place) => place !== last);
    }
  };
  leaveOut(true, wrapped);
  leaveOut('at last', least);
  return places;
}

/** How far a column of such a width can be narrowed. */
function leastOf(column: Column | undefined, width: number): number {
  return column?.holds === undefined ? width : Math.min(width, LEAST_WIDTHS[column.holds]);
}

/** A row, on more than one line where a sentence wraps. */
function linesOf(row: readonly string[], columns: readonly Column[], widths: readonly number[]): string[] {
  const wrapped = row.map((cell, index) => {
    const width = widths[index] ?? 0;
    if (columnsOf(cell) <= width) return [cell];
    return columns[index]?.holds === 'sentences'
      ? hanging(cell, width, 0).flatMap((line) => broken(line, width))
      : [shortened(cell, width)];
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

/** A line in pieces that fit: a word that is too long would push the next columns away. */
function broken(line: string, width: number): string[] {
  const pieces: string[] = [];
  let piece = '';
  let room = width;
  for (const character of line) {
    room -= columnsOf(character);
    if (room < 0) {
      pieces.push(piece);
      piece = '';
      room = width - columnsOf(character);
    }
    piece += character;
  }
  return [...pieces, piece];
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
  // An answer may have more rows than a call may have arguments.
  return rows.reduce((widest, row) => Math.max(widest, columnsOf(row[index] ?? '')), columnsOf(title));
}

function tableWidth(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1));
}

function padded(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - columnsOf(text)));
  return align === 'left' ? text + space : space + text;
}

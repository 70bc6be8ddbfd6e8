export interface Column {
  title: string;
  /** @default 'left' */
  align?: 'left' | 'right';
}

export interface TableOptions {
  /** A wider table is turned on its side. */
  maxWidth: number;
  /** For the titles. */
  emphasize: (text: string) => string;
}

const WIDE = /[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;
const COMBINING = /\p{M}/u;

/** Aligns cells under their titles. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options: TableOptions,
): string[] {
  const widths = columns.map(({ title }, index) =>
    Math.max(length(title), ...rows.map((row) => length(row[index] ?? ''))),
  );
  const width = widths.reduce((sum, each) => sum + each, 2 * (columns.length - 1));
  if (width > options.maxWidth && columns[0]?.title !== '')
    return renderTable(...turned(columns, rows), options);
  const line = (cells: readonly string[]) =>
    columns
      .map(({ align = 'left' }, index) => padded(cells[index] ?? '', widths[index] ?? 0, align))
      .join('  ')
      .trimEnd();
  return [options.emphasize(line(columns.map(({ title }) => title))), ...rows.map(line)];
}

/** The titles become the first column, and the first cells of the rows become the titles. */
function turned(columns: readonly Column[], rows: readonly (readonly string[])[]): [Column[], string[][]] {
  const titles: Column[] = rows.map(([first = '']) => ({ title: first, align: 'right' }));
  const lines = columns
    .slice(1)
    .map(({ title }, index) => [title, ...rows.map((row) => row[index + 1] ?? '')]);
  return [[{ title: '' }, ...titles], lines];
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

import { type Column, fittingColumns, renderTable, type TableOptions } from './table.ts';

/** The rows of an answer as a table, and the titles for which there was no room. */
export function answerTable(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  options: TableOptions,
): { lines: string[]; leftOut: string[] } {
  const columns = titles.map((title, index): Column => {
    const hasAll = (pattern: RegExp) => rows.every((row) => pattern.test(row[index] ?? ''));
    return {
      title,
      isOptional: index > 0,
      align: hasAll(/^-?[\d.]*$/) ? 'right' : 'left',
      // Numbers and times would only be harder to read on two lines.
      ...(hasAll(/^\P{L}*$/u) ? {} : { holds: 'sentences' }),
    };
  });
  const fitting = fittingColumns(columns, rows, options.maxWidth);
  const leftOut = titles.filter((_, place) => !fitting.includes(place));
  return { lines: renderTable(columns, rows, options), leftOut };
}

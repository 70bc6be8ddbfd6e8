import { expect, test } from 'vitest';
import { renderTable } from '../../../local/terminal/table.ts';

test('a table that is too wide is turned on its side', () => {
  const columns = [{ title: 'stream' }, { title: 'rows', align: 'right' as const }];
  const rows = [
    ['📦 a', '1'],
    ['b', '1,000'],
  ];
  const emphasize = (text: string) => text;
  expect(renderTable(columns, rows, { maxWidth: 80, emphasize })).toEqual([
    'stream   rows',
    '📦 a        1',
    'b       1,000',
  ]);
  expect(renderTable(columns, rows, { maxWidth: 10, emphasize })).toEqual([
    '      📦 a      b',
    'rows     1  1,000',
  ]);
});

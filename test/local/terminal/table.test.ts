import { expect, test } from 'vitest';
import { type Column, renderTable } from '../../../local/terminal/table.ts';

const emphasize = (text: string) => text;

test('a table that is too wide leaves out columns, the last one first, then cuts names', () => {
  const columns: Column[] = [
    { title: 'stream', holds: 'names' },
    { title: 'rows', align: 'right' },
    { title: 'ids', isOptional: true },
    { title: 'time', align: 'right', isOptional: true },
  ];
  const rows = [
    ['📦 e\u0301', '1', '7', '2 s'],
    ['café and much more', '1,000', '8-9', '70 s'],
  ];
  const at = (maxWidth: number) => renderTable(columns, rows, { maxWidth, emphasize });
  const whole = [
    'stream               rows  ids  time',
    '📦 e\u0301                    1  7     2 s',
    'café and much more  1,000  8-9  70 s',
  ];
  expect(at(36)).toEqual(whole);
  expect(at(Number.POSITIVE_INFINITY)).toEqual(whole);
  expect(at(35)).toEqual([
    'stream               rows  ids',
    '📦 e\u0301                    1  7',
    'café and much more  1,000  8-9',
  ]);
  expect(at(21)).toEqual(['stream           rows', '📦 e\u0301                1', 'café and much…  1,000']);
  // Below that nothing could be told apart.
  expect(at(5)).toEqual(['stream         rows', '📦 e\u0301              1', 'café and mu…  1,000']);
});

test('a sentence wraps in its column', () => {
  const columns: Column[] = [{ title: 'check' }, { title: 'found', holds: 'sentences' }];
  const rows = [['plan', 'The limits of the plan are not known to anybody.']];
  expect(renderTable(columns, rows, { maxWidth: 32, emphasize })).toEqual([
    'check  found',
    'plan   The limits of the plan',
    '       are not known to anybody.',
  ]);
});

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

test('a sentence wraps before a column is left out, and a word that is too long is broken', () => {
  const columns: Column[] = [
    { title: 'pipeline', holds: 'sentences' },
    { title: 'runs', align: 'right', isOptional: true },
    { title: 'reason', holds: 'sentences', isOptional: true },
  ];
  const rows = [['Orders', '7', `Kondado says 注文が多すぎます and ${'x'.repeat(24)}.`]];
  const at = (maxWidth: number) => renderTable(columns, rows, { maxWidth, emphasize });
  expect(at(38)).toEqual([
    'pipeline  runs  reason',
    'Orders       7  Kondado says',
    '                注文が多すぎます and',
    '                xxxxxxxxxxxxxxxxxxxxxx',
    '                xx.',
  ]);
  expect(at(35)).toEqual(['pipeline  runs', 'Orders       7']);
});

test('a column that is left out at last goes when names are cut already', () => {
  const columns: Column[] = [
    { title: 'pipeline', holds: 'names' },
    { title: 'share', isOptional: 'at last' },
    { title: 'client', isOptional: true },
  ];
  const rows = [['a very long name of a pipeline', '7 %', '12']];
  const at = (maxWidth: number) => renderTable(columns, rows, { maxWidth, emphasize })[1];
  expect(at(37)).toBe('a very long name of a pipeline  7 %');
  expect(at(19)).toBe('a very long…  7 %');
  expect(at(18)).toBe('a very long name …');
});

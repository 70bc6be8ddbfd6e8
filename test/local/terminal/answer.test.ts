import { expect, test } from 'vitest';
import { answerTable } from '../../../local/terminal/answer.ts';

const TITLES = ['pipeline_name', 'health', 'reason'];
const REASON =
  'No execution for 2 days; it usually runs every hour, and Kondado says that it is switched off.';
const ROWS = [
  ['Orders of the shop', 'late', REASON],
  ['Customers', 'ok', ''],
];
const emphasize = (text: string) => text;

test.each([60, 80, 100])('%i columns have room for what the README asks', (maxWidth) => {
  const { lines, leftOut } = answerTable(TITLES, ROWS, { maxWidth, emphasize });
  expect(leftOut).toEqual([]);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(maxWidth);
  const start = lines[0]?.indexOf('reason');
  const reason = lines.slice(1, -1).map((line) => line.slice(start));
  expect(reason.join(' ')).toBe(REASON);
  expect(reason.length).toBeGreaterThan(1);
});

test('numbers and times are never cut, and what has no room is named', () => {
  const titles = ['newest', 'records', 'pipeline_name'];
  const rows = [['2026-11-25 12:00:00.123456+00', '9223372036854775807', 'Orders of the shop in the south']];
  expect(answerTable(titles, rows, { maxWidth: 72, emphasize })).toEqual({
    lines: [
      `newest                                     records  pipeline_name`,
      `${rows[0]?.[0]}  ${rows[0]?.[1]}  Orders of the shop`,
      `${' '.repeat(52)}in the south`,
    ],
    leftOut: [],
  });
  expect(answerTable(titles, rows, { maxWidth: 40, emphasize })).toEqual({
    lines: ['newest', rows[0]?.[0]],
    leftOut: ['records', 'pipeline_name'],
  });
});

test('an answer of very many rows is printed whole', () => {
  const rows = Array.from({ length: 200_000 }, (_, row) => [String(row)]);
  const { lines } = answerTable(['n'], rows, { maxWidth: 80, emphasize });
  expect(lines).toHaveLength(200_001);
  expect(lines.at(-1)?.trim()).toBe('199999');
});

import { describe, expect, test } from 'vitest';
import { parseJson, printJson, stringifyJson } from '../../functions/json.ts';

describe('reading', () => {
  test.each<[string, unknown]>([
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', 9007199254740993n],
    ['-9007199254740993', -9007199254740993n],
    ['9007199254740993.00', 9007199254740993n],
    ['123456789012345678901234567890', 123456789012345678901234567890n],
    ['0.1', 0.1],
    ['1.50', 1.5],
    ['0.30000000000000004', 0.30000000000000004],
    ['0.12345678901234567890', '0.12345678901234567890'],
    ['1e400', '1e400'],
    ['"9007199254740993"', '9007199254740993'],
    ['[1e2,[9007199254740993]]', [100, [9007199254740993n]]],
  ])('%s keeps its digits', (text, expected) => {
    expect(parseJson(text)).toEqual(expected);
  });

  test.each(['', '{', '{"a":1', 'undefined', '<html>', "{'a':1}", '{"a":1}}'])('%j is refused', (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
  });

  test('a member named __proto__ stays a member', () => {
    const value = parseJson('{"__proto__":{"polluted":true}}') as object;
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(stringifyJson(value)).toBe('{"__proto__":{"polluted":true}}');
  });
});

describe('writing', () => {
  test.each<[string, unknown, string]>([
    ['a bigint of 64 bits keeps its digits', 9007199254740993n, '9007199254740993'],
    ['the largest unsigned integer is a number', 2n ** 64n - 1n, '18446744073709551615'],
    ['an integer beyond 64 bits is a text', 2n ** 64n, '"18446744073709551616"'],
    ['lone surrogates become U+FFFD', { 'a\ud800': ['\udc00b', '😀'] }, '{"a\ufffd":["\ufffdb","😀"]}'],
    ['nothing at all is null', undefined, 'null'],
    ['keys stay in the order that was sent', { b: 1, a: 2 }, '{"b":1,"a":2}'],
  ])('%s', (_name, value, expected) => {
    expect(stringifyJson(value)).toBe(expected);
  });

  test('equal values have equal texts when sorted, whatever the order of their keys', () => {
    const one = { b: [{ y: 1, x: 2 }], a: null };
    const other = { a: null, b: [{ x: 2, y: 1 }] };
    expect(stringifyJson(one, 'sorted')).toBe(stringifyJson(other, 'sorted'));
  });

  test('a thousand levels of nesting become text that any JSON column takes, and nothing in it is lost', () => {
    const text = `${'['.repeat(1_000)}"innermost"${']'.repeat(1_000)}`;
    const written = stringifyJson(parseJson(text));
    expect(written).toContain('innermost');
    expect(() => JSON.parse(written)).not.toThrow();
  });

  test('a report shows ids beyond 2^53 as numbers with all their digits', () => {
    expect(printJson({ last_id: 9223372036854775807n })).toBe('{"last_id":9223372036854775807}');
  });
});

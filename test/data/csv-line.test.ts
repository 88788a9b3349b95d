// Lines of CSV: the fields, and no line that takes more time than it is long.
import { expect, test } from '@jest/globals';
import { fieldsOf } from '../../src/data/csv-line.js';

test.each([
  ['a,b', ['a', 'b']],
  [' a , b ', ['a', 'b']],
  ['"a, ""b""" ,c', ['a, "b"', 'c']],
  ['a,', ['a', '']],
  ['', ['']],
  [',"",', ['', '', '']],
  ['"a', undefined],
  ['"a"b', undefined],
  ['a"b', undefined],
])('%j', (line, fields) => expect(fieldsOf(line)).toEqual(fields));

test('200,000 spaces', () => {
  const start = performance.now();
  expect(fieldsOf(`${' '.repeat(200_000)}x"`)).toBeUndefined();
  expect(fieldsOf(`"a"${' '.repeat(200_000)}x`)).toBeUndefined();
  expect(performance.now() - start).toBeLessThan(1000);
});

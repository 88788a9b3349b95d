// Tables that people open in a spreadsheet: quoted where RFC 4180 asks for it, and no cell is a formula.
import { expect, test } from '@jest/globals';
import { toCsv } from '../../src/report/csv.js';

test('fields are quoted, missing ones empty', () =>
  expect(toCsv([['a,b', 'say "x"', 'two\nlines', undefined, NaN, -1.5]])).toBe('"a,b","say ""x""","two\nlines",,,-1.5\n'));

test.each([
  ['=1+1', "'=1+1\n"],
  ['=HYPERLINK("x")', `"'=HYPERLINK(""x"")"\n`],
  ['@SUM(A1)', "'@SUM(A1)\n"],
  ['+cmd', "'+cmd\n"],
  ['-2+3', "'-2+3\n"],
  ['\t=1', "'\t=1\n"],
  ['-2', '-2\n'],
  ['dog=cat', 'dog=cat\n'],
])('%j', (cell, line) => expect(toCsv([[cell]])).toBe(line));

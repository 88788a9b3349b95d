// Foreign text on a terminal: nothing of it is obeyed, all of it can be read.
import { expect, test } from '@jest/globals';
import { readable } from '../../src/core/readable.js';

test.each([
  ['an escape sequence', 'dog\x1b[2J\x1b]0;title\x07', 'dog\\x1b[2J\\x1b]0;title\\x07'],
  ['a C1 escape sequence', 'a\x9b31mb', 'a\\x9b31mb'],
  ['a forged line', 'cat\n3 of 3 agree\r', 'cat\\n3 of 3 agree\\r'],
  ['line and paragraph separators', 'a\u2028b\u2029c', 'a\\u2028b\\u2029c'],
  ['text that runs backwards', 'a\u202egpj.exe\u2066', 'a\\u202egpj.exe\\u2066'],
  ['tag characters', 'a\u{e0041}b', 'a\\u{e0041}b'],
  ['half a surrogate pair', 'a\ud83d', 'a\\ud83d'],
  ['NUL, DEL and tabs', 'a\0b\x7f\tc', 'a\\x00b\\x7f\\tc'],
  ['text of any script, with its joiners', 'Ärger 犬 👩‍🔬 می‌خواهم C:\\new', 'Ärger 犬 👩‍🔬 می‌خواهم C:\\new'],
])('%s', (_, text, expected) => expect(readable(text)).toBe(expected));

test('our own line breaks can be kept, and nothing else', () =>
  expect(readable('a\n  - b\x1b[1m\r\n', { lines: true })).toBe('a\n  - b\\x1b[1m\\r\n'));

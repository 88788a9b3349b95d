// Names of folders for results: all distinct, none outside.
import { expect, test } from '@jest/globals';
import { uniqueFolders } from '../../src/data/unique-folders.js';

test.each([
  ['one name in several folders', ['a/x.png', 'b/x.png', 'c/x-2.png'], ['x', 'x-3', 'x-2']],
  ['the numbered one first', ['c/x-2.png', 'a/x.png', 'b/x.jpg', 'x-2.gif'], ['x-2', 'x', 'x-3', 'x-2-2']],
  [
    'names that would lead outside',
    ['...png', '..', '/', '.png', 'a/...x.png', '..\\y.png'],
    ['_', '_-2', '_-3', 'png', 'x', 'y'],
  ],
  ['names that fold together', ['Dog.png', 'dog.png', 'DOG.jpg'], ['Dog', 'dog-2', 'DOG-3']],
  ['names in two spellings of one accent', ['caf\u00e9.png', 'cafe\u0301.png'], ['caf\u00e9', 'cafe\u0301-2']],
  ['controls and separators', ['a\x1b[2Jb\n.png', 'a:b?.png', 'a\u202eb.png'], ['a_[2Jb_', 'a_b_', 'a_b']],
  ['names of devices', ['con.png', 'nul.tar.gz', 'x. .png'], ['_con', '_nul.tar', 'x']],
  ['text of any script', ['犬.png', '👩‍🔬.png'], ['犬', '👩_🔬']],
  ['nothing', [], []],
])('%s', (_, paths, expected) => expect(uniqueFolders(paths)).toEqual(expected));

test('long names are cut at a whole character', () => {
  const [name] = uniqueFolders([`${'ä'.repeat(120)}.png`]);
  expect(name).toBe('ä'.repeat(60));
});

test('many pictures of one name', () => {
  const names = uniqueFolders(Array.from({ length: 20_000 }, (_, i) => `${i}/x.png`));
  expect(new Set(names).size).toBe(20_000);
  expect(names.at(-1)).toBe('x-20000');
});

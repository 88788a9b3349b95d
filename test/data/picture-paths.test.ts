// Pictures as people name them: folders, patterns in quotes, natural order, links, and each file once.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { glob, matchesPart } from '../../src/data/glob.js';
import { inNaturalOrder } from '../../src/data/natural-order.js';
import { picturePaths } from '../../src/data/picture-paths.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-paths-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (...parts: string[]): string => join(folder, ...parts);
for (const name of ['p', 'p/sub', 'p/sub/deep', 'p/__MACOSX', 'p/.hidden', 'texts']) mkdirSync(at(name));
const FILES = ['p/10.png', 'p/2.png', 'p/1.jpg', 'p/a[1].png', 'p/notes.txt', 'p/sub/3.PNG', 'p/sub/deep/4.png'];
for (const name of [...FILES, 'p/__MACOSX/1.jpg', 'p/.hidden/5.png', 'p/.dot.png', 'texts/a.txt']) writeFileSync(at(name), '');
symlinkSync(at('p'), at('p/sub/loop'));
symlinkSync(at('p/2.png'), at('p/again.png'));

const found = async (...named: string[]): Promise<string[]> =>
  (await picturePaths(named.map((n) => at(n)))).paths.map((p) => relative(folder, p));

test('a folder: all pictures in it and below, in natural order, each real file once, system folders left out', async () => {
  const { paths, notes } = await picturePaths(at('p'));
  expect(paths.map((p) => relative(folder, p))).toEqual(['p/1.jpg', 'p/2.png', 'p/10.png', 'p/a[1].png', 'p/sub/3.PNG', 'p/sub/deep/4.png']); // prettier-ignore
  const said = notes.join('\n');
  expect(said).toContain('1 picture(s) named more than once are taken once');
  expect(said).toContain("'__MACOSX' belongs to the system");
  expect(said).toContain('the link leads back to a folder that was read');
  expect(said).toContain('no pictures by their endings');
});

test.each([
  ['p/*.png', ['p/2.png', 'p/10.png', 'p/a[1].png']],
  ['p/{1,2}.*', ['p/1.jpg', 'p/2.png']],
  ['p/[12].???', ['p/1.jpg', 'p/2.png']],
  ['p/[!1]*.png', ['p/2.png', 'p/a[1].png']],
  ['p/**/*.png', ['p/2.png', 'p/10.png', 'p/a[1].png', 'p/sub/deep/4.png']],
  ['*/sub', ['p/sub/3.PNG', 'p/sub/deep/4.png', 'p/1.jpg', 'p/2.png', 'p/10.png', 'p/a[1].png']],
  ['p/a[1].png', ['p/a[1].png']],
])('%s', async (pattern, expected) => {
  // A link to the whole folder lies below p/sub; what it leads to counts once, where it is met first.
  expect((await found(pattern)).map((p) => p.replace('p/sub/loop/', 'p/')).sort()).toEqual([...expected].sort());
});

test('the order of what was named is kept; what is named twice is taken once; what is not there stays, to be refused by name', async () => {
  expect(await found('p/10.png', 'p/*.jpg', 'p/10.png', 'absent.png')).toEqual(['p/10.png', 'p/1.jpg', 'absent.png']);
});

test('a pattern that nothing matches and a folder without pictures are refused', async () => {
  await expect(picturePaths(at('p/*.tif'))).rejects.toMatchObject({ code: 'data', problem: `'${at('p/*.tif')}': no file matches this pattern, and none is called so.` }); // prettier-ignore
  await expect(picturePaths(at('texts'))).rejects.toThrow('holds no pictures');
  await expect(picturePaths(at('texts/*'))).rejects.toThrow('holds no pictures');
});

test('patterns: stars go back, ranges and their negations, dots only by dots, and no pattern takes long', () => {
  const cases: [string, string, boolean][] = [
    ['abcabd', '*abd', true],
    ['a]b', 'a[]]b', true],
    ['a-b', 'a[x-]b', true],
    ['m', '[a-l]', false],
    ['m', '[!a-l]', true],
    ['.png', '*', false],
    ['.png', '.*', true],
    ['[x', '[x', true],
    ['🙂', '?', true],
  ];
  for (const [name, part, expected] of cases) expect([name, part, matchesPart(name, part)]).toEqual([name, part, expected]);
  const start = performance.now();
  expect(matchesPart('a'.repeat(255), '*a'.repeat(120) + 'b')).toBe(false);
  expect(performance.now() - start).toBeLessThan(1000);
});

test('folders that a link leads back to are read once', async () => {
  const all = await glob(at('p/**/*.png'));
  expect(new Set(all.map((f) => f.path)).size).toBe(all.length);
  expect(all.length).toBeLessThan(10);
});

test('natural order is one order', () => {
  const names = ['b/1', 'a/10', 'a/2', 'a/02', 'a', 'A/2'];
  const sorted = [...names].sort(inNaturalOrder);
  expect([...names].reverse().sort(inNaturalOrder)).toEqual(sorted);
  expect(sorted.indexOf('a/2')).toBeLessThan(sorted.indexOf('a/10'));
});

// Folders of pictures as people have them: links, folders of systems, formats that are not read. Nothing goes missing without a word.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { encodePng } from '../../src/data/images.js';
import { openDataset } from '../../src/data/open-dataset.js';
import { budget } from '../../src/data/memory.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-pictures-'));
const at = (...parts: string[]): string => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let png: Uint8Array;
beforeAll(async () => void (png = await encodePng(new Uint8Array(12).fill(9), 2, 2)));

function put(...names: string[]): void {
  for (const name of names) {
    mkdirSync(dirname(at(name)), { recursive: true });
    writeFileSync(at(name), png);
  }
}
function link(name: string, target: string): void {
  mkdirSync(dirname(at(name)), { recursive: true });
  symlinkSync(target, at(name));
}

test('linked class folders and linked pictures are followed', async () => {
  put('real/cat/0.png', 'real/cat/deep/1.png', 'real/dog/0.png');
  link('links/cat', at('real/cat'));
  link('links/dog', '../real/dog');
  link('links/emu/x.png', at('real/dog/0.png'));
  const data = await openDataset(at('links'));
  const told = ['1 picture(s) lie in more than one class, by links: each counts for both'];
  expect([data.classes, Array.from(data.labels!), data.notes]).toEqual([['cat', 'dog', 'emu'], [0, 0, 1, 2], told]);
  const { indices } = await data.read([0, 1, 2, 3], { width: 2, height: 2, channels: 3 });
  expect(indices).toEqual([0, 1, 2, 3]);
});

test('a class folder that is a link to its sibling is one class, and a picture that links name again counts once', async () => {
  put('alias/dog/0.png', 'alias/dog/1.png', 'alias/tabby/0.png');
  link('alias/cat', 'tabby');
  link('alias/dog/2.png', '0.png');
  const data = await openDataset(at('alias'));
  expect([data.classes, Array.from(data.labels!)]).toEqual([
    ['dog', 'tabby'],
    [0, 0, 1],
  ]);
  expect(data.notes).toEqual([
    "'cat' is the same folder as 'tabby': one class",
    '1 picture(s) that links name again are taken once',
  ]);
  put('flat/0.png');
  link('flat/1.png', '0.png');
  expect((await openDataset(at('flat'))).length).toBe(1);
});

test('links that lead round in a circle, nowhere, or to what is no file', async () => {
  put('loop/cat/0.png', 'loop/dog/0.png', 'loop/dog/in/1.png');
  link('loop/dog/self', '.');
  link('loop/dog/in/up', '..');
  link('loop/all', '.');
  link('loop/above', '../..');
  link('loop/cat/gone.png', 'nothing');
  link('loop/cat/zero.png', '/dev/zero');
  spawnSync('mkfifo', [at('loop/cat/pipe.png')]);
  const data = await openDataset(at('loop'));
  expect(data.length).toBe(3);
  expect(data.notes).toEqual([
    '2 class folder(s) without pictures: above, all',
    '2 file(s) or folder(s) left out: no regular file',
    '4 file(s) or folder(s) left out: the link leads back to a folder that was read',
    '1 file(s) or folder(s) left out: the link leads nowhere',
  ]);
});

test('folders of systems are no classes; what is not read is counted by reason', async () => {
  put('mixed/cat/0.png', 'mixed/cat/1.JFIF', 'mixed/dog/a.bmp', 'mixed/dog/b.tga', 'mixed/dog/c.TGA', 'mixed/dog/d.heic');
  put(
    'mixed/__MACOSX/cat/._0.png',
    'mixed/.git/x.png',
    'mixed/@eaDir/0.png',
    'mixed/cat/Thumbs.db',
    'mixed/cat/._0.png',
    'mixed/x.png',
  );
  const data = await openDataset(at('mixed'));
  expect(data.classes).toEqual(['cat', 'dog']);
  expect(Array.from({ length: data.length }, (_, i) => data.nameOf(i).slice(at('mixed').length))).toEqual([
    '/cat/0.png',
    '/cat/1.JFIF',
    '/dog/a.bmp',
  ]);
  expect(data.notes).toEqual([
    '1 picture(s) beside the class folders are left out',
    "1 file(s) or folder(s) left out: '@eaDir' belongs to the system",
    "1 file(s) or folder(s) left out: '__MACOSX' belongs to the system",
    '2 file(s) or folder(s) left out: hidden',
    '1 file(s) or folder(s) left out: no pictures by their endings',
    '1 file(s) or folder(s) left out: pictures ending in .heic are not read',
    '2 file(s) or folder(s) left out: pictures ending in .tga are not read',
  ]);
});

test('a folder of nothing but pictures that are not read says so', async () => {
  put('raw/cat/0.tga', 'raw/cat/1.tga');
  await expect(openDataset(at('raw'))).rejects.toThrow(
    `Folder '${at('raw')}': holds no pictures (2 file(s) or folder(s) left out: pictures ending in .tga are not read). Expected files ending in .jpg,`,
  );
});

test('names that are not UTF-8 are counted', async () => {
  put('bytes/cat/0.png');
  writeFileSync(Buffer.concat([Buffer.from(at('bytes/cat/')), Buffer.from([0xff, 0xfe]), Buffer.from('.png')]), png);
  expect((await openDataset(at('bytes'))).notes).toEqual(['1 file(s) or folder(s) left out: the name is not UTF-8']);
});

test('work runs side by side within its budget, and alone where it is larger', async () => {
  const run = budget(10);
  let now = 0;
  const seen: number[] = [];
  await Promise.all(
    [4, 4, 4, 30, 1, 1].map((cost) =>
      run(cost, async () => {
        now += cost;
        seen.push(now);
        await new Promise((resolve) => setImmediate(resolve));
        now -= cost;
      }),
    ),
  );
  expect(Math.max(...seen.filter((n) => n !== 30))).toBeLessThanOrEqual(10);
  expect(seen).toContain(30);
  await expect(run(1, () => Promise.reject(new Error('x')))).rejects.toThrow('x');
  expect(await run(10, () => Promise.resolve(5))).toBe(5);
});

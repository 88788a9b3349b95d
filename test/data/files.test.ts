// Writing and reading files: what is left on the disk, and the exact words of every refusal.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { chmod, link, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import {
  ensureWritable,
  readBytes,
  readTextSync,
  reasonOf,
  refuseOverwriting,
  sha256,
  writeAtomically,
} from '../../src/data/files.js';
import { refusal } from '../support/refusal.js';

let folder = '';
const at = (name: string): string => join(folder, name);

beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'lan-data-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('files', () => {
  test('writeAtomically makes folders, replaces content and leaves no temporary file', async () => {
    const path = at('out/deep/a.txt');
    await writeAtomically(path, 'first, and longer');
    await writeAtomically(path, new Uint8Array([111, 107]));
    expect(await readFile(path, 'utf8')).toBe('ok');
    expect(await readdir(at('out/deep'))).toEqual(['a.txt']);
  });

  test('a link stays a link, a device stays a device', async () => {
    await writeFile(at('target.txt'), 'old');
    await symlink('target.txt', at('link.txt'));
    await writeAtomically(at('link.txt'), 'new');
    expect(await readlink(at('link.txt'))).toBe('target.txt');
    expect(await readFile(at('target.txt'), 'utf8')).toBe('new');
    await symlink('/dev/null', at('null'));
    await writeAtomically(at('null'), 'gone');
    expect(await readFile(at('null'), 'utf8')).toBe('');
  });

  test('a full disk', async () => {
    await symlink('/dev/full', at('full'));
    expect(await refusal(writeAtomically(at('full'), 'x'))).toBe(
      `Cannot write '${at('full')}': no space left on device. Choose another place.`,
    );
  });

  test('a directory in place of the file, and a file in place of the folder', async () => {
    await mkdir(at('taken'));
    await writeFile(at('plain'), '');
    expect(await refusal(writeAtomically(at('taken'), 'x'))).toBe(
      `Cannot write '${at('taken')}': it is a directory. Choose another place.`,
    );
    const inner = at('plain/x.txt');
    expect(await refusal(writeAtomically(inner, 'x'))).toBe(
      `Cannot write '${inner}': a file of that name is in the way. Choose another place.`,
    );
    expect(await refusal(ensureWritable(at('plain')))).toBe(
      `Cannot write '${at('plain')}': a file of that name is in the way. Choose another place.`,
    );
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  // Node's own recursive mkdir never returns here.
  const proc = existsSync('/proc/self') ? test : test.skip;
  proc('a folder in which nothing can be made', async () => {
    expect(await refusal(ensureWritable('/proc/lan-onnx/out'))).toBe(
      "Cannot write '/proc/lan-onnx/out': no such file or folder. Choose another place.",
    );
  });

  test('a failure in the middle removes the temporary file and keeps the old content', async () => {
    await mkdir(at('half'));
    await writeFile(at('half/a.txt'), 'old');
    const message = await refusal(writeAtomically(at('half/a.txt'), 5 as unknown as string));
    expect(message.startsWith(`Cannot write '${at('half/a.txt')}': `)).toBe(true);
    expect(await readdir(at('half'))).toEqual(['a.txt']);
    expect(await readFile(at('half/a.txt'), 'utf8')).toBe('old');
  });

  test('a folder without permission', async () => {
    await mkdir(at('locked/inner'), { recursive: true });
    await writeFile(at('locked/inner/secret'), 's');
    await chmod(at('locked'), 0o555);
    await chmod(at('locked/inner/secret'), 0);
    // Root may write anywhere, so as root the test acts as nobody for a moment.
    const root = process.geteuid!() === 0;
    await chmod(folder, 0o755);
    if (root) process.seteuid!(65534);
    const path = at('locked/x.txt');
    try {
      expect(await refusal(writeAtomically(path, 'x'))).toBe(`Cannot write '${path}': permission denied. Choose another place.`);
      expect(await refusal(ensureWritable(at('locked')))).toBe(
        `Cannot write '${at('locked')}': permission denied. Choose another place.`,
      );
      expect(await refusal(readBytes(at('locked/inner/secret'), 'Model'))).toBe(
        `Model '${at('locked/inner/secret')}': cannot be read (permission denied).`,
      );
    } finally {
      if (root) process.seteuid!(0);
      await chmod(at('locked'), 0o755);
    }
    expect(await readdir(at('locked'))).toEqual(['inner']);
  });

  test('ensureWritable makes the folder and leaves it empty', async () => {
    await ensureWritable(at('new/folder'));
    expect(await readdir(at('new/folder'))).toEqual([]);
  });

  test('readBytes and the reasons of errors', async () => {
    await writeFile(at('b.bin'), new Uint8Array([1, 2]));
    expect(Array.from(await readBytes(at('b.bin'), 'Model'))).toEqual([1, 2]);
    expect(await refusal(readBytes(at('no.onnx'), 'Model'))).toBe(
      `Model '${at('no.onnx')}': cannot be read (no such file or folder).`,
    );
    expect(await refusal(readBytes(folder, 'Model'))).toBe(`Model '${folder}': cannot be read (it is a directory).`);
    expect(reasonOf(Object.assign(new Error('EROFS: …'), { code: 'EROFS' }))).toBe('the file system is read-only');
    expect(reasonOf(new Error('odd'))).toBe('odd');
  });

  test('what killed processes left of a write goes with the next one to the same file; all else stays', async () => {
    await mkdir(at('swept'));
    await writeAtomically(at('swept/a.txt'), 'old');
    // A process that runs no more, and one that does.
    const gone = spawnSync(process.execPath, ['-e', '']).pid;
    const names: string[] = [];
    await ensureWritable(at('swept'));
    const { hostname } = await import('node:os');
    const host = sha256(hostname()).slice(0, 6);
    for (const [name, pid] of [
      ['a.txt', gone],
      ['a.txt', process.pid],
      ['a.txt', process.ppid],
      ['b.txt', gone],
      ['write-test', gone],
    ] as const) {
      names.push(`.${name}.${host}-${pid}-01234567.tmp`);
      await writeFile(at(`swept/${names.at(-1)}`), 'half');
    }
    await writeFile(at('swept/.a.txt.notes.tmp'), 'of somebody else');
    await writeAtomically(at('swept/a.txt'), 'new');
    expect((await readdir(at('swept'))).sort()).toEqual(['.a.txt.notes.tmp', 'a.txt', ...names.slice(2)].sort());
    await ensureWritable(at('swept'));
    expect(await readdir(at('swept'))).not.toContain(names[4]);
  });

  test('writes of the same file at the same time do not take each other away', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, i) => writeAtomically(at('same/a.txt'), `${i}`)));
    expect(await readdir(at('same'))).toEqual(['a.txt']);
  });

  test('results never go over their own inputs', async () => {
    await writeFile(at('m.onnx'), 'm');
    await symlink('m.onnx', at('m-link'));
    await link(at('m.onnx'), at('m-hard'));
    for (const out of [at('m.onnx'), join(folder, 'x', '..', 'm.onnx'), at('m-link'), at('m-hard')])
      expect(await refusal(refuseOverwriting(out, [undefined, at('none'), at('m.onnx')]))).toBe(
        `Cannot write '${out}': it is an input of the same run. Choose another place.`,
      );
    await refuseOverwriting([at('other.onnx'), undefined], [at('m.onnx')]);
    await refuseOverwriting('/dev/null', ['/dev/null']);
  });

  const devices = existsSync('/dev/zero') ? test : test.skip;
  devices('devices and pipes are refused at once, and so is more than was asked for', async () => {
    spawnSync('mkfifo', [at('pipe')]);
    await symlink('/dev/zero', at('zero'));
    for (const name of ['pipe', 'zero']) {
      const message = `Image '${at(name)}': cannot be read (it is no regular file).`;
      expect(await refusal(readBytes(at(name), 'Image'))).toBe(message);
      expect(() => readTextSync(at(name), 'Image')).toThrow(message);
    }
    await writeFile(at('five'), 'eins!');
    const large = `Card '${at('five')}': cannot be read (it has 5 bytes, more than the 4 that are read).`;
    expect(await refusal(readBytes(at('five'), 'Card', { limit: 4 }))).toBe(large);
    expect(() => readTextSync(at('five'), 'Card', { limit: 4 })).toThrow(large);
    expect(readTextSync(at('five'), 'Card', { limit: 5 })).toBe('eins!');
  });

  test("sha256 of the standard's example", () => {
    expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(sha256(new Uint8Array([97, 98, 99]))).toBe(sha256('abc'));
  });
});

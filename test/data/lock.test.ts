// A folder is one run's at a time; what a killed run left of its lock is taken over.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOCK_NAME, lockFolder } from '../../src/data/lock.js';
import { openJournal } from '../../src/data/journal.js';
import { startOf } from '../../src/data/processes.js';
import { z } from 'zod';
import { moduleOf } from '../support/built.js';

let folder = '';
let lock = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lan-lock-'));
  lock = join(folder, LOCK_NAME);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A lock as another process would have left it. */
const left = (holder: object): void => writeFileSync(lock, JSON.stringify(holder));
const inUse = (who: string): string =>
  `Cannot write '${folder}': ${who} works in it. Wait for it, or choose another place; if it runs no more, delete '${lock}'.`;

test('held until it is released, as often as it was taken', async () => {
  const first = await lockFolder(folder);
  const second = await lockFolder(join(folder, '.'));
  expect(JSON.parse(readFileSync(lock, 'utf8'))).toMatchObject({ pid: process.pid, host: hostname() });
  first.release();
  first.release();
  expect(existsSync(lock)).toBe(true);
  second[Symbol.dispose]();
  expect(existsSync(lock)).toBe(false);
});

test('another process that runs keeps it', async () => {
  left({ pid: process.ppid, start: startOf(process.ppid), host: hostname() });
  await expect(lockFolder(folder)).rejects.toThrow(inUse(`process ${process.ppid}`));
  left({ pid: 1, host: 'elsewhere' });
  await expect(lockFolder(folder)).rejects.toThrow(inUse("process 1 on 'elsewhere'"));
  // Being written at this moment.
  writeFileSync(lock, '{"pid":');
  await expect(lockFolder(folder)).rejects.toThrow(inUse('another process'));
  expect(existsSync(lock)).toBe(true);
});

test.each([
  ['a process that runs no more', () => left({ pid: spawnSync(process.execPath, ['-e', '']).pid, start: '1', host: hostname() })],
  ['another process of the same number', () => left({ pid: process.ppid, start: '0', host: hostname() })],
  ['a lock half written long ago', () => (writeFileSync(lock, '{"pid":'), utimesSync(lock, 0, 0))],
  ['a lock that is null', () => (writeFileSync(lock, 'null'), utimesSync(lock, 0, 0))],
])('%s loses it', async (_, leave) => {
  leave();
  (await lockFolder(folder)).release();
  expect(existsSync(lock)).toBe(false);
});

test('two processes, one journal: the second is refused, and goes on when the first has ended', async () => {
  const path = join(folder, 'journal.jsonl');
  const form = z.object({ n: z.int() });
  left({ pid: process.ppid, start: startOf(process.ppid), host: hostname() });
  await expect(openJournal(path, { a: 1 }, form)).rejects.toThrow(inUse(`process ${process.ppid}`));
  rmSync(lock);
  const journal = await openJournal(path, { a: 1 }, form);
  await journal.append({ n: 7 });
  expect(existsSync(lock)).toBe(true);
  await journal.close();
  expect(existsSync(lock)).toBe(false);
  const again = await openJournal(path, { a: 1 }, form);
  expect(again.records).toEqual([{ n: 7 }]);
  await again.close();
});

test.each(['null\n', '[]\n', '{"a": {}}\n', '{"a": 1}\nnull\n', '{"a": 1}\n{"n": "7"}\n', 'x\n'])(
  'a journal that is none: %j',
  async (text) => {
    const path = join(folder, 'damaged.jsonl');
    writeFileSync(path, text);
    await expect(openJournal(path, { a: 1 }, z.object({ n: z.int() }))).rejects.toThrow(
      `Journal '${path}': is damaged. Delete it to begin again.`,
    );
    expect(existsSync(lock)).toBe(false);
  },
);

test('the lock goes with its process', () => {
  const script = `import { lockFolder } from '${moduleOf('src/data/lock.ts')}'; await lockFolder(${JSON.stringify(folder)}); process.exit(3);`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([3, '']);
  expect(existsSync(lock)).toBe(false);
});

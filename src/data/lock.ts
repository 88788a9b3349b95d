// A lock on a folder: two runs that write the same results would spoil each other's.
import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { LanError } from '../core/errors.js';
import { codeOf, makeFolder, refusal } from './files.js';
import { isAlive, startOf } from './processes.js';

/** The lock file's name within the folder. */
export const LOCK_NAME = '.lan-onnx.lock';

const Holder = z.object({ pid: z.int().positive(), start: z.string().optional(), host: z.string() });
type Holder = z.infer<typeof Holder>;

/** A lock that is held until `release`, which may be called any number of times. */
export interface Lock extends Disposable {
  release(): void;
}

const held = new Map<string, { lock: string; count: number }>();
let watching = false;

/**
 * Takes a folder (made where it is not there) for this process, until `release` or the process's end. A lock of a process that runs no more is
 * taken over; the same process may lock a folder several times. Throws LanError (`write`) where another process holds it, and where the folder
 * cannot be written.
 *
 * @example
 * const lock = await lockFolder('out');
 * try {
 *   await work();
 * } finally {
 *   lock.release();
 * }
 */
export async function lockFolder(folder: string): Promise<Lock> {
  const path = join(folder, LOCK_NAME);
  try {
    await makeFolder(folder);
    // From here on without a pause, so that two calls of this process do not meet.
    const status = statSync(folder);
    const key = `${status.dev}:${status.ino}`;
    const own = held.get(key);
    if (own) own.count++;
    else {
      take(path, folder);
      held.set(key, { lock: path, count: 1 });
      watchExit();
    }
    return lockOf(key);
  } catch (error) {
    throw error instanceof LanError ? error : refusal(folder, error);
  }
}

/** `work` with a folder locked. Throws as lockFolder and `work` do. */
export async function whileLocked<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const lock = await lockFolder(folder);
  try {
    return await work();
  } finally {
    lock.release();
  }
}

/** A lock that cannot be read and is older was left half written by a kill; a younger one is being written. */
const HALF_WRITTEN = 10_000;

/** Three tries: each finds a lock of a dead process, which somebody else may be taking over as well. */
function take(path: string, folder: string): void {
  const mine: Holder = { pid: process.pid, start: startOf(process.pid), host: hostname() };
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      writeFileSync(path, JSON.stringify(mine), { flag: 'wx' });
      return;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    if (inUse(path)) throw refused(folder, path, holderOf(path));
    setAside(path);
  }
  throw refused(folder, path, holderOf(path));
}

/** Removes a dead process's lock. It is moved away before, and put back where it turns out to be that of a process which was faster. */
function setAside(path: string): void {
  const aside = `${path}.${process.pid}-${randomUUID().slice(0, 8)}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  if (inUse(aside)) renameSync(aside, path);
  else rmSync(aside, { force: true });
}

/** Whether the lock at a path, if any, may be of a process that is still at work. */
function inUse(path: string): boolean {
  const holder = holderOf(path);
  if (holder) return runs(holder);
  const status = statSync(path, { throwIfNoEntry: false });
  return status !== undefined && Date.now() - status.mtimeMs < HALF_WRITTEN;
}

function holderOf(path: string): Holder | undefined {
  try {
    return Holder.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    // Gone by now, or no lock of ours.
    return undefined;
  }
}

/** Whether the holder may still be at work: of another machine nobody can tell, so it is believed. */
function runs({ pid, start, host }: Holder): boolean {
  if (host !== hostname()) return true;
  return isAlive(pid) && (start === undefined || startOf(pid) === undefined || startOf(pid) === start);
}

function refused(folder: string, path: string, holder: Holder | undefined): LanError {
  const who = holder
    ? `process ${holder.pid}${holder.host === hostname() ? '' : ` on '${holder.host}'`} works in it`
    : 'another process works in it';
  return new LanError(
    'write',
    `Cannot write '${folder}': ${who}.`,
    `Wait for it, or choose another place; if it runs no more, delete '${path}'.`,
  );
}

function lockOf(key: string): Lock {
  let open = true;
  const release = (): void => {
    const own = held.get(key);
    if (!open || !own) return;
    open = false;
    if (--own.count > 0) return;
    held.delete(key);
    remove(own.lock);
  };
  return { release, [Symbol.dispose]: release };
}

/** Only what is this process's: the folder may have been deleted and made anew by another run. */
function remove(path: string): void {
  const holder = holderOf(path);
  if (holder?.pid !== process.pid || holder.host !== hostname()) return;
  try {
    rmSync(path, { force: true });
  } catch {
    // The folder may have become read-only: the lock is then seen to be of a process that runs no more.
  }
}

function watchExit(): void {
  if (watching) return;
  watching = true;
  process.on('exit', () => {
    for (const { lock } of held.values()) remove(lock);
  });
}

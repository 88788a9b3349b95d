// Faults besides kill -9: signals, a full disk, a folder that cannot be written or goes away, two processes on one folder.
import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runToEnd, start, watchFolder, type Ended, type Program } from './child.js';
import type { Command } from './commands.js';
import { differences, filesOf, harm, isLeftover } from './folders.js';
import type { Unbroken } from './kills.js';

export interface Scene {
  readonly program: Program;
  readonly command: Command;
  /** To be used freely. */
  readonly folder: string;
  readonly reference: Unbroken;
}

export interface Outcome {
  readonly tried: number;
  readonly violations: readonly string[];
  /** Why it cannot be tried here. */
  readonly skipped?: string;
}

/** What a refusal has to be: exit code 2, one message of its own, no stack. */
function refused(what: string, { code, signal, err, out }: Ended): string[] {
  const found: string[] = [];
  if (code !== 2) found.push(`${what}: expected exit code 2, received ${code ?? signal}`);
  if (/unexpected error|\n\s+at |UnhandledPromise/.test(`${err}${out}`)) found.push(`${what}: ${err.trim()}`);
  if (!/lan-onnx: .*/.test(err)) found.push(`${what}: no message, only ${JSON.stringify(err.slice(-200))}`);
  return found;
}

/** The run after a fault: ends well, and as the unbroken one. */
async function recovered(what: string, { program, command, reference }: Scene, out: string): Promise<string[]> {
  const ended = await runToEnd(program, command.again(out));
  return [
    ...(ended.code === 0 ? [] : [`${what}: the run after it ends ${ended.how}: ${ended.err.trim()}`]),
    ...differences(out, reference).map((d) => `${what}: after the next run, ${d}`),
  ];
}

/** Sends signals once the run is under way: after the first change in its folder, `delay` ms later. */
async function signalled(scene: Scene, out: string, signals: readonly NodeJS.Signals[], delay: number): Promise<Ended> {
  mkdirSync(join(out, '..'), { recursive: true });
  let sent = false;
  let send = (): void => undefined;
  const stop = watchFolder(out, () => {
    if (sent) return;
    sent = true;
    setTimeout(() => send(), delay);
  });
  const run = start(scene.program, scene.command.argv(out));
  send = () => signals.forEach((signal, i) => setTimeout(() => run.process.kill(signal), 30 * i));
  const ended = await run.ended;
  stop();
  return ended;
}

/** 2: a run that was broken off has no result yet; 130 and the like: it was told twice. */
async function signals(scene: Scene): Promise<Outcome> {
  const violations: string[] = [];
  let tried = 0;
  for (const list of [['SIGINT'], ['SIGTERM'], ['SIGHUP'], ['SIGINT', 'SIGINT'], ['SIGTERM', 'SIGTERM']] as NodeJS.Signals[][]) {
    for (const delay of [0, 300 * scene.reference.seconds]) {
      const what = `${list.join(' twice, ').replace(/ twice, \w+$/, ' twice')} after ${delay.toFixed(0)} ms`;
      const out = join(scene.folder, `${tried++}`);
      const ended = await signalled(scene, out, list, delay);
      const different = differences(out, scene.reference);
      const whole = different.length === 0;
      if (list.length === 1) {
        if (ended.signal !== null) violations.push(`${what}: it ended the process`);
        else if (!whole && ended.code === 0) violations.push(`${what}: the exit code is 0, and ${different.join('; ')}`);
        if (/unexpected error/.test(ended.err)) violations.push(`${what}: ${ended.err.trim()}`);
        const left = filesOf(out).filter(isLeftover);
        if (left.length > 0) violations.push(`${what}: ${left.join(', ')} left over`);
      }
      violations.push(...(await harm(out, scene.reference, false)).map((h) => `${what}: ${h}`));
      violations.push(...(await recovered(what, scene, out)));
    }
  }
  return { tried, violations };
}

const run = (name: string, ...argv: string[]): boolean => {
  try {
    execFileSync(name, argv, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

/** A file system of its own, of `size` bytes; undefined where this user cannot mount one. */
function mounted(place: string, size: number): { options(text: string): boolean; remove(): void } | undefined {
  mkdirSync(place, { recursive: true });
  if (!run('mount', '-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', place)) return undefined;
  return { options: (text) => run('mount', '-o', `remount,${text}`, place), remove: () => void run('umount', '-l', place) };
}

/** A disk that is full after a part of the results: nothing, a little, half, nearly all. */
async function disk(scene: Scene): Promise<Outcome> {
  const violations: string[] = [];
  const total = [...scene.reference.bytes.values()].reduce((sum, b) => sum + Math.ceil(b.length / 4096) * 4096, 0);
  const shares = [0, 0.1, 0.5, 0.9];
  for (const [i, share] of shares.entries()) {
    const place = join(scene.folder, `${i}`);
    const disk = mounted(place, Math.max(4096, Math.floor((share * total) / 4096) * 4096));
    if (!disk) return { tried: 0, violations: [], skipped: 'this user cannot mount a small disk' };
    try {
      const what = `a disk of ${(100 * share).toFixed(0)} % of what is written`;
      const out = join(place, 'out');
      violations.push(...refused(what, await runToEnd(scene.program, scene.command.argv(out))));
      violations.push(...(await harm(out, scene.reference)).map((h) => `${what}: ${h}`));
      const left = filesOf(out).filter(isLeftover);
      if (left.length > 0) violations.push(`${what}: ${left.join(', ')} left over`);
      disk.options('size=64m');
      violations.push(...(await recovered(what, scene, out)));
    } finally {
      disk.remove();
    }
  }
  return { tried: shares.length, violations };
}

/** Files limited in size, which every user can have: the write of a large one ends in its middle. */
async function limit(scene: Scene): Promise<Outcome> {
  const violations: string[] = [];
  const largest = Math.max(...[...scene.reference.bytes.values()].map((b) => b.length)) / 1024;
  const limits = [0.2, 0.9].map((share) => Math.floor(share * largest)).filter((k) => k < largest);
  for (const [i, k] of limits.entries()) {
    const out = join(scene.folder, `${i}`);
    const what = `files of at most ${k} KiB`;
    violations.push(
      ...refused(what, await runToEnd(scene.program, scene.command.argv(out), { through: `ulimit -f ${k}; exec "$@"` })),
    );
    violations.push(...(await harm(out, scene.reference)).map((h) => `${what}: ${h}`));
    violations.push(...(await recovered(what, scene, out)));
  }
  return { tried: limits.length, violations };
}

/** A folder that can only be read: refused before any work. */
async function readOnly(scene: Scene): Promise<Outcome> {
  const { folder, program, command, reference } = scene;
  const place = join(folder, 'locked');
  const root = process.getuid?.() === 0;
  // The superuser may write where the mode forbids it; a file system that is read-only binds everyone.
  const disk = root ? mounted(place, 2 ** 26) : undefined;
  if (root && !disk?.options('ro')) return { tried: 0, violations: [], skipped: 'this user cannot mount a read-only disk' };
  if (!root) {
    mkdirSync(place, { recursive: true });
    chmodSync(place, 0o555);
  }
  try {
    const violations: string[] = [];
    for (const out of [place, join(place, 'new', 'folder')]) {
      const what = `a read-only ${out === place ? 'folder' : 'parent folder'}`;
      const ended = await runToEnd(program, command.argv(out));
      violations.push(...refused(what, ended));
      // Opening a model takes its time; what is refused after that, and before the work, takes no more.
      if (/\d+\/\d+ {2}loss|learning the mask|training the/.test(ended.err)) violations.push(`${what}: refused only after work`);
    }
    disk?.options('rw');
    if (!root) chmodSync(place, 0o755);
    violations.push(...(await recovered('a folder that was read-only', { ...scene, reference }, place)));
    return { tried: 2, violations };
  } finally {
    disk?.remove();
    if (!root) chmodSync(place, 0o755);
  }
}

/** The folder is removed in mid-run: the run says so, or makes it again; what it says is true. */
async function gone(scene: Scene): Promise<Outcome> {
  const out = join(scene.folder, 'gone');
  mkdirSync(scene.folder, { recursive: true });
  let first = true;
  const stop = watchFolder(out, () => {
    if (!first) return;
    first = false;
    setTimeout(() => rmSync(out, { recursive: true, force: true }), 250 * scene.reference.seconds);
  });
  const ended = await runToEnd(scene.program, scene.command.argv(out));
  stop();
  const violations: string[] = [];
  const what = 'the folder removed in mid-run';
  if (ended.code !== 0) violations.push(...refused(what, ended));
  if (/checkpoint is (sound|whole)/.test(ended.err) && !filesOf(out).some((f) => f.endsWith('.checkpoint')))
    violations.push(`${what}: it says that there is a checkpoint, and there is none`);
  violations.push(...(await harm(out, scene.reference, false)).map((h) => `${what}: ${h}`));
  violations.push(...(await recovered(what, scene, out)));
  return { tried: 1, violations };
}

/** Two processes on one folder, at once and one a moment later: one result, as of one process; whoever gives way says so. */
async function two(scene: Scene): Promise<Outcome> {
  const { program, command, reference, folder } = scene;
  const violations: string[] = [];
  const delays = [0, 200 * reference.seconds];
  for (const [i, delay] of delays.entries()) {
    const out = join(folder, `${i}`);
    mkdirSync(folder, { recursive: true });
    const what = `a second process ${delay.toFixed(0)} ms later`;
    const first = runToEnd(program, command.argv(out));
    await new Promise((resolve) => setTimeout(resolve, delay));
    const ended = await Promise.all([first, runToEnd(program, command.again(out))]);
    if (!ended.some((e) => e.code === 0)) violations.push(`${what}: neither gets to its end: ${ended.map((e) => e.err.trim()).join(' | ')}`); // prettier-ignore
    for (const e of ended) if (e.code !== 0) violations.push(...refused(what, e));
    violations.push(...differences(out, reference).map((d) => `${what}: ${d}`));
    violations.push(...(await recovered(what, scene, out)));
  }
  return { tried: delays.length, violations };
}

/** Standard output on a full disk: the files are written, and the exit code says that something is missing. */
async function stdout(scene: Scene): Promise<Outcome> {
  const full = openSync('/dev/full', 'w');
  try {
    const out = join(scene.folder, 'out');
    const ended = await runToEnd(scene.program, scene.command.argv(out), { stdout: full });
    return {
      tried: 1,
      violations: [...refused('stdout on /dev/full', ended), ...(await recovered('stdout on /dev/full', scene, out))],
    };
  } finally {
    closeSync(full);
  }
}

/** Kinds of faults besides kills, by name. */
export const OTHERS: Readonly<Record<string, (scene: Scene) => Promise<Outcome>>> = {
  signals,
  disk,
  limit,
  'read-only': readOnly,
  gone,
  two,
  stdout,
};

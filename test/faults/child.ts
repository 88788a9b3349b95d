// The command line as a child process that is ended at a chosen moment.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, statSync, watch, type FSWatcher } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
  readonly seconds: number;
  /** How it ended, within a sentence: `with 2`. */
  readonly how: string;
}

export interface Running {
  readonly process: ChildProcess;
  /** What it has said so far. */
  said(): string;
  readonly ended: Promise<Ended>;
}

/** How the command line is started: the words before its arguments. */
export type Program = readonly [string, ...string[]];

/** A run that hangs is a fault of its own: seconds that it may take. A machine with other work needs more. */
let limit = 120;
export const limitRuns = (seconds: number): void => void (limit = seconds);

/** Starts a run. `stdout`: a file descriptor in place of a pipe; `through`: a shell line that ends by running "$@". */
export function start(
  [program, ...words]: Program,
  argv: readonly string[],
  more: { stdout?: number; through?: string } = {},
): Running {
  const began = performance.now();
  const all = [...words, ...argv];
  const [name, ...rest] = more.through === undefined ? [program, ...all] : ['bash', '-c', more.through, 'bash', program, ...all];
  const child = spawn(name, rest, { stdio: ['ignore', more.stdout ?? 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
  let late = false;
  const timer = setTimeout(() => (late = child.kill('SIGKILL')), 1000 * limit);
  const ended = new Promise<Ended>((done, fail) => {
    child.on('error', fail);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const how = late
        ? `by its limit of ${limit} s (--limit says another for a machine with other work)`
        : `with ${code ?? signal}`;
      done({ code, signal, out, err, seconds: (performance.now() - began) / 1000, how });
    });
  });
  return { process: child, said: () => err, ended };
}

export const runToEnd = (program: Program, argv: readonly string[], more?: Parameters<typeof start>[2]): Promise<Ended> =>
  start(program, argv, more).ended;

/** Calls `heard` for each change in a folder and the folders in it, which need not be there yet. */
export function watchFolder(folder: string, heard: () => void): () => void {
  const watchers = new Map<string, FSWatcher>();
  const add = (path: string): void => {
    if (watchers.has(path) || !existsSync(path) || !statSync(path).isDirectory()) return;
    try {
      watchers.set(path, watch(path, (_event, name) => {
        if (path === dirname(folder) && name !== null && join(path, name) !== folder) return;
        heard();
        if (name !== null) add(join(path, name));
      })); // prettier-ignore
      if (path !== dirname(folder)) for (const name of readdirSync(path)) add(join(path, name));
    } catch {
      // It went again while it was looked at.
    }
  };
  add(dirname(folder));
  add(folder);
  return () => watchers.forEach((w) => w.close());
}

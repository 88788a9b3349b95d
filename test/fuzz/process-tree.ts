// What a process and its children have taken so far, where the system tells (Linux): the trial of a model is a child of the process that asked for it.
import { readdirSync, readFileSync } from 'node:fs';
import { computedFor } from '../../src/data/processes.js';

export interface Taken {
  /** Of the processor, by the process, its children, and those of its children that have ended. */
  readonly seconds: number;
  /** By thread: seconds that it was ready to run and another process had the processor. What it waited is no longer told once it has ended. */
  readonly queued: ReadonlyMap<number, number>;
  /** Largest resident set that one of them had, in bytes. */
  readonly largest: number;
}

const NOTHING: Taken = { seconds: 0, queued: new Map(), largest: 0 };

/** What the tree of `pid` has taken; undefined where the system does not tell, or the process is gone. */
export function takenBy(pid: number): Taken | undefined {
  try {
    const own = ofProcess(pid);
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
    const each = [own, ...children.map((child) => takenBy(Number(child)) ?? NOTHING)];
    return {
      seconds: each.reduce((total, { seconds }) => total + seconds, 0),
      queued: new Map(each.flatMap(({ queued }) => [...queued])),
      largest: Math.max(...each.map(({ largest }) => largest)),
    };
  } catch {
    return undefined;
  }
}

function ofProcess(pid: number): Taken {
  const peak = /VmHWM:\s*(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  const queued = readdirSync(`/proc/${pid}/task`).map((thread): [number, number] => [
    Number(thread),
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[1]) / 1e9,
  ]);
  return { seconds: computedFor(pid, { ended: true }) ?? 0, queued: new Map(queued), largest: 1024 * Number(peak) };
}

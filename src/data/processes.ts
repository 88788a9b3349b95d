// Processes of this machine: whether one still runs, and since when, so that what a killed one left behind can be told from what is in use.
import { readFileSync } from 'node:fs';

/**
 * Whether a process of this number runs here; one of another user counts. One that has ended and that its parent has not asked about (a zombie: for
 * ever, in a container whose first process asks about none) does not.
 */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  const state = fieldsOf(pid)?.[0];
  return state !== 'Z' && state !== 'X';
}

/**
 * When a process began, in clock ticks since the machine did; numbers of processes are used again, this tells two of the same number apart.
 * Undefined where the system does not tell (only Linux does, in /proc).
 */
export const startOf = (pid: number): string | undefined => fieldsOf(pid)?.[19];

/** Ticks of processor time a second in /proc, on every Linux that Node runs on. */
const TICKS = 100;

/**
 * Seconds that a process and its threads have computed for; `ended`: its children that have ended as well. Undefined where the system does not tell (only Linux does,
 * in /proc).
 */
export function computedFor(pid: number, { ended = false } = {}): number | undefined {
  const ticks = fieldsOf(pid)?.slice(11, ended ? 15 : 13);
  return ticks && ticks.reduce((sum, field) => sum + Number(field), 0) / TICKS;
}

/** What Linux tells of a process behind its name, which is in brackets and may hold anything: its state first, its start as the 20th. */
function fieldsOf(pid: number): string[] | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return status.slice(status.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

// Processes of this machine: whether one still runs, and since when, so that what a killed one left behind can be told from what is in use.
import { readFileSync } from 'node:fs';

/** Whether a process of this number runs here; one of another user counts. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * When a process began, in clock ticks since the machine did; numbers of processes are used again, this tells two of the same number apart.
 * Undefined where the system does not tell (only Linux does, in /proc).
 */
export function startOf(pid: number): string | undefined {
  try {
    // The second field, the program's name in brackets, may hold anything; the start is the 20th behind it.
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return status.slice(status.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

// A process of the campaign that lives on from case to case, and what each case took of it and of its children.
import { fork, type ChildProcess } from 'node:child_process';
import { takenBy } from './process-tree.js';
import type { Outcome, Task } from './worker.js';

/** A case is ended when it has taken so many seconds (see Found). */
const ENDED_AFTER = 30;
/** And by the clock, whatever else has the processor. */
const ENDED_AFTER_WALL = 240;
/** Milliseconds between two looks at a case that goes on. */
const LOOK = 500;
/** Cases after which a process is replaced, so that what one of them holds is not laid at another's door. */
const CASES_A_PROCESS = 5000;

/** How a case ended, or why its process is gone. */
export interface Found {
  readonly outcome?: Outcome;
  readonly death?: string;
  /** Of the processor, or of the clock without the time that others had the processor, whichever is more; of the clock alone, where the system does not tell. */
  readonly seconds: number;
  /** Largest resident set of the process or a child of it since it started, in bytes. */
  readonly largest: number;
}

/** One process after the other, each for many cases. */
export class Runner {
  private child: ChildProcess | undefined;
  private served = 0;

  /** `program`: the worker; `env`: what its environment has beside this process's. */
  constructor(
    private readonly program: string,
    private readonly env: Readonly<Record<string, string>> = {},
  ) {}

  /** Runs the case. The process lives on, unless the case ended it. */
  async ask(task: Task): Promise<Found> {
    if (this.child && this.served++ >= CASES_A_PROCESS) this.end();
    const child = (this.child ??= await this.start());
    const before = takenBy(child.pid!);
    const start = performance.now();
    let last = before;
    const waited = new Map<number, number>();
    const look = (): void => {
      const now = takenBy(child.pid!);
      for (const [thread, seconds] of now?.queued ?? []) waited.set(thread, seconds - (before?.queued.get(thread) ?? 0));
      last = now ?? last;
    };
    // What waits for something else than a processor hangs as well.
    const spent = (): number => {
      const wall = (performance.now() - start) / 1000;
      const queued = [...waited.values()].reduce((a, b) => a + b, 0);
      return before && last ? Math.max(last.seconds - before.seconds, wall - queued) : wall;
    };
    const result = await new Promise<Outcome | string>((resolve) => {
      const watch = setInterval(() => {
        look();
        if (spent() > ENDED_AFTER || performance.now() - start > 1000 * ENDED_AFTER_WALL) child.kill('SIGKILL');
      }, LOOK);
      const end = (found: Outcome | string): void => {
        clearInterval(watch);
        look();
        child.removeAllListeners();
        resolve(found);
      };
      child.once('message', (outcome: Outcome) => end(outcome));
      child.once('exit', (code, signal) => end(`the process ended by ${signal ?? `exit ${code}`}`));
      child.send(task);
    });
    if (typeof result === 'string') {
      this.child = undefined;
      return { death: result, seconds: spent(), largest: last?.largest ?? 0 };
    }
    return { outcome: result, seconds: spent(), largest: last?.largest ?? result.largest };
  }

  /** Ends the process; the next case starts another. */
  end(): void {
    this.child?.removeAllListeners();
    this.child?.kill('SIGKILL');
    this.child = undefined;
  }

  private async start(): Promise<ChildProcess> {
    this.served = 0;
    const child = fork(this.program, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], env: { ...process.env, ...this.env } });
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', (code, signal) => reject(new Error(`${this.program} could not be started (${signal ?? code}).`)));
    });
    child.removeAllListeners();
    return child;
  }
}

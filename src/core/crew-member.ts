// The other side of a crew (crew.ts): a process that opens what it needs once, and then does tasks, one at a time.
import { LanError } from './errors.js';
import { plainError } from './plain-error.js';
import type { FromMember, ToMember } from './crew.js';

/** What a member has besides its setup. */
export interface Member {
  /** Aborted when the work is to end: the task at hand is finished with what there is. */
  readonly signal: AbortSignal;
  /** Tells the crew's owner something while a task is done. */
  readonly tell: (told: unknown) => void;
}

/** Serves the process that has started this one until that is gone. What `open` and a task throw ends the whole work. */
export function serve<S, T, R>(open: (setup: S, member: Member) => Promise<(task: T) => Promise<R>>): void {
  const abort = new AbortController();
  const say = (message: FromMember<R>): void => void process.send!(message);
  const fail = (error: unknown): void =>
    say({ fatal: error instanceof LanError ? { ...plainError(error), message: error.message } : { unexpected: (error as Error).stack ?? String(error) } }); // prettier-ignore
  let ready: Promise<(task: T) => Promise<R>> | undefined;
  // A terminal, and a service manager, send these to all processes; what becomes of the work is the owner's to say.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  process.on('disconnect', () => process.exit(0));
  process.on('message', (message: ToMember<S, T>) => {
    if ('stop' in message) abort.abort();
    else if ('setup' in message) {
      ready = open(message.setup, { signal: abort.signal, tell: (told) => say({ told }) });
      ready.then(() => say({ ready: true }), fail);
    } else void ready!.then((perform) => perform(message.task)).then((done) => say({ done }), fail);
  });
}

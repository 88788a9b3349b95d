// The process of an experiment's worker (reproduce-parts.ts): runs the experiment up to a part, by what is trained already, and then does pieces of that.
import { serve } from '../core/crew-member.js';
import { LanError } from '../core/errors.js';
import { reproduce } from '../experiment/reproduce.js';
import { Interrupted, type RunOptions } from '../experiment/run.js';
import type { PartsSetup, PartsTold } from './reproduce-parts.js';

/** What a piece is asked of. */
type Piece = (i: number) => Promise<unknown>;

serve<PartsSetup, number, unknown>(({ config, data, subject, run: own, part, before }, { signal, tell }) => {
  const say = (told: PartsTold): void => tell(told);
  return new Promise((resolve, reject) => {
    let there = false;
    const run: RunOptions = {
      ...own,
      signal,
      taken: true,
      // What led up to the part was told by the process that has done it.
      onPhase: (phase) => there && say({ phase }),
      onStep: (step) => there && say({ step }),
      parts: {
        all: <T>(name: string, _: number, of: (i: number, run: RunOptions) => Promise<T>, pieceRun: RunOptions) => {
          const done = before.get(name);
          if (done) return Promise.resolve(done as T[]);
          if (name !== part) throw new Error(`part '${name}' before '${part}'`);
          there = true;
          const piece: Piece = (i) =>
            of(i, pieceRun).catch((error: unknown) => {
              throw error instanceof Interrupted ? new LanError('interrupted', 'Interrupted.') : error;
            });
          resolve(piece);
          // The process is ended when the part is done.
          return new Promise<T[]>(() => undefined);
        },
      },
    };
    reproduce(config, data, run, subject).then(() => reject(new Error(`no part '${part}'`)), reject);
  });
});

// A runtime that has ended: WebAssembly that trapped or aborted leaves its memory half written, and nothing that it computes afterwards can be believed.
import { LanError, messageOf } from '../core/errors.js';
import { inWords } from '../engine/in-words.js';

/** Errors of JavaScript that come out of WebAssembly only where it stopped in the middle: traps and emscripten's abort; C++ exceptions that nobody caught. */
const NAMES = new Set(['RuntimeError', 'CppException', 'ExitStatus']);
/** The same in words, where a layer above made another error of it; the last two also end what runs: memory is never given back, a failed start never tried again. */
const WORDS =
  /Aborted\(|memory access out of bounds|table index is out of bounds|null function|indirect call|Maximum call stack|divide by zero|bad_alloc|no available backend found/i;

/** Is the runtime lost with this error? Its own refusals, which leave it whole, are no such errors. */
export function isFatal(error: unknown): boolean {
  if (error instanceof LanError) return false;
  if (typeof error === 'number') return true;
  return (error instanceof Error && NAMES.has(error.name)) || WORDS.test(messageOf(error));
}

/** Watches over one runtime. */
export interface Guard {
  /** Why it ended; undefined while it runs. */
  readonly ended: LanError | undefined;
  /** Does work of the runtime. Throws LanError (`runtime`, `memory`) where it ends it, and at once where it has ended; else what the work throws. */
  run<T>(work: () => Promise<T>): Promise<T>;
}

/** A guard of a runtime that has just been loaded. */
export function createGuard(): Guard {
  let ended: LanError | undefined;
  return {
    get ended() {
      return ended;
    },
    async run(work) {
      if (ended) throw ended;
      try {
        return await work();
      } catch (error) {
        if (!isFatal(error)) throw error;
        const { code, problem } = inWords(error) ?? { code: 'runtime', problem: `onnxruntime ended in WebAssembly (${messageOf(error).split('\n')[0]!.slice(0, 300)})` }; // prettier-ignore
        ended ??= new LanError(code, `${problem}.`, 'Nothing can be run here any more: start another worker.');
        throw ended;
      }
    },
  };
}

/** Of the WebAssembly on which models run. */
export const guard = createGuard();

/**
 * Why onnxruntime has ended in this worker, or undefined: a trap or an abort in WebAssembly, which some hostile files cause. Ask it after each call, whether
 * that failed or not: nothing that comes after it can be believed, and only another worker helps.
 *
 * @example
 * if (runtimeEnded()) self.postMessage('start another worker');
 */
export const runtimeEnded = (): LanError | undefined => guard.ended;

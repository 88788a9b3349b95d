// Progress on the terminal: lines that are overwritten when there is something new to say. No timers, so that nothing outlives the work.
import { CLEAR, type Io } from './io.js';

/** Milliseconds between two states of a line, so that a terminal is not what a run waits for. */
const PAUSE = 100;
/** Characters of a bar. */
const WIDTH = 30;

/** A line on a terminal that `show` overwrites (at most every 100 ms, except with `always`) and `stop` takes away. Elsewhere nothing. */
function line(io: Io) {
  let last = -Infinity;
  let shown = false;
  return {
    show: (text: () => string, always = false): void => {
      const now = performance.now();
      if (!io.terminal || (!always && now - last < PAUSE)) return;
      last = now;
      shown = true;
      io.err(`${CLEAR}${text()}`);
    },
    stop: (): void => {
      if (shown) io.err(CLEAR);
      shown = false;
    },
  };
}

/** A mask being learned: step, loss, mask mean and the time that is left; a line a phase. `budget`: seconds after which learning ends anyway. */
export function progressBar(io: Io, budget?: number) {
  const { show, stop } = line(io);
  let phase = '';
  let start = 0;
  return {
    stop,
    phase: (name: string): void => {
      stop();
      phase = name;
      start = performance.now();
      io.err(`${name} ...\n`);
    },
    /** `value` of `total` steps are done. */
    step: (value: number, total: number, loss: number, mask: number): void => {
      show(() => {
        const done = Math.round((WIDTH * value) / total);
        const bar = `${'='.repeat(done)}${'-'.repeat(WIDTH - done)}`;
        const left = Math.ceil(secondsLeft(value, total, (performance.now() - start) / 1000, budget));
        return `${phase} [${bar}] ${value}/${total} loss ${loss.toFixed(3)} mask ${mask.toFixed(3)} ${left} s left`;
      }, value === total);
    },
  };
}

/** Seconds until step `total` at the mean pace of the first `value` (at least 1), or until the budget is spent, whichever comes first. */
export function secondsLeft(value: number, total: number, elapsed: number, budget = Infinity): number {
  return Math.max(0, Math.min((elapsed * (total - value)) / value, budget - elapsed));
}

/** Samples done, and the time that is left at the pace so far: a line that is overwritten on a terminal; elsewhere one line at the start. */
export function countdown(io: Io, what: string) {
  const { show, stop } = line(io);
  let start = 0;
  return {
    stop,
    step: (done: number, total: number): void => {
      if (start === 0) {
        start = performance.now();
        if (!io.terminal) io.err(`${what} ...\n`);
      }
      show(() => {
        const left = Math.ceil(secondsLeft(Math.max(1, done), total, (performance.now() - start) / 1000));
        return `${what}: ${done} of ${total}, ${left} s left`;
      }, done === total);
    },
  };
}

/** Bytes that have arrived: a line that is overwritten on a terminal; elsewhere one line at the start. */
export function megabytes(io: Io, what: string) {
  const { show, stop } = line(io);
  let first: { readonly at: number; readonly done: number } | undefined;
  return {
    stop,
    step: (done: number, total: number): void => {
      if (!first && !io.terminal) io.err(`${what}: ${(total / 1e6).toFixed(1)} MB ...\n`);
      const { at, done: before } = (first ??= { at: performance.now(), done });
      show(() => {
        const left = Math.ceil(secondsLeft(Math.max(1, done - before), total - before, (performance.now() - at) / 1000));
        return `${what}: ${(done / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB, ${left} s left`;
      }, done === total);
    },
  };
}

/** Training: step, metrics, steps per second and the time that is left, on a terminal as one line, elsewhere as ten lines. */
export function trainingBar(io: Io) {
  const { show, stop } = line(io);
  let tenth = 0;
  return {
    stop,
    step: (progress: {
      readonly step: number;
      readonly iterations: number;
      readonly metrics: Readonly<Record<string, number>>;
      readonly rate: number;
    }): void => {
      const { step, iterations, metrics, rate } = progress;
      const text = (): string => {
        const shown = Object.entries(metrics).map(([name, v]) => `${name.replace(/_/g, ' ')} ${v.toFixed(3)}`);
        const left = Math.ceil((iterations - step) / rate);
        return `${step}/${iterations}  ${shown.join('  ')}  ${rate.toFixed(0)} steps/s, ${left} s left`;
      };
      if (io.terminal) show(text);
      else if (Math.floor((10 * step) / iterations) > tenth) {
        tenth = Math.floor((10 * step) / iterations);
        io.err(`${text()}\n`);
      }
    },
  };
}

// The progress bar of a mask being learned: step, loss, mask mean and the time that is left at most.
import { SingleBar } from 'cli-progress';
import type { Io } from './io.js';

/** A bar on a terminal; elsewhere a line a phase. `budget`: seconds after which learning ends whatever step it has come to. */
export function progressBar(io: Io, budget?: number) {
  const bar = io.terminal
    ? new SingleBar({
        format: '{phase} [{bar}] {value}/{total} loss {loss} mask {mask} {left} s left',
        hideCursor: true,
        stream: process.stderr,
      })
    : undefined;
  let phase = '';
  let start = 0;
  let running = false;
  const stop = (): void => {
    if (running) bar?.stop();
    running = false;
  };
  return {
    stop,
    phase(name: string) {
      stop();
      phase = name;
      start = performance.now();
      io.err(`${name} ...\n`);
    },
    step(value: number, total: number, loss: number, mask: number) {
      if (!bar) return;
      const left = Math.ceil(secondsLeft(value, total, (performance.now() - start) / 1000, budget));
      const payload = { phase, loss: loss.toFixed(3), mask: mask.toFixed(3), left };
      if (running) bar.update(value, payload);
      else bar.start(total, value, payload);
      running = true;
    },
  };
}

/** Seconds until step `total` at the mean pace of the first `value` (at least 1), or until the budget is spent, whichever comes first. */
export function secondsLeft(value: number, total: number, elapsed: number, budget = Infinity): number {
  return Math.max(0, Math.min((elapsed * (total - value)) / value, budget - elapsed));
}

/** Samples done, and the time that is left at the pace so far: a line that is overwritten on a terminal; elsewhere one line at the start. */
export function countdown(io: Io, what: string) {
  let start = 0;
  let last = 0;
  return {
    step(done: number, total: number) {
      const now = performance.now();
      if (start === 0) {
        start = now;
        if (!io.terminal) io.err(`${what} ...\n`);
      }
      if (!io.terminal || (now - last < 100 && done < total)) return;
      last = now;
      const left = Math.ceil(secondsLeft(Math.max(1, done), total, (now - start) / 1000));
      io.err(`\r\x1b[K${what}: ${done} of ${total}, ${left} s left`);
    },
    clear() {
      if (io.terminal) io.err('\r\x1b[K');
    },
  };
}

/** Training: step, figures, steps per second and the time that is left, on a terminal as one line, elsewhere as ten lines. */
export function trainingBar(io: Io) {
  let tenth = 0;
  return {
    step({
      step,
      iterations,
      figures,
      rate,
    }: {
      step: number;
      iterations: number;
      figures: Readonly<Record<string, number>>;
      rate: number;
    }) {
      const shown = Object.entries(figures).map(([name, v]) => `${name.replace(/_/g, ' ')} ${v.toFixed(3)}`);
      const left = Math.ceil((iterations - step) / rate);
      const line = `${step}/${iterations}  ${shown.join('  ')}  ${rate.toFixed(0)} steps/s, ${left} s left`;
      if (io.terminal) io.err(`\r\x1b[K${line}`);
      else if (Math.floor((10 * step) / iterations) > tenth) {
        tenth = Math.floor((10 * step) / iterations);
        io.err(`${line}\n`);
      }
    },
    clear() {
      if (io.terminal) io.err('\r\x1b[K');
    },
  };
}

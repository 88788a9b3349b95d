// What a command leaves behind when it throws or is told to stop: no timer, no listener, a whole line on the terminal.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { countdown, progressBar, trainingBar } from '../../src/cli/bar.js';
import { interruptible, type Io } from '../../src/cli/io.js';
import { main } from '../../src/cli/main.js';
import { float32 } from '../../src/core/tensor.js';
import { encodeNpy } from '../../src/data/npy.js';
import { dialectModel } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-interrupt-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

/** A terminal that keeps what is written. */
function terminal(): Io & { text: string } {
  return {
    text: '',
    out: () => undefined,
    err(text) {
      this.text += text;
    },
    terminal: true,
    exit: () => undefined,
  };
}
const timers = (): string[] => process.getActiveResourcesInfo().filter((name) => /Timeout|Immediate/.test(name));
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const listeners = (): number[] => SIGNALS.map((signal) => process.listenerCount(signal));

test('learning that throws leaves no timer, no listener, and a cleared line with the cursor shown', async () => {
  // y = ln(x - 2) is NaN wherever noise puts x below 2; at x = 3 it is finite.
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', [1, 4]);
  g.output(g.op('Log', [g.sub(x, g.scalar(2))]), 'y');
  writeFileSync(at('log.onnx'), encodeModel(dialectModel(g.build())));
  writeFileSync(at('x.npy'), encodeNpy(float32([3, 4, 5, 6], [1, 4])));
  const io = terminal();
  const before = [timers().length, listeners()] as const;
  const argv = ['audit', at('log.onnx'), '--tensor', at('x.npy'), '--noise', 'constant:0', '--out', at('out')];
  expect(await main(argv, { ...io, err: (t) => io.err(t) })).toBe(2);
  expect(io.text).toMatch(/lan-onnx: .*(NaN|finite)/i);
  // Timers of jest's own come and go.
  expect(timers().length).toBeLessThanOrEqual(before[0]);
  expect(listeners()).toEqual(before[1]);
  expect(io.text.slice(io.text.lastIndexOf('\r\x1b[K'))).toMatch(/^[^]{4}lan-onnx: /);
  expect(io.text).not.toContain('\x1b[?25l');
}, 60_000);

test.each([
  ['audit', (io: Io) => ((b) => (b.phase('learning'), b.step(1, 2, 1, 0.5), b))(progressBar(io))],
  ['score', (io: Io) => ((b) => (b.step(1, 2), b))(countdown(io, 'samples'))],
  ['train', (io: Io) => ((b) => (b.step({ step: 1, iterations: 2, figures: { loss: 1 }, rate: 1 }), b))(trainingBar(io))],
])('the bar of %s has no timer, and takes its line away once', (_, start) => {
  const io = terminal();
  const before = timers();
  const bar = start(io);
  expect(timers()).toEqual(before);
  bar.stop();
  bar.stop();
  expect(io.text.endsWith('\r\x1b[K')).toBe(true);
  expect(io.text.endsWith('\r\x1b[K\r\x1b[K')).toBe(false);
});

test.each(SIGNALS)('%s lets a run end well', (name) => {
  const io = terminal();
  const before = listeners();
  const interrupt = interruptible(io, 'writing a checkpoint');
  try {
    process.emit(name);
    expect(interrupt.signal.aborted).toBe(true);
    expect(io.text).toContain('lan-onnx: writing a checkpoint;');
  } finally {
    interrupt.stop();
  }
  expect(listeners()).toEqual(before);
});

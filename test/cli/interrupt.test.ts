// What a command leaves behind when it throws or is told to stop: no timer, no listener, a whole line on the terminal.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { countdown, progressBar, trainingBar } from '../../src/cli/bar.js';
import { interruptible, type Io } from '../../src/cli/io.js';
import { main } from '../../src/cli/main.js';
import { float32, int64, type Tensor } from '../../src/core/tensor.js';
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
    line: '',
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
  ['train', (io: Io) => ((b) => (b.step({ step: 1, iterations: 2, metrics: { loss: 1 }, rate: 1 }), b))(trainingBar(io))],
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

describe('an interrupted run says what it keeps and exits with 2', () => {
  /** Runs the command line; Ctrl-C comes as soon as stderr matches `when`. */
  async function interrupted(when: RegExp, ...argv: string[]): Promise<{ code: number; out: string; err: string }> {
    let out = '';
    let err = '';
    let sent = false;
    const listen = (text: string): void => {
      err += text;
      if (sent || !when.test(err)) return;
      sent = true;
      process.emit('SIGINT');
    };
    const code = await main(argv, { out: (t) => void (out += t), err: listen, terminal: false });
    expect(sent).toBe(true);
    return { code, out, err };
  }

  const pixels = (n: number, side: number): Tensor => ({
    type: 'uint8',
    dims: [n, 1, side, side],
    data: Uint8Array.from({ length: n * side * side }, (_, i) => (37 * i) % 256),
  });

  beforeAll(() => {
    const g = new GraphBuilder();
    const x = g.input('image', 'float32', ['batch', 1, 8, 8]);
    g.append('Flatten', [x], ['flat'], { axis: 1 });
    g.constants.set(
      'w',
      float32(
        Float32Array.from({ length: 192 }, (_, i) => ((i % 7) - 3) / 255),
        [64, 3],
      ),
    );
    g.append('MatMul', ['flat', 'w'], ['logits']);
    g.output('logits', 'logits', { type: 'float32', dims: ['batch', 3] });
    writeFileSync(at('net.onnx'), encodeModel(dialectModel(g.build())));
    for (const [name, n, side] of [
      ['data', 40, 8],
      ['objects', 4, 2],
    ] as const) {
      mkdirSync(at(name));
      writeFileSync(at(`${name}/images.npy`), encodeNpy(pixels(n, side)));
      writeFileSync(at(`${name}/labels.npy`), encodeNpy(int64(Array.from({ length: n }, (_, i) => i % 3))));
    }
  });

  test('audit', async () => {
    writeFileSync(at('picture.npy'), encodeNpy({ ...pixels(1, 8), type: 'uint8' }));
    const argv = ['audit', at('net.onnx'), '--tensor', at('picture.npy'), at('picture.npy'), '--evidence-draws', '2'];
    const { code, out, err } = await interrupted(/^learning the mask/m, ...argv, '--out', at('audit'));
    expect(err).toMatch(
      /\nlan-onnx: interrupted; 1 of 2 input\(s\) written, the last with the mask learned until then\. Go on with --resume\.\n$/,
    );
    expect([code, existsSync(at('audit/picture/audit.json')), existsSync(at('audit/picture-2'))]).toEqual([2, true, false]);
    expect(out).toContain('(stopped: interrupted)');
  }, 60_000);

  test('score', async () => {
    const argv = ['score', at('net.onnx'), '--data', at('data'), '--batch', '1', '--out', at('score')];
    const { code, out, err } = await interrupted(/^.*data \.\.\.$/m, ...argv);
    const [, count, journal] =
      /\nlan-onnx: interrupted; (\d+) sample\(s\) were counted\. They lie in '(.*)'; the same command goes on from there\.\n$/.exec(
        err,
      ) ?? [];
    expect(journal).toBe(at('score/score.jsonl'));
    expect([code, Number(count) < 40]).toEqual([2, true]);
    expect(out).toContain('interrupted');
    const scored = (): number => (JSON.parse(readFileSync(at('score/score.json'), 'utf8')) as { count: number }).count;
    expect(scored()).toBe(Number(count));
    expect(await main(argv, { out: () => undefined, err: () => undefined, terminal: false })).toBe(0);
    expect([scored(), existsSync(journal!)]).toEqual([40, false]);
  }, 60_000);

  test('grid; the same command goes on', async () => {
    const argv = ['grid', at('net.onnx'), '--objects', at('objects'), '--out', at('grid')];
    const { code, err } = await interrupted(/^positions \.\.\.$/m, ...argv);
    const kept = `position\\(s\\) lie in '${at('grid/grid.jsonl')}'; the same command goes on from there\\.\n$`;
    expect([code, err]).toEqual([2, expect.stringMatching(new RegExp(`\nlan-onnx: interrupted; \\d+ ${kept}`))]);
    expect(await main(argv, { out: () => undefined, err: () => undefined, terminal: false })).toBe(0);
  }, 60_000);

  test('train', async () => {
    const argv = ['train', at('net.onnx'), '--data', at('data'), '--lan', 'FC(mask, sigmoid)', '--out', at('lan.onnx')];
    const { code, out, err } = await interrupted(/^\d+\/500 /m, ...argv, '--iterations', '500', '--batch', '2');
    expect([code, out, err]).toEqual([
      2,
      '',
      expect.stringMatching(/\nlan-onnx: stopped after \d+ steps; go on with --resume\n$/),
    ]);
    expect([existsSync(at('lan.checkpoint')), existsSync(at('lan.onnx'))]).toEqual([true, false]);
  }, 60_000);

  test('reproduce', async () => {
    const { code, out, err } = await interrupted(/ \.\.\.$/m, 'reproduce', 'tank', '--quick', '--out', at('tank'));
    const kept = `lan-onnx: Interrupted; what was trained lies in '${at('tank')}'. The same command goes on from there.\n`;
    expect([code, out, err.endsWith(kept)]).toEqual([2, '', true]);
  }, 60_000);
});

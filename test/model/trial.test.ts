// Models that end the process that runs them: each ends its trial instead, in one sentence, and the next model is opened as if nothing had been.
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { check } from '../../src/check/check.js';
import { int64 } from '../../src/core/tensor.js';
import { computedFor } from '../../src/data/processes.js';
import { inspect } from '../../src/model/inspect.js';
import { openModel } from '../../src/model/open.js';
import { deathOf, giveBack, isLate, trial } from '../../src/model/trial.js';
import { trialSeconds } from '../../src/model/trial-time.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encoded } from '../support/encoded.js';
import { oneNode } from '../support/one-node.js';

const sound = oneNode(18, { opType: 'Abs', input: ['x'], output: ['y'] }, { x: [1, 3, 8, 8] });

// Each of these ends onnxruntime 1.30 on x64 by a signal while shapes are bound.
const HOSTILE: Record<string, Uint8Array> = {
  'an omitted input of Sum': oneNode(18, { opType: 'Sum', input: ['x', ''], output: ['y'] }, { x: [1, 4] }),
  'an axis of LayerNormalization far outside': oneNode(
    17,
    {
      opType: 'LayerNormalization',
      input: ['w', 'b'],
      output: ['mean', 'deviation'],
      attribute: [{ name: 'axis', i: Number.MAX_SAFE_INTEGER, type: 2 }],
    },
    { w: null, b: null },
  ),
};

const ADVICE = /Do not use this file unless you know who made it/;

test.each(Object.entries(HOSTILE))('%s: inspect, openModel and check refuse it, and this process lives', async (_, bytes) => {
  await expect(inspect(bytes, { trust: false })).rejects.toMatchObject({ code: 'model', advice: expect.stringMatching(ADVICE) });
  await expect(openModel(bytes, { trust: false })).rejects.toMatchObject({ name: 'LanError', code: 'model' });
  await expect(check(bytes, { trust: false })).rejects.toThrow(/onnxruntime crashes on this file \(SIG/);
});

test('what asks for memory that its size does not explain is ended', async () => {
  const bytes = oneNode(
    18,
    { opType: 'Split', input: ['x'], output: ['y', 'z'], attribute: [{ name: 'num_outputs', i: 2 ** 31 - 1, type: 2 }] },
    { x: [1, 4] },
  );
  await expect(inspect(bytes, { trust: false })).rejects.toMatchObject({
    code: 'memory',
    problem: expect.stringMatching(/more than 1\.3 GiB/),
  });
});

test.each([
  ['not yet', 7.9, 7.9, false],
  ['a process that computes all the time', 8, 7.5, true],
  ['one that a busy machine hardly lets run', 8, 1, false],
  ['one that never ends there', 48, 1, true],
  ['a system that does not tell', 8, undefined, true],
] as const)('a trial of 8 s takes too long by what it computes: %s', (_, elapsed, computed, late) =>
  expect(isLate(elapsed, computed, 8)).toBe(late),
);

test('a recurrent network over many steps is given the time that unrolling takes; nothing else is, and never without end', () => {
  const seconds = (dims: readonly (number | string)[], options = {}, ops: readonly string[] = ['LSTM']): number => {
    const g = new GraphBuilder('speech');
    const x = g.input('x', 'float32', [...dims]);
    for (const op of ops) g.output(g.op(op, [x]), op, { type: 'float32', dims: [1] });
    return trialSeconds(
      { irVersion: 8, producer: '', opsets: new Map([['', 18]]), metadata: {}, functions: [], graph: g.build() },
      0,
      options,
    );
  };
  // 300 steps take 5 s and 600 take 15 s of processor time (two slow cores).
  expect(seconds(['N', 300, 13])).toBeGreaterThan(12);
  expect(seconds([1, 'T', 13], { sample: [600, 13] })).toBeGreaterThan(30);
  expect(seconds([1, 'T', 13], { shapes: { x: [1, 600, 13] } })).toBeGreaterThan(30);
  expect(seconds([1, 2 ** 31, 13], {}, ['LSTM', 'GRU'])).toBe(49.5);
  expect(seconds(['N', 300, 13], {}, ['Relu'])).toBe(4.5);
  expect(seconds(['N', 300, 13], {}, ['LSTM', 'Loop'])).toBe(4.5);
});

test('what a process has computed for is told where the system does', () => {
  const before = computedFor(process.pid);
  if (before === undefined) return expect(process.platform).not.toBe('linux');
  const until = performance.now() + 60;
  while (performance.now() < until) Math.sqrt(until);
  expect(computedFor(process.pid)! - before).toBeLessThan(5);
  expect(computedFor(process.pid)!).toBeGreaterThan(0);
});

test.each(['SIGTERM', 'SIGKILL'] as const)('%s from outside says nothing about the file', (signal) =>
  expect(deathOf('m.onnx', null, signal, false, 8, 2 ** 30)).toMatchObject({
    code: 'runtime',
    problem: expect.stringContaining(`was ended from outside (${signal}`),
    advice: expect.not.stringMatching(ADVICE),
  }),
);

test('recurrent layers that take too long say what to do about it, and are not called dangerous', () => {
  expect(deathOf('m.onnx', null, 'SIGKILL', { steps: 2000 }, 49.5, 2 ** 30)).toMatchObject({
    problem: 'm.onnx: its recurrent layers, unrolled to 2000 steps, took more than 50 s to compile and run once.',
    advice: expect.stringMatching(/^Give it shorter inputs \(`shapes`\), or, if you know who made the file, `trust`/),
  });
  expect(deathOf('m.onnx', null, 'SIGKILL', { steps: 0 }, 4.5, 2 ** 30)).toMatchObject({ advice: expect.stringMatching(ADVICE) });
});

test('too much memory is told as such on Windows as well, where a signal has no name', () => {
  const died = (code: number) => deathOf('m.onnx', code, null, false, 8, 2 ** 30, 'win32');
  expect(died(1)).toMatchObject({ code: 'memory', problem: expect.stringContaining('more than 1.0 GiB') });
  expect(died(0xc0000005)).toMatchObject({ code: 'model', problem: expect.stringContaining('exit code 3221225477') });
  expect(deathOf('m.onnx', 1, null, false, 8, 2 ** 30, 'linux')).toMatchObject({ code: 'model' });
  expect(deathOf('m.onnx', null, 'SIGUSR2', false, 8, 2 ** 30, 'linux')).toMatchObject({ code: 'memory' });
});

test('a sound model passes its trial, with options that no other process can be handed', async () => {
  const model = await openModel(sound, { trust: false, adapters: undefined, feeds: {}, shapes: { x: [1, 3, 8, 8] } });
  expect(model.inputs).toEqual([{ name: 'x', type: 'float32', shape: [1, 3, 8, 8] }]);
  await model.dispose();
});

// Where the child decided by itself that it was idle, one that was asked just then had "crashed (exit code 0)".
test('an idle process is given back by who asks it, and the next model has one of its own', async () => {
  const request = { source: sound, what: 'compile', options: { trust: true } } as const;
  const children = `/proc/self/task/${process.pid}/children`;
  const childrenNow = (): string[] => (existsSync(children) ? readFileSync(children, 'utf8').trim().split(' ') : []);
  for (let i = 0; i < 2; i++) {
    const before = childrenNow();
    await trial(request, 'asked', sound.length);
    const mine = childrenNow().filter((pid) => !before.includes(pid));
    giveBack();
    await expect(trial(request, 'asked at once', sound.length)).resolves.toBeUndefined();
    while (mine.some((pid) => childrenNow().includes(pid))) await new Promise((next) => setTimeout(next, 20));
    giveBack();
  }
});

test('an expected failure is told in its own words, not as a failed trial', async () => {
  const bytes = oneNode(18, { opType: 'NoSuchOp', input: ['x'], output: ['y'] }, { x: [1, 4] });
  await expect(openModel(bytes, { trust: false })).rejects.toThrow(/NoSuchOp/);
  await expect(openModel(sound, { trust: false, shapes: { other: [1] } })).rejects.toThrow(/'other'/);
  await expect(openModel(integers(), { trust: false })).rejects.toThrow(/float/);
});

/** Integers to integers: no float output. */
function integers(): Uint8Array {
  const g = new GraphBuilder('integers');
  g.output(g.add(g.input('i', 'int64', [2]), g.constant(int64([1, 2]))), 'sum');
  return encoded(g);
}

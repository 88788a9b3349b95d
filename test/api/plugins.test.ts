// Plug-ins in the library: two models at once, each with its own, calls that are stopped, and what is no plug-in.
import { describe, expect, test } from '@jest/globals';
import { float32, toNumbers } from '../../src/core/tensor.js';
import { check, definePlugin, exportGradient, exportStep, openModel, testPlugin, type Plugin } from '../../src/index.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { caseOf, defineOp, GraphBuilder, uniform } from '../../src/ops.js';

/** Softmax of x com.example.Scaled, which is 1 x 3. */
function scaled(): Uint8Array {
  const g = new GraphBuilder('scaled');
  g.output(g.op('Softmax', [g.op('Scaled', [g.input('x', 'float32', [1, 3])], {}, 'com.example')], { axis: 1 }), 'p');
  const opsets = new Map([
    ['', 18],
    ['com.example', 1],
  ]);
  return encodeModel({ irVersion: 8, producer: '', opsets, metadata: {}, functions: [], graph: g.build() });
}

/** Scaled as this number times x. */
const by = (factor: number): Plugin =>
  definePlugin({
    name: `times ${factor}`,
    ops: [
      defineOp({
        op: 'Scaled',
        domain: 'com.example',
        versions: [1],
        attributes: {},
        canonicalize: (n, g) => g.mul(n.x[0]!, g.scalar(factor)),
      }),
    ],
  });

test('two models at once in one process, with plug-ins that contradict each other: each keeps its own', async () => {
  const [one, two] = await Promise.all([1, 2].map((factor) => openModel(scaled(), { plugins: [by(factor)] })));
  const x = float32([0, Math.LN2, 0], [1, 3]);
  const [a, b] = await Promise.all([one!.run({ x }), two!.run({ x })]);
  expect(Array.from(toNumbers(a['p']!), (v) => Number(v.toFixed(6)))).toEqual([0.25, 0.5, 0.25]);
  expect(Array.from(toNumbers(b['p']!), (v) => Number(v.toFixed(6)))).toEqual([0.166667, 0.666667, 0.166667]);
  expect(one!.notes).toEqual(expect.arrayContaining(["plug-in 'times 1': op com.example.Scaled"]));
  const p = float32([1, 0, 0], [1, 3]);
  const gradients = await Promise.all([one!, two!].map((m) => m.vjp({ x }, { p })));
  // d p_0 / d x_0 = factor p_0 (1 - p_0)
  expect(gradients.map((g) => Number(toNumbers(g.gradients['x']!)[0]!.toFixed(6)))).toEqual([0.1875, 0.277778]);
  // An opened model is checked with the ops that it was opened with.
  expect((await check(one!, { samples: 1, gradients: false })).agrees).toBe(true);
  await one!.dispose();
  await two!.dispose();
  await expect(openModel(scaled())).rejects.toMatchObject({ code: 'unsupported' });
});

test.each([
  [undefined, { name: 'a', ops: 1 }, "Plug-in 'a': expected 'ops' to be a list, received 1."],
  [undefined, 'mine.mjs', "Plug-in 0: expected an object { name, ops, ... }, received 'mine.mjs'."],
  ['plugins', { name: 'a' }, '`plugins`: expected a list of plug-ins, received an object.'],
])('what is none is refused', async (alone, plugin, problem) => {
  const plugins = (alone ? plugin : [plugin]) as never;
  await expect(openModel('tank', { plugins })).rejects.toMatchObject({ code: 'plugin', problem });
});

test('cases of ops of two domains may have one name; of one op they may not', async () => {
  const of = (domain: string): Plugin => ({
    name: domain,
    cases: [caseOf('of six', 'Scaled', 1, [uniform([2, 3], 1)], {}, { domain })],
  });
  await (await openModel(scaled(), { plugins: [by(1), of('a'), of('b')] })).dispose();
  await expect(openModel(scaled(), { plugins: [of('a'), of('a')] })).rejects.toMatchObject({ code: 'plugin', problem: "Plug-in 'a': there are two cases called 'a.Scaled of six'." }); // prettier-ignore
});

describe('signal', () => {
  const signal = AbortSignal.abort();
  test.each([
    ['openModel', () => openModel('tank', { signal }), 'tank: stopped before this was done: reading.'],
    ['exportGradient', () => exportGradient('tank', { signal }), 'tank: stopped before this was done: reading.'],
    ['exportStep', () => exportStep('tank', { signal }), 'tank: stopped before this was done: reading.'],
    ['testPlugin', () => testPlugin({ ...by(2), cases: [caseOf('of six', 'Scaled', 1, [uniform([2, 3], 1)], {}, { domain: 'com.example' })] }, { signal }), "The test of plug-in 'times 2' was stopped before 'Scaled of six'."], // prettier-ignore
  ])('%s rejects', async (_, call, problem) => {
    await expect(call()).rejects.toMatchObject({ code: 'interrupted', problem });
  });

  test('an abort in the middle of opening is heeded, and an opened model is exported or not', async () => {
    const stop = new AbortController();
    const opening = openModel('tank', { signal: stop.signal });
    stop.abort();
    await expect(opening).rejects.toMatchObject({ code: 'interrupted', problem: expect.stringMatching(/^tank: stopped before this was done: (the trial|compiling|the engine)\.$/) as unknown }); // prettier-ignore
    await using model = await openModel('tank');
    await expect(exportGradient(model, { signal })).rejects.toMatchObject({ problem: 'tank: stopped before this was done: the gradient.' }); // prettier-ignore
    await expect(exportStep(model, { signal })).rejects.toMatchObject({
      problem: 'tank: stopped before this was done: the step.',
    });
  });
});

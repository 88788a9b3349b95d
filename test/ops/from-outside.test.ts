// An op from outside of this project, as docs/adding-an-op.md shows it: inspected, checked, differentiated and guarded like one of ours.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { float32 } from '../../src/core/tensor.js';
import { check, inspect, openModel } from '../../src/index.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { adapters, defineOp, differentiate, GraphBuilder, type OpAdapter } from '../../src/ops.js';
import { cDist } from './c-dist.js';

const ROWS = 5;
const WIDTH = 3;
const mine = [...adapters, cDist];

/** A file: which of `prototypes` is nearest to each row of x [rows, width], scores being minus the distances. */
function nearest(attributes: { metric?: string } = {}, rows = 2, prototypes = ROWS, width = WIDTH): Uint8Array {
  const g = new GraphBuilder('nearest');
  const x = g.input('x', 'float32', [rows, width]);
  const values = Float32Array.from({ length: prototypes * width }, (_, i) => Math.sin(i + 1));
  const table = g.constant(float32(values, [prototypes, width]), 'table');
  g.output(g.neg(g.op('CDist', [g.op('Tanh', [x]), table], attributes, 'com.microsoft')), 'scores');
  const opsets = new Map([
    ['', 18],
    ['com.microsoft', 1],
  ]);
  return encodeModel({ irVersion: 8, producer: '', opsets, metadata: {}, functions: [], graph: g.build() });
}

test('the page shows this op, letter by letter', () => {
  const page = readFileSync(new URL('../../docs/adding-an-op.md', import.meta.url), 'utf8');
  const own = readFileSync(new URL('c-dist.ts', import.meta.url), 'utf8').replace('../../src/ops.js', 'lan-onnx/ops');
  expect(page).toContain(`\`\`\`ts\n${own}\`\`\`\n`);
});

test('without it the op is named as unknown', async () => {
  const { problems } = await inspect(nearest());
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(/com\.microsoft\.CDist .*no adapter knows this op/);
});

describe('inspect', () => {
  test('counts its multiply-accumulates, and says what it can do', async () => {
    const { macs, ops, problems } = await inspect(nearest(), { adapters: mine });
    expect(problems).toEqual([]);
    expect(macs).toBe(2 * ROWS * WIDTH);
    expect(ops.find((o) => o.op === 'com.microsoft.CDist')).toMatchObject({
      count: 1,
      tfjsForward: 'yes',
      onnxruntimeGradient: 'yes',
    });
  });

  test('an attribute that it does not take, and one of another kind, are refused by name', async () => {
    const of = async (metric: unknown): Promise<string> =>
      (await inspect(nearest({ metric: metric as string }), { adapters: mine })).problems.join();
    expect(await of('cityblock')).toContain("expected metric sqeuclidean or euclidean, received 'cityblock'");
    expect(await of(2)).toContain("expected attribute 'metric' to be a string, received a whole number");
  });
});

describe('check', () => {
  test.each(['sqeuclidean', 'euclidean'])('%s: both engines agree with onnxruntime, and both gradients', async (metric) => {
    const { agrees, outputs, gradients } = await check(nearest({ metric }), { adapters: mine, backend: 'cpu' });
    expect(outputs.map((o) => o.ok)).toEqual([true, true]);
    expect(gradients.map((g) => [g.what, g.ok])).toEqual([
      ['tfjs (cpu) against onnxruntime', true],
      ['onnxruntime against central differences', true],
      ['tfjs (cpu) against central differences', true],
    ]);
    expect(agrees).toBe(true);
  });

  test('a rule that is wrong by 1 % is found', async () => {
    const rule = cDist.vjp as Extract<OpAdapter['vjp'], (...args: never[]) => unknown>;
    const vjp: OpAdapter['vjp'] = (c, a, g) => rule(c, a, g).map((name) => name && g.mul(name, g.scalar(1.01)));
    const { agrees, blame } = await check(nearest(), { adapters: [...adapters, { ...cDist, vjp }], backend: 'cpu' });
    expect(agrees).toBe(false);
    expect(blame?.op).toBe('CDist');
  });
});

test('its `hazard` reaches the rules of the ops before it', () => {
  const told = (hazard?: 'steep' | 'mixes'): boolean[] => {
    const seen: boolean[] = [];
    const relu = adapters.find((a) => a.op === 'Relu' && !a.domain)!;
    const watched: OpAdapter = { ...relu, vjp: (c) => (seen.push(c.steep), [c.dy[0]]) };
    const root = defineOp({ op: 'Root', domain: 'com.example', versions: [1], attributes: {}, hazard, vjp: ({ dy }) => [dy[0]] });
    const g = new GraphBuilder();
    const before = g.op('Relu', [g.input('x', 'float32', [1])]);
    const y = g.op('Root', [before], {}, 'com.example');
    for (const name of [before, y]) g.types.set(name, { type: 'float32', dims: [1] });
    g.output(y);
    differentiate(g.build(), { of: y, wrt: [{ name: 'x', as: 'dx' }] }, [...adapters, watched, root]);
    return seen;
  };
  expect([told(), told('steep'), told('mixes')]).toEqual([[false], [true], [false]]);
});

test('its size is told before anything runs it', async () => {
  // 40,000 rows against 40,000: 3 numbers each in, 1.6e9 distances out.
  const file = nearest({}, 40_000, 40_000);
  await expect(openModel(file, { adapters: mine })).rejects.toMatchObject({
    code: 'memory',
    problem: expect.stringMatching(/^com\.microsoft\.CDist '.*' asks for 6\.0 GiB; at most 2 are allowed\.$/) as unknown,
  });
});

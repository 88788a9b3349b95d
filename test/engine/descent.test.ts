// Descents: Adam by hand, both engines on one audit objective, and the bookkeeping of a state that is read and written in turns.
import { describe, expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { specialize } from '../../src/compile/specialize.js';
import { LanError } from '../../src/core/errors.js';
import { float32, toFloat32, type Tensor } from '../../src/core/tensor.js';
import type { Descent, Engine, Parameter } from '../../src/engine/engine.js';
import { createOrtEngine, probe } from '../../src/engine/ort.js';
import { createTfEngine } from '../../src/engine/tf.js';
import { createLearner, type StepMetrics } from '../../src/lan/learn.js';
import { createNoise } from '../../src/lan/noise.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { squeezeNet } from '../nets/classics.js';
import { pictureOf } from '../nets/net.js';
import { openObjective } from '../nets/objective.js';

const PARAMETERS: readonly Parameter[] = [
  { name: 'p', dims: [2, 3] },
  { name: 'q', dims: [3] },
];
const START = { p: Float32Array.of(1, -2, 3, -4, 5, -6), q: Float32Array.of(0.5, 0, -0.5) };
const X = Float32Array.of(0.5, 2, -1.5);

/** loss = sum((p x + q)^2) / 2 with outputs `loss` and `r` = p x + q, x broadcast over the rows: dloss/dp = r x, dloss/dq = r summed over rows. */
async function start(engine: Engine, outputs: readonly string[] = ['loss']): Promise<Descent> {
  const g = new GraphBuilder('quadratic');
  const x = g.input('x', 'float32', [3]);
  const [p, q] = PARAMETERS.map(({ name, dims }) => g.input(name, 'float32', dims)) as [string, string];
  const r = g.add(g.mul(p, x), q);
  g.output(r, 'r');
  g.output(g.mul(g.reduceSum(g.mul(r, r), [0, 1], false), g.scalar(0.5)), 'loss');
  const graph = await specialize(g.build(), {}, probe, adapters);
  const descent = await engine.descend(graph, 'loss', PARAMETERS, outputs);
  descent.reset(START);
  return descent;
}
const feeds = { x: float32(X) };
const valueOf = (t: Tensor | undefined): number => toFloat32(t!)[0]!;

/** The same in doubles, Adam as in the paper (Kingma and Ba, 2015, Algorithm 1), nothing rearranged. */
class ByHand {
  private readonly p = Float64Array.from(START.p);
  private readonly q = Float64Array.from(START.q);
  private readonly moments = [this.p, this.q].map((v) => ({ m: new Float64Array(v.length), v: new Float64Array(v.length) }));
  private t = 0;

  get values(): { p: Float64Array; q: Float64Array } {
    return { p: this.p, q: this.q };
  }

  gradients(): [p: number[], q: number[]] {
    const r = Array.from(this.p, (v, i) => v * X[i % 3]! + this.q[i % 3]!);
    return [r.map((v, i) => v * X[i % 3]!), [0, 1, 2].map((i) => r[i]! + r[i + 3]!)];
  }

  step(rate: number): void {
    this.t++;
    const gradients = this.gradients();
    [this.p, this.q].forEach((value, k) => {
      const { m, v } = this.moments[k]!;
      gradients[k]!.forEach((g, i) => {
        m[i] = 0.9 * m[i]! + 0.1 * g;
        v[i] = 0.999 * v[i]! + 0.001 * g * g;
        value[i]! -= (rate * (m[i] / (1 - 0.9 ** this.t))) / (Math.sqrt(v[i] / (1 - 0.999 ** this.t)) + 1e-8);
      });
    });
  }
}

/** Float32 arithmetic on values below 10. */
const ROUNDING = 5e-6;
function expectValues(descent: Descent, expected: { p: ArrayLike<number>; q: ArrayLike<number> }): void {
  for (const name of ['p', 'q'] as const) {
    const actual = descent.get(name);
    expect(actual).toHaveLength(expected[name].length);
    actual.forEach((v, i) => expect(Math.abs(v - expected[name][i]!)).toBeLessThan(ROUNDING));
  }
}

describe.each([
  ['onnxruntime', () => Promise.resolve(createOrtEngine(adapters, { threads: 1 }))],
  ['tfjs (wasm)', () => createTfEngine(adapters, { backend: 'wasm' })],
] as const)('%s', (_name, open) => {
  test("Adam's first step moves every element by the learning rate, against its gradient's sign", async () => {
    const descent = await start(await open());
    const [p, q] = new ByHand().gradients();
    await descent.step(feeds, 0.25);
    const moved = (from: Float32Array, gradient: number[]): number[] => gradient.map((g, i) => from[i]! - 0.25 * Math.sign(g));
    expect([...p, ...q]).not.toContain(0);
    expectValues(descent, { p: moved(START.p, p), q: moved(START.q, q) });
    await descent.dispose();
  });

  test('steps at changing rates are those of the paper', async () => {
    const descent = await start(await open());
    const hand = new ByHand();
    for (const rate of [0.25, 0.5, 0.125, 0.0625]) {
      await descent.step(feeds, rate);
      hand.step(rate);
      expectValues(descent, hand.values);
    }
    await descent.dispose();
  });

  test('adversaries take turns: the second sees where the first went, and goes at its own pace', async () => {
    const g = new GraphBuilder('tug of war');
    const [a, b] = [g.input('a', 'float32', []), g.input('b', 'float32', [])];
    const product = g.mul(a, b);
    g.output(product, 'loss');
    g.output(g.neg(product), 'gain');
    const graph = await specialize(g.build(), {}, probe, adapters);
    const players = [
      { name: 'b', dims: [], lowers: 'gain', pace: 0.5 },
      { name: 'a', dims: [] },
    ];
    const descent = await (await open()).descend(graph, 'loss', players, ['loss', 'gain']);
    descent.reset({ a: Float32Array.of(0.125), b: Float32Array.of(1) });
    const hand = { a: 0.125, b: 1, ma: 0, va: 0, mb: 0, vb: 0 };
    for (let t = 1; t <= 5; t++) {
      const { loss, gain } = await descent.step({}, 0.25);
      expect(valueOf(loss)).toBeCloseTo(hand.a * hand.b, 5);
      expect(valueOf(gain)).toBeCloseTo(-hand.a * hand.b, 5);
      const moved = (rate: number, m: number, v: number): number => (rate * m) / (1 - 0.9 ** t) / Math.sqrt(v / (1 - 0.999 ** t));
      [hand.ma, hand.va] = [0.9 * hand.ma + 0.1 * hand.b, 0.999 * hand.va + 0.001 * hand.b ** 2];
      hand.a -= moved(0.25, hand.ma, hand.va);
      // At the first step a has changed its sign by now, and b goes down with it.
      [hand.mb, hand.vb] = [0.9 * hand.mb - 0.1 * hand.a, 0.999 * hand.vb + 0.001 * hand.a ** 2];
      hand.b -= moved(0.125, hand.mb, hand.vb);
      if (t === 1) expect(hand.b).toBeCloseTo(0.875, 6);
      expect(descent.get('a')[0]).toBeCloseTo(hand.a, 5);
      expect(descent.get('b')[0]).toBeCloseTo(hand.b, 5);
    }
    await descent.dispose();
  });

  test('a step gives the outputs asked for, as they were before it; a look gives any and moves nothing', async () => {
    const descent = await start(await open(), ['loss']);
    const seen: number[] = [];
    for (let i = 0; i < 4; i++) {
      const before = { p: descent.get('p'), q: descent.get('q') };
      const looked = await descent.evaluate(feeds, ['loss', 'r']);
      const again = await descent.evaluate(feeds, ['r']);
      expect([Object.keys(looked).sort(), Object.keys(again)]).toEqual([['loss', 'r'], ['r']]);
      expect({ p: descent.get('p'), q: descent.get('q') }).toEqual(before);
      const stepped = await descent.step(feeds, 0.25);
      expect(Object.keys(stepped)).toEqual(['loss']);
      expect(valueOf(stepped['loss'])).toBe(valueOf(looked['loss']));
      const r = Array.from(before.p, (v, k) => v * X[k % 3]! + before.q[k % 3]!);
      toFloat32(looked['r']!).forEach((v, k) => expect(Math.abs(v - r[k]!)).toBeLessThan(ROUNDING));
      seen.push(valueOf(stepped['loss']));
    }
    for (let i = 1; i < 4; i++) expect(seen[i]!).toBeLessThan(seen[i - 1]!);
    await descent.dispose();
  });

  test('looks, copies and results in the hands of others change nothing: the same steps as those of a fresh descent', async () => {
    const engine = await open();
    const [disturbed, fresh] = [await start(engine), await start(engine)];
    for (let i = 0; i < 5; i++) {
      await disturbed.evaluate(feeds, ['loss']);
      disturbed.get('p').fill(NaN);
      const { loss } = await disturbed.step(feeds, 0.1);
      expect(valueOf((await fresh.step(feeds, 0.1))['loss'])).toBe(valueOf(loss));
      (loss!.data as Float32Array).fill(NaN);
      for (const name of ['p', 'q']) expect(disturbed.get(name)).toEqual(fresh.get(name));
    }
    await disturbed.dispose();
    await fresh.dispose();
  });

  // An odd and an even number of steps: the state then lies in either set of buffers.
  test.each([3, 4])('after %i steps reset starts again, bit for bit the same', async (steps) => {
    const descent = await start(await open());
    const run = async (): Promise<Float32Array[]> => {
      const values: Float32Array[] = [];
      for (let i = 0; i < steps; i++) {
        values.push(toFloat32((await descent.step(feeds, 0.3))['loss']!), descent.get('p'), descent.get('q'));
      }
      return values;
    };
    const first = await run();
    descent.reset(START);
    expect([descent.get('p'), descent.get('q')]).toEqual([START.p, START.q]);
    expect(await run()).toEqual(first);
    expect(START.p[0]).toBe(1);
    await descent.dispose();
  });

  test('reset without values, or with some, leaves zeros elsewhere', async () => {
    const descent = await start(await open());
    await descent.step(feeds, 0.3);
    descent.reset({ q: START.q });
    expect([descent.get('p'), descent.get('q')]).toEqual([new Float32Array(6), START.q]);
    descent.reset();
    expect([descent.get('p'), descent.get('q')]).toEqual([new Float32Array(6), new Float32Array(3)]);
    await descent.dispose();
  });

  test('wrong names and lengths are refused, and leave everything as it was', async () => {
    const descent = await start(await open());
    const refusals: [() => unknown, string][] = [
      [() => descent.reset({ w: START.q }), "'w' is no parameter; there are: p, q."],
      [() => descent.reset({ q: START.q, p: START.q }), "Parameter 'p' of shape [2,3] was given 3 values."],
      [() => descent.get('x'), "'x' is no parameter; there are: p, q."],
    ];
    for (const [refused, message] of refusals) expect(refused).toThrow(new LanError('runtime', message));
    expect([descent.get('p'), descent.get('q')]).toEqual([START.p, START.q]);
    await descent.dispose();
  });

  test('a step that lacks an input fails and is not counted', async () => {
    const descent = await start(await open());
    await expect(descent.step({}, 0.25)).rejects.toThrow("Input 'x' has no value.");
    await descent.step(feeds, 0.25);
    const hand = new ByHand();
    hand.step(0.25);
    expectValues(descent, hand.values);
    await descent.dispose();
  });
});

test('the same audit on both engines: the same masks after 50 steps of the same seed', async () => {
  const size = 48;
  const x = pictureOf([1, 3, size, size]);
  // The net is sure of one class whatever it is shown. Asked for all of them alike, it pulls hard on every pixel.
  const target = float32(new Float32Array(6).fill(1 / 6), [1, 6]);
  const noise = createNoise('uniform', { x, low: -2, high: 2 });
  const masks: Float32Array[] = [];
  const histories: StepMetrics[][] = [];
  for (const options of [
    { engine: 'onnxruntime', threads: 1 },
    { engine: 'tfjs', backend: 'wasm' },
  ] as const) {
    const { classifier, objective } = await openObjective(squeezeNet({ size, classes: 6, channels: 1 / 4 }), size, 2, options);
    expect(classifier.engine.info.name).toBe(options.engine);
    const learner = await createLearner(classifier.engine, objective);
    const settings = {
      beta: 1,
      iterations: 50,
      learningRate: 0.1,
      schedule: 'cosine',
      seed: 7,
      start: 0.5,
      patience: 0,
    } as const;
    const { mask, history } = await learner.learn({ x, target, noise, settings });
    masks.push(toFloat32(mask));
    histories.push([...history]);
    await learner.dispose();
    await classifier.dispose();
  }
  const [a, b] = masks as [Float32Array, Float32Array];
  const apart = a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i]!)), 0);
  expect(apart).toBeLessThan(1e-3);
  histories[0]!.forEach(({ loss }, i) => expect(Math.abs(loss - histories[1]![i]!.loss)).toBeLessThan(1e-3));
  // Something was learned: a mask starts at one half everywhere.
  expect(Math.max(...a) - Math.min(...a)).toBeGreaterThan(0.3);
});

// The toy networks whose attributions are published (Captum's test models, ONNX's own gradient tests), written as ONNX: exact gradients.
import { afterAll, describe, expect, test } from '@jest/globals';
import { float32, sizeOf, toNumbers, type Tensor } from '../../src/core/tensor.js';
import { dialectModel } from '../../src/engine/ort.js';
import type { Classifier } from '../../src/model/classifier.js';
import { openModel } from '../../src/model/open.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';

/** The elements of a tensor, row by row; and several by input or output name. */
type Numbers = readonly number[];
type Named = Readonly<Record<string, Numbers>>;

const opened: Classifier[] = [];
afterAll(() => Promise.all(opened.map((c) => c.dispose())));

/** -0 as 0: which of them a product with a zero gives is nobody's concern. */
const numbers = (t: Tensor): number[] => Array.from(toNumbers(t), (v) => v + 0);

/** A model on one engine, asked in plain numbers. */
class Toy {
  private constructor(private readonly model: Classifier) {}

  static async open(build: (g: GraphBuilder) => void, options: Parameters<typeof openModel>[1]): Promise<Toy> {
    const g = new GraphBuilder('toy');
    build(g);
    const model = await openModel(encodeModel(dialectModel(g.build())), options);
    opened.push(model);
    return new Toy(model);
  }

  private tensors(kind: 'inputs' | 'outputs', values: Named): Record<string, Tensor> {
    const shapes = new Map(this.model[kind].map((v) => [v.name, v.shape]));
    return Object.fromEntries(Object.entries(values).map(([name, v]) => [name, float32(v, shapes.get(name))]));
  }

  async run(inputs: Named): Promise<Named> {
    const outputs = await this.model.run(this.tensors('inputs', inputs));
    return Object.fromEntries(Object.entries(outputs).map(([name, t]) => [name, numbers(t)]));
  }

  /** Gradients of output `of`, its element `target`, by every input. */
  async gradient(inputs: Named, of = 'y', target = 0): Promise<Named> {
    const size = sizeOf(this.model.outputs.find((o) => o.name === of)!.shape);
    const cotangent = Array.from({ length: size }, (_, i) => Number(i === target));
    const { gradients } = await this.model.vjp(this.tensors('inputs', inputs), this.tensors('outputs', { [of]: cotangent }));
    return Object.fromEntries(Object.entries(gradients).map(([name, t]) => [name, numbers(t)]));
  }

  /**
   * Integrated gradients from 0, by the midpoint rule: exact for a piecewise linear function whose kinks lie between its steps.
   * Sundararajan, Taly, Yan: Axiomatic Attribution for Deep Networks, 2017, Eq. 3.
   */
  async integrated(inputs: Named, steps: number): Promise<Named> {
    const sums: Record<string, number[]> = Object.fromEntries(Object.entries(inputs).map(([name, v]) => [name, v.map(() => 0)]));
    for (let s = 0; s < steps; s++) {
      const at = Object.fromEntries(Object.entries(inputs).map(([name, v]) => [name, v.map((e) => (e * (s + 0.5)) / steps)]));
      const gradient = await this.gradient(at);
      for (const [name, v] of Object.entries(inputs)) v.forEach((e, i) => (sums[name]![i]! += (e * gradient[name]![i]!) / steps));
    }
    return sums;
  }
}

const relu = (g: GraphBuilder, x: string): string => g.op('Relu', [x]);
const ones = (...dims: number[]): Tensor => float32(new Float32Array(sizeOf(dims)).fill(1), dims);
const expectClose = (actual: Named, expected: Named, digits = 12): void => {
  expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, v] of Object.entries(expected)) v.forEach((e, i) => expect(actual[name]![i]).toBeCloseTo(e, digits));
};
/** Two inputs of one number, as most of the toys have. */
const pair = (g: GraphBuilder): [string, string] => [g.input('x1', 'float32', [1]), g.input('x2', 'float32', [1])];

describe.each([
  ['onnxruntime', { engine: 'onnxruntime', threads: 1 }],
  ['tfjs (wasm)', { engine: 'tfjs', backend: 'wasm' }],
] as const)('%s', (_name, options) => {
  const open = (build: (g: GraphBuilder) => void): Promise<Toy> => Toy.open(build, options);

  test('BasicModel: 1 - ReLU(1 - x)', async () => {
    const model = await open((g) => g.output(g.sub(g.one, relu(g, g.sub(g.one, g.input('x', 'float32', [1, 5])))), 'y'));
    const x = [5, -3, 2, -9, 0];
    expect(await model.run({ x })).toEqual({ y: [1, -3, 1, -9, 0] });
    for (const [target, slope] of [0, 1, 0, 1, 1].entries()) {
      const gradient = x.map((_, i) => (i === target ? slope : 0));
      expect(await model.gradient({ x }, 'y', target)).toEqual({ x: gradient });
    }
    // FGSM with a step of 0.1 towards output 1: (2, -8.9, 9, 1, -3). At 1 the kink has no slope to either engine.
    const point = [2, -9, 9, 1, -3];
    const gradient = (await model.gradient({ x: point }, 'y', 1)).x!;
    expect(point.map((v, i) => v + 0.1 * Math.sign(gradient[i]!))).toEqual([2, -8.9, 9, 1, -3]);
    expect(await model.gradient({ x: point }, 'y', 3)).toEqual({ x: [0, 0, 0, 0, 0] });
  });

  const two = (g: GraphBuilder): void => {
    const [x1, x2] = pair(g);
    g.output(relu(g, g.sub(g.sub(relu(g, x1), g.one), relu(g, x2))), 'y');
  };
  const three = (g: GraphBuilder): void => {
    const [x1, x2] = pair(g);
    g.output(relu(g, g.sub(relu(g, g.sub(x1, g.one)), relu(g, x2))), 'y');
  };
  test.each([
    ['BasicModel2: ReLU(ReLU(x1) - 1 - ReLU(x2))', two],
    ['BasicModel3: ReLU(ReLU(x1 - 1) - ReLU(x2))', three],
  ])('%s: the same integrated gradients, (1.5, -0.5)', async (_title, build) => {
    const model = await open(build);
    const x = { x1: [3], x2: [1] };
    expect(await model.run(x)).toEqual({ y: [1] });
    expect(await model.gradient(x)).toEqual({ x1: [1], x2: [-1] });
    expect(await model.gradient({ x1: [1.5], x2: [1] })).toEqual({ x1: [0], x2: [0] });
    const attribution = await model.integrated(x, 20);
    expectClose(attribution, { x1: [1.5], x2: [-0.5] });
    // Not multiplied by the input: (0.5, -0.5).
    expect([attribution.x1![0]! / 3, attribution.x2![0]! / 1]).toEqual([expect.closeTo(0.5, 12), expect.closeTo(-0.5, 12)]);
  });

  test('BasicModel2 is blind to x2 where x1 is saturated, and BasicModel3 to x1 below 1', async () => {
    const [second, third] = [await open(two), await open(three)];
    expect(await second.gradient({ x1: [-3], x2: [1] })).toEqual({ x1: [0], x2: [0] });
    expect(await third.gradient({ x1: [0.5], x2: [-1] })).toEqual({ x1: [0], x2: [0] });
    expect(await third.gradient({ x1: [2], x2: [-1] })).toEqual({ x1: [1], x2: [0] });
  });

  /** lin0 (identity), lin1, ReLU, lin2; its intermediate values are outputs too. */
  const multiLayer = (g: GraphBuilder): void => {
    const linear = (x: string, weight: Tensor, bias: Numbers): string =>
      g.op('Gemm', [x, g.constant(weight), g.constant(float32(bias))], { transB: 1 });
    const lin0 = linear(g.input('x', 'float32', [1, 3]), float32([1, 0, 0, 0, 1, 0, 0, 0, 1], [3, 3]), [0, 0, 0]);
    const lin1 = linear(lin0, ones(4, 3), [-10, 1, 1, 1]);
    g.output(linear(relu(g, lin1), ones(2, 4), [-1, 1]), 'y');
    g.output(lin1, 'lin1');
  };

  test('BasicModel_MultiLayer: activations and gradients', async () => {
    const model = await open(multiLayer);
    expect(await model.run({ x: [5, 2, 1] })).toEqual({ y: [26, 28], lin1: [-2, 9, 9, 9] });
    expect(await model.gradient({ x: [1, 6, -3] })).toEqual({ x: [3, 3, 3] });
    expect(await model.gradient({ x: [1, 6, -3] }, 'y', 1)).toEqual({ x: [3, 3, 3] });
    const gradient = (await model.gradient({ x: [20, 50, 30] })).x!;
    expect(gradient).toEqual([4, 4, 4]);
    expect([20, 50, 30].map((v, i) => v * gradient[i]!)).toEqual([80, 200, 120]);
    expect(await model.gradient({ x: [5, 2, 1] }, 'lin1', 0)).toEqual({ x: [1, 1, 1] });
  });

  test('BasicModel_MultiLayer: integrated gradients', async () => {
    const model = await open(multiLayer);
    expectClose(await model.integrated({ x: [1.5, 2, 1.3] }, 10), { x: [4.5, 6, 3.9] });
    expectClose(await model.integrated({ x: [0.5, 0.1, 2.3] }, 10), { x: [1.5, 0.3, 6.9] });
    // The first unit wakes up at a tenth of the way: 0.1 * 3 + 0.9 * 4 = 3.9 per unit of input.
    expectClose(await model.integrated({ x: [20, 50, 30] }, 50), { x: [78, 195, 117] });
  });

  test('BasicModel_MultiLayer: ablation of one input at a time, (80, 200, 120)', async () => {
    const model = await open(multiLayer);
    const x = [20, 50, 30];
    const at = async (input: Numbers): Promise<number> => (await model.run({ x: input })).y![0]!;
    const whole = await at(x);
    const without = await Promise.all(x.map((_, k) => at(x.map((v, i) => (i === k ? 0 : v)))));
    expect(without.map((v) => whole - v)).toEqual([80, 200, 120]);
  });

  /** From conv1's output on: ReLU, flattened, fc1 [1 x 5, -1 x 3], ReLU. */
  const behindConv = (g: GraphBuilder, conv: string, fromRelu = false): void => {
    const weight = float32(
      [1, 2, 3, 4].flatMap(() => [1, 1, 1, 1, 1, -1, -1, -1]),
      [4, 8],
    );
    const flat = g.reshape(fromRelu ? conv : relu(g, conv), [1, 8]);
    g.output(relu(g, g.op('Gemm', [flat, g.constant(weight), g.constant(float32([0, 0, 0, 0]))], { transB: 1 })), 'y');
  };
  const oneConv = (g: GraphBuilder): void => {
    const x = g.input('x', 'float32', [1, 1, 4, 4]);
    const conv = g.op('Conv', [x, g.constant(ones(2, 1, 3, 3)), g.constant(float32([-50, -75]))]);
    behindConv(g, conv);
    g.output(conv, 'conv1');
  };
  const square = Array.from({ length: 16 }, (_, i) => i);
  /** Channels of a [2, 2, 2] value. */
  const channels = (v: Numbers): [Numbers, Numbers] => [v.slice(0, 4), v.slice(4)];
  const mean = (v: Numbers): number => v.reduce((a, b) => a + b) / v.length;

  test('BasicModel_ConvNet_One_Conv: activations and saliency', async () => {
    const model = await open(oneConv);
    expect(await model.run({ x: square })).toEqual({ y: [54, 54, 54, 54], conv1: [-5, 4, 31, 40, -30, -21, 6, 15] });
    expect(await model.gradient({ x: square })).toEqual({ x: [0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0] });
    const window = (r: number, c: number): Numbers =>
      square.map((_, i) => Number(i >> 2 >= r && i >> 2 < r + 3 && i % 4 >= c && i % 4 < c + 3));
    for (const [r, c] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ] as const)
      // prettier-ignore
      expect(await model.gradient({ x: square }, 'conv1', 2 * r + c)).toEqual({ x: window(r, c) });
  });

  test('BasicModel_ConvNet_One_Conv: Grad-CAM of conv1 and of relu1', async () => {
    const activation = channels((await (await open(oneConv)).run({ x: square })).conv1!);
    const cam = async (fromRelu: boolean): Promise<{ gradient: Numbers; parts: Numbers[]; sum: Numbers }> => {
      const tail = await open((g) => behindConv(g, g.input('v', 'float32', [1, 2, 2, 2]), fromRelu));
      const value = activation.map((c) => (fromRelu ? c.map((v) => Math.max(v, 0)) : c));
      const gradient = (await tail.gradient({ v: value.flat() })).v!;
      const weights = channels(gradient).map(mean);
      const parts = value.map((c, k) => c.map((v) => v * weights[k]!));
      return { gradient, parts, sum: parts[0]!.map((v, i) => v + parts[1]![i]!) };
    };
    expect(await cam(false)).toEqual({
      gradient: [0, 1, 1, 1, 0, 0, -1, -1],
      parts: [
        [-3.75, 3, 23.25, 30],
        [15, 10.5, -3, -7.5],
      ],
      sum: [11.25, 13.5, 20.25, 22.5],
    });
    const behind = await cam(true);
    expect(behind.gradient).toEqual([1, 1, 1, 1, 1, -1, -1, -1]);
    expect(behind.sum).toEqual([0, 4, 28, 32.5]);
  });

  test('ReLU DeepLift model: 2 ReLU(x1) + 2 ReLU(x2 - 1.5) at (1, 2) gives (2, 1)', async () => {
    const model = await open((g) => {
      const [x1, x2] = pair(g);
      const twice = (v: string): string => g.mul(g.scalar(2), relu(g, v));
      g.output(g.add(twice(x1), twice(g.sub(x2, g.scalar(1.5)))), 'y');
    });
    const x = { x1: [1], x2: [2] };
    expect(await model.run(x)).toEqual({ y: [3] });
    expect(await model.gradient(x)).toEqual({ x1: [2], x2: [2] });
    expect(await model.gradient({ x1: [1], x2: [1] })).toEqual({ x1: [2], x2: [0] });
    // x2 counts from three quarters of the way on. DeepLift's rescale rule gives the same, and the sum is y: no remainder.
    expectClose(await model.integrated(x, 40), { x1: [2], x2: [1] });
  });

  test('LRP model of twos and threes: input times gradient at (1, 2, 3) is (18, 36, 54)', async () => {
    const model = await open((g) => {
      const weight = (value: number, ...dims: number[]): string =>
        g.constant(float32(new Float32Array(sizeOf(dims)).fill(value), dims));
      g.output(g.matMul(relu(g, g.matMul(g.input('x', 'float32', [1, 3]), weight(2, 3, 3))), weight(3, 3, 1)), 'y');
    });
    expect(await model.run({ x: [1, 2, 3] })).toEqual({ y: [108] });
    expect(await model.gradient({ x: [1, 2, 3] })).toEqual({ x: [18, 18, 18] });
  });

  // onnx/backend/test/case/node/ai_onnx_preview_training: the two gradient tests of the ONNX standard.
  test('gradient_of_add: dc/da = 1, dc/db = 1', async () => {
    const model = await open((g) => g.output(g.add(g.input('a', 'float32', []), g.input('b', 'float32', [])), 'y'));
    expect(await model.run({ a: [1], b: [2] })).toEqual({ y: [3] });
    expect(await model.gradient({ a: [1], b: [2] })).toEqual({ a: [1], b: [1] });
  });
  test('gradient_of_add_and_mul: d = a (a + b), dd/da = 2a + b = 4, dd/db = a = 1', async () => {
    const model = await open((g) => {
      const a = g.input('a', 'float32', []);
      g.output(g.mul(g.add(a, g.input('b', 'float32', [])), a), 'y');
    });
    expect(await model.run({ a: [1], b: [2] })).toEqual({ y: [3] });
    expect(await model.gradient({ a: [1], b: [2] })).toEqual({ a: [4], b: [1] });
  });
});

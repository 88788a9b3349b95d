// 0 times infinity: what a rule leaves out stays 0 where the gradient behind it is infinite (Sqrt at 0) or a value NaN (a softmax of a row that is
// masked whole), in every engine and in the blocked layout too; as in PyTorch, which selects.
import { describe, expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { canonicalize } from '../../src/compile/canonicalize.js';
import { specialize } from '../../src/compile/specialize.js';
import { float32, int64, sizeOf, toFloat32 } from '../../src/core/tensor.js';
import { gradientOf, type Engine } from '../../src/engine/engine.js';
import { createOrtEngine, dialectModel, probe } from '../../src/engine/ort.js';
import { createTfEngine } from '../../src/engine/tf.js';
import { float, GraphBuilder } from '../../src/onnx/builder.js';

const engines: Readonly<Record<string, Engine>> = {
  onnxruntime: createOrtEngine(adapters, { threads: 1 }),
  wasm: await createTfEngine(adapters, { backend: 'wasm' }),
  cpu: await createTfEngine(adapters, { backend: 'cpu' }),
};

/** d(sum of all of build(x))/dx in an engine. */
async function gradient(engine: Engine, dims: readonly number[], x: Float32Array, build: (g: GraphBuilder, x: string) => string) {
  const g = new GraphBuilder('case');
  const y = build(g, g.input('x', 'float32', dims));
  g.output(g.op('ReduceSum', [y], { keepdims: 0 }), 'loss');
  const graph = await specialize(canonicalize(dialectModel(g.build()), adapters), {}, probe, adapters);
  const program = await engine.gradient(graph, 'loss', ['x']);
  const out = await program.run({ x: float32(x, dims) });
  await program.dispose();
  return { loss: toFloat32(out.loss!)[0]!, dx: [...toFloat32(out[gradientOf('x')]!)] };
}

/** Numbers -2, -1, 0, 1, 2, 3 over and over, so that zeros, ties and both sides occur. */
const numbers = (dims: readonly number[]): Float32Array => Float32Array.from({ length: sizeOf(dims) }, (_, i) => (i % 6) - 2);

type Build = (g: GraphBuilder, x: string) => string;
/** Ops that are 0 somewhere, and the derivative of sqrt(op(x)) by hand: 0 where op leaves x out. */
const GATES: Readonly<Record<string, { build: Build; derivative: (x: number) => number }>> = {
  Relu: { build: (g, x) => g.op('Relu', [x]), derivative: (x) => (x > 0 ? 0.5 / Math.sqrt(x) : 0) },
  'Clip from 0': { build: (g, x) => g.op('Clip', [x, g.zero]), derivative: (x) => (x > 0 ? 0.5 / Math.sqrt(x) : 0) },
  'Clip from 0 to 2.5': {
    build: (g, x) => g.op('Clip', [x, g.zero, g.scalar(2.5)]),
    derivative: (x) => (x > 0 && x < 2.5 ? 0.5 / Math.sqrt(x) : 0),
  },
  'LeakyRelu of 0': {
    build: (g, x) => g.op('LeakyRelu', [x], { alpha: float(0) }),
    derivative: (x) => (x > 0 ? 0.5 / Math.sqrt(x) : 0),
  },
  ThresholdedRelu: {
    build: (g, x) => g.op('ThresholdedRelu', [x], { alpha: float(1.5) }),
    derivative: (x) => (x > 1.5 ? 0.5 / Math.sqrt(x) : 0),
  },
  Shrink: {
    build: (g, x) => g.op('Shrink', [g.op('Abs', [x])], { lambd: float(1.5), bias: float(0) }),
    derivative: (x) => (Math.abs(x) > 1.5 ? (0.5 * Math.sign(x)) / Math.sqrt(Math.abs(x)) : 0),
  },
  HardSigmoid: {
    build: (g, x) => g.op('HardSigmoid', [x], { alpha: float(0.25), beta: float(0.25) }),
    derivative: (x) => (x > -1 && x < 3 ? 0.125 / Math.sqrt(0.25 * x + 0.25) : 0),
  },
  Abs: {
    build: (g, x) => g.op('Abs', [x]),
    derivative: (x) => (x === 0 ? 0 : (0.5 * Math.sign(x)) / Math.sqrt(Math.abs(x))),
  },
  Max: { build: (g, x) => g.op('Max', [x, g.zero]), derivative: (x) => (x > 0 ? 0.5 / Math.sqrt(x) : x === 0 ? Infinity : 0) },
  Where: {
    build: (g, x) => g.where(g.greater(x, g.zero), x, g.zero),
    derivative: (x) => (x > 0 ? 0.5 / Math.sqrt(x) : 0),
  },
  'Where the other way': {
    build: (g, x) => g.where(g.op('LessOrEqual', [x, g.zero]), g.zero, x),
    derivative: (x) => (x > 0 ? 0.5 / Math.sqrt(x) : 0),
  },
};

describe.each(Object.keys(engines))('%s', (name) => {
  const engine = engines[name]!;

  describe.each([3, 16])('%i channels', (channels) => {
    const dims = [1, channels, 3, 4];
    test.each(Object.keys(GATES))('sqrt behind %s', async (op) => {
      const { build, derivative } = GATES[op]!;
      const x = numbers(dims);
      const { dx } = await gradient(engine, dims, x, (g, v) => g.op('Sqrt', [build(g, v)]));
      x.forEach((v, i) => expect(dx[i]).toBeCloseTo(derivative(v), 5));
    });

    test.each(['Log', 'Reciprocal'])('%s behind Relu', async (op) => {
      const x = numbers(dims);
      const { dx } = await gradient(engine, dims, x, (g, v) => g.op(op, [g.op('Relu', [v])]));
      x.forEach((v, i) => expect(dx[i]).toBeCloseTo(v <= 0 ? 0 : op === 'Log' ? 1 / v : -1 / (v * v), 5));
    });

    test('a quotient behind Relu, and a power below 1', async () => {
      const x = numbers(dims);
      const relu = (g: GraphBuilder, v: string): string => g.op('Relu', [v]);
      const quotient = await gradient(engine, dims, x, (g, v) => g.div(g.add(v, g.scalar(7)), relu(g, v)));
      const power = await gradient(engine, dims, x, (g, v) => g.op('Pow', [relu(g, v), g.scalar(0.75)]));
      x.forEach((v, i) => {
        if (v > 0) expect(quotient.dx[i]).toBeCloseTo(-7 / (v * v), 4);
        expect(power.dx[i]).toBeCloseTo(v > 0 ? 0.75 * v ** -0.25 : 0, 5);
      });
    });

    test('sqrt behind MaxPool: the first maximum takes an infinite gradient, the others nothing', async () => {
      const size = [1, channels, 2, 4];
      // Two windows of 2x2: one of zeros, whose gradient is infinite, and one whose maximum is 4.
      const plane = [0, 0, 1, 2, 0, 0, 4, 3];
      const x = Float32Array.from({ length: sizeOf(size) }, (_, i) => plane[i % 8]!);
      const { dx } = await gradient(engine, size, x, (g, v) => g.op('Sqrt', [g.op('MaxPool', [v], { kernel_shape: [2, 2], strides: [2, 2] })])); // prettier-ignore
      for (let c = 0; c < channels; c++) expect(dx.slice(8 * c, 8 * c + 8)).toEqual([Infinity, 0, 0, 0, 0, 0, 0.25, 0]);
    });
  });

  test('sqrt behind GlobalMaxPool, ReduceMax and ReduceMin', async () => {
    const dims = [1, 2, 1, 3];
    const x = Float32Array.of(-1, 0, -2, 1, 4, 3);
    const global = await gradient(engine, dims, x, (g, v) => g.op('Sqrt', [g.op('GlobalMaxPool', [v])]));
    expect(global.dx).toEqual([0, Infinity, 0, 0, 0.25, 0]);
    const max = await gradient(engine, dims, x, (g, v) => g.op('Sqrt', [g.op('ReduceMax', [v, g.ints([3])])]));
    expect(max.dx).toEqual([0, Infinity, 0, 0, 0.25, 0]);
    const min = await gradient(engine, dims, x.map((v) => -v), (g, v) => g.op('Sqrt', [g.neg(g.op('ReduceMin', [v, g.ints([3])]))])); // prettier-ignore
    expect(min.dx.map((v) => v + 0)).toEqual([0, -Infinity, 0, 0, -0.25, 0]);
  });

  test('sqrt behind a norm of nothing but zeros', async () => {
    const { dx } = await gradient(engine, [2, 2], Float32Array.of(0, 0, 3, 4), (g, v) => g.op('Sqrt', [g.op('ReduceL2', [v, g.ints([1])])])); // prettier-ignore
    [0, 0, 3 / 5, 4 / 5].forEach((v, i) => expect(dx[i]).toBeCloseTo(v / (2 * Math.sqrt(5)), 6));
  });

  test('a root of HardSwish where it is 0', async () => {
    const x = Float32Array.of(-4, -3.5, 2, 4);
    const { dx } = await gradient(engine, [4], x, (g, v) => g.op('Sqrt', [g.op('HardSwish', [v])]));
    const slope = (2 * 2) / 6 + 0.5;
    const expected = [0, 0, slope / (2 * Math.sqrt((2 * 5) / 6)), 0.25];
    expected.forEach((v, i) => expect(dx[i]).toBeCloseTo(v, 5));
  });

  test('to the power 0, where the base has an infinite gradient', async () => {
    // sqrt(x^p - 1): x^0 is 1 whatever x is.
    const { dx } = await gradient(engine, [2], Float32Array.of(5, 5), (g, v) =>
      g.op('Sqrt', [g.sub(g.op('Pow', [v, g.constant(float32([0, 2], [2]))]), g.one)]),
    );
    [0, 5 / Math.sqrt(24)].forEach((v, i) => expect(dx[i]).toBeCloseTo(v, 5));
  });

  describe('attention with a row that is masked whole', () => {
    const mask = (g: GraphBuilder): string => g.constant(float32([0, -Infinity, 0, -Infinity, -Infinity, -Infinity], [2, 3]));
    const scores = Float32Array.of(1, 2, 3, 4, 5, 6);
    const weights = (g: GraphBuilder): string => g.constant(float32([1, -2, 3, 1, -2, 3], [2, 3]));
    // Row 1: softmax of (1, 3), the second one left out; the loss weighs it (1, 3).
    const p = 1 / (1 + Math.exp(2));

    test.each(['Softmax', 'LogSoftmax'] as const)('%s, IsNaN, Where', async (op) => {
      const { loss, dx } = await gradient(engine, [2, 3], scores, (g, v) => {
        const y = g.op(op, [g.add(v, mask(g))], { axis: -1 });
        const seen = g.where(g.op('IsNaN', [y]), g.zero, y);
        const finite = g.where(g.op('IsInf', [seen]), g.zero, seen);
        return g.mul(finite, weights(g));
      });
      expect(Number.isFinite(loss)).toBe(true);
      const expected = op === 'Softmax' ? [p * (1 - p) * (1 - 3), 0, p * (1 - p) * (3 - 1)] : [1 - 4 * p, 0, 3 - 4 * (1 - p)];
      [...expected, 0, 0, 0].forEach((v, i) => expect(dx[i]).toBeCloseTo(v, 5));
    });

    test('the mask by Where, the row left out by its mask', async () => {
      const { dx } = await gradient(engine, [2, 3], scores, (g, v) => {
        const hidden = g.op('IsInf', [mask(g)]);
        const y = g.op('Softmax', [g.where(hidden, g.scalar(-Infinity), v)], { axis: -1 });
        return g.mul(g.where(hidden, g.zero, y), weights(g));
      });
      [p * (1 - p) * (1 - 3), 0, p * (1 - p) * (3 - 1), 0, 0, 0].forEach((v, i) => expect(dx[i]).toBeCloseTo(v, 5));
    });

    test('ReduceLogSumExp', async () => {
      const { dx } = await gradient(engine, [2, 3], scores, (g, v) => {
        const y = g.op('ReduceLogSumExp', [g.add(v, mask(g)), g.ints([1])], { keepdims: 0 });
        return g.where(g.op('IsInf', [y]), g.zero, g.where(g.op('IsNaN', [y]), g.zero, y));
      });
      [p, 0, 1 - p, 0, 0, 0].forEach((v, i) => expect(dx[i]).toBeCloseTo(v, 5));
    });
  });

  test('a constant NaN around a value does not stay in tfjs for later pads', async () => {
    const pad =
      (value: number): Build =>
      (g, v) => {
        const padded = g.op('Pad', [v, g.constant(int64([1, 1])), g.scalar(value)]);
        return g.where(g.op('IsNaN', [padded]), g.zero, padded);
      };
    const losses = [];
    for (const value of [NaN, 0, 7]) losses.push((await gradient(engine, [2], Float32Array.of(1, 2), pad(value))).loss);
    expect(losses).toEqual([3, 3, 17]);
  });
});

describe('a softmax that is written out, where the square of its sum is infinite', () => {
  test.each(Object.keys(engines))('in %s', async (name) => {
    const { dx } = await gradient(engines[name]!, [1, 3], Float32Array.of(60, 59, 58), (g, x) => {
      const e = g.op('Exp', [x]);
      return g.mul(g.div(e, g.reduceSum(e, [1], true)), g.constant(float32([1, 0, 0], [3])));
    });
    const p = [1, Math.exp(-1), Math.exp(-2)].map((v) => v / (1 + Math.exp(-1) + Math.exp(-2)));
    [p[0]! * (1 - p[0]!), -p[0]! * p[1]!, -p[0]! * p[2]!].forEach((v, i) => expect(dx[i]).toBeCloseTo(v, 5));
  });
});

describe('1 / (1 + exp(u)), written out', () => {
  // Where exp(u) is infinite, where its square is, where 1 - y has no digits left, and in between.
  const u = [100, 80, 50, 20, 1, 0, -1, -20, -50, -100];
  const derivative = u.map((v) => (v > 0 ? -Math.exp(-v) / (1 + Math.exp(-v)) ** 2 : -Math.exp(v) / (1 + Math.exp(v)) ** 2));
  const FORMS: Readonly<Record<string, Build>> = {
    Reciprocal: (g, x) => g.op('Reciprocal', [g.add(g.op('Exp', [x]), g.one)]),
    'Div, ones of its own shape': (g, x) =>
      g.div(g.one, g.add(g.constant(float32(new Float32Array(u.length).fill(1), [u.length])), g.op('Exp', [x]))),
  };
  test.each(Object.entries(FORMS).flatMap(([form, build]) => Object.keys(engines).map((name) => ({ form, name, build }))))(
    '$form has the gradient of a logistic in $name',
    async ({ name, build }) => {
      const { dx } = await gradient(engines[name]!, [u.length], Float32Array.from(u), build);
      dx.forEach((v, i) => expect(Math.abs(v - derivative[i]!)).toBeLessThanOrEqual(1e-5 * Math.abs(derivative[i]!) + 1e-37));
    },
  );

  const logistic = (v: number): number => 1 / (1 + Math.exp(-v));
  const OTHERS: Readonly<Record<string, [Build, (v: number) => number]>> = {
    'x / (1 + exp(-x)), as SiLU is written out,': [
      (g, x) => g.div(x, g.add(g.one, g.op('Exp', [g.neg(x)]))),
      (v) => logistic(v) * (1 + v * logistic(-v)),
    ],
    'tanh(log(1 + exp(x))), as Mish is written out,': [
      (g, x) => g.op('Tanh', [g.op('Log', [g.add(g.op('Exp', [x]), g.one)])]),
      (v) => logistic(v) * (1 - Math.tanh(v > 80 ? v : Math.log1p(Math.exp(v))) ** 2),
    ],
  };
  test.each(Object.entries(OTHERS).flatMap(([form, parts]) => Object.keys(engines).map((name) => ({ form, name, parts }))))(
    '$form has a finite gradient in $name',
    async ({ name, parts: [build, slope] }) => {
      const { dx } = await gradient(engines[name]!, [u.length], Float32Array.from(u), build);
      dx.forEach((v, i) => expect(Math.abs(v - slope(u[i]!))).toBeLessThanOrEqual(2e-5 * Math.abs(slope(u[i]!)) + 1e-7));
    },
  );

  test.each(Object.keys(engines))('ones that repeat u are not taken for it in %s', async (name) => {
    const build: Build = (g, x) =>
      g.op('Reciprocal', [g.add(g.op('Exp', [x]), g.constant(float32(new Float32Array(6).fill(1), [3, 2])))]);
    const { dx } = await gradient(engines[name]!, [2], Float32Array.of(1, -1), build);
    for (const v of dx) expect(v).toBeCloseTo((-3 * Math.exp(1)) / (1 + Math.exp(1)) ** 2, 5);
  });

  test.each(Object.keys(engines))('what else reads exp(u) has its gradient as well in %s', async (name) => {
    const build: Build = (g, x) => {
      const e = g.op('Exp', [x]);
      return g.add(g.op('Reciprocal', [g.add(e, g.one)]), e);
    };
    const { dx } = await gradient(engines[name]!, [1], Float32Array.of(0.5), build);
    expect(dx[0]).toBeCloseTo(Math.exp(0.5) - Math.exp(0.5) / (1 + Math.exp(0.5)) ** 2, 5);
  });
});

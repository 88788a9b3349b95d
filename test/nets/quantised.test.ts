// Quantised models: what is rounded is rounded as onnxruntime does, and the gradient passes straight through, in whole nets and between quantisers.
import { describe, expect, test } from '@jest/globals';
import { check } from '../../src/check/check.js';
import { cosine, difference } from '../../src/check/compare.js';
import { LanErrors } from '../../src/core/errors.js';
import { float32, toNumbers, type DType, type Tensor } from '../../src/core/tensor.js';
import { openSession } from '../../src/engine/ort.js';
import { openModel } from '../../src/model/open.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { calibrate, picture, residualNet } from './quantised.js';

const ENGINES = ['onnxruntime', 'tfjs'] as const;
const ranges = await calibrate();

/** A model of opset 21 with one float input `x`, whose output is `y`. */
function fileOf(dims: readonly number[], build: (g: GraphBuilder, x: string) => string): Uint8Array {
  const g = new GraphBuilder();
  g.output(build(g, g.input('x', 'float32', dims)), 'y');
  const opsets = new Map([['', 21]]);
  return encodeModel({ irVersion: 10, producer: 'test', opsets, metadata: {}, functions: [], graph: g.build() });
}
const ones = (t: Tensor): Tensor => float32(new Float32Array(t.data.length).fill(1), t.dims);
/** Outputs by onnxruntime on the file, and per engine its own outputs and d(sum y)/dx. */
async function run(bytes: Uint8Array, x: Tensor) {
  const session = await openSession(bytes, { threads: 1 });
  const expected = (await session.run({ x }))['y']!;
  await session.dispose();
  const made: { y: Tensor; dx: number[] }[] = [];
  for (const engine of ENGINES) {
    const model = await openModel(bytes, { engine });
    const { outputs, gradients } = await model.vjp({ x }, { y: ones(expected) });
    made.push({ y: outputs['y']!, dx: Array.from(toNumbers(gradients['x']!)) });
    await model.dispose();
  }
  return { expected, made };
}

describe('a residual net', () => {
  test.each(['QDQ', 'QLinear'] as const)('%s: outputs and gradients agree', async (form) => {
    const result = await check(encodeModel(residualNet(form, ranges)), { samples: 3 });
    expect(result.agrees).toBe(true);
    expect(result.tolerance).toBe(2e-2);
    expect(result.gradients.map((g) => g.what)).toEqual([
      'tfjs (wasm) against onnxruntime',
      'tfjs (wasm) against onnxruntime, without rounding',
      'onnxruntime against central differences',
      'tfjs (wasm) against central differences',
    ]);
    expect(result.notes).toEqual([
      'The model is quantised, a staircase of its input, and its gradient straight-through: as if nothing was rounded, and zero where a number saturates. Central differences are taken of its float32 form without the rounding.',
    ]);
  });

  // Rounding opens some ReLUs that were shut, and the other way round: 0.972 to 0.997 here. On nothing else do they differ.
  test.each(['QDQ', 'QLinear'] as const)('%s: the gradient is that of the net before it was quantised', async (form) => {
    for (const draw of [0, 1, 2]) {
      const x = picture(draw);
      const gradients: Float32Array[] = [];
      for (const bytes of [residualNet('float'), residualNet(form, ranges)].map(encodeModel)) {
        for (const engine of ENGINES) {
          const model = await openModel(bytes, { engine });
          const { gradients: dx } = await model.vjp({ x }, { logits: float32([1, -2, 3, -1, 0.5, 2, -3], [1, 7]) });
          gradients.push(dx['x']!.data as Float32Array);
          await model.dispose();
        }
      }
      for (const g of gradients) expect(cosine(g, gradients[0]!)).toBeGreaterThan(0.97);
    }
  });
});

describe('between a quantiser and a dequantiser', () => {
  const scale = 0.5;
  const point = (g: GraphBuilder, type: DType, value: number): string =>
    g.constant({ type, dims: [], data: type === 'int8' ? Int8Array.of(value) : Uint8Array.of(value) });

  test('the gradient is 1 where the rounded number is in range, its ends included, and 0 where it saturates', async () => {
    const x = float32([-65, -64.2, -64, -1.25, 0, 0.3, 63.5, 63.7, 64, 90]);
    const { expected, made } = await run(
      fileOf([10], (g, v) => {
        const z = point(g, 'int8', 0);
        return g.op('DequantizeLinear', [g.op('QuantizeLinear', [v, g.scalar(scale), z]), g.scalar(scale), z]);
      }),
      x,
    );
    expect(Array.from(toNumbers(expected))).toEqual([-64, -64, -64, -1, 0, 0.5, 63.5, 63.5, 63.5, 63.5]);
    for (const { y, dx } of made) {
      expect(toNumbers(y)).toEqual(toNumbers(expected));
      expect(dx).toEqual([0, 1, 1, 1, 1, 1, 1, 1, 0, 0]);
    }
  });

  const moves: [string, (g: GraphBuilder, q: string) => string, DType?][] = [
    ['Reshape', (g, q) => g.reshape(q, [3, 2])],
    ['Transpose', (g, q) => g.transpose(q, [1, 0])],
    ['Slice', (g, q) => g.slice(q, [1], [3], [1])],
    ['Concat', (g, q) => g.op('Concat', [q, g.constant({ type: 'int8', dims: [2, 1], data: Int8Array.of(5, 6) })], { axis: 1 })],
    ['Pad', (g, q) => g.op('Pad', [q, g.ints([0, 1, 0, 0]), point(g, 'int8', 3)])],
    ['Clip', (g, q) => g.op('Clip', [q, point(g, 'int8', -2), point(g, 'int8', 3)])],
    ['Relu', (g, q) => g.op('Relu', [q])],
    ['Max', (g, q) => g.op('Max', [q, g.constant({ type: 'int8', dims: [3], data: Int8Array.of(-3, 0, 1) })])],
    [
      'Where',
      (g, q) => g.where(g.constant({ type: 'bool', dims: [3], data: Uint8Array.of(1, 0, 1) }), q, point(g, 'uint8', 9)),
      'uint8',
    ],
    ['MaxPool', (g, q) => g.reshape(g.op('MaxPool', [g.reshape(q, [1, 1, 2, 3])], { kernel_shape: [1, 2] }), [2, 2])],
    ['Resize', (g, q) => g.op('Resize', [q, '', g.constant(float32([2, 1]))], { mode: 'nearest' })],
    ['Split', (g, q) => g.ops('Split', [q, g.ints([1, 2])], 2, { axis: 1 })[1]!],
    ['Gather', (g, q) => g.op('Gather', [q, g.ints([2, 0])], { axis: 1 })],
  ];
  test.each(moves)('%s hands numbers on, and a gradient passes', async (_op, move, type = 'int8') => {
    const x = float32([-2.3, -0.6, 0.2, 0.7, 1.1, 2.9], [2, 3]);
    const { expected, made } = await run(
      fileOf([2, 3], (g, v) => {
        const z = point(g, type, type === 'int8' ? 0 : 128);
        return g.op('DequantizeLinear', [move(g, g.op('QuantizeLinear', [v, g.scalar(scale), z])), g.scalar(scale), z]);
      }),
      x,
    );
    for (const { y, dx } of made) {
      expect(difference(y, expected, 0).maxError).toBe(0);
      expect(dx).toEqual(made[0]!.dx);
      expect(dx.some((v) => v === 1 || v === 2)).toBe(true);
    }
  });

  test('any other op gets them in their own type, and no gradient passes', async () => {
    const { expected, made } = await run(
      fileOf([3], (g, v) => {
        const z = point(g, 'int8', 0);
        return g.op('DequantizeLinear', [g.op('Sign', [g.op('QuantizeLinear', [v, g.scalar(scale), z])]), g.scalar(scale), z]);
      }),
      float32([-2, 0.1, 3]),
    );
    for (const { y, dx } of made) {
      expect(toNumbers(y)).toEqual(toNumbers(expected));
      expect(dx).toEqual([0, 0, 0]);
    }
  });

  test('a Cast to float is a dequantiser, through wider whole numbers as well', async () => {
    const { expected, made } = await run(
      fileOf([3], (g, v) => g.cast(g.cast(g.op('QuantizeLinear', [v, g.scalar(scale), point(g, 'uint8', 7)]), 6), 1)),
      float32([-2, 0.1, 3]),
    );
    for (const { y, dx } of made) {
      expect(toNumbers(y)).toEqual(toNumbers(expected));
      expect(dx).toEqual([2, 2, 2]);
    }
  });

  test('an output of whole numbers keeps its type', async () => {
    const bytes = fileOf([3], (g, v) => {
      const z = point(g, 'uint8', 7);
      const q = g.op('QuantizeLinear', [v, g.scalar(scale), z]);
      g.output(q, 'q');
      return g.op('DequantizeLinear', [q, g.scalar(scale), z]);
    });
    for (const engine of ENGINES) {
      const model = await openModel(bytes, { engine });
      const out = await model.run({ x: float32([-2, 0.1, 3]) });
      expect(out['q']).toMatchObject({ type: 'uint8', data: Uint8Array.of(3, 7, 13) });
      await model.dispose();
    }
  });
});

describe('refused by name', () => {
  const problems = async (build: (g: GraphBuilder, x: string) => string): Promise<readonly string[]> => {
    try {
      await openModel(fileOf([4], build));
    } catch (error) {
      return (error as LanErrors).problems;
    }
    throw new Error('nothing was refused');
  };
  test('4-bit weights', async () => {
    const found = await problems((g, x) => {
      const w = g.constant({ type: 'int4', dims: [4], data: Uint8Array.of(0x21, 0x43) });
      return g.mul(x, g.op('DequantizeLinear', [w, g.scalar(0.5)]));
    });
    expect(found).toEqual([
      "DequantizeLinear 'DequantizeLinear_0': its input 0 is of type int4; float8 and 4-bit types are not supported",
    ]);
  });
  test('float8', async () => {
    const found = await problems((g, x) => {
      const z = g.constant({ type: 'float8e4m3fn', dims: [], data: Uint8Array.of(0) });
      return g.cast(g.op('QuantizeLinear', [x, g.scalar(0.5), z]), 1);
    });
    expect(found).toEqual([
      "QuantizeLinear 'QuantizeLinear_0': it quantises to float8e4m3fn; supported are uint8, int8, uint16, int16",
    ]);
  });
});

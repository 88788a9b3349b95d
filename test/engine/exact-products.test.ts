// Sums of quantised products, exact on a CPU whose kernels saturate as on any other: against whole numbers added up here.
import { describe, expect, test } from '@jest/globals';
import { float32, toNumbers, type DType, type Tensor } from '../../src/core/tensor.js';
import { exactProducts } from '../../src/engine/exact-products.js';
import { openModelSession, openOriginal, openSession } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import type { Model } from '../../src/onnx/graph.js';

const filled = (type: 'uint8' | 'int8', dims: readonly number[], value: number): Tensor => {
  const length = dims.reduce((a, b) => a * b, 1);
  return { type, dims, data: (type === 'uint8' ? new Uint8Array(length) : new Int8Array(length)).fill(value) };
};

function modelOf(build: (g: GraphBuilder) => string): Model {
  const g = new GraphBuilder();
  g.output(build(g), 'y');
  const opsets = new Map([
    ['', 18],
    ['com.microsoft', 1],
  ]);
  return { irVersion: 8, producer: 'test', opsets, metadata: {}, functions: [], graph: g.build() };
}

/** The first number that a model gives, rewritten and opened in each of the ways that rewrite it where they must. */
async function firstOf(model: Model, feeds: Record<string, Tensor>): Promise<number[]> {
  const bytes = encodeModel(model);
  const results: number[] = [];
  for (const optimize of ['disabled', 'all'] as const) {
    for (const program of [
      await openSession(encodeModel(exactProducts(model)), { optimize }),
      await openModelSession(model, { optimize }),
      await openOriginal({ bytes, model }, { optimize }),
    ]) {
      results.push(toNumbers((await program.run(feeds))['y']!)[0]!);
      await program.dispose();
    }
  }
  return results;
}

const six = <T>(value: T): T[] => new Array<T>(6).fill(value);
const s = (g: GraphBuilder, value: number): string => g.scalar(value);

describe('a pair of products beyond int16', () => {
  const given: [string, 'uint8' | 'int8', 'uint8' | 'int8', number, number][] = [
    ['uint8 by int8', 'uint8', 'int8', 255, 127],
    ['uint8 by int8, negative', 'uint8', 'int8', 255, -128],
    ['int8 by uint8', 'int8', 'uint8', -128, 250],
    ['int8 by int8', 'int8', 'int8', -128, -128],
  ];
  test.each(given)('MatMulInteger %s, constants and inputs', async (_, a, b, x, w) => {
    const feeds = { a: filled(a, [2, 8], x) };
    const constant = modelOf((g) => g.op('MatMulInteger', [g.input('a', a, [2, 8]), g.constant(filled(b, [8, 3], w))]));
    expect(await firstOf(constant, feeds)).toEqual(six(8 * x * w));
    const both = modelOf((g) => g.op('MatMulInteger', [g.input('a', a, [2, 8]), g.input('b', b, [8, 3]), '', g.constant(filled(b, [], 5))])); // prettier-ignore
    expect(await firstOf(both, { ...feeds, b: filled(b, [8, 3], w) })).toEqual(six(8 * x * (w - 5)));
  });

  test.each(given)('ConvInteger %s', async (_, a, b, x, w) => {
    const model = modelOf((g) => g.op('ConvInteger', [g.input('a', a, [1, 4, 3, 3]), g.constant(filled(b, [2, 4, 2, 2], w))]));
    expect(await firstOf(model, { a: filled(a, [1, 4, 3, 3], x) })).toEqual(six(16 * x * w));
  });

  test.each(['QLinearConv', 'QLinearMatMul'])('%s, a zero point that two factors share', async (op) => {
    const [x, w] = op === 'QLinearConv' ? [[1, 8, 1, 1], [3, 8, 1, 1]] : [[2, 8], [8, 3]]; // prettier-ignore
    const model = modelOf((g) => {
      const [zero, point] = [g.constant(filled('int8', [], 1)), g.constant(filled('uint8', [], 0))];
      const product = (v: string, type: DType): string =>
        g.op(op, [v, s(g, 1), point, g.constant(filled('int8', w, 127)), s(g, 1), type === 'int8' ? zero : point, s(g, 2000), point]); // prettier-ignore
      return g.op('Concat', [product(g.input('a', 'uint8', x), 'int8'), product('a', 'int8')], { axis: 1 });
    });
    // 8 * 255 * 126 / 2000 = 128.5; a half would be rounded to even.
    expect(await firstOf(model, { a: filled('uint8', x, 255) })).toEqual(six(129));
  });

  test('weights behind a DequantizeLinear, with and without a zero point', async () => {
    for (const zero of [0, 1]) {
      const model = modelOf((g) => {
        const [one, point] = [s(g, 1), g.constant(filled('uint8', [], 0))];
        const quantised = (v: string, scale: string): string => g.op('DequantizeLinear', [g.op('QuantizeLinear', [v, scale, point]), scale, point]); // prettier-ignore
        const w = g.op('DequantizeLinear', [g.constant(filled('int8', [3, 8, 1, 1], 127)), one, ...(zero ? [g.constant(filled('int8', [], zero))] : [])]); // prettier-ignore
        return quantised(g.op('Conv', [quantised(g.input('a', 'float32', [1, 8, 1, 1]), one), w]), s(g, 2000));
      });
      // 8 * 255 * 127 / 2000 = 129.54, 128.52 with the zero point.
      expect(await firstOf(model, { a: float32(new Float32Array(8).fill(255), [1, 8, 1, 1]) })).toEqual(six((zero ? 129 : 130) * 2000)); // prettier-ignore
    }
  });

  test.each(['MatMulIntegerToFloat', 'DynamicQuantizeMatMul', 'QGemm'])('com.microsoft.%s', async (op) => {
    const dynamic = op === 'DynamicQuantizeMatMul';
    const model = modelOf((g) => {
      const a = g.input('a', dynamic ? 'float32' : 'uint8', [2, 8]);
      const [b, point] = [g.constant(filled('int8', [8, 3], 127)), g.constant(filled('uint8', [], 0))];
      const zero = g.constant(filled('int8', [], 0));
      const inputs = dynamic
        ? [a, b, s(g, 1)]
        : op === 'QGemm'
          ? [a, s(g, 1), point, b, s(g, 1), zero]
          : [a, b, s(g, 1), s(g, 1)];
      return g.op(op, inputs, {}, 'com.microsoft');
    });
    const a = filled('uint8', [2, 8], 255);
    const results = await firstOf(model, { a: dynamic ? float32(Float32Array.from(toNumbers(a)), a.dims) : a });
    for (const result of results) expect(result).toBeCloseTo(8 * 255 * 127, -1);
  });
});

test('a model of int8 alone, or without quantised products, is left as it is', () => {
  const alone = modelOf((g) => g.op('MatMulInteger', [g.input('a', 'int8', [2, 8]), g.constant(filled('int8', [8, 3], 1))]));
  expect(exactProducts(alone)).toEqual(alone);
});

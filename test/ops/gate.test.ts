// Gates within the layout of onnxruntime's convolutions are exact at their bounds: what lies on one is closed, its neighbour inside is open.
import { expect, test } from '@jest/globals';
import { gateBlocked } from '../../adapters/kernels/blocked.js';
import { float32 } from '../../src/core/tensor.js';
import { dialectModel, openModelSession } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';

const BLOCK = 16;

/** The float32 below a positive one. */
function under(value: number): number {
  const one = Float32Array.of(value);
  new Uint32Array(one.buffer)[0]! -= 1;
  return one[0]!;
}

async function gated(values: readonly number[], low: 0 | undefined, high: number | undefined): Promise<number[]> {
  const dims = [1, BLOCK, 1, values.length];
  const g = new GraphBuilder('gate');
  const y = g.input('y', 'float32', dims);
  const dy = g.input('dy', 'float32', dims);
  g.output(gateBlocked(g, dy, y, dims, low, high), 'dx');
  const spread = Float32Array.from({ length: BLOCK * values.length }, (_, i) => values[i % values.length]!);
  const ones = Float32Array.from(spread, (_, i) => 1 + (i % 7) / 3);
  // Optimised, so that activations are fused as they are in a model.
  const program = await openModelSession(dialectModel(g.build()));
  const { dx } = await program.run({ y: float32(spread, dims), dy: float32(ones, dims) }, ['dx']);
  await program.dispose();
  const out = Array.from(dx!.data as Float32Array, (v, i) => v / ones[i]!);
  // Every channel alike.
  expect(out).toEqual(Array.from(out, (_, i) => out[i % values.length]!));
  return out.slice(0, values.length);
}

test.each([6, 1, 4, 0.1, 3.7, 20, 1e-3, 1e30, 2 ** -60, 3.4e38])('between 0 and %d', async (bound) => {
  const high = Math.fround(bound);
  const closed = [0, high];
  const open = [
    under(high),
    under(under(high)),
    high / 2,
    high / 3,
    high * 2 ** -20,
    high * 2 ** -21,
    high * 2 ** -30,
    high * 2 ** -42,
  ];
  expect(await gated([...closed, ...open], 0, high)).toEqual([0, 0, ...open.map(() => 1)]);
});

test('above 0 alone, below a bound alone', async () => {
  expect(await gated([0, 2 ** -126, 1, 1e30], 0, undefined)).toEqual([0, 1, 1, 1]);
  expect(await gated([-1e30, -1, 0, under(6), 6], undefined, 6)).toEqual([1, 1, 1, 1, 0]);
});

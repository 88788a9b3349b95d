// Whole numbers that are divided on the way from an input: inputs are fed as zeros while shapes are looked at, and what comes out is often an index.
import { expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { canonicalize } from '../../src/compile/canonicalize.js';
import { specialize } from '../../src/compile/specialize.js';
import { float32, int64, toFloat32 } from '../../src/core/tensor.js';
import { dialectModel, openSession, probe } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { decodeModel, encodeModel } from '../../src/onnx/codec.js';

const ids = int64([0, 31, 7], [3]);

/** Rows 0 to 3 of a table, by the ids hashed as in CANINE: (id + 1) * 113 modulo 4, and by a remainder of what is counted from the ids. */
test.each(['a constant', 'a number of the input'])('an index is a remainder by %s', async (by) => {
  const g = new GraphBuilder();
  const x = g.input('x', 'int64', [3]);
  const hash = g.mul(g.add(x, g.ints([1])), g.ints([113]));
  const four = by === 'a constant' ? g.ints([4]) : g.add(g.mul(g.op('Max', [x, g.ints([0])]), g.ints([0])), g.ints([4]));
  const rest = g.op('Mod', [hash, four]);
  g.output(g.op('Gather', [g.constant(float32([10, 20, 30, 40], [4, 1])), rest], { axis: 0 }), 'y');
  const bytes = encodeModel(dialectModel(g.build()));
  const graph = await specialize(canonicalize(decodeModel(bytes), adapters), { x: [3] }, probe, adapters);
  const { y } = await (await openSession(encodeModel(dialectModel(graph)))).run({ x: ids });
  // 113 = 1, 32 * 113 = 0 and 8 * 113 = 0 modulo 4.
  expect([...toFloat32(y!)]).toEqual([20, 10, 10]);
});

// Shapes and axes that the value of a graph input decides: taken from feeds where they are given, refused by name elsewhere.
import { describe, expect, test } from '@jest/globals';
import { check } from '../../src/check/check.js';
import { openModel } from '../../src/model/open.js';
import { int64, float32, sizeOf, toNumbers, type Tensor } from '../../src/core/tensor.js';
import { LanErrors } from '../../src/core/errors.js';
import { openSession } from '../../src/engine/ort.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { GraphBuilder, type AttributeInput } from '../../src/onnx/builder.js';

interface Case {
  readonly op: string;
  /** Of x. */
  readonly dims: readonly number[];
  /** Inputs 1, 2, ...: given as inputs of the graph. '' is omitted. */
  readonly given: readonly (Tensor | '')[];
  readonly attributes?: Record<string, AttributeInput>;
}
const bool = (...data: number[]): Tensor => ({ type: 'bool', dims: [data.length], data: Uint8Array.from(data) });
const scalar = (value: number): Tensor => int64([value], []);

const cases: Case[] = [
  { op: 'Reshape', dims: [2, 3, 4], given: [int64([4, 6])] },
  { op: 'Expand', dims: [1, 3], given: [int64([2, 3])] },
  { op: 'Tile', dims: [2, 3], given: [int64([2, 1])] },
  { op: 'Pad', dims: [2, 3], given: [int64([1, 0, 0, 2])] },
  { op: 'Pad', dims: [2, 3], given: [int64([1, 2]), '', int64([1])] },
  { op: 'Slice', dims: [4, 5], given: [int64([1]), int64([4]), int64([-1]), int64([2])] },
  { op: 'Resize', dims: [1, 1, 2, 3], given: ['', '', int64([1, 1, 4, 5])] },
  { op: 'Resize', dims: [1, 1, 2, 3], given: ['', float32([1, 1, 2, 3])] },
  { op: 'ReduceMean', dims: [2, 3, 4], given: [int64([-1])] },
  { op: 'ReduceSum', dims: [2, 3, 4], given: [int64([1])], attributes: { keepdims: 0 } },
  { op: 'Squeeze', dims: [1, 3, 1], given: [int64([-1])] },
  { op: 'Unsqueeze', dims: [1, 3, 1, 5], given: [int64([-2])] },
  { op: 'TopK', dims: [2, 5], given: [int64([3])] },
  { op: 'CumSum', dims: [2, 3], given: [scalar(1)] },
  { op: 'Split', dims: [5, 2], given: [int64([2, 3])] },
  { op: 'Trilu', dims: [3, 4], given: [scalar(1)] },
  { op: 'Compress', dims: [3, 2], given: [bool(1, 0, 1)], attributes: { axis: 0 } },
  { op: 'Col2Im', dims: [1, 4, 6], given: [int64([3, 4]), int64([2, 2])] },
];

function fileOf({ op, dims, given, attributes }: Case): Uint8Array {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', dims);
  const inputs = given.map((t, i) => (t === '' ? '' : g.input(`v${i + 1}`, t.type, t.dims)));
  const count = op === 'Split' || op === 'TopK' ? 2 : 1;
  const [y] = g.ops(op, [x, ...inputs], count, attributes ?? {});
  g.output(g.mul(y!, g.scalar(2)), 'y');
  const opsets = new Map([['', 18]]);
  return encodeModel({ irVersion: 8, producer: 'test', opsets, metadata: {}, functions: [], graph: g.build() });
}
const feedsOf = ({ given }: Case): Record<string, Tensor> =>
  Object.fromEntries(given.flatMap((t, i) => (t === '' ? [] : [[`v${i + 1}`, t] as const])));

describe.each(cases.map((c, i) => [`${c.op} ${i}`, c] as const))('%s', (_, oneCase) => {
  const bytes = fileOf(oneCase);
  const names = Object.keys(feedsOf(oneCase));

  test('without a value it is refused, with the input that has none', async () => {
    const error: unknown = await openModel(bytes, { trust: true, input: 'x' }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(LanErrors);
    const { code, problem, advice } = error as LanErrors;
    expect(code).toBe('input');
    expect(problem).toContain(`  - ${oneCase.op} `);
    expect(problem).toContain(`depends on '${names[0]!}'`);
    expect(advice).toContain('`feeds`');
  });

  test('with a value both engines give what onnxruntime gives', async () => {
    const feeds = feedsOf(oneCase);
    const x = float32(
      Float32Array.from({ length: sizeOf(oneCase.dims) }, (_, i) => ((i * 7) % 11) - 4),
      oneCase.dims,
    );
    const session = await openSession(bytes, { threads: 1 });
    const expected = (await session.run({ x, ...feeds }))['y']!;
    await session.dispose();
    for (const engine of ['onnxruntime', 'tfjs'] as const) {
      const model = await openModel(bytes, { trust: true, engine, input: 'x', feeds });
      const ones = float32(new Float32Array(sizeOf(expected.dims)).fill(1), expected.dims);
      const { outputs } = await model.vjp({ x, ...feeds }, { y: ones });
      await model.dispose();
      expect(outputs['y']!.dims).toEqual([...expected.dims]);
      expect(Array.from(toNumbers(outputs['y']!))).toEqual(Array.from(toNumbers(expected)));
    }
  });
});

test('another value than the one it was opened with is refused, not ignored', async () => {
  const oneCase = cases.find((c) => c.op === 'Unsqueeze')!;
  const x = float32(new Float32Array(15), oneCase.dims);
  const model = await openModel(fileOf(oneCase), { trust: true, input: 'x', feeds: { v1: int64([-2]) } });
  const message = "Input 'v1' decides shapes and was bound to [-2] when the model was opened; received [0]. Open the model again with that value in `feeds`."; // prettier-ignore
  await expect(model.run({ x, v1: int64([0]) })).rejects.toThrow(message);
  await expect(model.vjp({ x, v1: int64([0]) }, {})).rejects.toThrow(message);
  await model.dispose();
});

test('check compares at the value that is given, and refuses the model without one', async () => {
  const oneCase = cases.find((c) => c.op === 'TopK')!;
  await expect(check(fileOf(oneCase))).rejects.toThrow("depends on 'v1'");
  expect((await check(fileOf(oneCase), { feeds: { v1: int64([3]) } })).agrees).toBe(true);
});

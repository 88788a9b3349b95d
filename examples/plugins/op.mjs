// An op of a domain of one's own, which onnxruntime does not know: written in standard ops, with a reference to be tried against.
import { definePlugin } from 'lan-onnx';
import { caseOf, defineOp, float, uniform } from 'lan-onnx/ops';

const domain = 'com.example';

/** y = x + alpha tanh(x). */
const bent = defineOp({
  op: 'Bent',
  domain,
  versions: [1],
  attributes: { alpha: float(1) },
  canonicalize: (n, g) => g.add(n.x[0], g.mul(g.scalar(n.attr('alpha') ?? 1), g.op('Tanh', [n.x[0]]))),
});

/** The same in plain JavaScript: what the op has to give. */
const expected =
  (alpha) =>
  ([x]) => [{ type: 'float32', dims: x.dims, data: x.data.map((v) => v + alpha * Math.tanh(v)) }];

export default definePlugin({
  name: 'bent',
  ops: [bent],
  cases: [
    caseOf('by default', 'Bent', 1, [uniform([2, 3, 5], 1)], {}, { domain, expected: expected(1) }),
    caseOf(
      'of alpha -2.5',
      'Bent',
      1,
      [uniform([3, 4], 2)],
      { alpha: { kind: 'float', value: -2.5 } },
      { domain, expected: expected(-2.5) },
    ),
  ],
});

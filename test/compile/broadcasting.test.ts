// Gradients of operands that broadcast, in every position, against sums taken element by element.
import { describe, expect, test } from '@jest/globals';
import { bool, float32, sizeOf, type Tensor } from '../../src/core/tensor.js';
import type { GraphBuilder } from '../../src/onnx/builder.js';
import { expectGradients, input, numbers, weighted } from '../support/corner.js';
import { uniform } from '../ops/case.js';

describe('broadcasting', () => {
  const full = [2, 3, 4];
  /** Every shape that broadcasts to [2, 3, 4]: any axes 1, any number of leading axes left out. */
  const shapes = [0, 1, 2, 3].flatMap((drop) => {
    const kept = full.slice(drop);
    return Array.from({ length: 2 ** kept.length }, (_, mask) => kept.map((d, i) => ((mask >> i) & 1 ? 1 : d)));
  });
  /** Flat index into a tensor of `dims` of the element that lies at flat index `at` of the full shape. */
  const source = (dims: readonly number[], at: number): number => {
    let [index, stride, rest] = [0, 1, at];
    for (let axis = 2; axis >= 0; axis--) {
      const own = axis - (3 - dims.length);
      if (own >= 0) {
        if (dims[own] !== 1) index += (rest % full[axis]!) * stride;
        stride *= dims[own]!;
      }
      rest = Math.floor(rest / full[axis]!);
    }
    return index;
  };
  /** For operands p and q: the sum over the full shape of cotangent times slope, gathered in each operand's own shape. */
  function gathered(dims: readonly number[], slope: (at: number) => number): number[] {
    const out = new Array<number>(sizeOf(dims)).fill(0);
    for (let at = 0; at < 24; at++) out[source(dims, at)]! += (at + 1) * slope(at);
    return out;
  }
  const whole = (dims: readonly number[], draw: number): Tensor =>
    float32((uniform(dims, draw).data as Float32Array).map((v) => Math.round(4 * v) || 1), dims); // prettier-ignore

  test('every shape on either side', async () => {
    expect(shapes.length).toBe(15);
    for (const dims of shapes) {
      for (const swapped of [false, true]) {
        const [p, q] = [whole(full, 40), whole(dims, 41)];
        const [a, b] = [numbers(p), numbers(q)];
        const build = (op: string) => (g: GraphBuilder) => {
          const operands = [input(g, 'p', full), input(g, 'q', [...dims])];
          return weighted(g, g.op(op, swapped ? operands.reverse() : operands), full);
        };
        const at = (i: number): number => b[source(dims, i)]!;
        await expectGradients(build('Mul'), { p, q }, { p: gathered(full, at), q: gathered(dims, (i) => a[i]!) });
        const [one, other] = swapped ? [-1, 1] : [1, -1];
        await expectGradients(build('Sub'), { p, q }, { p: gathered(full, () => one), q: gathered(dims, () => other) });
      }
    }
  });

  test.each([
    [
      [2, 1, 4],
      [3, 1],
    ],
    [
      [2, 1, 1],
      [1, 3, 4],
    ],
    [[4], [2, 3, 1]],
    [
      [1, 3, 1],
      [2, 1, 4],
    ],
    [[1], [2, 3, 4]],
  ])('both sides at once: %j and %j', async (left, right) => {
    const [p, q] = [whole(left, 42), whole(right, 43)];
    const [a, b] = [numbers(p), numbers(q)];
    await expectGradients(
      (g) => weighted(g, g.mul(input(g, 'p', left), input(g, 'q', right)), full),
      { p, q },
      { p: gathered(left, (i) => b[source(right, i)]!), q: gathered(right, (i) => a[source(left, i)]!) },
    );
  });

  test('in each position of Where, of a Sum of three, and of Expand', async () => {
    const [p, q] = [whole([3, 1], 44), whole([2, 1, 4], 45)];
    const flags = [true, false, true, true];
    await expectGradients(
      (g) => weighted(g, g.where(g.constant(bool(flags)), input(g, 'p', [3, 1]), input(g, 'q', [2, 1, 4])), full),
      { p, q },
      { p: gathered([3, 1], (i) => Number(flags[i % 4])), q: gathered([2, 1, 4], (i) => Number(!flags[i % 4])) },
    );
    const one = () => 1;
    await expectGradients(
      (g) => weighted(g, g.op('Sum', [input(g, 'p', [3, 1]), input(g, 'q', [2, 1, 4]), input(g, 'r', [])]), full),
      { p, q, r: float32([2], []) },
      { p: gathered([3, 1], one), q: gathered([2, 1, 4], one), r: gathered([], one) },
    );
    await expectGradients(
      (g) => weighted(g, g.op('Expand', [input(g, 'p', [3, 1]), g.ints(full)]), full),
      { p },
      { p: gathered([3, 1], one) },
    );
  });
});

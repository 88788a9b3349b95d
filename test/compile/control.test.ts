// Control flow: what shapes decide disappears, with onnxruntime's values on the original and the right gradients; the rest is refused by name.
import { describe, expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { canonicalize } from '../../src/compile/canonicalize.js';
import { measure } from '../../src/compile/measure.js';
import { int64 } from '../../src/core/tensor.js';
import { probe } from '../../src/engine/ort.js';
import { float, floats, type GraphBuilder } from '../../src/onnx/builder.js';
import type { Attribute, Model } from '../../src/onnx/graph.js';
import { expectAgreement } from '../nets/agrees.js';
import { uniform } from '../ops/case.js';
import { value, scalar, whole, TRUE, body, model, expectThree, compile, opsOf, dense, length, counted } from '../nets/control.js';

describe('If', () => {
  const choose = (g: GraphBuilder, condition: string, yes: Attribute, no: Attribute): string =>
    g.op('If', [condition], { then_branch: yes, else_branch: no });
  const branch = (make: (g: GraphBuilder) => string): Attribute => body([], (g) => [[make(g)]]);

  test('nested, with captured values, in the branch that is taken alone', async () => {
    const m = model((g, x) => {
      const w = dense(g, x, 1);
      const four = g.op('Equal', [length(g, x, 1), g.constant(whole(4))]);
      const many = g.greater(length(g, x, 0), g.constant(whole(7)));
      const inner = branch((b) => choose(b, many, branch((d) => d.op('Softmax', [w])), branch((d) => d.op('Tanh', [d.add(w, x)])))); // prettier-ignore
      return dense(g, choose(g, four, inner, branch((b) => b.op('Exp', [w]))), 2); // prettier-ignore
    });
    const ops = opsOf(await compile(m));
    expect([ops.has('Tanh'), ops.has('Softmax'), ops.has('Exp'), ops.has('If')]).toEqual([true, false, false, false]);
    await expectThree(m);
  });

  test('on what a branch before it made, and branches of different shapes', async () => {
    const m = model((g, x) => {
      const wide = g.op('Equal', [length(g, x, 1), g.constant(whole(4))]);
      const first = choose(g, wide, branch((b) => dense(b, x, 3, 6)), branch((b) => b.op('Sigmoid', [x]))); // prettier-ignore
      const six = g.op('Equal', [length(g, first, 1), g.constant(whole(6))]);
      const rows = branch((b) => b.op('Sin', [b.slice(first, [0], [5], [1])]));
      return choose(g, six, rows, branch((b) => b.op('Unsqueeze', [first, b.ints([0])]))); // prettier-ignore
    });
    expect((await compile(m)).outputs[0]!.dims).toEqual([1, 5]);
    await expectThree(m);
  });

  test('branches that read nothing, and an If without an input', async () => {
    const m = model((g, x) => {
      const wide = g.op('Equal', [length(g, x, 1), g.constant(whole(4))]);
      const given = (n: number): Attribute => branch((b) => b.op('Constant', [], { value_floats: floats([n, 2, 3, 4]) }));
      return g.mul(x, choose(g, wide, given(1), given(9)));
    });
    expect(opsOf(await compile(m)).has('If')).toBe(false);
    await expectThree(m);
    const none = model((g, x) => {
      const made = (b: GraphBuilder): string => b.op('Constant', [], { value_float: float(1) });
      return g.add(x, g.op('If', [], { then_branch: branch(made), else_branch: branch(made) }));
    });
    await expect(compile(none)).rejects.toMatchObject({ name: expect.stringMatching(/^LanError/), message: expect.stringMatching(/If/) }); // prettier-ignore
  });

  // PyTorch's LocalResponseNorm: pads and averages over the channels, and squeezes by way of an If wherever the batch is dynamic.
  test("PyTorch's LocalResponseNorm of a dynamic batch", async () => {
    const m = model(
      (g, x) => {
        const deep = g.op('Unsqueeze', [g.mul(x, x), g.ints([1])]);
        const padded = g.op('Pad', [deep, g.ints([0, 0, 1, 0, 0, 0, 0, 1, 0, 0])]);
        const mean = g.op('AveragePool', [padded], { kernel_shape: [3, 1, 1], strides: [1, 1, 1] });
        const one = g.op('Equal', [length(g, mean, 1), g.constant(whole(1))]);
        const thin = choose(g, one, branch((b) => b.op('Squeeze', [mean, b.ints([1])])), branch((b) => b.op('Identity', [mean]))); // prettier-ignore
        const scale = g.op('Pow', [g.add(g.mul(thin, g.constant(scalar(0.3))), g.constant(scalar(1))), g.constant(scalar(0.75))]);
        return g.op('ReduceMean', [g.div(x, scale), g.ints([2, 3])], { keepdims: 0 });
      },
      18,
      ['N', 5, 2, 3],
    );
    expect(opsOf(await compile(m, [2, 5, 2, 3])).has('If')).toBe(false);
    await expectAgreement(m);
  });

  test('a condition that depends on the input is refused', async () => {
    const m = model((g, x) => {
      const positive = g.greater(g.op('ReduceSum', [x], { keepdims: 0 }), g.constant(scalar(0)));
      g.append('If', [positive], ['chosen'], {
        then_branch: branch((b) => b.op('Exp', [x])),
        else_branch: branch((b) => b.neg(x)),
      });
      // What comes behind can not be known either, and is not run to find out.
      const late = g.op('Equal', [length(g, 'chosen', 1), g.constant(whole(4))]);
      return choose(g, late, branch((b) => b.op('Sin', ['chosen'])), branch((b) => b.op('Cos', ['chosen']))); // prettier-ignore
    });
    await expect(compile(m)).rejects.toThrow(
      [
        'The model has control flow that cannot be resolved:',
        "  - If 'chosen': its condition depends on the input's values. Export the model by tracing, with fixed shapes, so that it is decided at export.",
      ].join('\n'),
    );
  });
});

describe('Loop', () => {
  test.each([1, 11, 13, 16, 21])(
    'of a constant trip count at opset %i: carried and stacked values, captured ones',
    async (opset) => {
      const m = model(
        (g, x) => {
          const w = g.constant(uniform([4, 4], 5, -0.8, 0.8));
          const steps = body(counted(), (b, i, go, v) => {
            const next = b.op('Tanh', [b.add(b.matMul(v, w), x)]);
            return [[go, 'bool'], [next], [b.mul(next, b.add(b.cast(i, 1), b.constant(scalar(1))))]];
          });
          const [last, rows] = g.ops('Loop', [g.constant(whole(3)), opset === 1 ? g.constant(TRUE) : '', x], 2, { body: steps }) as [string, string]; // prettier-ignore
          // [3, N, 4]: every iteration's weighs another number in the sum.
          const weights = g.constant(uniform([3, 1, 1], 6));
          const sum = opset < 13 ? g.op('ReduceSum', [g.mul(rows, weights)], { axes: [0], keepdims: 0 }) : g.op('ReduceSum', [g.mul(rows, weights), g.ints([0])], { keepdims: 0 }); // prettier-ignore
          return g.add(last, sum);
        },
        Math.max(opset, 9),
      );
      expect(opsOf(await compile(m)).has('Loop')).toBe(false);
      await expectThree(m);
    },
  );

  test('as many iterations as an axis is long, until a condition that folds step by step', async () => {
    const m = model((g, x) => {
      const until = body([...counted(), value('n', 'int64', [])], (b, _i, _go, v, n) => {
        const next = b.mul(n, b.constant(whole(3)));
        const less = b.op('Less', [next, b.constant(whole(20))]);
        return [[less, 'bool'], [b.op('Sin', [b.add(v, x)])], [next, 'int64']];
      });
      const [first, n] = g.ops('Loop', ['', g.constant(TRUE), x, length(g, x, 0)], 2, { body: until }) as [string, string];
      const whole3 = body(counted(), (b, _i, go, v) => [[go, 'bool'], [dense(b, b.op('Cos', [v]), 7)]]);
      const last = g.op('Loop', [length(g, x, 1), '', first], { body: whole3 });
      return g.mul(last, g.cast(n, 1));
    });
    const ops = (await compile(m)).nodes.map((n) => n.op);
    // 1, 3, 9, 27 ends it: three iterations; then four.
    expect([ops.filter((o) => o === 'Sin').length, ops.filter((o) => o === 'Cos').length]).toEqual([3, 4]);
    await expectAgreement(m);
  });

  test('in a loop, with an If inside, each iteration another', async () => {
    const m = model((g, x) => {
      const inner = (b: GraphBuilder, outer: string, v: string): string => {
        const steps = body(counted(), (d, j, on, u) => {
          const same = d.op('Equal', [j, outer]);
          const yes = body([], (e) => [[e.op('Sin', [e.add(u, x)])]]);
          const no = body([], (e) => [[e.mul(u, e.constant(scalar(0.5)))]]);
          return [[on, 'bool'], [d.op('If', [same], { then_branch: yes, else_branch: no })]];
        });
        return b.op('Loop', [b.add(outer, b.constant(whole(1))), '', v], { body: steps });
      };
      const steps = body(counted(), (b, i, go, v) => [[go, 'bool'], [inner(b, i, v)]]);
      return g.op('Loop', [g.constant(whole(3)), '', x], { body: steps });
    });
    const ops = (await compile(m)).nodes.map((n) => n.op);
    expect([ops.filter((o) => o === 'Sin').length, ops.filter((o) => o === 'Mul').length]).toEqual([3, 3]);
    await expectThree(m);
  });

  test('weights of a body are stored once', async () => {
    const m = model((g, x) => {
      const steps = body(counted(), (b, _i, go, v) => [[go, 'bool'], [b.op('Tanh', [dense(b, v, 9)])]]);
      return g.op('Loop', [g.constant(whole(5)), '', x], { body: steps });
    });
    expect([...(await compile(m)).constants.values()].filter((t) => t.dims.join() === '4,4')).toHaveLength(1);
  });

  const refusal = (problem: string): string => `The model has control flow that cannot be resolved:\n  - ${problem}`;
  const looping = (count: (g: GraphBuilder, x: string) => string, condition = ''): Model =>
    model((g, x) => {
      const steps = body(counted(), (b, _i, go, v) => [[go, 'bool'], [b.op('Sin', [v])]]);
      g.append('Loop', [count(g, x), condition && g.constant(TRUE), x], ['looped'], { body: steps });
      return 'looped';
    });

  test.each([
    [
      "its trip count depends on the input's values. Export the model by tracing, with fixed shapes, so that it is decided at export.",
      looping((g, x) => g.cast(g.op('ReduceMax', [x], { keepdims: 0 }), 7)),
    ],
    [
      'it runs 2001 iterations; at most 2000 are unrolled. Give a smaller input (`shapes`), or export the model with fewer iterations.',
      looping((g) => g.constant(whole(2001))),
    ],
    [
      'it runs more than 2000 iterations; at most 2000 are unrolled. Give a smaller input (`shapes`), or export the model with fewer iterations.',
      looping(() => '', 'true'),
    ],
    [
      "its condition depends on the input's values. Export the model by tracing, with fixed shapes, so that it is decided at export.",
      model((g, x) => {
        const steps = body(counted(), (b, _i, _go, v) => [
          [b.greater(b.op('ReduceSum', [v], { keepdims: 0 }), b.constant(scalar(0))), 'bool'],
          [b.op('Sin', [v])],
        ]);
        g.append('Loop', [g.constant(whole(4)), '', x], ['looped'], { body: steps });
        return 'looped';
      }),
    ],
    [
      "it runs no iteration, so that the shape of 'rows' is not known. Export the model by tracing, with fixed shapes, so that it is decided at export.",
      model((g, x) => {
        const steps = body(counted(), (b, _i, go, v) => [[go, 'bool'], [v], [b.op('Sin', [v])]]);
        g.append('Loop', [g.constant(whole(0)), '', x], ['looped', 'rows'], { body: steps });
        return g.op('ReduceSum', ['rows', g.ints([0])], { keepdims: 0 });
      }),
    ],
  ])('%s', async (reason, m) => {
    await expect(compile(m)).rejects.toThrow(refusal(`Loop 'looped': ${reason}`));
  });

  test('loops in loops are bounded together', async () => {
    const nested = (depth: number, x: string): Attribute =>
      body(counted(), (b, _i, go, v) => {
        const deep = (n: number, u: string): string => (n === 0 ? u : deep(n - 1, b.op('Sin', [u])));
        const next = depth === 0 ? deep(60, v) : b.op('Loop', [b.constant(whole(1000)), '', v], { body: nested(depth - 1, x) });
        return [[go, 'bool'], [next]];
      });
    const m = model((g, x) => g.op('Loop', [g.constant(whole(1000)), '', x], { body: nested(2, x) }));
    await expect(compile(m)).rejects.toThrow(
      /^The model has control flow that cannot be resolved:\n {2}- \w+ '\S+': unrolled, the graph has more than 200000 nodes\. Give a smaller input/,
    );
  }, 120_000);
});

test('a loop that doubles what it carries is refused before it is run', async () => {
  const m = model((g, x) => {
    const twice = body(counted(), (b, _i, go, v) => [[go, 'bool'], [b.op('Concat', [v, v], { axis: 0 })]]);
    return g.op('Loop', [g.constant(whole(40)), '', x], { body: twice });
  });
  await expect(compile(m)).rejects.toThrow(
    /^The values of the graph up to Concat '\S+' take 6\.0 GiB; at most 4 are allowed\. Give a smaller input or batch \(`shapes`\)\.$/,
  );
});

test('control flow is never run to find out what it makes', async () => {
  const m = canonicalize(
    model((g, x) => {
      g.append('Loop', [g.constant(whole(2)), '', x], ['looped'], {
        body: body(counted(), (_b, _i, go, v) => [[go, 'bool'], [v]]),
      });
      return 'looped';
    }),
    adapters,
  );
  await expect(measure(m, { x: uniform([1, 4], 1) }, probe, adapters)).rejects.toThrow(
    "Loop 'looped' cannot be measured before it is resolved.",
  );
});

describe('Scan', () => {
  const ROWS = [value('state'), value('a'), value('b')];
  const cell = body(ROWS, (g, state, a, b) => {
    const next = g.op('Tanh', [g.add(g.mul(a, b), state)]);
    return [[next], [g.mul(next, a)]];
  });

  // x [3, 5, 4]: a is cut along axis 1, b along axis 0 of a transposed one; what comes out is stacked along another axis.
  test.each([9, 11, 16, 19])('at opset %i: axes and directions of what goes in and comes out', async (opset) => {
    const m = model(
      (g, x) => {
        const turned = g.transpose(g.op('Sin', [x]), [1, 0, 2]);
        const state = g.constant(uniform([3, 4], 11));
        const [last, rows] = g.ops('Scan', [state, x, turned], 2, {
          body: cell,
          num_scan_inputs: 2,
          scan_input_axes: [opset < 11 ? 1 : -2, 0],
          scan_input_directions: [1, 0],
          scan_output_axes: [1],
          scan_output_directions: [1],
        }) as [string, string];
        const weights = g.constant(uniform([5, 1], 12));
        const sum = opset < 13 ? g.op('ReduceSum', [g.mul(rows, weights)], { axes: [1], keepdims: 0 }) : g.op('ReduceSum', [g.mul(rows, weights), g.ints([1])], { keepdims: 0 }); // prettier-ignore
        return g.add(last, sum);
      },
      opset,
      [3, 5, 4],
    );
    expect(opsOf(await compile(m, [3, 5, 4])).has('Scan')).toBe(false);
    await expectAgreement(m);
  });

  test('at opset 8: every sample by itself', async () => {
    const one = body([value('state'), value('a')], (g, state, a) => {
      const next = g.op('Tanh', [g.add(g.op('Sin', [a]), state)]);
      return [[next], [g.mul(next, a)]];
    });
    const m = model(
      (g, x) => {
        const state = g.constant(uniform([2, 4], 13));
        const scan = { body: one, num_scan_inputs: 1, directions: [1] };
        const [last, rows] = g.ops('Scan', ['', state, x], 2, scan) as [string, string];
        const weights = g.constant(uniform([1, 5, 1], 14));
        return g.add(last, g.op('ReduceSum', [g.mul(rows, weights)], { axes: [1], keepdims: 0 }));
      },
      8,
      [2, 5, 4],
    );
    await expectAgreement(m);
  });

  test('at opset 8 with lengths of its own: refused', () => {
    const m = model((g, x) => {
      g.append('Scan', [g.constant(int64([2])), x], ['scanned'], {
        body: body([value('a')], (b, a) => [[b.op('Sin', [a])]]),
        num_scan_inputs: 1,
      });
      return 'scanned';
    }, 8);
    expect(() => canonicalize(m, adapters)).toThrow(
      "Scan 'scanned': its sequence_lens are not supported. Export at opset 9 or later.",
    );
  });

  test('lengths that differ are refused', async () => {
    const m = model((g, x) => {
      const [last] = g.ops('Scan', [g.constant(scalar(0)), x, g.transpose(x, [1, 0])], 2, { body: cell, num_scan_inputs: 2 });
      return last!;
    });
    await expect(compile(m, [3, 4])).rejects.toThrow(/Scan 'Scan0_1': its scan inputs have different lengths: 3, 4$/);
  });
});

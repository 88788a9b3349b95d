// Sequences disappear while compiling: each of their ops, with onnxruntime's values on the original and the right gradients.
import { describe, expect, test } from '@jest/globals';
import type { GraphBuilder } from '../../src/onnx/builder.js';
import type { Attribute, Model } from '../../src/onnx/graph.js';
import { value, whole, body, model, expectThree, compile, opsOf } from '../nets/control.js';

describe('sequences', () => {
  test('gathered in a loop, as exporters append to a list', async () => {
    const m = model((g, x) => {
      const empty = g.op('SequenceEmpty', [], { dtype: 1 });
      const steps: Attribute = body(
        [value('i', 'int64', []), value('go', 'bool', []), { name: 'list', kind: 'other' }],
        (b, i, go, list) => {
          const column = b.op('Gather', [x, i], { axis: 1 });
          return [
            [go, 'bool'],
            [b.op('SequenceInsert', [list, b.op('Sin', [column])]), 'sequence'],
          ];
        },
      );
      const list = g.op('Loop', [g.constant(whole(4)), '', empty], { body: steps });
      return g.op('ConcatFromSequence', [list], { axis: 1, new_axis: 1 });
    });
    await expectSequence(m);
  });

  test('split, taken from, written to and joined again', async () => {
    const m = model((g, x) => {
      const parts = g.op('SplitToSequence', [x, g.constant(whole(3))], { axis: 1 });
      const ones = g.op('SplitToSequence', [x], { axis: 1, keepdims: 1 });
      const less = g.op('SequenceErase', [ones, g.constant(whole(-2))]);
      const more = g.op('SequenceInsert', [less, g.op('Exp', [g.op('SequenceAt', [parts, g.constant(whole(-1))])]), g.constant(whole(1))]); // prettier-ignore
      const pair = g.op('SequenceConstruct', [g.op('ConcatFromSequence', [more], { axis: 1 }), g.op('Sin', [x])]);
      const count = g.cast(g.op('SequenceLength', [more]), 1);
      return g.mul(g.op('ConcatFromSequence', [pair], { axis: -1 }), count);
    });
    await expectSequence(m);
  });

  test('of listed lengths, and without their axis', async () => {
    const m = model((g, x) => {
      const parts = g.op('SplitToSequence', [x, g.ints([1, 3])], { axis: 1 });
      const thin = g.op('SplitToSequence', [x], { axis: 1, keepdims: 0 });
      const third = g.op('Unsqueeze', [g.op('SequenceAt', [thin, g.constant(whole(2))]), g.ints([1])]);
      return g.add(g.op('SequenceAt', [parts, g.constant(whole(1))]), g.op('Cos', [third]));
    });
    await expectSequence(m);
  });

  test('SequenceMap runs its body for each element', async () => {
    const m = model((g, x) => {
      const parts = g.op('SplitToSequence', [x, g.constant(whole(2))], { axis: 1 });
      const each = body([value('part'), value('whole')], (b, part, all) => [
        [b.mul(part, b.op('ReduceMean', [all, b.ints([1])]))],
      ]);
      return g.op('ConcatFromSequence', [g.op('SequenceMap', [parts, x], { body: each })], { axis: 1 });
    });
    await expectSequence(m);
  });

  const refused = async (m: Model, problem: string): Promise<void> =>
    expect(compile(m)).rejects.toThrow(`The model has control flow that cannot be resolved:\n  - ${problem}`);

  test('a position that depends on the input is refused, one outside as well, and a sequence as an output', async () => {
    const at = (position: (g: GraphBuilder, x: string) => string): Model =>
      model((g, x) => {
        g.append('SequenceAt', [g.op('SplitToSequence', [x], { axis: 1 }), position(g, x)], ['taken']);
        return 'taken';
      });
    await refused(
      at((g, x) => g.op('ArgMax', [g.reshape(x, [-1])], { keepdims: 0 })),
      "SequenceAt 'taken': its position depends on the input's values. Export the model by tracing, with fixed shapes, so that it is decided at export.",
    );
    await refused(at((g) => g.constant(whole(4))), "SequenceAt 'taken': position 4 is outside of a sequence of 4"); // prettier-ignore
    const whole4 = model((g, x) => g.op('SplitToSequence', [x], { axis: 1 }));
    await refused(whole4, "Output 'logits' is a sequence. Export the model with tensors as its outputs.");
  });

  async function expectSequence(m: Model): Promise<void> {
    const ops = [...opsOf(await compile(m))];
    expect(ops.filter((op) => op.includes('Sequence'))).toEqual([]);
    await expectThree(m);
  }
});

// Which class is asked about: names and numbers to indices, and the two answers as a graph, against their closed forms.
import { expect, test } from '@jest/globals';
import { LanError } from '../../src/core/errors.js';
import { float32, toFloat32 } from '../../src/core/tensor.js';
import { dialectModel } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { openModel, type OpenOptions } from '../../src/model/open.js';
import { asQuestion, questionText, resolveQuestion, weightsOf, type ClassName } from '../../src/model/question.js';

const LABELS = ['tabby, tabby cat', 'tiger cat', 'golden retriever', 'crane', 'crane', '7', 'Egyptian_cat', 'tiger'];
const model = { labels: LABELS, classes: 8, task: 'classification', severalLabels: false, source: { name: 'm.onnx' } } as never;
const index = (target: ClassName): number => resolveQuestion(model, { target })!.target;
const refused = (asked: { target?: ClassName; against?: ClassName }, of: object = {}): string => {
  try {
    resolveQuestion({ ...(model as object), ...of } as never, asked);
  } catch (error) {
    if (error instanceof LanError && error.code === 'usage') return error.message;
    throw error;
  }
  return 'nothing was thrown';
};

test('a class is found by its whole name, a synonym, its index, then a part that only one name has', () => {
  expect(resolveQuestion(model, {})).toBeUndefined();
  expect(['tiger cat', 'Tiger Cat', 'tabby', 'tabby cat', 'retriever', 'egyptian cat'].map(index)).toEqual([1, 1, 0, 0, 2, 6]);
  // A name that is a number wins over the index; a number is always an index.
  expect([index('7'), index(7), index('3'), index(0)]).toEqual([5, 7, 3, 0]);
  // The whole name wins over longer names that it is part of.
  expect(index('tiger')).toBe(7);
  expect(resolveQuestion(model, { target: 'tiger cat', against: 2 })).toEqual({ target: 1, against: 2 });
  // Names that differ by their case alone are told apart by it.
  const alike = { labels: ['dog', 'Dog', 'cat'], classes: 3, task: 'classification', source: { name: 'm.onnx' } } as never;
  expect(resolveQuestion(alike, { target: 'Dog', against: 'dog' })).toEqual({ target: 1, against: 0 });
  expect(() => resolveQuestion(alike, { target: 'DOG' })).toThrow("'DOG' is the name of 2 classes");
});

test('what is not there or not the only one is refused with the near misses', () => {
  expect(refused({ target: 'cat' })).toBe(
    "`target`: 'cat' is part of the names of 3 classes: 'tabby, tabby cat' (0), 'tiger cat' (1), 'Egyptian_cat' (6). Give more of the name, or the index.",
  );
  expect(refused({ target: 'crane' })).toBe(
    "`target`: 'crane' is the name of 2 classes: 'crane' (3), 'crane' (4). Give more of the name, or the index.",
  );
  expect(refused({ target: 'tigre cat' })).toBe(
    "`target`: no class is called 'tigre cat'. Nearest: 'tiger cat' (1), 'tabby, tabby cat' (0).",
  );
  expect(refused({ target: 'submarine boat' })).toBe("`target`: no class is called 'submarine boat'.");
  expect(refused({ target: 8 })).toBe('`target`: expected an index of 0 to 7, received 8.');
  expect(refused({ target: 1.5 })).toBe("`target`: expected the name or the index of a class, received '1.5'.");
  expect(refused({ target: -1 })).toBe("`target`: expected the name or the index of a class, received '-1'.");
  expect(refused({ target: 1, against: 'tiger cat' })).toBe("`target` and `against` are the same class, 'tiger cat' (1).");
  expect(refused({ against: 1 })).toBe(
    '`against` says against which class, but not which class is asked about. Give `target` too.',
  );
  expect(refused({ target: 'dog' }, { labels: [] })).toBe(
    "`target`: the names of the classes are not known, received 'dog'. Give an index of 0 to 7, or the names with `labels`.",
  );
  expect(refused({ target: 0, against: 1 }, { severalLabels: true })).toContain('this model gives several labels at once');
});

test('a regression has no class to ask about', () => {
  const of = { ...(model as object), task: 'regression' } as never;
  expect(() => resolveQuestion(of, { target: 0 })).toThrow(
    "m.onnx: its output is a value (`task: 'regression'`, as was asked for). A `target` is a class, which a regression does not have.",
  );
});

test('weights: 1 at the target, -1 at what it is held against', () => {
  expect(Array.from(weightsOf({ target: 2 }, 4))).toEqual([0, 0, 1, 0]);
  expect(Array.from(weightsOf({ target: 2, against: 0 }, 4))).toEqual([-1, 0, 1, 0]);
  expect(questionText({ target: 1, against: 2 }, LABELS)).toBe("'tiger cat' against 'golden retriever'");
  expect(questionText({ target: 1 }, [])).toBe('class 1');
});

/** An output of z = x, read as `op` says. */
function identity(k: number, op: 'Softmax' | 'Sigmoid'): Uint8Array {
  const g = new GraphBuilder();
  const z = g.mul(g.input('x', 'float32', ['N', k]), g.scalar(1));
  g.output(op === 'Softmax' ? g.op(op, [z], { axis: 1 }) : g.op(op, [z]), 'p', { type: 'float32', dims: ['N', k] });
  return encodeModel(dialectModel(g.build()));
}

/** The two logarithms [2] of a question to the model at `z`. */
async function answers(
  bytes: Uint8Array,
  z: number[],
  question: { target: number; against?: number },
  options: OpenOptions,
  nearest = false,
) {
  await using classifier = await openModel(bytes, { trust: true, threads: 1, ...options });
  const graph = asQuestion(await classifier.logProbabilities(1), question, classifier.severalLabels, nearest);
  const program = await classifier.engine.compile(await classifier.specialize(graph));
  const out = toFloat32(Object.values(await program.run({ x: float32(z, [1, z.length]) }))[0]!);
  await program.dispose();
  return Array.from(out);
}

test.each(['onnxruntime', 'tfjs'] as const)(
  'yes and no are log p and log(1-p), or the pair renormalised (%s)',
  async (engine) => {
    const options: OpenOptions = { engine, ...(engine === 'tfjs' ? { backend: 'cpu' } : {}) };
    const z = [1, 3, -2, 0.5];
    const sum = z.reduce((a, v) => a + Math.exp(v), 0);
    const softmax = identity(4, 'Softmax');
    for (const target of [0, 1, 3]) {
      const p = Math.exp(z[target]!) / sum;
      const [yes, no] = await answers(softmax, z, { target }, options);
      expect([yes, no]).toEqual([expect.closeTo(Math.log(p), 5), expect.closeTo(Math.log(1 - p), 5)]);
    }
    // The log-odds of a pair are the difference of their logits, whatever the others are.
    const [yes, no] = await answers(softmax, z, { target: 2, against: 1 }, options);
    expect(yes! - no!).toBeCloseTo(-5, 5);
    expect(Math.exp(yes!) + Math.exp(no!)).toBeCloseTo(1, 6);
    // Two classes: no is the other one.
    const [one, other] = await answers(identity(2, 'Softmax'), [0.25, 1], { target: 0 }, options);
    expect(one! - other!).toBeCloseTo(-0.75, 5);
    // 1 - p of a sure class: log(1 - p) from p in float32 would be -Infinity.
    const [, rest] = await answers(softmax, [40, 0, 0, 0], { target: 0 }, options);
    expect(rest).toBeCloseTo(Math.log(3) - 40, 4);
    // Against the nearest other class alone the difference is that of two logits.
    const [mine, nearest] = await answers(softmax, z, { target: 0 }, options, true);
    expect(mine! - nearest!).toBeCloseTo(-2, 5);
    // Labels of which several hold are asked about one by one.
    const label = await answers(identity(3, 'Sigmoid'), [1, -2, 4], { target: 1 }, options);
    expect(label).toEqual([expect.closeTo(-Math.log1p(Math.exp(2)), 5), expect.closeTo(-Math.log1p(Math.exp(-2)), 5)]);
  },
);

// Which output is explained, of models that have several: by how they end, by what is made of what, by their labels; never what is no score.
import { describe, expect, test } from '@jest/globals';
import { float32, toFloat32 } from '../../src/core/tensor.js';
import { openModel } from '../../src/model/open.js';
import { chooseScores, requireScores } from '../../src/model/score-output.js';
import { rangeOf } from '../../src/model/value-range.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encoded } from '../support/encoded.js';

/** A graph of an image x [1,3,4,4] whose outputs `make` names. */
function graphOf(make: (g: GraphBuilder, x: string) => void) {
  const g = new GraphBuilder('several');
  make(g, g.input('x', 'float32', [1, 3, 4, 4]));
  return g.build();
}

const product = (g: GraphBuilder, x: string, from: number, to: number): string =>
  g.op('MatMul', [x, g.constant(float32(new Float32Array(from * to).fill(0.1), [from, to]))]);

describe('the output', () => {
  test('that is made of the others, with a note', () => {
    const graph = graphOf((g, x) => {
      const features = g.op('Flatten', [x], { axis: 1 });
      const seen = g.op('Relu', [features]);
      g.output(seen, 'features', { type: 'float32', dims: [1, 48] });
      g.output(product(g, 'features', 48, 5), 'logits', { type: 'float32', dims: [1, 5] });
    });
    const choice = chooseScores(graph)!;
    expect([choice.input.name, choice.output.name]).toEqual(['x', 'logits']);
    expect(choice.notes).toEqual([
      "explains the output 'logits', because it is made of the others; also there: 'features' [1,48]. Choose with `output`.",
    ]);
  });

  test('that is made of the others, where those have got another name for the outside', () => {
    const graph = graphOf((g, x) => {
      const seen = g.op('Relu', [g.op('Flatten', [x], { axis: 1 })]);
      g.append('Identity', [seen], ['features'], {});
      g.output('features', 'features', { type: 'float32', dims: [1, 48] });
      g.output(product(g, seen, 48, 5), 'logits', { type: 'float32', dims: [1, 5] });
    });
    expect(chooseScores(graph)!.output.name).toBe('logits');
  });

  test('that ends in Softmax, though another is made of it', () => {
    const graph = graphOf((g, x) => {
      const p = g.op('Softmax', [product(g, g.op('Flatten', [x], { axis: 1 }), 48, 5)], { axis: 1 });
      g.output(p, 'p', { type: 'float32', dims: [1, 5] });
      g.output(g.op('ReduceMax', ['p'], { keepdims: 0 }), 'best', { type: 'float32', dims: [] });
    });
    expect(chooseScores(graph)!.output.name).toBe('p');
  });

  test.each([
    ['attention by its name', 'att_1', (g: GraphBuilder, f: string) => g.op('Softmax', [f], { axis: 1 }), [1, 48]],
    ['by the name of the other', 'second', (g: GraphBuilder, f: string) => g.op('Softmax', [f], { axis: 1 }), [1, 48]],
    ['attention by its axes', 'second', (g: GraphBuilder, f: string) => g.op('Softmax', [g.reshape(f, [1, 6, 8])], { axis: 2 }), [1, 6, 8]], // prettier-ignore
  ] as const)('is the scores, not what ends in a Softmax on the way: %s', (_, name, weigh, dims) => {
    const graph = graphOf((g, x) => {
      const flat = g.op('Relu', [g.op('Flatten', [x], { axis: 1 })]);
      g.output(weigh(g, flat), name, { type: 'float32', dims: [...dims] });
      g.output(product(g, flat, 48, 5), 'logits', { type: 'float32', dims: [1, 5] });
    });
    expect(chooseScores(graph)!.output.name).toBe('logits');
  });

  test('is no input handed through, and no cast ArgMax', () => {
    const graph = graphOf((g, x) => {
      g.output(g.op('Identity', [x]), 'same', { type: 'float32', dims: [1, 3, 4, 4] });
      const logits = product(g, g.op('Flatten', [x], { axis: 1 }), 48, 5);
      g.output(g.cast(g.op('ArgMax', [logits], { axis: 1, keepdims: 0 }), 1), 'class', { type: 'float32', dims: [1] });
      g.output(logits, 'scores', { type: 'float32', dims: [1, 5] });
    });
    expect(chooseScores(graph)).toMatchObject({ output: { name: 'scores' }, notes: [] });
  });

  test('has as many classes as there are labels', () => {
    const graph = graphOf((g, x) => {
      const flat = g.op('Relu', [g.op('Flatten', [x], { axis: 1 })]);
      g.output(product(g, flat, 48, 7), 'a', { type: 'float32', dims: [1, 7] });
      g.output(product(g, flat, 48, 3), 'b', { type: 'float32', dims: [1, 3] });
    });
    expect(chooseScores(graph, 3)!.output.name).toBe('b');
    expect(chooseScores(graph)!.notes[0]).toContain("'a', because it is the first");
  });

  test('is none where nothing is computed of an input', () => {
    const graph = graphOf((g, x) => g.output(g.op('Identity', [x]), 'same', { type: 'float32', dims: [1, 3, 4, 4] }));
    expect(chooseScores(graph)).toBeUndefined();
  });
});

test('an accuracy, which is made of the index of a class alone, is refused where an answer is asked for', async () => {
  const g = new GraphBuilder('accuracy');
  const answers = (v: string): string => g.op('ArgMax', [v], { axis: 1, keepdims: 0 });
  const right = g.op('Equal', [answers(product(g, g.input('x', 'float32', ['N', 8]), 8, 5)), answers(g.input('labels', 'float32', ['N', 5]))]); // prettier-ignore
  g.output(g.op('ReduceMean', [g.cast(right, 1)], { keepdims: 0 }), 'accuracy', { type: 'float32', dims: [] });
  const model = await openModel(encoded(g), { trust: true, engine: 'onnxruntime', feeds: { labels: 1 } });
  expect(() => model.requireFeeds()).toThrow("its output 'accuracy' is made of the index of a class alone");
  await model.dispose();
});

test('the largest scores in order, whose places are no classes, are refused where an answer is asked for', async () => {
  const g = new GraphBuilder('largest');
  const p = g.op('Softmax', [product(g, g.input('x', 'float32', ['N', 8]), 8, 5)], { axis: 1 });
  g.output(g.op('Identity', [g.ops('TopK', [p, g.ints([3])], 2, { axis: 1 })[0]!]), 'best', { type: 'float32', dims: ['N', 3] });
  const model = await openModel(encoded(g), { trust: true, engine: 'onnxruntime' });
  expect(() => model.requireFeeds()).toThrow('whose places are no classes');
  await model.dispose();
});

test('the input is one that reaches the output', () => {
  const g = new GraphBuilder('two');
  g.output(g.op('Relu', [g.input('unused', 'float32', [1, 2])]), 'other', { type: 'float32', dims: [1, 2] });
  const x = g.input('x', 'float32', [1, 4]);
  g.output(g.op('Softmax', [product(g, x, 4, 2)], { axis: 1 }), 'p', { type: 'float32', dims: [1, 2] });
  expect(chooseScores(g.build())).toMatchObject({ input: { name: 'x' }, output: { name: 'p' } });
});

test('what is fed is not explained, where another input is left', () => {
  const g = new GraphBuilder('scaled');
  const scale = g.input('scale', 'float32', [1]);
  const x = g.input('x', 'float32', [1, 4]);
  g.output(g.mul(product(g, x, 4, 3), scale), 'logits', { type: 'float32', dims: [1, 3] });
  const chosen = (feeds: Readonly<Record<string, number>>): string => chooseScores(g.build(), undefined, feeds)!.input.name;
  expect([chosen({}), chosen({ x: 1 }), chosen({ scale: 1, x: 1 })]).toEqual(['x', 'scale', 'x']);
});

test.each([
  ['p beside 1 - p', true, (g: GraphBuilder, z: string) => { const p = g.op('Sigmoid', [z]); return g.op('Concat', [g.sub(g.one, p), p], { axis: 1 }); }], // prettier-ignore
  ['powers over their sum', true, (g: GraphBuilder, z: string) => { const e = g.op('Exp', [g.op('Concat', [z, g.neg(z)], { axis: 1 })]); return g.div(e, g.reduceSum(e, [1], true)); }], // prettier-ignore
  ['a Tanh on both sides', false, (g: GraphBuilder, z: string) => g.op('Tanh', [g.op('Concat', [z, g.neg(z)], { axis: 1 })])],
] as const)('rows that add up to 1 are probabilities, whatever makes them: %s', async (_, adds, make) => {
  const g = new GraphBuilder('rows');
  const z = product(g, g.input('x', 'float32', ['N', 4]), 4, 1);
  g.output(make(g, z), 'y', { type: 'float32', dims: ['N', 2] });
  const model = await openModel(encoded(g), { trust: true, engine: 'onnxruntime' });
  const own = await model.run({ x: float32([1, 2, 3, -1], [1, 4]) });
  const p = toFloat32(await model.predict(float32([1, 2, 3, -1], [1, 4])));
  expect([model.outputKind, model.notes]).toEqual(adds ? ['probabilities', ["'y' holds rows that add up to 1: taken as probabilities"]] : ['logits', []]); // prettier-ignore
  if (adds) expect(Array.from(p)).toEqual(Array.from(toFloat32(own['y']!), (v) => expect.closeTo(v, 6) as unknown as number));
  await model.dispose();
});

describe('graphs as nobody draws them', () => {
  const of = (make: (g: GraphBuilder, x: string) => string) => {
    const graph = graphOf((g, x) => void g.output(g.op('Identity', [make(g, x)]), 'y', { type: 'float32', dims: [1, 3, 4, 4] }));
    requireScores(graph, 'y', 'model');
    return [chooseScores(graph)?.output.name, rangeOf(graph, 'y').low];
  };

  test('2^60 paths', () => {
    const doubled = (g: GraphBuilder, x: string): string => {
      let v = g.op('Relu', [x]);
      for (let i = 0; i < 60; i++) v = i % 2 === 0 ? g.op('Concat', [v, v], { axis: 1 }) : g.op('Slice', [v, v, v]);
      return v;
    };
    expect(of((g, x) => doubled(g, x))).toEqual(['y', -Infinity]);
    expect(of((g, x) => [...Array(20).keys()].reduce((v) => g.op('Concat', [v, v], { axis: 1 }), g.op('Relu', [x])))).toEqual(['y', 0]); // prettier-ignore
  });

  test('a path of 20,000 nodes', () =>
    expect(of((g, x) => [...Array(20_000).keys()].reduce((v) => g.op('Identity', [v]), g.op('Relu', [x])))).toEqual(['y', -Infinity])); // prettier-ignore

  test('an output without a name, and a node that omits its input', () => {
    const made = of((g, x) => {
      g.append('TopK', [x, g.ints([2])], ['first', '']);
      g.append('Reshape', ['', 'first'], ['odd']);
      return 'odd';
    });
    expect(made).toEqual([undefined, -Infinity]);
  });
});

test('images held against texts: the texts are asked for first, since their number is that of the classes', async () => {
  const g = new GraphBuilder('contrast');
  const w = g.constant(float32(Float32Array.from({ length: 24 }, (_, i) => Math.sin(i)), [6, 4])); // prettier-ignore
  const image = g.matMul(g.input('image', 'float32', ['n', 6]), w);
  const text = g.matMul(g.input('text', 'float32', ['m', 6]), w);
  g.output(g.op('MatMul', [image, g.op('Transpose', [text], { perm: [1, 0] })]), 'logits', { type: 'float32', dims: ['n', 'm'] });
  const bytes = encoded(g);
  const options = { trust: true, engine: 'onnxruntime', input: 'image' } as const;
  const x = float32(Float32Array.from({ length: 12 }, (_, i) => Math.cos(i)), [2, 6]); // prettier-ignore
  const alone = await openModel(bytes, options);
  await expect(alone.predict(x)).rejects.toThrow(/its other input\(s\) have no value:\n *- 'text' float32\[1,6\]/);
  await alone.dispose();
  const texts = float32(Float32Array.from({ length: 18 }, (_, i) => Math.cos(2 * i)), [3, 6]); // prettier-ignore
  const model = await openModel(bytes, { ...options, feeds: { text: texts } });
  const logits = (await model.run({ image: { ...x, dims: [1, 6], data: (x.data as Float32Array).slice(0, 6) }, text: texts }))['logits']!; // prettier-ignore
  const exp = Array.from(logits.data as Float32Array, Math.exp);
  const sum = exp.reduce((a, b) => a + b, 0);
  const p = Array.from((await model.predict(x)).data as Float32Array);
  expect(p).toHaveLength(6);
  exp.forEach((e, i) => expect(p[i]).toBeCloseTo(e / sum, 5));
  await model.dispose();
});

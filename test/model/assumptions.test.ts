// What nobody said about a model: told by its graph, its file or its pictures, aloud; and what somebody said, which wins field by field or is refused.
import { afterAll, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { audit, createAuditor } from '../../src/api/audit.js';
import { positionMap } from '../../src/api/position-map.js';
import { score } from '../../src/api/score.js';
import { float32, toFloat32 } from '../../src/core/tensor.js';
import { encodePng } from '../../src/data/images.js';
import { readLabels, type PartialCard } from '../../src/model/card.js';
import { CONVENTIONS, type PixelValues } from '../../src/model/conventions.js';
import { parseNames } from '../../src/model/labels-inside.js';
import { openModel } from '../../src/model/open.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import type { Node } from '../../src/onnx/graph.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-assumptions-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const encode = (g: GraphBuilder, metadata: Readonly<Record<string, string>> = {}, ml = false): Uint8Array => {
  const opsets = new Map([['', 17], ...(ml ? [['ai.onnx.ml', 3] as const] : [])]);
  return encodeModel({ irVersion: 8, producer: 'test', opsets, metadata, functions: [], graph: g.build() });
};

const SIDE = 16;
/** Three colours, RGB: the classes. */
const COLOURS = [[210, 60, 30], [40, 170, 90], [80, 40, 220]] as const; // prettier-ignore
const NAMES = ['brick', 'grass', 'ink'];

/** How near the mean colour is to each of the three, in the model's own space: wrongly prepared pictures are near none, and all classes alike. */
function colours({ channels, range, mean, std }: PixelValues, dims: readonly (number | string)[] = ['N', 3, SIDE, SIDE]) {
  const g = new GraphBuilder('colours');
  const last = dims.at(-1) === 3;
  const x = g.op('ReduceMean', [g.input('x', 'float32', [...dims])], { axes: last ? [1, 2] : [2, 3], keepdims: 0 });
  const own = COLOURS.map((rgb) => (channels === 'BGR' ? rgb.toReversed() : rgb)).map((c) =>
    c.map((v, i) => ((v * range) / 255 - mean[i]!) / std[i]!),
  );
  const distance = g.sub(g.op('Unsqueeze', [x, g.ints([1])]), g.constant(float32(own.flat(), [1, 3, 3])));
  const scaled = g.mul(
    distance,
    g.constant(
      float32(
        std.map((s) => (8 * s) / range),
        [3],
      ),
    ),
  );
  const near = g.op('Exp', [g.neg(g.reduceSum(g.mul(scaled, scaled), [2], false))]);
  g.output(g.mul(near, g.scalar(12)), 'logits', { type: 'float32', dims: ['N', 3] });
  return encode(g);
}

const picture = async (k: number, name: string): Promise<string> => {
  const path = join(folder, name);
  const wave = (i: number): number => Math.round(6 * Math.sin(i));
  const pixels = Uint8Array.from({ length: 3 * SIDE * SIDE }, (_, i) => COLOURS[k]![i % 3]! + wave(Math.floor(i / 3)));
  writeFileSync(path, await encodePng(pixels, SIDE, SIDE));
  return path;
};

const quick = { iterations: 3, evidenceDraws: 4, beta: 1, engine: 'onnxruntime' } as const;
const caffe = CONVENTIONS['Caffe (BGR, 0..255, ImageNet mean)']!;

describe.each(Object.entries(CONVENTIONS))('a model that wants %s, without a card', (name, convention) => {
  test('audit takes it by the pictures at hand, and says how sure it is', async () => {
    const auditor = await createAuditor(colours(convention), { ...quick, trust: true });
    try {
      const paths = [await picture(0, 'a.png'), await picture(1, 'b.png')];
      const samples = [await auditor.read(paths[0]!), await auditor.read(paths[1]!)];
      await auditor.prepare(...samples);
      const result = await auditor.audit(samples[0]!);
      const { preprocessing, card } = result.toJSON();
      expect(card).toMatchObject(convention);
      expect(preprocessing).toMatchObject({ source: 'pictures', convention: name, pictures: 2 });
      expect(preprocessing!.score!).toBeGreaterThan(preprocessing!.runnerUp!.score);
      const note = result.notes.find((n) => n.startsWith('no model card'));
      expect(note).toContain(`assumed ${name}`);
      expect(note).toContain(`before ${preprocessing!.runnerUp!.convention} with ${preprocessing!.runnerUp!.score.toFixed(2)}`);
      expect(result.prediction[0]).toMatchObject({ index: 0 });
    } finally {
      await auditor.dispose();
    }
  });

  test('score tries all on labelled pictures and proposes a card', async () => {
    const data = join(folder, 'labelled');
    for (const [k, label] of NAMES.entries()) {
      mkdirSync(join(data, label), { recursive: true });
      await picture(k, join('labelled', label, 'a.png'));
    }
    const result = await score(colours(convention), data, { trust: true, card: { labels: NAMES } });
    expect(result.top1).toMatchObject({ correct: 3, count: 3 });
    expect(result.preprocessing).toMatchObject({ source: 'labels', convention: name });
    expect(result.notes.join('\n')).toMatch(/no model card: of \d+ conventions tried on 3 of these pictures/);
    const files = await result.save(join(folder, 'scored'));
    const card = JSON.parse(readFileSync(join(folder, 'scored', 'proposed.card.json'), 'utf8')) as { input: object };
    expect(files.map((f) => f.split('/').at(-1))).toContain('proposed.card.json');
    expect(card.input).toMatchObject(convention);
    // With it, nothing is left to guess.
    const again = await score(colours(convention), data, { trust: true, card: { ...card, labels: NAMES } as PartialCard });
    expect([again.top1.correct, again.preprocessing]).toEqual([3, { source: 'card' }]);
  });
});

test('grid tries the conventions on its objects in the middle: by their labels, else by confidence and agreement', async () => {
  const name = 'Caffe (BGR, 0..255, ImageNet mean)';
  const objects = [await picture(0, 'red.png')];
  const options = { trust: true, stride: 8, card: { labels: NAMES }, clip: false } as const;
  const labelled = await positionMap(colours(caffe), objects, { ...options, label: 'brick' });
  expect(labelled.preprocessing).toMatchObject({ source: 'labels', convention: name });
  expect([labelled.toJSON().card, labelled.total.accuracy]).toEqual([expect.objectContaining(caffe), 1]);
  expect(labelled.notes.join('\n')).toMatch(/no model card: of \d+ conventions tried on 1 of these pictures/);
  const files = await labelled.save(join(folder, 'grid'));
  expect(files.map((f) => f.split('/').at(-1))).toContain('proposed.card.json');
  const bare = await positionMap(colours(caffe), objects, options);
  expect(bare.preprocessing).toMatchObject({ source: 'pictures', convention: name, pictures: 1 });
  expect(bare.toJSON().preprocessing).toEqual(bare.preprocessing);
  const said = await positionMap(colours(caffe), objects, { ...options, card: { ...options.card, input: caffe } });
  expect([said.preprocessing, said.notes]).toEqual([{ source: 'card' }, expect.not.arrayContaining([expect.stringMatching(/no model card/)])]); // prettier-ignore
});

describe('a field that is given alone wins over the guess', () => {
  test.each<[string, PartialCard['input'] & object]>([
    ['channels', { channels: 'RGB' }],
    ['channels of the other order', { channels: 'BGR' }],
    ['range', { range: 1 }],
    ['mean', { mean: [0.5, 0.4, 0.3] }],
    ['mean in pixels', { mean: [120, 110, 100] }],
    ['std', { std: [50, 60, 70] }],
    ['size', { size: [SIDE, SIDE] }],
    ['layout', { layout: 'NCHW' }],
    ['resize', { resize: 20 }],
    ['crop', { crop: SIDE }],
    ['resample', { resample: 'nearest' }],
  ])('%s', async (_, input) => {
    const path = await picture(0, 'alone.png');
    const result = await audit(colours(caffe), path, { ...quick, trust: true, card: { input } });
    const { card, notes } = result.toJSON();
    expect(card).toMatchObject(input);
    if (input.mean) expect(card!.range).toBe(input.mean[0]! > 1 ? 255 : 1);
    // What is left open is told, or guessed aloud.
    expect(notes.join('\n')).toMatch(/no model card: assumed|the card leaves .* open: taken/);
  });

  test('the mean of a convention follows the order of channels that was given', async () => {
    const torchvision = Object.values(CONVENTIONS)[0]!;
    const turned = { ...torchvision, channels: 'BGR', mean: torchvision.mean.toReversed(), std: torchvision.std.toReversed() } as const; // prettier-ignore
    const result = await audit(colours(turned), await picture(2, 'turned.png'), { ...quick, trust: true, card: { input: { channels: 'BGR' } } }); // prettier-ignore
    expect(result.toJSON().card).toMatchObject(turned);
    expect(result.prediction[0]!.index).toBe(2);
  });

  test('size binds open sides, with channels last as well', async () => {
    for (const dims of [
      ['N', 3, 'h', 'w'],
      ['N', 'h', 'w', 3],
    ]) {
      const model = await openModel(colours(caffe, dims), { trust: true, card: { input: { size: [12, 20] } } });
      expect([model.card!.layout, model.inputShape]).toEqual([dims[3] === 3 ? 'NHWC' : 'NCHW', [3, 12, 20]]);
      await model.dispose();
    }
  });

  test.each<[string, PartialCard['input'] & object]>([
    ['size', { size: [8, 8] }],
    ['layout', { layout: 'NHWC' }],
    ['channels', { channels: 'GREY' }],
  ])('%s that contradicts the file is refused', async (_, input) => {
    await expect(openModel(colours(caffe), { trust: true, card: { input } })).rejects.toThrow(/contradicts|takes no picture|do not fit/); // prettier-ignore
  });

  test('a card for pictures of a model that takes none is refused, in flags and not in silence', async () => {
    const g = new GraphBuilder('rows');
    g.output(g.matMul(g.input('x', 'float32', ['N', 6]), g.constant(float32(new Float32Array(12).fill(0.1), [6, 2]))), 'logits');
    for (const input of [{ channels: 'BGR' }, { mean: [1] }, { size: [2, 2] }] as const)
      await expect(openModel(encode(g), { trust: true, card: { input } })).rejects.toMatchObject({
        code: 'usage',
        problem: expect.stringContaining(`\`${Object.keys(input)[0]}\` would be without effect`),
      });
  });
});

describe('the graph says what it ends in', () => {
  const softmax = (): Uint8Array => {
    const g = new GraphBuilder('softmax');
    const z = g.matMul(g.input('x', 'float32', ['N', 4]), g.constant(float32(Float32Array.from({ length: 12 }, (_, i) => Math.sin(i)), [4, 3]))); // prettier-ignore
    g.output(g.op('Softmax', [z], { axis: 1 }), 'p', { type: 'float32', dims: ['N', 3] });
    return encode(g);
  };

  test.each([['logits'], ['log-probabilities'], ['sigmoid']] as const)(
    'a card that says %s does not make a softmax of its probabilities',
    async (output) => {
      // prettier-ignore
      const x = float32([3, -2, 1, 4], [1, 4]);
      const [plain, said] = [await openModel(softmax(), { trust: true }), await openModel(softmax(), { trust: true, card: { output } })]; // prettier-ignore
      expect([said.outputKind, toFloat32(await said.predict(x))]).toEqual(['probabilities', toFloat32(await plain.predict(x))]);
      expect(said.notes).toContainEqual(expect.stringContaining(`the card says that 'p' holds ${output}, but the graph ends in Softmax`)); // prettier-ignore
      await plain.dispose();
      await said.dispose();
    },
  );
});

describe('probabilities that are rounded on their way out', () => {
  const LOGITS = Array.from({ length: 12 }, (_, i) => 2 * Math.sin(i));
  /** z = x W [N,3], `end` of it, then what `further` makes of that. */
  const model = (end: 'Softmax' | 'Sigmoid', further: (g: GraphBuilder, p: string) => string): Uint8Array => {
    const g = new GraphBuilder('rounded');
    const z = g.matMul(g.input('x', 'float32', ['N', 4]), g.constant(float32(LOGITS, [4, 3])));
    const p = g.op(end, [z], end === 'Softmax' ? { axis: 1 } : {});
    g.output(further(g, p), 'p', { type: 'float32', dims: ['N', 3] });
    return encode(g);
  };
  const quantised =
    (scale: number, zero: number) =>
    (g: GraphBuilder, p: string): string => {
      const by = [g.scalar(scale), g.constant({ type: 'uint8', dims: [], data: Uint8Array.of(zero) })];
      return g.op('DequantizeLinear', [g.op('QuantizeLinear', [p, ...by]), ...by]);
    };
  const clipped = (g: GraphBuilder, p: string): string => g.op('Clip', [p, g.scalar(1e-7), g.scalar(1 - 1e-7)]);
  const threshold = (g: GraphBuilder, p: string): string => g.op('Round', [p]);
  const x = float32([3, -2, 1, 4], [1, 4]);

  test.each([
    ['Softmax', 'a quantiser', quantised(1 / 255, 0), 'probabilities'],
    ['Softmax', 'a clip', clipped, 'probabilities'],
    ['Sigmoid', 'a quantiser', quantised(1 / 127, 3), 'sigmoid'],
    ['Sigmoid', 'a clip', clipped, 'sigmoid'],
    // Its numbers are none of 0 to 1.
    ['Softmax', 'a quantiser of percent', (g: GraphBuilder, p: string) => quantised(1, 0)(g, g.mul(p, g.scalar(100))), 'logits'],
    ['Sigmoid', 'a threshold', threshold, 'logits'],
  ] as const)('%s behind %s', async (end, _, further, kind) => {
    const opened = await openModel(model(end, further), { trust: true });
    expect(opened.outputKind).toBe(kind);
    if (further === threshold) expect(opened.notes).toContainEqual(expect.stringContaining('do not add up to 1'));
    if (kind !== 'logits') {
      const exact = await openModel(
        model(end, (__, p) => p),
        { trust: true },
      );
      const [p, q] = [toFloat32(await opened.predict(x)), toFloat32(await exact.predict(x))];
      p.forEach((v, i) => expect(Math.abs(v - q[i]!)).toBeLessThan(0.005));
      // The logarithms, which the gradient comes from, are those before the rounding.
      const [a, b] = await Promise.all([opened, exact].map(async (m) => (await m.logProbabilities(1)).nodes.map((n) => n.op)));
      expect(a).toEqual(b);
      await exact.dispose();
    }
    await opened.dispose();
  });
});

describe('labels inside the file', () => {
  const rows = (metadata: Readonly<Record<string, string>>, classes = 3): Uint8Array => {
    const g = new GraphBuilder('rows');
    const w = Float32Array.from({ length: 2 * classes }, (_, i) => Math.cos(i));
    g.output(g.matMul(g.input('x', 'float32', ['N', 2]), g.constant(float32(w, [2, classes]))), 'z', { type: 'float32', dims: ['N', classes] }); // prettier-ignore
    return encode(g, metadata);
  };

  test.each([
    ['names', `{0: 'cat', 1: "dog's", 2: 'emu'}`, ['cat', "dog's", 'emu']],
    ['labels', '["a", "b, c", "d"]', ['a', 'b, c', 'd']],
    ['id2label', '{"2": "z", "0": "x", "1": "y"}', ['x', 'y', 'z']],
    ['class_to_idx', `{'one': 1, 'nought': 0, 'two': 2}`, ['nought', 'one', 'two']],
    ['Classes', 'cat,dog, emu', ['cat', 'dog', 'emu']],
    ['class_names', 'cat\nbig dog\nemu\n', ['cat', 'big dog', 'emu']],
    ['names', `['\\u0063at', 'a\\x1b[2J', 'c']`, ['cat', 'a\\x1b[2J', 'c']],
  ])('metadata %s: %s', async (key, text, expected) => {
    const model = await openModel(rows({ [key]: text }), { trust: true });
    expect(model.labels).toEqual(expected);
    expect(model.notes).toContainEqual(`the names of the classes are those of the file, in its metadata '${key}'`);
    await model.dispose();
    // What the caller says comes first.
    const said = await openModel(rows({ [key]: text }), { trust: true, card: { labels: ['1', '2', '3'] } });
    expect(said.labels).toEqual(['1', '2', '3']);
    await said.dispose();
  });

  test.each([
    ['names', `{0: 'cat', 1: 'dog'}`],
    ['names', `{0: 'cat', 1: 'dog', 3: 'emu'}`],
    ['names', '{0: [1, 2], 1: None}'],
    ['labels', '{"a": {"b": "c"}}'],
    ['author', 'a,b,c'],
  ])('metadata %s: %s names no three classes', async (key, text) => {
    const model = await openModel(rows({ [key]: text }), { trust: true });
    expect(model.labels).toEqual([]);
    await model.dispose();
  });

  test('long and broken metadata take no time', () => {
    const start = performance.now();
    for (const text of ['{'.repeat(1e6), `{${"'".repeat(1e6)}`, `[${'"\\'.repeat(5e5)}`, `{0: '${'\\'.repeat(1e6)}`])
      parseNames(text);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  test.each([
    ['strings', { classlabels_strings: { kind: 'strings', value: ['setosa', 'versicolor', 'virginica'] } }, ['setosa', 'versicolor', 'virginica']], // prettier-ignore
    ['integers', { classlabels_ints: { kind: 'ints', value: [3, 5, 8] } }, ['3', '5', '8']],
  ] as const)('of a scikit-learn classifier, as %s', async (_, names, expected) => {
    const g = new GraphBuilder('iris');
    const x = g.input('x', 'float32', ['N', 2]);
    const node: Node = {
      op: 'LinearClassifier',
      domain: 'ai.onnx.ml',
      name: 'classifier',
      inputs: [x],
      outputs: ['label', 'scores'],
      attributes: {
        coefficients: { kind: 'floats', value: [1, 0, 0, 1, -1, -1] },
        intercepts: { kind: 'floats', value: [0, 0.5, 0.1] },
        multi_class: { kind: 'int', value: 1 },
        post_transform: { kind: 'string', value: 'SOFTMAX' },
        ...names,
      },
    };
    g.nodes.push(node);
    g.output('scores', 'scores', { type: 'float32', dims: ['N', 3] });
    const model = await openModel(encode(g, {}, true), { trust: true });
    expect(model.labels).toEqual(expected);
    expect(model.notes).toContainEqual('the names of the classes are those of the file, in its LinearClassifier');
    await model.dispose();
  });

  test('1,000 and 1,001 outputs of pictures suggest the names of ImageNet', async () => {
    for (const [classes, note] of [
      [1000, /^1000 classes, as ImageNet has:/],
      [1001, /^1001 classes, as ImageNet has with a background/],
    ] as const) {
      // prettier-ignore
      const g = new GraphBuilder('imagenet');
      const x = g.op('ReduceMean', [g.input('x', 'float32', ['N', 3, 8, 8])], { axes: [2, 3], keepdims: 0 });
      g.output(g.matMul(x, g.constant(float32(new Float32Array(3 * classes).fill(0.5), [3, classes]))), 'z', { type: 'float32', dims: ['N', classes] }); // prettier-ignore
      const model = await openModel(encode(g), { trust: true });
      expect(model.notes).toContainEqual(expect.stringMatching(note));
      await model.dispose();
    }
  });

  test('a CSV line with a quote that is never closed keeps its class', () => {
    const path = join(folder, 'names.csv');
    writeFileSync(path, '0,cat\n1,"dog, big"\n2,toilet tissue, paper"\n3,"open\n');
    expect(readLabels(path)).toEqual(['cat', 'dog, big', 'toilet tissue', '"open']);
  });
});

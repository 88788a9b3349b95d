// Class activation maps and attention rollout: Captum's published maps, layers found by themselves, closed forms of small transformers.
import { expect, test } from '@jest/globals';
import { gradCam, layerCam } from '../../src/attribution/cam.js';
import { gridsOf, type Grid } from '../../src/attribution/layers.js';
import { Scorer } from '../../src/attribution/scorer.js';
import { scoredClassifier, SCORES } from '../../src/attribution/scored.js';
import { rollout } from '../../src/attribution/rollout.js';
import { float32 } from '../../src/core/tensor.js';
import { openModel } from '../../src/model/open.js';
import type { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import type { Model } from '../../src/onnx/graph.js';
import { convNeXt } from '../nets/exported-convnets.js';
import { mlpMixer, swin, vit } from '../nets/vision-transformers.js';
import { asked, multiLayer, numbers, oneConv, madeToys, type Toy } from './toys.js';

const made = madeToys();
const near = (actual: ArrayLike<number>, expected: readonly number[], digits = 4): void => {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((v, i) => expect(actual[i]).toBeCloseTo(v, digits));
};
const picture = Array.from({ length: 16 }, (_, i) => i);

test('Grad-CAM of the ConvNet: Captum has [[11.25,13.5],[20.25,22.5]] at conv1, [[0,4],[28,32.5]] at relu1, which is found by itself', async () => {
  const scorer = await made([1, 4, 4], oneConv());
  const at = asked(scorer, picture);
  const conv = await gradCam.attribute(at, { layer: 'conv1' });
  near(conv.map!.values, [11.25, 13.5, 20.25, 22.5]);
  expect([conv.need.dims, conv.passes]).toEqual([[1, 1, 4, 4], { forward: 1, backward: 1 }]);
  const own = await gradCam.attribute(at);
  expect(own.details).toMatchObject({ layer: 'relu1', size: '2x2' });
  near(own.map!.values, [0, 4, 28, 32.5]);
  // Layer-CAM at relu1: gradients of 1 but for three channels of -1, which are left out; at conv1 those of the ReLU's dead elements are 0.
  near((await layerCam.attribute(at)).map!.values, [0, 4, 31, 40]);
  near((await layerCam.attribute(at, { layer: 'conv1' })).map!.values, [0, 4, 31, 40]);
});

/** Sines of the index, as tools/reference/captum_values.py has them. */
const sines = (dims: readonly number[], step: number, offset = 0) =>
  float32(Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(step * i + offset)), dims); // prettier-ignore

/** Two convolutions of several channels with a ReLU behind each, their mean over the picture, three classes. */
const convolutions: Toy = (g, x) => {
  const own = (dims: readonly number[], offset: number): string => g.constant(sines(dims, 0.7, offset));
  const padded = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
  g.append('Conv', [x, own([3, 2, 3, 3], 0), own([3], 1)], ['first'], padded);
  g.append('Relu', ['first'], ['a']);
  g.append('Conv', ['a', own([4, 3, 3, 3], 2), own([4], 3)], ['second'], { ...padded, strides: [2, 2] });
  g.append('Relu', ['second'], ['b']);
  const mean = g.op('ReduceMean', ['b', g.ints([2, 3])], { keepdims: 0 });
  return g.add(g.matMul(mean, g.transpose(own([3, 4], 4), [1, 0])), own([3], 5));
};

test("Grad-CAM and Layer-CAM of several channels and classes, at two layers: Captum's values", async () => {
  const scorer = await made([2, 6, 6], convolutions);
  const values = async (method: typeof gradCam, layer: string, target: number): Promise<Float32Array> => {
    const weights = Float32Array.from({ length: 3 }, (_, k) => Number(k === target));
    return (await method.attribute(asked(scorer, numbers(sines([72], 0.37)), { weights }), { layer })).map!.values;
  };
  const zeros = new Array<number>(9).fill(0);
  near(await values(gradCam, 'second', 0), [0, 0, 6.040266, 0.414296, 0, 0, 5.574944, 7.80473, 0]);
  near(await values(gradCam, 'second', 1), [6.368402, 2.808789, 0, 0, 8.159342, 9.186425, 0, 0, 1.277981]);
  near(await values(gradCam, 'second', 2), [0, 0, 5.603176, 0.700971, 0, 0, 5.240775, 7.671338, 0]);
  near(await values(layerCam, 'second', 0), zeros);
  near(await values(layerCam, 'second', 1), [11.088338, 4.924941, 0, 0.021696, 14.158723, 15.993386, 0, 0, 2.175447]);
  near(await values(gradCam, 'first', 0), [0.09596, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.090749, 0.052538, 0.735447, 0.978806, 1.072259, 1.003158, 0.38668, 0.381247, 0.01366, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.374757, 0, 0.300722, 0.408517, 0.443593, 0.401201, 0]); // prettier-ignore
  near(await values(layerCam, 'first', 1), [0, 0, 0, 0, 0, 0, 3.811399, 14.678585, 7.125493, 8.158111, 1.027666, 0, 0, 0, 0, 0, 0, 0, 0, 0.016956, 1.72308, 9.508678, 6.9301, 3.840385, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.450038]); // prettier-ignore
});

test('a map is grown bilinearly, and a layer that is none is refused by name', async () => {
  const scorer = await made([1, 4, 4], oneConv());
  const { need } = await gradCam.attribute(asked(scorer, picture), { layer: 'conv1' });
  near(numbers(need).slice(0, 4), [11.25, 11.8125, 12.9375, 13.5]);
  await expect(gradCam.attribute(asked(scorer, picture), { layer: 'fc' })).rejects.toThrow(
    "`layer`: 'fc' is no map of the input of toy. Its last ones are 'conv1', 'relu1'.",
  );
  const flat = await made([3], multiLayer);
  const none = 'toy: no value between its input and its output is a map of the input ([1,C,H,W], or tokens of a grid), which Grad-CAM and Layer-CAM weigh.'; // prettier-ignore
  await expect(gradCam.attribute(asked(flat, [1, 2, 3]))).rejects.toThrow(none);
  await expect(rollout.attribute(asked(flat, [1, 2, 3]))).rejects.toThrow(
    'toy: has no attention between tokens (a Softmax over [...,T,T]), which attention rollout follows.',
  );
});

/** Logits of attention between a class token and four patches, two layers; a row each. */
const LOGITS = [
  [0, 1, 2, 3, 4, 1, 1, 0, 0, 0, 0, 2, 0, 1, 0, 1, 0, 1, 0, 2, 0, 0, 0, 1, 1],
  [1, 0, 2, 0, 1, 0, 3, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 2, 1, 0, 1, 0, 0, 0, 2],
];
const softmaxRows = (logits: readonly number[]): number[][] =>
  [0, 1, 2, 3, 4].map((r) => {
    const e = logits.slice(5 * r, 5 * r + 5).map(Math.exp);
    return e.map((v) => v / e.reduce((a, b) => a + b, 0));
  });
const HEAD = [2, -1];

/** A transformer whose attention is known: patches of 2x2 as tokens of (sum, first pixel), a class token, attention by LOGITS, shortcuts, a linear head. */
const transformer =
  (layers: number, guarded = false, readers: readonly number[] = [0]): Toy =>
  (g: GraphBuilder, x, batch) => {
    const patch = g.constant(float32([1, 1, 1, 1, 1, 0, 0, 0], [2, 1, 2, 2]));
    const maps = g.op('Conv', [x, patch], { kernel_shape: [2, 2], strides: [2, 2] });
    const tokens = g.transpose(g.op('Reshape', [maps, g.ints([batch, 2, 4])]), [0, 2, 1]);
    const first = g.constant(
      float32(
        Array.from({ length: 2 * batch }, (_, i) => 0.5 - (i % 2)),
        [batch, 1, 2],
      ),
    );
    let all = g.op('Concat', [first, tokens], { axis: 1 });
    for (let i = 0; i < layers; i++) {
      // Scores depend on the tokens by name only: 0 times their products.
      const own = g.mul(g.matMul(all, g.transpose(all, [0, 2, 1])), g.scalar(0));
      const weights = g.op('Softmax', [g.add(own, g.constant(float32(LOGITS[i]!, [1, 5, 5])))], { axis: -1 });
      // As exporters guard rows that are masked whole.
      const sound = guarded ? g.where(g.op('IsNaN', [weights]), g.scalar(0), weights) : weights;
      all = g.add(all, g.matMul(sound, all));
    }
    const scores = readers.map((token) => {
      const read = g.op('Gather', [all, g.constant({ type: 'int64', dims: [], data: BigInt64Array.of(BigInt(token)) })], { axis: 1 }); // prettier-ignore
      return g.matMul(read, g.constant(float32(HEAD, [2, 1])));
    });
    return scores.reduce((a, b) => g.add(a, b));
  };

test('Grad-CAM of a transformer: behind the last attention patches have no gradient, so the tokens before it are weighed', async () => {
  const scorer = await made([1, 4, 4], transformer(1));
  const { map, details } = await gradCam.attribute(asked(scorer, picture), { relu: false });
  expect(details['size']).toBe('2x2');
  const attention = softmaxRows(LOGITS[0]!)[0]!.slice(1);
  const mean = attention.reduce((a, b) => a + b, 0) / 4;
  const patches = [[0 + 1 + 4 + 5, 0], [2 + 3 + 6 + 7, 2], [8 + 9 + 12 + 13, 8], [10 + 11 + 14 + 15, 10]]; // prettier-ignore
  near(map!.values, patches.map(([a, b]) => mean * (HEAD[0]! * a! + HEAD[1]! * b!)), 3); // prettier-ignore
});

test.each([
  [false, [0], 'token 0'],
  [true, [0], 'token 0'],
  // As of a distilled transformer, whose answer is the mean of what a class token and a distillation token say.
  [false, [0, 1], 'tokens 0, 1'],
])(
  'attention rollout: the row of the tokens read in the product of (A + I) / 2; guarded against NaN: %s; read: %j',
  async (guarded, readers, read) => {
    const scorer = await made([1, 4, 4], transformer(2, guarded, readers));
    const { map, need, details, passes } = await rollout.attribute(asked(scorer, picture));
    const mixed = LOGITS.map((l) => softmaxRows(l).map((row, i) => row.map((v, j) => (v + (i === j ? 1 : 0)) / 2)));
    const from = (i: number) => [0, 1, 2, 3, 4].map((j) => mixed[1]![i]!.reduce((sum, v, k) => sum + v * mixed[0]![k]![j]!, 0)); // prettier-ignore
    const rolled = from(0).map((_, j) => readers.reduce((sum, i) => sum + from(i)[j]! / readers.length, 0));
    near(map!.values, rolled.slice(1), 6);
    expect([need.dims, passes]).toEqual([[1, 1, 4, 4], { forward: 1, backward: 0 }]);
    expect(details).toMatchObject({ layers: 2, tokens: 5, read });
  },
);

async function last(model: Model): Promise<Omit<Grid, 'value'>> {
  const classifier = await openModel(encodeModel(model), { trust: true });
  try {
    const { value: _, ...grid } = gridsOf(await (await scoredClassifier(classifier)).graph(1), 'x', SCORES).at(-1)!;
    return grid;
  } finally {
    await classifier.dispose();
  }
}

test('the last map of the input is found in maps of either layout and in tokens with and without a class token', async () => {
  expect(await last(vit())).toEqual({ layout: 'tokens', height: 4, width: 4, channels: 24, tokens: 17, before: 1 });
  expect(await last(mlpMixer())).toMatchObject({ layout: 'tokens', before: 0 });
  expect(await last(swin())).toMatchObject({ layout: 'nhwc', height: 4, width: 4, channels: 24 });
  expect(await last(convNeXt())).toMatchObject({ layout: 'nchw' });
});

test('a ViT as it is exported: Grad-CAM before the last attention, rollout over its tokens; Swin attends within windows', async () => {
  const explained = async (model: Model) => {
    const classifier = await openModel(encodeModel(model), { trust: true });
    const scorer = new Scorer(await scoredClassifier(classifier));
    const x = Array.from({ length: 3 * 32 * 32 }, (_, i) => 100 + 100 * Math.sin(i * i));
    const dispose = async () => void (await Promise.all([scorer.dispose(), classifier.dispose()]));
    return { at: asked(scorer, x, { maskDims: [1, 1, 32, 32] }), dispose };
  };
  const a = await explained(vit());
  const cam = await gradCam.attribute(a.at, { relu: false });
  expect([cam.need.dims, cam.details['size'], cam.details['score']]).toEqual([[1, 1, 32, 32], '4x4', 'logit']);
  // The tokens themselves, not the 72 channels of their queries, keys and values.
  expect([new Set(cam.map!.values).size, cam.details['channels']]).toEqual([16, 24]);
  const rolled = await rollout.attribute(a.at);
  expect(rolled.details).toMatchObject({ layers: 2, tokens: 17, read: 'token 0' });
  const sum = rolled.map!.values.reduce((x, y) => x + y, 0);
  expect(sum).toBeGreaterThan(0.2);
  expect(sum).toBeLessThan(0.8);
  await a.dispose();
  const b = await explained(swin());
  await expect(rollout.attribute(b.at)).rejects.toThrow(
    /its attention is not over all tokens of the input in every layer \(16 at a time\)/,
  );
  await b.dispose();
});

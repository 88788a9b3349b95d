// A file that normalises pixels itself is given them as they are: no convention is tried on numbers that it never saw.
import { describe, expect, test } from '@jest/globals';
import { float32, type Tensor } from '../../src/core/tensor.js';
import { settled } from '../../src/model/guess.js';
import { rangeInside } from '../../src/model/inside.js';
import { openModel, type OpenOptions } from '../../src/model/open.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encoded } from '../support/encoded.js';

type Make = (g: GraphBuilder, x: string) => string;
const perChannel = (...v: number[]): Tensor => float32(v, [1, 3, 1, 1]);
const MEAN = [0.485, 0.456, 0.406];
const STD = [0.229, 0.224, 0.225];

/** Three classes of a picture: the mean of each channel, behind what `make` does with it. */
function model(make: Make, dims: readonly (number | string)[] = ['N', 3, 16, 16]): GraphBuilder {
  const g = new GraphBuilder('inside');
  const first = make(g, g.input('x', 'float32', dims));
  const mixed = g.op('Conv', [
    first,
    g.constant(
      float32(
        new Float32Array(9).map((_, i) => Math.sin(i + 1)),
        [3, 3, 1, 1],
      ),
    ),
  ]);
  g.output(g.op('Flatten', [g.op('GlobalAveragePool', [mixed])]), 'y', { type: 'float32', dims: ['N', 3] });
  return g;
}

const minusOver = (g: GraphBuilder, x: string, mean: readonly number[], std: readonly number[]): string =>
  g.div(g.sub(x, g.constant(perChannel(...mean))), g.constant(perChannel(...std)));
const of255 = (v: readonly number[]): number[] => v.map((n) => 255 * n);

/** Each channel by itself, by Gather, then side by side again. */
const byChannel = (g: GraphBuilder, x: string, scale: readonly number[], offset: readonly number[]): string =>
  g.op('Concat', scale.map((s, c) => g.add(g.mul(g.op('Gather', [x, g.ints([c])], { axis: 1 }), g.scalar(s)), g.scalar(offset[c]!))), { axis: 1 }); // prettier-ignore

const KINDS: readonly [string, Make, 1 | 255 | undefined][] = [
  ['x / 255', (g, x) => g.div(x, g.scalar(255)), 255],
  ['x / 255, then mean and deviation', (g, x) => minusOver(g, g.div(x, g.scalar(255)), MEAN, STD), 255],
  ['mean and deviation of 0..255', (g, x) => minusOver(g, x, of255(MEAN), of255(STD)), 255],
  ['x / 127.5 - 1', (g, x) => g.sub(g.mul(x, g.scalar(1 / 127.5)), g.one), 255],
  ["a mean of pixels alone, Caffe's", (g, x) => g.sub(x, g.constant(perChannel(104, 117, 123))), 255],
  ['mean and deviation of 0..1', (g, x) => minusOver(g, x, MEAN, STD), 1],
  ['2 x - 1', (g, x) => g.sub(g.mul(x, g.scalar(2)), g.one), 1],
  ['255 x less a mean', (g, x) => g.sub(g.mul(x, g.scalar(255)), g.scalar(120)), 1],
  ['x / 255 behind a border', (g, x) => g.div(g.op('Pad', [x, g.ints([0, 0, 1, 1, 0, 0, 1, 1])]), g.scalar(255)), 255],
  ['a mean of pixels behind the other order of channels', (g, x) => g.sub(g.op('Gather', [x, g.ints([2, 1, 0])], { axis: 1 }), g.constant(perChannel(104, 117, 123))), 255], // prettier-ignore
  ['mean and deviation, channel by channel', (g, x) => byChannel(g, x, STD.map((v) => 1 / v), MEAN.map((m, i) => -m / STD[i]!)), 1], // prettier-ignore
  ['x / 255, channel by channel', (g, x) => byChannel(g, x, [1 / 255, 1 / 255, 1 / 255], [0, 0, 0]), 255],
  ["Inception's change of what is normalised already", (g, x) => byChannel(g, x, STD.map((v) => v / 0.5), MEAN.map((m) => (m - 0.5) / 0.5)), undefined], // prettier-ignore
  ['a part of the channels alone', (g, x) => g.op('Concat', [g.div(g.op('Gather', [x, g.ints([0])], { axis: 1 }), g.scalar(255)), g.op('Relu', [g.op('Gather', [x, g.ints([1, 2])], { axis: 1 })])], { axis: 1 }), undefined], // prettier-ignore
  ['nothing', (_, x) => x, undefined],
  ['a batch normalisation of what is normalised', (g, x) => g.add(g.mul(x, g.scalar(1.1)), g.scalar(-0.02)), undefined],
  ['two ways from the input', (g, x) => g.add(g.div(x, g.scalar(255)), x), undefined],
];

describe.each(KINDS)('%s', (_, make, range) => {
  test(`goes with pixels of ${range === undefined ? 'any range' : `0..${range}`}`, () =>
    expect(rangeInside(model(make).build(), 'x')).toBe(range));
});

const picture = { type: 'uint8', dims: [1, 3, 16, 16], data: new Uint8Array(768).map((_, i) => (37 * i) % 256) } as const;
const asked = async (g: GraphBuilder, options: OpenOptions = {}) => {
  const opened = await openModel(encoded(g), { trust: true, engine: 'onnxruntime', ...options });
  const { classifier, preprocessing, note } = await settled(opened, [picture]);
  await opened.dispose();
  return { range: classifier.card!.range, mean: classifier.card!.mean, source: preprocessing!.source, note };
};

test('pixels go in as they are, with a note; what a caller says stays', async () => {
  const divided: Make = (g, x) => minusOver(g, g.div(x, g.scalar(255)), MEAN, STD);
  expect(await asked(model(divided))).toEqual({
    range: 255,
    mean: [0],
    source: 'file',
    note: expect.stringContaining(
      'the first nodes of the file normalise pixels of 0..255, which go in as they are, RGB (assumed)',
    ),
  });
  expect(await asked(model(divided), { card: { input: { range: 1, mean: [0.5] } } })).toMatchObject({ range: 1, source: 'card' });
  const lastChannels = model((g, x) => divided(g, g.op('Transpose', [x], { perm: [0, 3, 1, 2] })), ['N', 16, 16, 3]);
  expect(await asked(lastChannels)).toMatchObject({ range: 255, source: 'file' });
});

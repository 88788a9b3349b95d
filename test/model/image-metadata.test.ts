// The image metadata inside a file (those that Windows ML reads) say how pictures go in, where nobody else does.
import { expect, test } from '@jest/globals';
import { float32 } from '../../src/core/tensor.js';
import { card, openModel } from '../../src/index.js';
import { imageMetadata } from '../../src/model/image-metadata.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';

/** A classifier of [1,3,8,8] whose scores are the means of its three channels, as they come in. */
function means(metadata: Record<string, string>): Uint8Array {
  const g = new GraphBuilder('means');
  const pooled = g.op('GlobalAveragePool', [g.input('x', 'float32', [1, 3, 8, 8])]);
  g.output(g.op('Flatten', [pooled], { axis: 1 }), 'scores');
  return encodeModel({ irVersion: 8, producer: '', opsets: new Map([['', 18]]), metadata, functions: [], graph: g.build() });
}

/** The scores of a dark red picture (a hundredth of full red, so that a softmax leaves something of 255), a hundred times, the first one being 0. */
async function scores(metadata: Record<string, string>, options: object = {}): Promise<{ scores: number[]; notes: string }> {
  await using model = await openModel(means(metadata), { trust: true, ...options });
  const { range } = model.card!;
  const red = float32(
    Array.from({ length: 192 }, (_, i) => (i < 64 ? range / 100 : 0)),
    [1, 3, 8, 8],
  );
  const p = Array.from((await model.predict(red)).data as Float32Array, (v) => Math.log(v));
  return { scores: p.map((v) => 100 * (v - p[0]!)), notes: model.notes.join('\n') };
}

const said = (order: string, range: string) => ({ 'Image.BitmapPixelFormat': order, 'Image.NominalPixelRange': range });
const near = (values: number[]) => values.map((v) => expect.closeTo(v, 1) as unknown);

test.each([
  ['Rgb8', 'Normalized_0_1', [0, -1, -1]],
  ['Bgr8', 'Normalized_0_1', [0, 0, 1]],
  ['Bgra8', 'Normalized_1_1', [0, 0, 2]],
  ['bgr8', 'NOMINALRANGE_0_255', [0, 0, 255]],
  ['Bgr8', 'NominalRange_16_235', [0, 0, 219]],
])('%s and %s: channels and scale are those of the file', async (order, range, expected) => {
  const { scores: found, notes } = await scores(said(order, range));
  expect(found).toEqual(near(expected));
  expect(notes).toContain('how pictures go in is taken from');
});

test('of 16..235 black is 16 and white is 235', () => {
  const { mean, std } = imageMetadata({ metadata: said('Rgb8', 'NominalRange_16_235') }, { name: 'x', dims: [1, 3, 8, 8] }).input;
  expect([0, 255].map((v) => (v - mean![0]!) / std![0]!)).toEqual(near([16, 235]));
});

test('whoever says something else is heard, and a scale is taken as a whole', async () => {
  const { scores: own } = await scores(said('Bgr8', 'NominalRange_0_255'), { card: { input: { range: 1, mean: [0], std: [1], channels: 'RGB' } } }); // prettier-ignore
  expect(own).toEqual(near([0, -1, -1]));
  const input = { name: 'x', dims: [1, 3, 8, 8] };
  expect(imageMetadata({ metadata: said('Bgr8', 'NominalRange_0_255') }, input, { mean: [0.5] }).input).toEqual({ channels: 'BGR' }); // prettier-ignore
});

test('what contradicts the input is left out and noted; unknown words are nothing; light that is linear is told', async () => {
  const grey = await scores(said('Gray8', 'NominalRange_0_255'));
  expect(grey.notes).toContain("contradict 'x', which has 3 channel(s)");
  expect((await scores(said('constructor', 'toString'))).notes).not.toContain('metadata');
  const linear = await scores({ ...said('Rgb8', 'Normalized_0_1'), 'Image.ColorSpaceGamma': 'Linear' });
  expect(linear.notes).toContain('linear light');
});

test('a card says that it is the file which says so', async () => {
  const { lines } = await card(means(said('Bgr8', 'NominalRange_0_255')), { trust: true });
  for (const field of ['channels', 'range', 'mean', 'std'])
    expect(lines.find((l) => l.field === field)).toMatchObject({ by: 'file', reason: expect.stringContaining('metadata') });
});

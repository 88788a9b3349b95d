// Pictures in whole numbers, with the preprocessing inside the model: 0..255 in the type and layout of the input, evidence on values that the file takes.
import { afterAll, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { audit } from '../../src/api/audit.js';
import { score } from '../../src/api/score.js';
import { check } from '../../src/check/check.js';
import { castTensor, float32, toFloat32, type DType, type Tensor } from '../../src/core/tensor.js';
import { encodePng } from '../../src/data/images.js';
import { openOriginal } from '../../src/engine/ort.js';
import { openModel } from '../../src/model/open.js';
import type { InputCard } from '../../src/model/card.js';
import { pictureIn } from '../../src/model/picture.js';
import { readModel } from '../../src/model/source.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { encoded } from '../support/encoded.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-integers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const uint8 = (data: Uint8Array, dims: readonly number[]): Tensor => ({ type: 'uint8', dims, data });
const [HEIGHT, WIDTH] = [10, 12];
const K = 4;

interface Made {
  readonly type: DType;
  readonly dims: readonly (number | string)[];
  /** Does the output have a batch axis? */
  readonly rows?: boolean;
  readonly divisor?: number;
}

/** Cast, to NCHW, x / 255 (or another divisor), a convolution, the mean over the picture: class k is the brightness of one mixture of channels. */
function model({ type, dims, rows = true, divisor = 255 }: Made): Uint8Array {
  const g = new GraphBuilder('integers');
  let x = g.cast(g.input('image', type, dims), 1);
  if (dims.length === 3) x = g.op('Unsqueeze', [x, g.ints([0])]);
  if (dims.at(-1) === 3) x = g.transpose(x, [0, 3, 1, 2]);
  const weights = Float32Array.from({ length: K * 3 * 9 }, (_, i) => Math.sin(1.7 * i + 1));
  const y = g.op('Relu', [g.op('Conv', [g.op('Div', [x, g.scalar(divisor)]), g.constant(float32(weights, [K, 3, 3, 3]))])]);
  const logits = g.op('Mul', [g.op('ReduceMean', [y, g.ints([2, 3])], { keepdims: 0 }), g.scalar(3)]);
  g.output(rows ? logits : g.reshape(logits, [K]), 'logits', { type: 'float32', dims: rows ? ['N', K] : [K] });
  const opsets = new Map([['', 18]]);
  return encodeModel({ irVersion: 8, producer: 'test', opsets, metadata: {}, functions: [], graph: g.build() });
}

/** Pixels [H,W,3]. */
const PIXELS = Uint8Array.from({ length: HEIGHT * WIDTH * 3 }, (_, i) => (i * 37 + (i % 3) * 90) % 256);
const PLANES = Uint8Array.from({ length: PIXELS.length }, (_, i) => {
  const [c, at] = [Math.floor(i / (HEIGHT * WIDTH)), i % (HEIGHT * WIDTH)];
  return PIXELS[3 * at + c]!;
});
const picture = join(folder, 'a.png');

/** softmax of what onnxruntime gives for the file as it is. */
async function expected(bytes: Uint8Array, image: Tensor, input = 'image'): Promise<number[]> {
  const program = await openOriginal(await readModel(bytes), {});
  const logits = toFloat32((await program.run({ [input]: image }))['logits']!);
  await program.dispose();
  const powers = Array.from(logits, Math.exp);
  return powers.map((p) => p / powers.reduce((a, b) => a + b, 0));
}

const cases: readonly [string, Made][] = [
  ['uint8 NHWC', { type: 'uint8', dims: ['N', HEIGHT, WIDTH, 3] }],
  ['uint8 NCHW, sides open', { type: 'uint8', dims: [1, 3, 'h', 'w'] }],
  ['int32 NCHW', { type: 'int32', dims: ['N', 3, HEIGHT, WIDTH] }],
  ['int64 NHWC, all open but the channels', { type: 'int64', dims: ['N', 'h', 'w', 3] }],
  ['uint8 CHW, sides open', { type: 'uint8', dims: [3, 'h', 'w'] }],
  ['uint8 HWC, sides open, no batch anywhere', { type: 'uint8', dims: ['h', 'w', 3], rows: false }],
];

describe.each(cases)('%s', (name, made) => {
  const bytes = model(made);
  const last = made.dims.at(-1) === 3;
  const own = made.dims.length === 3 ? [] : [1];
  const image = castTensor(
    uint8(last ? PIXELS : PLANES, [...own, ...(last ? [HEIGHT, WIDTH, 3] : [3, HEIGHT, WIDTH])]),
    made.type,
  );

  test('a picture file is audited, its evidence on whole numbers', async () => {
    writeFileSync(picture, await encodePng(PIXELS, WIDTH, HEIGHT));
    const path = join(folder, `${name.replace(/\W+/g, '-')}.onnx`);
    writeFileSync(path, bytes);
    const result = await audit(path, picture, { iterations: 15, beta: 1, evidenceDraws: 8, budget: 20 });
    const p = await expected(bytes, image);
    const [top] = result.prediction;
    expect(top!.probability).toBeCloseTo(Math.max(...p), 5);
    expect(top!.index).toBe(p.indexOf(Math.max(...p)));
    expect(result.agreement).toBeLessThan(1e-5);
    expect(result.betas[0]!.learned.mask.dims).toEqual([1, 1, HEIGHT, WIDTH]);
    expect(result.notes.join('\n')).toMatch(/takes pictures in whole numbers/);
    expect(/leaves height and width open/.test(result.notes.join('\n'))).toBe(made.dims.includes('h'));
  });

  test('values between whole numbers are rounded before the file is asked', async () => {
    const classifier = await openModel(bytes, { card: { input: { size: [HEIGHT, WIDTH] } } });
    try {
      const moved = float32(
        Float32Array.from(PLANES, (v, i) => v + (i % 2 ? 0.4 : -0.4)),
        [1, 3, HEIGHT, WIDTH],
      );
      const [p] = [toFloat32(await classifier.predict(moved))];
      (await expected(bytes, image)).forEach((v, i) => expect(p[i]).toBeCloseTo(v, 6));
      // The gradient by the picture is there, and not zero.
      const { gradients } = await classifier.vjp(
        { image },
        { logits: float32([1, -1, 0.5, 2], made.rows === false ? [K] : [1, K]) },
      );
      expect(toFloat32(gradients['image']!).some((v) => v !== 0)).toBe(true);
    } finally {
      await classifier.dispose();
    }
  });

  test('score and check take pictures as well', async () => {
    const data = join(folder, 'data');
    for (const label of ['0', '1', '2', '3']) mkdirSync(join(data, label), { recursive: true });
    writeFileSync(join(data, '2', 'a.png'), await encodePng(PIXELS, WIDTH, HEIGHT));
    writeFileSync(picture, await encodePng(PIXELS, WIDTH, HEIGHT));
    const p = await expected(bytes, image);
    const result = await score(bytes, data);
    expect(result.predictions[0]!.probability).toBeCloseTo(Math.max(...p), 5);
    const checked = await check(bytes, {
      inputs: [{ image: picture }],
      card: { input: { size: [HEIGHT, WIDTH] } },
      engine: 'onnxruntime',
    });
    expect(checked.agrees).toBe(true);
  });
});

test('int8 holds 0..255 less 128, and a card whose normalisation would be rounded away is refused', async () => {
  const bytes = model({ type: 'int8', dims: [1, 3, HEIGHT, WIDTH] });
  const classifier = await openModel(bytes);
  const own = castTensor(
    float32(
      Float32Array.from(PLANES, (v) => v - 128),
      [1, 3, HEIGHT, WIDTH],
    ),
    'int8',
  );
  const p = toFloat32(await classifier.predict(uint8(PLANES, [1, 3, HEIGHT, WIDTH])));
  (await expected(bytes, own)).forEach((v, i) => expect(p[i]).toBeCloseTo(v, 6));
  await classifier.dispose();
  const uint = model({ type: 'uint8', dims: [1, 3, HEIGHT, WIDTH] });
  const imagenet = { range: 1, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;
  await expect(openModel(uint, { card: { input: imagenet } })).rejects.toThrow(/takes pictures as whole numbers of type uint8/);
});

describe('grey pictures without an axis of channels', () => {
  const found = (dims: readonly number[], card: Partial<InputCard> = {}, type?: DType): unknown => {
    const picture = pictureIn(dims, card, type);
    return picture && [picture.channels, picture.size, picture.batched];
  };
  const grey = [1, [16, 16], true];

  test.each([
    ['bytes [N,H,W]', [1, 16, 16], {}, 'uint8', grey],
    ['bytes of a batch of 4', [4, 16, 16], {}, 'uint8', grey],
    ['bytes less 128', [1, 16, 16], {}, 'int8', grey],
    ['floats that the card calls grey', [1, 16, 16], { channels: 'GREY' }, undefined, [1, [16, 16], false]],
    ['a batch of floats that the card calls grey', [4, 16, 16], { channels: 'GREY' }, undefined, grey],
    ['floats [H,W] of the size of the card', [16, 16], { size: [16, 16] }, undefined, [1, [16, 16], false]],
    ['floats: a series as well as a picture', [1, 16, 16], {}, undefined, undefined],
    ['ids: tokens as well as pixels', [1, 16, 16], {}, 'int64', undefined],
    ['three planes of bytes', [3, 16, 16], {}, 'uint8', [3, [16, 16], false]],
    ['colour has its channels', [4, 16, 16], { channels: 'RGB' }, 'uint8', undefined],
    ['rows too short for a picture', [4, 16, 3], {}, 'uint8', undefined],
  ] as const)('%s', (_, dims, card, type, expected) => expect(found(dims, card, type)).toEqual(expected));

  const rows = (type: DType, dims: readonly (number | string)[]): Uint8Array => {
    const g = new GraphBuilder('grey');
    const x = g.reshape(g.cast(g.input('x', type, dims), 1), [-1, HEIGHT * WIDTH]);
    const w = Float32Array.from({ length: HEIGHT * WIDTH * K }, (_, i) => Math.sin(i) / 255 / WIDTH);
    g.output(g.matMul(x, g.constant(float32(w, [HEIGHT * WIDTH, K]))), 'logits', { type: 'float32', dims: ['N', K] });
    return encoded(g);
  };

  test.each([
    ['bytes', 'uint8', ['N', HEIGHT, WIDTH], {}],
    ['bytes, sides open', 'uint8', ['N', 'h', 'w'], {}],
    ['floats, by the card', 'float32', ['N', HEIGHT, WIDTH], { channels: 'GREY' }],
  ] as const)('%s: a picture file goes in as its grey values', async (_, type, dims, input) => {
    const bytes = rows(type, dims);
    const path = join(folder, 'grey.onnx');
    writeFileSync(path, bytes);
    writeFileSync(picture, await encodePng(PIXELS, WIDTH, HEIGHT));
    const luma = Uint8Array.from(
      { length: HEIGHT * WIDTH },
      (_, i) => (PIXELS[3 * i]! * 19595 + PIXELS[3 * i + 1]! * 38470 + PIXELS[3 * i + 2]! * 7471 + 32768) >> 16,
    );
    const own = { ...uint8(luma, [1, HEIGHT, WIDTH]), type };
    const result = await audit(path, picture, { card: { input }, iterations: 5, beta: 1, evidenceDraws: 8, budget: 20 });
    const image = type === 'uint8' ? own : float32(Float32Array.from(luma), own.dims);
    const p = await expected(bytes, image, 'x');
    expect(result.prediction[0]!.probability).toBeCloseTo(Math.max(...p), 5);
    expect(result.betas[0]!.learned.mask.dims).toEqual([1, 1, HEIGHT, WIDTH]);
  });

  test('floats that nobody calls a picture are refused one, and told how to call them so', async () => {
    const path = join(folder, 'series.onnx');
    writeFileSync(path, rows('float32', ['N', HEIGHT, WIDTH]));
    writeFileSync(picture, await encodePng(PIXELS, WIDTH, HEIGHT));
    const failed = audit(path, picture, { iterations: 5 });
    await expect(failed).rejects.toThrow(/its input \[1,10,12\] is not a picture\. .* say so with `channels` GREY/);
  });
});

// An array as a script has scaled it: 0.6 would go in as 0 or 1, and 300 as 44 or 255.
test.each(['uint8', 'int64'] as const)(
  'an array that whole numbers (%s) cannot hold is refused, and one of whole floats taken',
  async (type) => {
    const shape = [1, 3, HEIGHT, WIDTH];
    const bytes = model({ type, dims: ['N', ...shape.slice(1)] });
    const array = (f: (v: number) => number): Tensor => float32(Float32Array.from(PLANES, f), shape);
    const settings = { iterations: 2, beta: 1, evidenceDraws: 2 };
    for (const f of [
      (v: number) => v / 255,
      (v: number) => (v === 0 ? 0 : NaN),
      ...(type === 'uint8' ? [(v: number) => 2 * v] : []),
    ])
      await expect(audit(bytes, array(f), settings)).rejects.toThrow(
        new RegExp(`^Whole numbers of type ${type} are needed, and .* is none`),
      );
    expect((await audit(bytes, array(Number), settings)).prediction).toHaveLength(K);
  },
);

test('ids of tokens are no picture', async () => {
  const g = new GraphBuilder('ids');
  const table = g.constant(
    float32(
      Float32Array.from({ length: 40 }, (_, i) => Math.sin(i)),
      [10, 4],
    ),
  );
  const rows = g.op('Gather', [table, g.input('ids', 'int64', [1, 3, 8, 8])]);
  g.output(g.op('ReduceMean', [rows, g.ints([1, 2, 3])], { keepdims: 0 }), 'logits', { type: 'float32', dims: [1, 4] });
  const opsets = new Map([['', 18]]);
  const bytes = encodeModel({ irVersion: 8, producer: 'test', opsets, metadata: {}, functions: [], graph: g.build() });
  const classifier = await openModel(bytes);
  expect(classifier.card).toBeUndefined();
  await classifier.dispose();
});

test.each([
  ['[N,120] grey', ['N', HEIGHT * WIDTH], { size: [HEIGHT, WIDTH] }, 1],
  ['[N,h*w] grey, length open', ['N', 'pixels'], { size: [HEIGHT, WIDTH], channels: 'GREY' }, 1],
  ['[N,10,12] grey', ['N', HEIGHT, WIDTH], { size: [HEIGHT, WIDTH] }, 1],
  ['[N,360] planes', ['N', 3 * HEIGHT * WIDTH], { size: [HEIGHT, WIDTH], range: 1 }, 3],
  ['[N,360] pixels', ['N', 3 * HEIGHT * WIDTH], { size: [HEIGHT, WIDTH], layout: 'NHWC', channels: 'BGR', range: 255 }, 3],
  ['[360] alone', [3 * HEIGHT * WIDTH], { size: [HEIGHT, WIDTH], range: 255 }, 3],
] as const)('a flat input takes pictures where the card gives the size: %s', async (_, dims, input, channels) => {
  const g = new GraphBuilder('flat');
  const per = channels * HEIGHT * WIDTH;
  const x = g.input('x', 'float32', [...dims]);
  const w = Float32Array.from({ length: per * K }, (_, i) => Math.sin(i) / per);
  const rows = dims.length === 2 ? x : g.reshape(x, dims.length === 1 ? [1, per] : [-1, per]);
  g.output(g.matMul(rows, g.constant(float32(w, [per, K]))), 'logits', { type: 'float32', dims: ['N', K] });
  const opsets = new Map([['', 18]]);
  const bytes = encodeModel({ irVersion: 8, producer: 'test', opsets, metadata: {}, functions: [], graph: g.build() });
  const path = join(folder, 'flat.onnx');
  writeFileSync(path, bytes);
  writeFileSync(picture, await encodePng(PIXELS, WIDTH, HEIGHT));
  const card = { input: input as object };
  const result = await audit(path, picture, { card, iterations: 10, beta: 1, evidenceDraws: 8, budget: 20 });
  const scale = 'range' in input && input.range === 255 ? 1 : 1 / 255;
  // What the model is to be fed, made here by hand from the pixels.
  const luma = (i: number): number =>
    (PIXELS[3 * i]! * 19595 + PIXELS[3 * i + 1]! * 38470 + PIXELS[3 * i + 2]! * 7471 + 32768) >> 16;
  const fed = Float32Array.from({ length: per }, (_, i) => {
    if (channels === 1) return luma(i);
    if ('layout' in input) return PIXELS[i - (i % 3) + 2 - (i % 3)]!;
    return PLANES[i]! * scale;
  });
  const logits = Array.from({ length: K }, (_, k) => fed.reduce((sum, v, i) => sum + v * w[i * K + k]!, 0));
  const powers = logits.map((z) => Math.exp(z - Math.max(...logits)));
  const best = Math.max(...powers) / powers.reduce((a, b) => a + b, 0);
  expect(result.prediction[0]!.probability).toBeCloseTo(best, 4);
  expect(result.betas[0]!.learned.mask.dims).toEqual([1, 1, HEIGHT, WIDTH]);
});

test.each([
  [65535, 'uint16', 65535, 'times 257, as its first nodes take 0..65535'],
  [65535, 'int32', 65535, 'times 257, as its first nodes take 0..65535'],
  [255, 'uint16', 255, 'as they are'],
] as const)('divided by %i inside, %s: white goes in as %i', async (divisor, type, white, how) => {
  const bytes = model({ type, dims: ['N', 3, HEIGHT, WIDTH], divisor });
  const opened = await openModel(bytes, { trust: true, engine: 'onnxruntime' });
  const { card, notes } = opened;
  await opened.dispose();
  expect((card!.range - card!.mean[0]!) / card!.std[0]!).toBeCloseTo(white, 6);
  expect(notes.join()).toContain(`pixels of 0..255 go in ${how}, RGB`);
});

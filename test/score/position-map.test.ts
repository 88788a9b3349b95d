// Grids against a model whose answer is known for every position, and runs that are killed and go on.
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { float32 } from '../../src/core/tensor.js';
import { dialectModel } from '../../src/engine/ort.js';
import type { Classifier } from '../../src/model/classifier.js';
import { openModel } from '../../src/model/open.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { centres, place, prepared, type PlacedObject } from '../../src/score/placing.js';
import { accuracyMap, positionMap, type PositionMapOptions } from '../../src/score/position-map.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-grid-'));
const at = (...parts: string[]): string => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Pictures [N,1,9,8] of 0..255: class 1 where the first four columns hold more than two and a half white pixels. */
function leftHalf(): Uint8Array {
  const g = new GraphBuilder();
  const x = g.input('image', 'float32', ['batch', 1, 9, 8]);
  g.append('Flatten', [x], ['flat'], { axis: 1 });
  g.constants.set('w', float32(Float32Array.from({ length: 144 }, (_, i) => (i % 2 === 1 && (i >> 1) % 8 < 4 ? 1 / 255 : 0)), [72, 2])); // prettier-ignore
  g.constants.set('b', float32([0, -2.5]));
  g.append('Gemm', ['flat', 'w', 'b'], ['logits']);
  g.output('logits', 'logits', { type: 'float32', dims: ['batch', 2] });
  return encodeModel(dialectModel(g.build()));
}

const white: PlacedObject = { channels: 1, height: 3, width: 3, pixels: new Uint8Array(9).fill(255), label: 1 };
const black: PlacedObject = { ...white, pixels: new Uint8Array(9), label: 0 };
let classifier: Classifier;
beforeAll(async () => {
  writeFileSync(at('net.onnx'), leftHalf());
  writeFileSync(
    at('sprite.png'),
    await sharp(white.pixels, { raw: { width: 3, height: 3, channels: 1 } })
      .png()
      .toBuffer(),
  );
  classifier = await openModel(at('net.onnx'));
});
afterAll(() => classifier.dispose());

/** How many pixels of a 3 x 3 square centred there lie in the first four columns. */
const inside = (row: number, column: number): number => {
  let n = 0;
  for (let y = row - 1; y <= row + 1; y++)
    for (let x = column - 1; x <= column + 1; x++) n += +(y >= 0 && y < 9 && x >= 0 && x < 4);
  return n;
};

describe('placing', () => {
  test('centres, with and without clipping', () => {
    expect(centres(5, 3, 1, true)).toEqual([0, 1, 2, 3, 4]);
    expect(centres(6, 3, 2, false)).toEqual([1, 3]);
    expect(centres(4, 4, 1, false)).toEqual([2]);
    expect(centres(3, 4, 1, false)).toEqual([]);
  });

  test('alpha blends, the part outside is cut off', () => {
    const image = new Uint8Array(6).fill(100);
    const object: PlacedObject = { channels: 1, height: 2, width: 2, pixels: Uint8Array.of(1, 2, 200, 4), alpha: Uint8Array.of(255, 255, 51, 0) }; // prettier-ignore
    place(image, 2, 3, object, 0, 2);
    expect([...image]).toEqual([100, 120, 100, 100, 100, 100]);
  });

  test('an object is brought to size and channels; arrays have to fit', () => {
    expect(prepared(white, 3, [2, 4])).toMatchObject({ channels: 3, height: 2, width: 4, pixels: new Uint8Array(24).fill(255) });
    expect(() => prepared({ ...white, pixels: new Uint8Array(8) }, 1)).toThrow(
      'An object of 1 x 3 x 3 takes 9 pixel values and 9 of alpha, received 8 and none.',
    );
  });
});

test('accuracy at every position, in closed form', async () => {
  const r = await positionMap(classifier, { objects: [white, black] });
  expect([r.rows.length, r.columns.length, r.samples]).toEqual([9, 8, 2]);
  for (const p of r.positions)
    expect([p.row, p.column, p.correct]).toEqual([p.row, p.column, inside(p.row, p.column) > 2.5 ? 2 : 1]);
  expect(accuracyMap(r)).toHaveLength(72);
  const limited = await positionMap(classifier, { objects: [white], clip: false, stride: 2 });
  expect([limited.rows, limited.columns]).toEqual([
    [1, 3, 5, 7],
    [1, 3, 5],
  ]);
  // On white the square is never needed; on noise its label is what the model says with it in the middle.
  const onWhite = await positionMap(classifier, { objects: [white], background: 255 });
  expect(onWhite.total.accuracy).toBe(1);
  const noise = await positionMap(classifier, { objects: [{ ...white, label: undefined }], background: 'noise', stride: 4 });
  expect(noise.samples).toBe(32);
  expect(noise).toEqual(
    await positionMap(classifier, { objects: [{ ...white, label: undefined }], background: 'noise', stride: 4 }),
  );
});

test.each<[string, Partial<PositionMapOptions>, string]>([
  ['none', { objects: [] }, 'There are no objects to place.'],
  [
    'sizes',
    { objects: [white, { ...white, height: 1, width: 9 }] },
    'The objects differ in size. Bring them to one with `objectSize`.',
  ],
  ['too large', { size: [10, 3], clip: false }, 'An object of 10 x 3 pixels does not fit into the input of 9 x 8. Choose a smaller `objectSize`.'], // prettier-ignore
  ['samples', { samples: 2 }, '2 samples a position of 1 object(s) would repeat themselves. Give `samples: 1` or less, or more objects.'], // prettier-ignore
  ['background', { background: new Uint8Array(3) }, '`background`: expected 72 values, received 3.'],
])('refused: %s', async (_, options, message) => {
  await expect(positionMap(classifier, { objects: [white], ...options })).rejects.toThrow(message);
});

test('a run that was killed goes on where it stood, and ends as the unbroken one', async () => {
  const options = { objects: [white, black], background: 'noise', samples: 5, batch: 8, seed: 3 } as const;
  const whole = await positionMap(classifier, { ...options, journal: at('whole.jsonl') });
  const abort = new AbortController();
  const journal = at('broken.jsonl');
  const part = await positionMap(classifier, {
    ...options,
    journal,
    signal: abort.signal,
    onProgress: (n) => n >= 20 && abort.abort(),
  });
  expect([part.positions.length, part.interrupted]).toEqual([20, true]);
  // A kill in the middle of a line.
  writeFileSync(journal, readFileSync(journal, 'utf8').slice(0, -9));
  let first = 0;
  const rest = await positionMap(classifier, { ...options, journal, onProgress: (n) => void (first ||= n) });
  expect(first).toBe(20);
  expect(rest).toEqual(whole);
  expect(new Set(readFileSync(journal, 'utf8').split('\n'))).toEqual(
    new Set(readFileSync(at('whole.jsonl'), 'utf8').split('\n')),
  );
  await expect(positionMap(classifier, { ...options, seed: 4, stride: 2, journal })).rejects.toThrow(
    /^Journal '.*broken\.jsonl': belongs to a run of other settings: stride was 1, is 2; seed was 3, is 4\. Choose another place, or delete the journal\.$/,
  );
  writeFileSync(at('bad.jsonl'), 'x\n');
  await expect(positionMap(classifier, { ...options, journal: at('bad.jsonl') })).rejects.toThrow(
    `Journal '${at('bad.jsonl')}': is damaged. Delete it to begin again.`,
  );
});

test('the command: heat map, CSV, JSON; the label of a sprite', async () => {
  const argv = ['grid', at('net.onnx'), '--objects', at('sprite.png'), '--range', '255', '--out', at('out')];
  const { code, out, err } = await cli(...argv, '--label', '1');
  expect([code, err]).toEqual([0, 'positions ...\n']);
  const right = Array.from({ length: 72 }, (_, p) => +(inside(Math.floor(p / 8), p % 8) > 2.5)).reduce((a, b) => a + b, 0);
  expect(out).toContain(`72 positions of 1 sample(s)\n  overall  ${((100 * right) / 72).toFixed(2)} % (${right} of 72,`);
  expect(readFileSync(at('out/grid.csv'), 'utf8')).toMatch(/^row,column,count,correct,accuracy,low,high\n0,0,1,1,1,/);
  expect(JSON.parse(readFileSync(at('out/grid.json'), 'utf8'))).toMatchObject({
    schema: 'lan-onnx/grid@1',
    input: [9, 8],
    samples: 1,
  });
  expect((await sharp(at('out/grid.png')).metadata()).format).toBe('png');
  const other = await cli(...argv, '--label', '0');
  expect(other.code).toBe(2);
  expect(other.err).toMatch(/^lan-onnx: Journal '.*': belongs to a run of other settings: labels was "\w+", is "\w+"\. Choose/);
  expect((await cli(...argv, '--label', 'zebra')).err).toBe(
    "lan-onnx: --label: expected a class name or a number from 0 to 1, received 'zebra'.\n",
  );
  expect((await cli(...argv, '--background', 'blue')).err).toBe(
    "lan-onnx: --background: expected a number from 0 to 255, a picture, or noise, received 'blue'.\n",
  );
});

const full = existsSync('/dev/full') ? test : test.skip;
full('a full disk, a folder that can not be written', async () => {
  symlinkSync('/dev/full', at('full.jsonl'));
  await expect(positionMap(classifier, { objects: [white], journal: at('full.jsonl') })).rejects.toThrow(
    `Cannot write '${at('full.jsonl')}': no space left on device. Choose another place.`,
  );
  const out = join(at('net.onnx'), 'x');
  expect(await cli('grid', at('net.onnx'), '--objects', at('sprite.png'), '--range', '255', '--out', out)).toEqual({
    code: 2,
    out: '',
    err: `lan-onnx: Cannot write '${out}': a part of the path is a file, not a folder. Choose another place.\n`,
  });
});

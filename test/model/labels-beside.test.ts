// A file beside the model that holds as many names as it has classes: said, and never taken unasked.
import { afterAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModel } from '../../src/model/open.js';
import { score } from '../../src/api/score.js';
import { encodeNpy } from '../../src/data/npy.js';
import { float32, int64 } from '../../src/core/tensor.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encoded } from '../support/encoded.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-beside-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const put = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

/** Logits of three classes of x [N,48]. */
const g = new GraphBuilder('three');
const weights = Float32Array.from({ length: 144 }, (_, i) => Math.sin(i));
g.output(g.matMul(g.input('x', 'float32', ['N', 48]), g.constant(float32(weights, [48, 3]))), 'y', {
  type: 'float32',
  dims: ['N', 3],
});
const path = put('m.onnx', encoded(g));

async function notes(labels?: readonly string[]): Promise<readonly string[]> {
  const model = await openModel(path, { trust: true, engine: 'onnxruntime', ...(labels ? { card: { labels } } : {}) });
  await model.dispose();
  expect(model.labels).toEqual(labels ?? []);
  return model.notes;
}

test('is named where it fits, and only there', async () => {
  put('labels.txt', 'a\nb\n');
  put('class_names.json', '{');
  put('names of cats.txt', 'a\nb\nc\n');
  expect(await notes()).toEqual([]);
  const fits = put('classes.json', '{"classes": ["a", "b", "c"]}');
  expect(await notes()).toEqual([
    `'${fits}' holds 3 names, as many as there are classes: where they are this model's, give it as \`labels\``,
  ]);
  expect(await notes(['x', 'y', 'z'])).toEqual([]);
});

test('pictures that a flat input is given are refused with what would make them fit', async () => {
  const data = join(folder, 'images.npy');
  put('images.npy', encodeNpy(float32(new Float32Array(2 * 48), [2, 3, 4, 4])));
  put('labels.npy', encodeNpy(int64([0, 1], [2])));
  await expect(score(path, data, { trust: true })).rejects.toMatchObject({
    problem: expect.stringContaining('expected samples of shape [48], received [3,4,4]'),
    advice: 'Where it takes pictures of 4 x 4, give that as `size`.',
  });
});

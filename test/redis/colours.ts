// Which colour is brightest? The classifier of these tests and its pictures, 8 x 8.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePng } from '../../src/data/images.js';
import { dialectModel } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';

/** Writes m.onnx, its card, and a picture for each name: red, green, blue and red again, no two alike. */
export async function writeColours(folder: string, names: readonly string[]): Promise<void> {
  const g = new GraphBuilder();
  const mean = g.op('ReduceMean', [g.input('x', 'float32', ['N', 3, 8, 8]), g.ints([2, 3])], { keepdims: 0 });
  g.output(g.op('Softmax', [g.mul(mean, g.scalar(20))], { axis: 1 }), 'p', { type: 'float32', dims: ['N', 3] });
  writeFileSync(join(folder, 'm.onnx'), encodeModel(dialectModel(g.build())));
  const card = { input: { range: 1, mean: [0], std: [1] }, labels: ['red', 'green', 'blue'] };
  writeFileSync(join(folder, 'm.card.json'), JSON.stringify(card));
  for (const [i, name] of names.entries()) {
    const pixels = Uint8Array.from({ length: 192 }, (_, k) => (k % 3 === i % 3 ? 200 : i));
    writeFileSync(join(folder, `${name}.png`), await encodePng(pixels, 8, 8));
  }
}

// Other samples of a dataset as noise (eta_boot, paper Section 3.2): drawn, read, and taken to where the mask lies.
import type { Classifier } from '../model/classifier.js';
import { LanError } from '../core/errors.js';
import { float32, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { toPixels, wrongShape } from '../data/dataset.js';
import { openDataset } from '../data/open-dataset.js';
import { pictureSpec } from '../score/picture-spec.js';
import { chosen } from '../score/score.js';

/** Samples at most, and their elements (256 MB). */
const MOST = 1024;
const ELEMENTS = 2 ** 26;
/** Samples read at once. */
const CHUNK = 64;

/**
 * Samples [n,...sampleShape] where the mask lies, of the dataset at `path` (its training part where it has one): at most 1,024, drawn by `seed`,
 * fewer where they are large; and notes for the user. Samples that cannot be read are left out. Throws LanError for what is no dataset, samples of
 * another shape, and none that can be read.
 */
export async function bootstrapSamples(
  path: string,
  classifier: Classifier,
  seed: number,
): Promise<{ readonly samples: Tensor; readonly notes: readonly string[] }> {
  const { card, inputShape, sampleShape, source } = classifier;
  const dataset = await openDataset(path, { prefer: 'train', labels: false, plugins: classifier.plugins });
  try {
    const { name, length, shape } = dataset;
    const spec = pictureSpec(classifier);
    if (!spec && !shape)
      throw new LanError(
        'data',
        `\`noise\` 'bootstrap:${path}': holds pictures, but ${source.name} takes none.`,
        'Expected an .npy file.',
      );
    const per = sizeOf(sampleShape);
    const limit = Math.min(MOST, Math.max(2, Math.floor(ELEMENTS / Math.max(per, sizeOf(inputShape)))));
    const order = chosen(length, { limit, seed });
    const rows: Float32Array[] = [];
    const unreadable: string[] = [];
    for (let at = 0; at < order.length; at += CHUNK) {
      const batch = await dataset.read(order.slice(at, at + CHUNK), spec);
      unreadable.push(...batch.unreadable.map((u) => u.reason));
      if (batch.indices.length === 0) continue;
      const own = batch.x.dims.slice(1);
      if (sizeOf(own) !== sizeOf(inputShape)) throw wrongShape(name, own, inputShape);
      const values = toFloat32(card ? toPixels(batch.x, card.range) : batch.x);
      const size = sizeOf(inputShape);
      for (let i = 0; i < batch.indices.length; i++) {
        const sample = float32(values.subarray(i * size, (i + 1) * size), [1, ...inputShape]);
        rows.push(toFloat32((await classifier.locate(sample)).x));
      }
    }
    if (rows.length === 0)
      throw new LanError(
        'data',
        unreadable.length > 0
          ? `Dataset '${name}': none of ${unreadable.length} samples could be read; the first: ${unreadable[0]!}`
          : `Dataset '${name}': holds no samples.`,
      );
    const data = new Float32Array(rows.length * per);
    rows.forEach((row, i) => data.set(row, i * per));
    const notes = [...dataset.notes, `the noise is ${rows.length} of the ${length} samples of '${name}'`];
    if (unreadable.length > 0)
      notes.push(`${unreadable.length} samples of '${name}' cannot be read; the first: ${unreadable[0]!}`);
    return { samples: float32(data, [rows.length, ...sampleShape]), notes };
  } finally {
    await dataset.close();
  }
}

// How many samples a classifier runs fastest at once, measured.
import { sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import type { Dataset, PictureSpec } from '../data/dataset.js';
import type { Classifier } from '../model/classifier.js';

const CANDIDATES = [1, 2, 4, 8, 16, 32, 64, 128, 256];
/** An input of more bytes is not worth measuring: caches are long exceeded. */
const MAX_INPUT = 2 ** 26;

/** The batch axis that the file itself fixes. */
function fixedBatch({ source, input, picture }: Classifier): number | undefined {
  if (picture?.batched === false) return 1;
  const dims = source.model.graph.inputs.find((i) => i.name === input.name)?.dims;
  return typeof dims?.[0] === 'number' && dims[0] > 0 ? dims[0] : undefined;
}

/** The batch to run: the file's, the one asked for, or the fastest of CANDIDATES, timed on the first samples. */
export async function batchSize(
  classifier: Classifier,
  dataset: Dataset,
  order: readonly number[],
  spec: PictureSpec | undefined,
  batch: 'auto' | number,
): Promise<number> {
  const fixed = fixedBatch(classifier);
  if (fixed !== undefined || batch !== 'auto') return fixed ?? (batch as number);
  for (let at = 0; at < order.length; at++) {
    const first = await dataset.read([order[at]!], spec);
    if (first.indices.length > 0) return fastestBatch(classifier, first.x, order.length);
  }
  return 1;
}

/** Times batches of copies of one sample, largest of CANDIDATES last, until twice in a row none was faster. At most a second or two. */
export async function fastestBatch(classifier: Classifier, sample: Tensor, most = Infinity): Promise<number> {
  const per = sizeOf(sample.dims);
  const one = sample.type === 'uint8' ? (sample.data as Uint8Array) : toFloat32(sample);
  let best = { size: 1, rate: 0 };
  let worse = 0;
  for (const size of CANDIDATES) {
    if (size > 1 && (size > most || size * per * 4 > MAX_INPUT || worse > 1)) break;
    const data = one instanceof Uint8Array ? new Uint8Array(size * per) : new Float32Array(size * per);
    for (let i = 0; i < size; i++) data.set(one, i * per);
    const x = { ...sample, dims: [size, ...sample.dims.slice(1)], data };
    try {
      // The first run allocates; the fastest of the others is what the machine can do.
      await classifier.predict(x, classifier.card, size);
      let least = Infinity;
      const until = performance.now() + 80;
      for (let i = 0; i < 2 || performance.now() < until; i++) {
        const start = performance.now();
        await classifier.predict(x, classifier.card, size);
        least = Math.min(least, performance.now() - start);
      }
      const rate = size / least;
      worse = rate > best.rate ? 0 : worse + 1;
      // A larger batch takes more memory: it has to be worth it.
      if (rate > best.rate * 1.01) best = { size, rate };
    } catch (error) {
      // A model may declare its batch open and still take one sample only.
      if (size === 1) throw error;
      break;
    }
  }
  return best.size;
}

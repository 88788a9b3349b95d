// Training samples of a model's own input (ids of tokens, whole numbers), taken to the value inside it where the mask lies.
import { sizeOf, toFloat32 } from '../core/tensor.js';
import type { Samples } from '../lan/samples.js';
import type { Classifier } from '../model/classifier.js';
import { asInput, requireInputShape } from '../model/own-inputs.js';

/** Values inside are kept up to so many bytes. */
const CACHE = 2 ** 30;

/** Training samples [n,...sampleShape] at the hook point, from those of the input [n,...inputShape]; each is computed once, as far as 1 GiB holds them. */
export function samplesAtHookPoint(samples: Samples, classifier: Classifier): Samples {
  const per = sizeOf(classifier.sampleShape);
  const own = sizeOf(classifier.inputShape);
  const known = new Map<number, Float32Array>();
  const keep = 4 * per * samples.count <= CACHE;
  return {
    ...samples,
    shape: classifier.sampleShape,
    async read(indices, draw) {
      requireInputShape(classifier, samples.shape);
      const wanted = Array.from(indices);
      const missing = [...new Set(wanted)].filter((i) => !known.has(i));
      const values = missing.length === 0 ? new Float32Array(0) : await samples.read(missing, draw);
      const found = new Map<number, Float32Array>();
      for (const [k, i] of missing.entries()) {
        const { x } = await classifier.locate(asInput(classifier, values.slice(k * own, (k + 1) * own)));
        found.set(i, toFloat32(x));
        if (keep) known.set(i, found.get(i)!);
      }
      const out = new Float32Array(wanted.length * per);
      wanted.forEach((i, k) => out.set((found.get(i) ?? known.get(i))!, k * per));
      return out;
    },
  };
}

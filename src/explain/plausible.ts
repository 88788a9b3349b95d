// What inputs of a classifier look like: the range of their values, and other tokens.
import { sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { createNoise, type Noise } from '../lan/noise.js';
import { columnsOf, type Columns } from '../lan/columns.js';
import type { LanSettings } from '../lan/settings.js';
import type { Classifier } from '../model/open.js';

/**
 * Plausible values: a picture's range, else from the least to the greatest value of the input itself. Where other inputs are known and theirs are no
 * pictures and no vectors of tokens, also what each feature is among them: centimetres and years have no range in common.
 */
export function rangeOf(classifier: Classifier, x: Tensor, samples?: Tensor): { low: number; high: number; columns?: Columns } {
  if (classifier.card && !classifier.hookPoint) return { low: 0, high: classifier.card.range };
  const values = toFloat32(x);
  const range = {
    low: values.reduce((a, b) => Math.min(a, b), Infinity),
    high: values.reduce((a, b) => Math.max(a, b), -Infinity),
  };
  const several = samples !== undefined && samples.dims[0]! > 1 && !classifier.hookPoint && !classifier.card;
  return several ? { ...range, columns: columnsOf(samples) } : range;
}

/**
 * Noise for one input x [1,...sample], by its description. `samples` are those of the noise `first`; of any other `samplesFor` tells them, and `tokens` gives vectors of random
 * tokens.
 */
export const noisesFor =
  (
    classifier: Classifier,
    x: Tensor,
    {
      first,
      samples,
      samplesFor,
      tokens,
    }: {
      readonly first: string;
      readonly samples?: Tensor | undefined;
      readonly samplesFor?: ((noise: string) => Promise<Tensor | undefined>) | undefined;
      readonly tokens: () => Promise<Tensor>;
    },
  ) =>
  async (noise: string): Promise<Noise> => {
    const own = (noise === first ? undefined : await samplesFor?.(noise)) ?? samples;
    const pool = classifier.hookPoint?.tokens && noise === 'tokens' ? await tokens() : undefined;
    return createNoise(noise, { x, ...rangeOf(classifier, x, own), samples: own, tokens: pool, plugins: classifier.plugins });
  };

/** Elements of the pool of other tokens at most: 64 MB. */
const POOL = 2 ** 24;

/** Vectors of random tokens [n,T,E] for noise, where the mask lies on them. */
export const tokenPool = (classifier: Classifier, { seed }: LanSettings): Promise<Tensor> =>
  classifier.randomTokens(Math.max(2, Math.min(64, Math.floor(POOL / sizeOf(classifier.sampleShape)))), seed);

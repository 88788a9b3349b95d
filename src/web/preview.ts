// What a model answers with a part of its input replaced, while the mask that says which part is still being learned.
import { random, STREAMS } from '../core/random.js';
import { float32, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { replace, spread } from '../evidence/corrupt.js';
import { replacedFirst } from '../evidence/replaced.js';
import { topPredictions, type Prediction } from '../explain/predictions.js';
import { createNoise } from '../lan/noise.js';
import type { Classifier } from '../model/open.js';

/** What is looked at. */
export interface Preview {
  /** [1,...sample] in pixel space. */
  readonly x: Tensor;
  /** Which elements go first: the largest values. */
  readonly mask: Tensor;
  /** Part of the elements that is replaced, in [0,1]. */
  readonly share: number;
  readonly noise: string;
  readonly seed: number;
}

/** x with that share of it replaced by one draw of noise, and the most probable classes of that. */
export async function preview(
  classifier: Classifier,
  { x, mask, share, noise, seed }: Preview,
): Promise<{ readonly seen: Tensor; readonly top: readonly Prediction[] }> {
  const ranked = replacedFirst(mask);
  const replaced = new Float32Array(ranked.length);
  for (const element of ranked.slice(0, Math.round(share * ranked.length))) replaced[element] = 1;
  const out = new Float32Array(sizeOf(x.dims));
  createNoise(noise, { x, low: 0, high: classifier.card?.range ?? 1 }).fill(out, random(seed, STREAMS.evidence), 0);
  replace(out, out, toFloat32(x), spread(replaced, mask.dims, x.dims));
  const seen = float32(out, x.dims);
  return { seen, top: topPredictions(await classifier.predict(seen), classifier.labels, 3) };
}

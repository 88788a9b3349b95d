// A mask while it is learned: what whoever watches is told and may look at, and what she may change.
import { random, STREAMS } from '../core/random.js';
import { float32, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { replace, spread } from '../evidence/corrupt.js';
import { replacedFirst } from '../evidence/replaced.js';
import type { StepMetrics } from '../lan/learn.js';
import type { Noise } from '../lan/noise.js';
import type { Classifier } from '../model/classifier.js';
import type { Prediction } from './predictions.js';

/** A mask while it is learned, with the figures of its step. */
export interface LiveMask extends StepMetrics {
  /** Steps at most. */
  readonly iterations: number;
  /** Before it is rounded, in [0,1], 1 = replaceable; [1,1,H,W] or [1,...sample]. */
  readonly mask: Tensor;
  /**
   * What the classifier answers with this part of the input in [0,1] replaced by one draw of noise, the most replaceable elements first: to be looked at, since a claim needs
   * many draws. `noise`: as the setting; default what holds now.
   */
  preview(share: number, noise?: string): Promise<Preview>;
}

/** An input of which a part is replaced. */
export interface Preview {
  /** [1,...sample] where the mask lies: the pixels of a picture, the vectors of tokens. */
  readonly seen: Tensor;
  /** In the shape of the mask: 1 where it is replaced, else 0. */
  readonly replaced: Tensor;
  /** The three most probable classes, and those asked about; of a regression none. */
  readonly top: readonly Prediction[];
}

/** What holds from the next step on, and for the claim that is measured in the end. */
export interface LiveChange {
  readonly beta?: number;
  /** As the setting. */
  readonly noise?: string;
}

/** Looks at x [1,...sample] with a part of it replaced: with the first draw on which evidence is measured. */
export const previewer =
  (classifier: Pick<Classifier, 'predict'>, x: Tensor, top: (answer: Tensor) => readonly Prediction[], seed: number) =>
  async (mask: Tensor, share: number, noise: Noise): Promise<Preview> => {
    const ranked = replacedFirst(mask);
    const replaced = new Float32Array(ranked.length);
    for (const element of ranked.slice(0, Math.round(share * ranked.length))) replaced[element] = 1;
    const out = new Float32Array(sizeOf(x.dims));
    noise.fill(out, random(seed, STREAMS.evidence), 0);
    replace(out, out, toFloat32(x), spread(replaced, mask.dims, x.dims));
    const seen = float32(out, x.dims);
    return { seen, replaced: float32(replaced, mask.dims), top: top(await classifier.predict(seen)) };
  };

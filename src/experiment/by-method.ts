// Other attribution methods over many samples of one classifier, by name.
import type { Attribution } from '../attribution/method.js';
import { methodNamed } from '../attribution/methods.js';
import type { Tensor } from '../core/tensor.js';
import { answerOf } from '../evidence/answer.js';
import { attributed, Scorers } from '../explain/attributed.js';
import type { MaskShape } from '../lan/choices.js';
import type { Noise } from '../lan/noise.js';
import type { Classifier } from '../model/open.js';

/** A method that is compiled once. */
export interface ByMethod {
  /** What x [1,...sample] needed for the classifier's answer to it; the mean of `noise` stands for nothing there. Throws as the method does. */
  of(x: Tensor, noise: Noise, seed: number): Promise<Attribution>;
  dispose(): Promise<void>;
}

/** Throws LanError (`usage`) where no method has that name. */
export function byMethod(name: string, classifier: Classifier, maskShape: MaskShape): ByMethod {
  const scorers = new Scorers();
  const choice = { method: methodNamed(name), scorers };
  return {
    async of(x, noise, seed) {
      const answer = answerOf(await classifier.predict(x), classifier.labels, classifier.severalLabels);
      return (await attributed(choice, classifier, { maskShape, seed }, {}).of({ x, answer, noise })).attribution;
    },
    dispose: () => scorers.dispose(),
  };
}

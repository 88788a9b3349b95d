// How often an opened classifier is right about samples with labels.
import { argmax } from '../core/rows.js';
import { float32 } from '../core/tensor.js';
import type { Samples } from '../lan/samples.js';
import type { Classifier } from '../model/open.js';

const BATCH = 256;

/** Share of the samples, as their draw 0, whose answer is their label. */
export async function accuracyOn(classifier: Classifier, samples: Samples): Promise<number> {
  let right = 0;
  for (let at = 0; at < samples.count; at += BATCH) {
    const indices = Uint32Array.from({ length: Math.min(BATCH, samples.count - at) }, (_, i) => at + i);
    const x = float32(await samples.read(indices, 0), [indices.length, ...samples.shape]);
    const answers = argmax(await classifier.predict(x, classifier.card, BATCH));
    answers.forEach((answer, i) => (right += Number(answer === samples.labels![at + i])));
  }
  return right / samples.count;
}

// What is asked of a model before it is explained: that the converted graph answers as onnxruntime does, and that there is an answer to lose.
import type { Classifier } from '../model/open.js';
import { LanError } from '../core/errors.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import type { Answer } from '../evidence/answer.js';

/**
 * Probabilities may differ by this much between the converted graph and the reference before an audit is refused, by what the reference
 * computes in: float16 leaves logits of 10 with steps of 0.008, quantised ones have 255 steps at most. Values may differ by this
 * part of themselves, or of their tolerance where that is more.
 */
const AGREEMENT = { float32: 1e-3, float16: 2e-2, quantised: 5e-2 } as const;

/**
 * Largest difference of a probability (of a value: of it) between the converted graph's output, log-probabilities, and the reference's p, [1,K] each. Throws
 * LanError (`disagreement`) where it is too large for its gradients to be trusted.
 */
export function agreementOf({ source, precision }: Classifier, answer: Answer, p: Tensor, converted: Tensor): number {
  const isValue = answer.task === 'value';
  const agreement = difference(toFloat32(p), toFloat32(converted), !isValue);
  const unit = isValue ? Math.max(Math.abs(answer.value), answer.within) : 1;
  if (agreement <= AGREEMENT[precision] * unit) return agreement;
  throw new LanError(
    'disagreement',
    `${source.name}: the converted graph differs from onnxruntime by ${agreement.toPrecision(2)} in ${isValue ? 'its value' : 'a probability'}, so its gradients cannot be trusted.`,
    'Run check on it, which says where they part.',
  );
}

/** Throws LanError for a class that was asked about and is not the answer: there is nothing to lose. */
export function requireAnswer(answer: Answer): void {
  if (answer.task === 'target' && !answer.leads)
    throw new LanError(
      'usage',
      `'${answer.label}' is not ${answer.against ? `ahead of '${answer.against.label}'` : 'the answer'} in the input, so no part of it is needed for that.`,
      "Leave `find: 'delete'` out, or ask about the model's answer.",
    );
}

function difference(p: Float32Array, converted: Float32Array, logarithms: boolean): number {
  let worst = 0;
  // For sigmoid outputs the logarithms go on with log(1-p), which p itself settles.
  for (let i = 0; i < p.length; i++) {
    const d = Math.abs(p[i]! - (logarithms ? Math.exp(converted[i]!) : converted[i]!));
    if (!(d <= worst)) worst = d;
  }
  return worst;
}

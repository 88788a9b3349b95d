// One input put to a classifier: what its mask lies on, and what is answered, by the reference and by the converted graph alike.
import { LanError } from '../core/errors.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import type { Program } from '../engine/engine.js';
import { answerOf, valueAnswer, type Answer, type Within } from '../evidence/answer.js';
import { requireFinite } from '../lan/learn.js';
import type { Classifier } from '../model/classifier.js';
import type { Question } from '../model/question.js';

/** An input, and what is answered to it. */
export interface Inquiry {
  /** What the mask lies on [1,...sample]: the input, or a value inside. */
  readonly x: Tensor;
  /** The classifier of x: where a path skips the hook point, one for this input alone. */
  readonly classifier: Classifier;
  /** F(x) by the reference: probabilities [1,K], of a regression the value. */
  readonly p: Tensor;
  readonly answer: Answer;
}

/** What the mask lies on, x [1,...sample], and the classifier of it (see Classifier.locate). */
export type Located = Pick<Inquiry, 'x' | 'classifier'>;

/** Which class is asked about, and what counts as kept of a value. */
interface Asking {
  readonly within?: Within;
  readonly question?: Question;
}

/** Puts one sample [1,...inputShape] to a classifier. Throws LanError (`numbers`) where it is not finite, and what `predict` throws. */
export const inquire = async (classifier: Classifier, sample: Tensor, asking: Asking): Promise<Inquiry> =>
  inquireAt(await classifier.locate(sample), asking);

/** The same for what the mask lies on. */
export async function inquireAt({ x, classifier }: Located, { within, question }: Asking): Promise<Inquiry> {
  requireFinite(x);
  const p = await classifier.predict(x);
  requireAnswer(classifier, p);
  const answer =
    classifier.task === 'regression'
      ? valueAnswer(p, within)
      : answerOf(p, classifier.labels, classifier.severalLabels, question);
  return { x, classifier, p, answer };
}

/** Throws LanError (`numbers`) where the model itself answers with NaN or infinities: that is no disagreement of its conversion. */
function requireAnswer({ source, output }: Classifier, p: Tensor): void {
  if (toFloat32(p).every(Number.isFinite)) return;
  throw new LanError(
    'numbers',
    `${source.name}: onnxruntime, on the file itself, gives NaN or infinite numbers as '${output.name}' for this input, so that there is no answer to explain.`,
    'Look whether the input is prepared as the model expects it, and for a logarithm or a quotient of 0 in the model.',
  );
}

/**
 * Probabilities may differ by this much between the converted graph and the reference before an explanation is refused, by what the reference
 * computes in: float16 leaves logits of 10 with steps of 0.008, quantised ones have 255 steps at most. Values may differ by this
 * part of themselves, or of their tolerance where that is more.
 */
const AGREEMENT = { float32: 1e-3, float16: 2e-2, quantised: 5e-2 } as const;

/**
 * Largest difference of a probability (of a regression: of its value) between the converted graph `forward` (see Classifier.logProbabilities) and the
 * reference, at x. Throws LanError (`disagreement`) where it is more than a conversion may cost.
 */
export async function agreementOf({ x, classifier, p, answer }: Inquiry, forward: Program): Promise<number> {
  const converted = await forward.run({ x });
  const regression = classifier.task === 'regression';
  const agreement = difference(toFloat32(p), toFloat32(Object.values(converted)[0]!), !regression);
  const unit = answer.task === 'value' ? Math.max(Math.abs(answer.value), answer.within) : 1;
  if (!(agreement <= AGREEMENT[classifier.precision] * unit)) {
    throw new LanError(
      'disagreement',
      `${classifier.source.name}: the converted graph differs from onnxruntime by ${agreement.toPrecision(2)} in ${regression ? 'its value' : 'a probability'}, so its gradients cannot be trusted.`,
      'Run check on it, which says where they part.',
    );
  }
  return agreement;
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

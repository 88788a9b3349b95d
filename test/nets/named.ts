// Small trained classifiers whose elements have names: a bag of words by naive Bayes, and a table's row by a linear rule.
import { float32 } from '../../src/core/tensor.js';
import { dialectModel } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';

/** x [batch,n] float -> softmax(x W + b) [batch,k]. `weights`: n rows of k. */
export function linear(weights: readonly (readonly number[])[], bias: readonly number[], features?: string): Uint8Array {
  const [n, k] = [weights.length, bias.length];
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', ['batch', features ?? n]);
  g.append('Gemm', [x, g.constant(float32(weights.flat(), [n, k])), g.constant(float32(bias, [k]))], ['scores']);
  g.append('Softmax', ['scores'], ['probabilities'], { axis: -1 });
  g.output('probabilities');
  return encodeModel(dialectModel(g.build()));
}

/** What the bag of words is trained on: mail about machines, and about faith. */
const DOCUMENTS: readonly (readonly [label: 0 | 1, text: string])[] = [
  [0, 'the drive of my mac is full and the disk controller is slow'],
  [0, 'my new mac has a fast drive and a floppy disk'],
  [0, 'the disk and the drive of the computer are slow'],
  [0, 'a computer with a controller for the drive'],
  [1, 'the church and the lord and the faith of christians'],
  [1, 'my faith in god is the faith of the church'],
  [1, 'god is lord of heaven and of the church'],
  [1, 'christians of new york and the faith'],
];

/** The words that it counts, one of them two. */
export const WORDS: readonly string[] = [...new Set(DOCUMENTS.flatMap(([, text]) => text.split(' '))), 'new york'].sort((a, b) =>
  a < b ? -1 : 1,
);

/** Multinomial naive Bayes with one count added to each (Manning et al., 2008, chapter 13) over WORDS: counts [batch,V] -> [batch,2]. */
export function bagOfWords(): Uint8Array {
  const counts = WORDS.map(() => [1, 1]);
  for (const [label, text] of DOCUMENTS)
    WORDS.forEach((word, i) => (counts[i]![label]! += ` ${text} `.split(` ${word} `).length - 1));
  const totals = [0, 1].map((k) => counts.reduce((sum, row) => sum + row[k]!, 0));
  return linear(
    counts.map((row) => row.map((c, k) => Math.log(c / totals[k]!))),
    // Without a word it is about faith.
    [0, 1],
  );
}

/** Age in years and height in centimetres decide nothing, income in thousands does: above 40, class 1. Columns age, height, income, noise. */
export const incomeRule = (features?: string): Uint8Array => linear([[0, 0], [0, 0], [-0.25, 0.25], [0, 0.001]], [10, -10], features); // prettier-ignore

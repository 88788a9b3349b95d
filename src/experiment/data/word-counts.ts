// Texts as counts of words, kept sparse: what a bag-of-words classifier is trained on.
import type { Samples } from '../../lan/samples.js';
import { wordIndex } from '../../data/words.js';

/** A text's words that a vocabulary has: their entries, and how often each stands there. */
export interface Counts {
  readonly entries: Uint32Array;
  readonly counts: Float32Array;
}

/** Texts to counts, as `audit --vocab` counts them. */
export function counter(vocabulary: readonly string[]): (text: string) => Counts {
  const index = wordIndex(vocabulary);
  return (text) => {
    const { counts } = index.count(text);
    const entries = Uint32Array.from(Array.from(counts, (_, i) => i).filter((i) => counts[i]! > 0));
    return { entries, counts: Float32Array.from(entries, (i) => counts[i]!) };
  };
}

/** Samples [n,words] of these documents, in their order. */
export function countSamples(documents: readonly Counts[], words: number, labels: ArrayLike<number>): Samples {
  return {
    count: documents.length,
    shape: [words],
    labels,
    read(indices) {
      const out = new Float32Array(indices.length * words);
      for (let i = 0; i < indices.length; i++) {
        const { entries, counts } = documents[indices[i]!]!;
        entries.forEach((entry, k) => (out[i * words + entry] = counts[k]!));
      }
      return out;
    },
  };
}

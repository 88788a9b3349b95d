// A piece of a score: consecutive samples, read and run together, by this process or by another.
import { topK } from '../core/rows.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import type { Dataset } from '../data/dataset.js';
import { predictInputs } from '../model/own-inputs.js';
import type { Classifier } from '../model/classifier.js';
import { pictureSpec } from './picture-spec.js';
import type { Piece } from './score-journal.js';

/** Who scores pieces, `ahead` of which are begun at the same time. */
export interface Scorer {
  /** Pieces that are run at the same time. */
  readonly width: number;
  readonly ahead: number;
  /** `piece`: runs it, where that has not begun by itself; undefined where the work was to end before. `over`: once nothing of it goes on. */
  begin(piece: { readonly at: number; readonly indices: readonly number[] }): {
    readonly piece: () => Promise<Piece | undefined>;
    readonly over: Promise<unknown>;
  };
}

/** Pieces that are being read while the model runs: sharp decodes in its own threads. */
const AHEAD = 2;

/** This process: the next piece is read while the model runs. `size`: samples a run. */
export function scorerHere(classifier: Classifier, dataset: Dataset, labels: ArrayLike<number>, size: number): Scorer {
  const k = classifier.classes;
  const spec = pictureSpec(classifier);
  return {
    width: 1,
    ahead: AHEAD,
    begin({ at, indices }) {
      const reading = dataset.read(indices, spec);
      // It is awaited later; until then a failure must not count as unhandled.
      reading.catch(() => undefined);
      const piece = async (): Promise<Piece> => {
        const batch = await reading;
        const found: Piece = { at, batch: size, answers: [], unreadable: [...batch.unreadable], inTop5: 0, entropy: 0, seconds: 0, modelSeconds: 0 }; // prettier-ignore
        if (batch.indices.length === 0) return found;
        const began = performance.now();
        const p = await (classifier.hookPoint
          ? predictInputs(classifier, batch.x)
          : classifier.predict(batch.x, classifier.card, size));
        found.modelSeconds = (performance.now() - began) / 1000;
        const values = spread(p);
        batch.indices.forEach((index, i) => {
          const row = values.subarray(i * k, (i + 1) * k);
          const label = labels[index]!;
          const top = topK(row, 5);
          const predicted = top[0]!;
          found.answers.push([index, label, predicted, row[predicted]!]);
          found.entropy += surprise(row, label, classifier.severalLabels);
          if (top.includes(label)) found.inTop5++;
        });
        return found;
      };
      return { piece, over: reading };
    },
  };
}

/** Probabilities [N,K]; of one output, that of the second class, [N,2]. */
function spread(p: Tensor): Float32Array {
  const values = toFloat32(p);
  if (p.dims[1] !== 1) return values;
  const both = new Float32Array(values.length * 2);
  values.forEach((v, i) => both.set([1 - v, v], 2 * i));
  return both;
}

/** Cross-entropy of one row against its label, in nats. */
function surprise(row: Float32Array, label: number, severalLabels: boolean): number {
  const cost = (p: number): number => -Math.log(Math.max(p, 1e-30));
  if (!severalLabels) return cost(row[label]!);
  return row.reduce((sum, p, i) => sum + cost(i === label ? p : 1 - p), 0);
}

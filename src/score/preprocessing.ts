// Which preprocessing a classifier wants, told by labelled pictures: each convention is scored on some of them.
import { argmax } from '../core/rows.js';
import { toFloat32 } from '../core/tensor.js';
import type { Dataset } from '../data/dataset.js';
import { matchLabels } from '../data/labels.js';
import type { InputCard } from '../model/card.js';
import type { Classifier } from '../model/classifier.js';
import { candidates } from '../model/conventions.js';
import { chosen, pictureSpec } from './score.js';

/** How one convention did. */
export interface TriedConvention {
  /** By name, or as its values. */
  readonly convention: string;
  readonly correct: number;
  readonly count: number;
  /** Mean of -log p(label) in nats. */
  readonly crossEntropy: number;
}

/** What labelled pictures say about how pictures go in. */
export interface LabelledChoice {
  readonly source: 'labels';
  readonly convention: string;
  /** Best first: by right answers, then by cross-entropy. */
  readonly tried: readonly TriedConvention[];
  /** The card with it filled in. */
  readonly card: InputCard;
}

/** Pictures that each convention is tried on. */
const PICTURES = 64;

/**
 * Scores the conventions, in both orders of channels, on some of the dataset's pictures, drawn by `seed`; gives the classifier with the best, on the same
 * sessions. Undefined where the classifier takes no pictures or the samples are no bytes. Throws LanError as score does for labels that do not fit.
 */
export async function chooseByLabels(
  classifier: Classifier,
  dataset: Dataset,
  seed = 0,
): Promise<{ readonly classifier: Classifier; readonly choice: LabelledChoice } | undefined> {
  const { card, classes } = classifier;
  const spec = pictureSpec(classifier);
  if (!card || !spec || !dataset.labels) return undefined;
  const { labels } = matchLabels(dataset, classifier.labels, classes);
  const { x, indices } = await dataset.read(chosen(dataset.length, { limit: PICTURES, seed }), spec);
  if (x.type !== 'uint8' || indices.length === 0) return undefined;
  const tried: (TriedConvention & { readonly classifier: Classifier })[] = [];
  for (const [convention, values] of candidates(classifier.cardGiven, spec.channels, { orders: true })) {
    const candidate = classifier.withCard({ ...card, ...values }, true);
    const p = await candidate.predict(x);
    const answers = argmax(p);
    const rows = toFloat32(p);
    const k = rows.length / indices.length;
    const label = (i: number): number => labels[indices[i]!]!;
    const of = (i: number): number => Math.log(Math.max(rows[i * k + label(i)]!, 1e-30));
    tried.push({
      convention,
      correct: answers.filter((answer, i) => answer === label(i)).length,
      count: indices.length,
      crossEntropy: -indices.reduce((sum, _, i) => sum + of(i), 0) / indices.length,
      classifier: candidate,
    });
  }
  tried.sort((a, b) => b.correct - a.correct || a.crossEntropy - b.crossEntropy);
  const best = tried[0]!;
  const choice = {
    source: 'labels' as const,
    convention: best.convention,
    tried: tried.map(({ classifier: _, ...rest }) => rest),
    card: best.classifier.card!,
  };
  return { classifier: best.classifier, choice };
}

/** The choice as lines for the user: what was taken, and how each did. */
export function choiceNotes({ convention, tried }: LabelledChoice): string[] {
  const [best, second] = tried as [TriedConvention, TriedConvention?];
  const shown = (t: TriedConvention): string => `${t.correct} of ${t.count} right, cross-entropy ${t.crossEntropy.toFixed(2)}`;
  const next = second ? `; next ${second.convention}: ${shown(second)}` : '';
  return [
    `no model card: of ${tried.length} conventions tried on ${best.count} of these pictures, ${convention} does best (${shown(best)}${next}) and is taken; a card makes it certain`,
  ];
}

// Which preprocessing a classifier wants, told by labelled pictures: each convention is scored on some of them.
import { argmax } from '../core/rows.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import type { Dataset } from '../data/dataset.js';
import { matchLabels } from '../data/labels.js';
import type { InputCard } from '../model/card.js';
import type { Classifier } from '../model/classifier.js';
import { candidates } from '../model/conventions.js';
import { picturesOf, settled, type Preprocessing } from '../model/guess.js';
import { sceneOf, type SceneOptions } from './scene.js';
import { pictureSpec } from './picture-spec.js';
import { chosen } from './score.js';

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
export async function chooseByLabels(classifier: Classifier, dataset: Dataset, seed = 0): Promise<ChosenByLabels | undefined> {
  const { card, classes } = classifier;
  const spec = pictureSpec(classifier);
  if (!card || !spec || !dataset.labels) return undefined;
  const { labels } = matchLabels(dataset, classifier.labels, classes);
  const { x, indices } = await dataset.read(chosen(dataset.length, { limit: PICTURES, seed }), spec);
  if (x.type !== 'uint8' || indices.length === 0) return undefined;
  return chooseByAnswers(classifier, x, indices.map((i) => labels[i]!)); // prettier-ignore
}

/** What labelled pictures choose, and the classifier with it. */
export interface ChosenByLabels {
  readonly classifier: Classifier;
  readonly choice: LabelledChoice;
}

/**
 * The preprocessing of objects that are put on a background, by how they are recognised in the middle, where no card says it: by their labels, where each
 * of the first has one (its own, else `label`), else by confidence and agreement (`settled`).
 */
export async function chooseByObjects(
  classifier: Classifier,
  options: SceneOptions & { readonly label?: number | undefined },
): Promise<{
  readonly classifier: Classifier;
  readonly preprocessing?: Preprocessing | LabelledChoice;
  readonly notes: readonly string[];
}> {
  const told = (notes: string | undefined): string[] => (notes === undefined ? [] : [notes]);
  if (!classifier.cardAssumed) {
    const { note, ...rest } = await settled(classifier, []);
    return { ...rest, notes: told(note) };
  }
  const scene = sceneOf(classifier, options);
  const count = Math.min(PICTURES, scene.samples);
  const x = scene.compose(count, scene.centred);
  const labels = scene.chosen.slice(0, count).flatMap((o) => o.label ?? options.label ?? []);
  if (labels.length === count && classifier.task === 'classification') {
    const { choice, ...rest } = await chooseByAnswers(classifier, x, labels);
    return { ...rest, preprocessing: choice, notes: choiceNotes(choice) };
  }
  const { note, ...rest } = await settled(classifier, picturesOf(x));
  return { ...rest, notes: told(note) };
}

/** Scores the conventions on pictures [N,C,H,W] (uint8) by their N labels. */
async function chooseByAnswers(classifier: Classifier, x: Tensor, labels: readonly number[]): Promise<ChosenByLabels> {
  const card = classifier.card!;
  const channels = card.channels === 'GREY' ? 1 : 3;
  const tried: (TriedConvention & { readonly classifier: Classifier })[] = [];
  for (const [convention, values] of candidates(classifier.cardGiven, channels, { orders: true })) {
    const candidate = classifier.withCard({ ...card, ...values }, true);
    const p = await candidate.predict(x);
    const answers = argmax(p);
    const rows = toFloat32(p);
    const k = rows.length / labels.length;
    const cost = (label: number, i: number): number => -Math.log(Math.max(rows[i * k + label]!, 1e-30));
    tried.push({
      convention,
      correct: answers.filter((answer, i) => answer === labels[i]).length,
      count: labels.length,
      crossEntropy: labels.reduce((sum, label, i) => sum + cost(label, i), 0) / labels.length,
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

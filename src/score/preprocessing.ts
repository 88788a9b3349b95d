// Which preprocessing a classifier wants, told by labelled pictures: each convention is scored on some of them.
import { wilson } from '../core/proportion.js';
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
  /** Best first: those whose right answers differ from the most by no more than chance brings, by cross-entropy; then the others, by right answers. */
  readonly tried: readonly TriedConvention[];
  /** Conventions that these pictures do not tell from the one that is taken: neither right answers nor cross-entropy differ by more than chance. */
  readonly alike: readonly string[];
  /** Is the most that any convention gets right no more than always answering the most frequent label would? */
  readonly chance: boolean;
  /** The card with it filled in. */
  readonly card: InputCard;
}

/** Pictures that each convention is tried on. */
const PICTURES = 64;

/**
 * Scores the conventions, in both orders of channels or, in grey, with black and white exchanged as well, on some of the dataset's pictures, drawn by `seed`; gives the classifier with the best, on the same
 * sessions. Undefined where the classifier takes no pictures or the samples are no bytes. Throws LanError as score does for labels that do not fit.
 */
export async function chooseByLabels(classifier: Classifier, dataset: Dataset, seed = 0): Promise<ChosenByLabels | undefined> {
  const { card, classes } = classifier;
  const spec = pictureSpec(classifier);
  if (!card || !spec || !dataset.labels) return undefined;
  classifier.requireFeeds();
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
  const tried: Trial[] = [];
  for (const [convention, values] of candidates(classifier.cardGiven, channels, { turned: true })) {
    const candidate = classifier.withCard({ ...card, ...values }, true);
    const p = await candidate.predict(x);
    const answers = argmax(p);
    const rows = toFloat32(p);
    const k = rows.length / labels.length;
    const right = labels.map((label, i) => answers[i] === label);
    // No number costs as much as none.
    const costs = labels.map((label, i) => -Math.log(Math.max(rows[i * k + label]! || 0, 1e-30)));
    tried.push({
      convention,
      correct: right.filter(Boolean).length,
      count: labels.length,
      crossEntropy: costs.reduce((sum, cost) => sum + cost, 0) / labels.length,
      right,
      costs,
      classifier: candidate,
    });
  }
  tried.sort((a, b) => b.correct - a.correct || a.crossEntropy - b.crossEntropy);
  const level = tried.filter((t) => asOftenRight(t, tried[0]!));
  const ordered = [...level.toSorted((a, b) => a.crossEntropy - b.crossEntropy), ...tried.filter((t) => !level.includes(t))];
  const best = ordered[0]!;
  const most = Math.max(...labels.map((label) => labels.filter((other) => other === label).length));
  const choice = {
    source: 'labels' as const,
    convention: best.convention,
    tried: ordered.map(({ classifier: _, right: _r, costs: _c, ...rest }) => rest),
    alike: ordered.slice(1).filter((t) => asOftenRight(t, best) && asSure(t, best)).map((t) => t.convention), // prettier-ignore
    chance: wilson(tried[0]!.correct, labels.length)[0] <= most / labels.length,
    card: best.classifier.card!,
  };
  return { classifier: best.classifier, choice };
}

/** A convention on each of the pictures. */
interface Trial extends TriedConvention {
  readonly right: readonly boolean[];
  /** -log p(label) in nats. */
  readonly costs: readonly number[];
  readonly classifier: Classifier;
}

/** Deviations by which a difference is more than chance: 95 %. */
const SURE = 1.96;

/** Do the pictures that one of them alone gets right divide as a coin would (sign test)? */
function asOftenRight(a: Trial, b: Trial): boolean {
  const only = (own: Trial, other: Trial): number => own.right.filter((r, i) => r && !other.right[i]).length;
  const [left, right] = [only(a, b), only(b, a)];
  return (left - right) ** 2 <= SURE ** 2 * (left + right);
}

/** Is the mean difference of cross-entropies, picture by picture, within its error? */
function asSure(a: Trial, b: Trial): boolean {
  const n = a.costs.length;
  const differences = a.costs.map((cost, i) => cost - b.costs[i]!);
  const mean = differences.reduce((x, y) => x + y, 0) / n;
  const variance = differences.reduce((sum, d) => sum + (d - mean) ** 2, 0) / Math.max(1, n - 1);
  return Math.abs(mean) <= SURE * Math.sqrt(variance / n);
}

/** The choice as lines for the user: what was taken, how each did, and how sure that makes it. */
export function choiceNotes({ convention, tried, alike, chance }: LabelledChoice): string[] {
  const [best, second] = tried as [TriedConvention, TriedConvention?];
  const shown = (t: TriedConvention): string => `${t.correct} of ${t.count} right, cross-entropy ${t.crossEntropy.toFixed(2)}`;
  const next = second ? `; next ${second.convention}: ${shown(second)}` : '';
  const more = alike.length > 1 ? ` and ${alike.length - 1} more` : '';
  const guess = `as a guess: ${alike[0]}${more} ${more ? 'do' : 'does'} about as well`;
  const surely = alike.length > 0 ? `and is taken, ${guess}; a card makes it certain` : 'and is taken; a card makes it certain';
  return [
    `no model card: of ${tried.length} conventions tried on ${best.count} of these pictures, ${convention} does best (${shown(best)}${next}) ${surely}`,
    ...(chance
      ? [
          'no convention is right clearly more often than always answering the most frequent label: these are labels of another model, or pictures that go in in yet another way (another crop, another normalisation); a card says how',
        ]
      : []),
  ];
}

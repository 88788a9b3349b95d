// Which preprocessing a model wants, where nobody said: the conventions are tried on the pictures at hand.
import { largest } from '../core/rows.js';
import { sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { fromPlanes, toPlanes } from '../data/planes.js';
import { crop, resize, type Picture } from '../data/resize.js';
import type { InputCard } from './card.js';
import type { Classifier } from './classifier.js';
import { candidates, describeValues } from './conventions.js';
import { rangeInside } from './inside.js';

/**
 * How pictures go in, and who says so: a card (or flags), the file itself (it takes whole numbers), the explainer that was trained with it, a guess from
 * pictures, or nobody.
 */
export interface Preprocessing {
  readonly source: 'card' | 'file' | 'explainer' | 'pictures' | 'assumed';
  /** By name, or as its values. */
  readonly convention?: string;
  /** Confidence times agreement, in 0..1. */
  readonly score?: number;
  readonly runnerUp?: { readonly convention: string; readonly score: number };
  /** How many pictures were looked at. */
  readonly pictures?: number;
}

/** Pictures that a guess looks at. */
export const MOST_PICTURES = 8;
/** Part of each side that a crop leaves out. */
const MARGIN = 0.06;
/**
 * How much better than the second the first must be for a guess to be called likely, and on how many pictures: one or two may suit a wrong convention by
 * chance (a hot dog that MobileNet V1 takes for 0..1 with .49, for its own -1..1 with .32).
 */
const LIKELY = 2;
const ENOUGH = 3;

/**
 * How far the second answer may lie behind the first, in nats, for a network that sees numbers as large as those of its training: ones that were measured
 * come to 2 to 30, one that was trained to the last digit to 67; given pixels of 0..255 where it wants 0..1, to 100 and thousands, for its
 * logits grow with its input. Of one logit 16, what a float32 can tell of a probability near 1.
 */
const SUREST = 70;
const SUREST_OF_ONE = 16;

/** What a note about a guess ends in. */
const SAY = 'say what it is with `card` or `mean`, `std`, `range`, `channels`';

/** What a classifier must do for its preprocessing to be searched for. */
export interface Conventional<C> extends Pick<
  Classifier,
  'hookPoint' | 'inputShape' | 'cardGiven' | 'precision' | 'output' | 'severalLabels'
> {
  readonly card: InputCard | undefined;
  withCard(card: InputCard, assumed?: boolean): C;
  locate(sample: Tensor): Promise<{ readonly x: Tensor; readonly classifier: Pick<Classifier, 'predict'> }>;
  predict: Classifier['predict'];
}

/**
 * Tries the conventional preprocessings on pictures [N,C,H,W] (pixel values in 0..255; the first MOST_PICTURES count) and gives the classifier with
 * the best, on the same sessions. A wrong preprocessing makes a model unsure, or sure of something that changes with the view: so each picture is
 * shown as it is, cropped a little in two ways and, in colour, mirrored, and a convention scores the probability of the answer on average over the
 * views times the share of views that give it. One at which the second answer is further behind than training brings about comes after all others: numbers that
 * are too large make any network sure. `note` says what was taken, how sure that is, what came second, and, where it
 * is not sure, for how many pictures that gives another answer. `classifier` itself stays as it is.
 */
export async function chooseConvention<C extends Conventional<C>>(
  classifier: C,
  pixels255: Tensor,
): Promise<{ readonly classifier: C; readonly note: string; readonly guess: Preprocessing }> {
  const shape = classifier.inputShape as [1 | 3, number, number];
  const per = sizeOf(shape);
  const bytes = Uint8Array.from(toFloat32(pixels255), (v) => Math.round(Math.min(255, Math.max(0, v))));
  const pictures = Math.min(MOST_PICTURES, bytes.length / per);
  const shown = Array.from({ length: pictures }, (_, i) => viewsOf(bytes.subarray(i * per, (i + 1) * per), shape));
  const tried: { name: string; classifier: C; score: number; found: readonly number[]; tooSure: boolean }[] = [];
  const surest = surestOf(classifier);
  for (const [name, values] of candidates(classifier.cardGiven, shape[0])) {
    const candidate = classifier.withCard({ ...classifier.card!, ...values }, true);
    let sum = 0;
    const found: number[] = [];
    const leads: number[] = [];
    for (const views of shown) {
      const rows = await answers(candidate, views, shape);
      const { score, answer } = scoreOf(rows);
      sum += score;
      found.push(answer);
      leads.push(leadOf(rows[0]!));
    }
    // The median picture, the surer of two.
    const lead = leads.sort((a, b) => a - b)[Math.floor(leads.length / 2)]!;
    tried.push({ name, classifier: candidate, score: sum / pictures, found, tooSure: lead > surest });
  }
  // Of equals the first, which is the more common convention.
  const order = tried.toSorted((a, b) => Number(a.tooSure) - Number(b.tooSure) || b.score - a.score);
  const [best, second] = order as [(typeof tried)[0], (typeof tried)[0]?];
  const passed = best.tooSure ? undefined : order.find((t) => t.tooSure && t.score >= best.score);
  const rival = Math.max(0, ...order.slice(1).map((t) => t.score));
  const likely = !second || (pictures >= ENOUGH && best.score > LIKELY * rival);
  const other = second ? best.found.filter((answer, i) => answer !== second.found[i]).length : 0;
  const guess: Preprocessing = {
    source: 'pictures',
    convention: best.name,
    score: best.score,
    ...(second ? { runnerUp: { convention: second.name, score: second.score } } : {}),
    pictures,
  };
  const change = likely
    ? ''
    : other > 0
      ? `, which gives another answer for ${other} of ${pictures}`
      : ', which answers the same';
  const next = second ? `, before ${second.name} with ${second.score.toFixed(2)}${change}` : '';
  const over = passed
    ? `; ${passed.name}, with ${passed.score.toFixed(2)}, is passed over: it leaves no other answer any probability, as numbers that are too large do`
    : '';
  const note = `no model card: assumed ${best.name}, which is ${likely ? 'likely' : 'a guess'}: it scores ${best.score.toFixed(2)} (confidence times agreement over views of ${pictures} picture${pictures > 1 ? 's' : ''})${next}${over}; ${SAY}`;
  return { classifier: best.classifier, note, guess };
}

/** What is said where pictures tell nothing, or nobody asks them. */
export const unsettled = (classifier: Pick<Classifier, 'card'>, why: string): string =>
  `no model card: assumed ${describeValues(classifier.card!)}, since ${why}; ${SAY}`;

/**
 * The classifier with its preprocessing settled: what the card or the file says, by the type of its input or by normalising pixels itself; else by chooseConvention from these pictures [1,C,H,W] (0..255); where
 * there are none, or the answer is a value, what was assumed. `note` says so where nobody said it. No preprocessing for what is no picture.
 */
export async function settled(
  classifier: Classifier,
  pictures: readonly Tensor[],
): Promise<{ readonly classifier: Classifier; readonly preprocessing?: Preprocessing; readonly note?: string }> {
  if (!classifier.card) return { classifier };
  if (!classifier.cardAssumed) return { classifier, preprocessing: { source: classifier.integers ? 'file' : 'card' } };
  const inside = classifier.cardGiven.std ? undefined : rangeInside(classifier.graph, classifier.input.name);
  if (inside !== undefined) return asItIs(classifier, inside);
  if (classifier.task === 'regression' || pictures.length === 0) {
    const why = pictures.length === 0 ? 'there is no picture to try it on' : 'a value does not tell how pictures go in';
    const preprocessing = { source: 'assumed', convention: describeValues(classifier.card) } as const;
    return { classifier, preprocessing, note: unsettled(classifier, why) };
  }
  const some = pictures.slice(0, MOST_PICTURES);
  const data = Float32Array.from(some.flatMap((p) => Array.from(toFloat32(p))));
  const chosen = await chooseConvention(classifier, { type: 'float32', dims: [some.length, ...classifier.inputShape], data });
  return { classifier: chosen.classifier, preprocessing: chosen.guess, note: chosen.note };
}

/** What a file normalises itself goes in as it is: conventions would be tried on numbers that it never saw. */
function asItIs(classifier: Classifier, range: 1 | 255): Awaited<ReturnType<typeof settled>> {
  const card = classifier.card!;
  const plain = { ...card, range, mean: [0], std: [1] };
  const order = card.channels === 'GREY' || classifier.cardGiven.channels !== undefined ? '' : `, ${card.channels} (assumed)`;
  const note = `no model card: the first nodes of the file normalise pixels of 0..${range}, which go in as they are${order}; where that is wrong, ${SAY}`;
  return { classifier: classifier.withCard(plain), preprocessing: { source: 'file', convention: describeValues(plain) }, note };
}

/** The pictures [1,...] of a batch [N,...] of bytes, on the same memory. */
export function picturesOf({ type, dims, data }: Tensor): Tensor[] {
  const [count = 0, ...shape] = dims;
  const per = sizeOf(shape);
  return Array.from({ length: count }, (_, i) => ({
    type,
    dims: [1, ...shape],
    data: (data as Uint8Array).subarray(i * per, (i + 1) * per),
  }));
}

/** Views of a picture, all of its size: [C,H,W] each. Grey pictures are not mirrored: letters and digits become others. */
function viewsOf(planes: Uint8Array, shape: readonly [1 | 3, number, number]): readonly Uint8Array[] {
  const [channels, height, width] = shape;
  const picture = fromPlanes(planes, shape);
  const [y, x] = [Math.max(1, Math.round(MARGIN * height)), Math.max(1, Math.round(MARGIN * width))];
  const cropped = (left: number, top: number): Picture => resize(crop(picture, left, top, width - x, height - y), height, width);
  const all = width > 2 && height > 2 ? [picture, cropped(0, 0), cropped(x, y)] : [picture];
  return [...all, ...(channels === 3 ? [mirrored(picture)] : [])].map((view) => toPlanes(view, channels));
}

function mirrored({ width, height, pixels }: Picture): Picture {
  const out = new Uint8Array(pixels.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const from = 3 * (y * width + width - 1 - x);
      out.set(pixels.subarray(from, from + 3), 3 * (y * width + x));
    }
  return { width, height, pixels: out };
}

/** Class probabilities of the views, one row each. */
async function answers<C extends Conventional<C>>(
  candidate: C,
  views: readonly Uint8Array[],
  shape: readonly number[],
): Promise<readonly Float32Array[]> {
  const { range } = candidate.card!;
  const rows: Float32Array[] = [];
  if (!candidate.hookPoint) {
    const data = new Uint8Array(views.length * sizeOf(shape));
    views.forEach((view, i) => data.set(view, i * view.length));
    const p = toFloat32(await candidate.predict({ type: 'uint8', dims: [views.length, ...shape], data }));
    const k = p.length / views.length;
    return views.map((_, i) => p.subarray(i * k, (i + 1) * k));
  }
  for (const view of views) {
    const data = Float32Array.from(view, (v) => (v * range) / 255);
    // What reaches a hook point depends on the card too.
    const { x, classifier } = await candidate.locate({ type: 'float32', dims: [1, ...shape], data });
    rows.push(toFloat32(await classifier.predict(x)));
  }
  return rows;
}

/** From which lead on an answer is too sure; never where an output is rounded, or holds labels of which several may hold. */
function surestOf({ precision, output, severalLabels }: Pick<Classifier, 'precision' | 'output' | 'severalLabels'>): number {
  if (precision !== 'float32' || severalLabels) return Infinity;
  return sizeOf(output.shape.slice(1)) > 1 ? SUREST : SUREST_OF_ONE;
}

/** By how much the log of the largest probability leads that of the second; infinite where that has none. */
function leadOf(row: Float32Array): number {
  const [first = 0, second = 0] = row.toSorted((a, b) => b - a);
  return Math.log(first) - Math.log(second);
}

/** The answer on average over the views, and its probability times the fraction of views that give it; 0 where there is no number. */
function scoreOf(rows: readonly Float32Array[]): { readonly score: number; readonly answer: number } {
  const mean = rows[0]!.map((_, k) => rows.reduce((sum, row) => sum + row[k]! / rows.length, 0));
  const answer = largest(mean);
  const score = (mean[answer]! * rows.filter((row) => largest(row) === answer).length) / rows.length;
  return { score: Number.isFinite(score) ? score : 0, answer };
}

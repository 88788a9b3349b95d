// How sure a classifier is of pictures that are put in in one way: by its answers to several views of each.
import { largest } from '../core/rows.js';
import { sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { fromPlanes, toPlanes } from '../data/planes.js';
import { crop, resize, type Picture } from '../data/resize.js';
import type { InputCard } from './card.js';
import type { Classifier } from './classifier.js';

/** Part of each side that a crop leaves out. */
const MARGIN = 0.06;
/**
 * How much better than the second the first must be for a guess to be called likely, and on how many pictures: one or two may suit a wrong convention by
 * chance (a hot dog that MobileNet V1 takes for 0..1 with .49, for its own -1..1 with .32).
 */
export const LIKELY = 2;
/** Pictures that are enough. */
export const ENOUGH = 3;

/**
 * How far the second answer may lie behind the first, in nats, for a network that sees numbers as large as those of its training: ones that were measured
 * come to 2 to 30, one that was trained to the last digit to 67; given pixels of 0..255 where it wants 0..1, to 100 and thousands, for its
 * logits grow with its input. Of one logit 16, what a float32 can tell of a probability near 1.
 */
const SUREST = 70;
const SUREST_OF_ONE = 16;

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

/** What a way to put pictures in comes to on them. */
export interface Trial {
  /** Confidence times agreement, 0..1, mean over pictures. */
  readonly score: number;
  /** The answer to each picture. */
  readonly found: readonly number[];
  /** Its second answers are further behind than training brings about. */
  readonly tooSure: boolean;
}

/** Shows a classifier each picture's views. */
export async function tryOut<C extends Conventional<C>>(candidate: C, shown: readonly (readonly Uint8Array[])[]): Promise<Trial> {
  let sum = 0;
  const found: number[] = [];
  const leads: number[] = [];
  for (const views of shown) {
    const rows = await answers(candidate, views, candidate.inputShape);
    const { score, answer } = scoreOf(rows);
    sum += score;
    found.push(answer);
    leads.push(leadOf(rows[0]!));
  }
  // The median picture, the surer of two.
  const lead = leads.sort((a, b) => a - b)[Math.floor(leads.length / 2)]!;
  return { score: sum / shown.length, found, tooSure: lead > surestOf(candidate) };
}

/** The views of the first `most` of pictures [N,C,H,W] with values in 0..255. */
export function viewsOfAll(pixels255: Tensor, shape: readonly [1 | 3, number, number], most: number): Uint8Array[][] {
  const per = sizeOf(shape);
  const bytes = Uint8Array.from(toFloat32(pixels255).subarray(0, most * per), (v) => Math.round(Math.min(255, Math.max(0, v))));
  const count = bytes.length / per;
  return Array.from({ length: count }, (_, i) => [...viewsOf(bytes.subarray(i * per, (i + 1) * per), shape)]);
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

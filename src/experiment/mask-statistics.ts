// What masks of many pictures say together: are those of one class more alike than those of two, and do they lie on what a picture shows?
import { sharedRanks } from '../core/correlation.js';
import { bootstrap } from '../evidence/metric.js';
import { random, shuffle, STREAMS } from '../core/random.js';

/** How much more alike the masks of one class are than those of two classes. */
export interface Likeness {
  /** Mean correlation of two masks of one class, and of two classes. */
  readonly within: number;
  readonly between: number;
  /** within - between, with its 95 % interval (pictures drawn again within each class). */
  readonly difference: number;
  readonly interval: readonly [low: number, high: number];
  /** Share of the shuffles of the labels, the one at hand counted in, with a difference as large. */
  readonly p: number;
  /** [K,K]: mean correlation of two masks of classes i and j; NaN for one class with a single mask. */
  readonly matrix: Float64Array;
}

/**
 * Pearson's correlation over all pairs of masks [n,size] of `classes` classes, each of which needs two masks. A mask that does not vary correlates with nothing.
 * The mean over the pairs of classes i and j is a product of two sums, since correlation is that of normalised masks: no pair is ever looked at.
 */
export function likeness(
  masks: Float32Array,
  labels: ArrayLike<number>,
  classes: number,
  seed: number,
  permutations = 999,
): Likeness {
  const n = labels.length;
  const size = masks.length / n;
  const unit = normalised(masks, n);
  const matrixOf = (members: readonly ArrayLike<number>[]): Float64Array => {
    const sums = members.map((own) => {
      const sum = new Float64Array(size);
      for (let k = 0; k < own.length; k++) for (let j = 0; j < size; j++) sum[j]! += unit[own[k]! * size + j]!;
      return sum;
    });
    const matrix = new Float64Array(classes * classes);
    for (let a = 0; a < classes; a++)
      for (let b = 0; b < classes; b++) {
        let dot = 0;
        for (let j = 0; j < size; j++) dot += sums[a]![j]! * sums[b]![j]!;
        const [na, nb] = [members[a]!.length, members[b]!.length];
        // Of one class a mask's pairing with itself (and with its own copies in a resample) says nothing.
        matrix[a * classes + b] = a === b ? (dot - selves(members[a]!, unit, size)) / pairsOf(members[a]!) : dot / (na * nb);
      }
    return matrix;
  };
  const groups = Array.from({ length: classes }, (_, c) => Array.from({ length: n }, (_, i) => i).filter((i) => labels[i] === c));
  const split = (matrix: Float64Array): { within: number; between: number } => {
    let [within, between, paired] = [0, 0, 0];
    for (let a = 0; a < classes; a++)
      for (let b = 0; b < classes; b++) {
        const own = matrix[a * classes + b]!;
        if (a !== b) between += own / (classes * (classes - 1));
        else if (!Number.isNaN(own)) [within, paired] = [within + own, paired + 1];
      }
    within /= paired;
    return { within, between };
  };
  const matrix = matrixOf(groups);
  const { within, between } = split(matrix);
  const stream = random(seed, STREAMS.resample);
  const differences = new Float64Array(RESAMPLES);
  for (let r = 0; r < RESAMPLES; r++) {
    const again = split(matrixOf(groups.map((own, c) => own.map((_, k) => own[stream.integer(own.length, r, c * n + k)]!))));
    differences[r] = again.within - again.between;
  }
  differences.sort();
  const shuffler = random(seed, STREAMS.shuffle);
  const order = Float64Array.from(labels);
  let reached = 1;
  for (let k = 0; k < permutations; k++) {
    shuffle(order, shuffler, k);
    const mixed = split(matrixOf(Array.from({ length: classes }, (_, c) => indicesOf(order, c))));
    if (mixed.within - mixed.between >= within - between) reached++;
  }
  const at = (share: number): number => differences[Math.round(share * (RESAMPLES - 1))]!;
  return {
    within,
    between,
    difference: within - between,
    interval: [at(0.025), at(0.975)],
    p: reached / (permutations + 1),
    matrix,
  };
}

const RESAMPLES = 200;

const indicesOf = (labels: ArrayLike<number>, c: number): number[] =>
  Array.from({ length: labels.length }, (_, i) => i).filter((i) => labels[i] === c);

/** Each mask less its mean, divided by its length; one that does not vary becomes 0. */
function normalised(masks: Float32Array, n: number): Float64Array {
  const size = masks.length / n;
  const out = new Float64Array(masks.length);
  for (let i = 0; i < n; i++) {
    const own = masks.subarray(i * size, (i + 1) * size);
    const mean = own.reduce((a, b) => a + b, 0) / size;
    const length = Math.sqrt(own.reduce((a, b) => a + (b - mean) ** 2, 0));
    if (length > 1e-6) own.forEach((v, j) => (out[i * size + j] = (v - mean) / length));
  }
  return out;
}

const countsOf = (members: ArrayLike<number>): Map<number, number> => {
  const counts = new Map<number, number>();
  for (let k = 0; k < members.length; k++) counts.set(members[k]!, (counts.get(members[k]!) ?? 0) + 1);
  return counts;
};

/** What pairings of masks with themselves add to the squared length of their sum. */
function selves(members: ArrayLike<number>, unit: Float64Array, size: number): number {
  let sum = 0;
  for (const [i, count] of countsOf(members)) {
    const own = unit.subarray(i * size, (i + 1) * size);
    sum += count ** 2 * own.reduce((a, b) => a + b * b, 0);
  }
  return sum;
}

/** Ordered pairs of different masks; NaN where there are none, of which no mean is to be taken. */
const pairsOf = (members: ArrayLike<number>): number =>
  [...countsOf(members).values()].reduce((left, count) => left - count ** 2, members.length ** 2) || NaN;

/** The pairs of classes from the most alike, by the matrix of `likeness`. */
export function closestPairs(
  matrix: Float64Array,
  classes: number,
): { readonly a: number; readonly b: number; readonly likeness: number }[] {
  const pairs: { a: number; b: number; likeness: number }[] = [];
  for (let a = 0; a < classes; a++)
    for (let b = a + 1; b < classes; b++) pairs.push({ a, b, likeness: matrix[a * classes + b]! });
  return pairs.sort((p, q) => q.likeness - p.likeness);
}

/**
 * Where a picture [3,height,width] is unlike its own border: what stands before a ground that reaches the edge. 1 where a pixel is further from the border's
 * colours (Mahalanobis' distance to their mean and covariance) than three of four of all its pixels. Nobody has drawn the subjects of CIFAR-10; this is a
 * stand-in for them, and says nothing of a subject that reaches the edge.
 */
export function unlikeBorder(pixels: ArrayLike<number>, height: number, width: number): Uint8Array {
  const area = height * width;
  const border: number[] = [];
  for (let i = 0; i < area; i++) {
    const [r, c] = [Math.floor(i / width), i % width];
    if (r < EDGE || c < EDGE || r >= height - EDGE || c >= width - EDGE) border.push(i);
  }
  const at = (i: number): [number, number, number] => [pixels[i]!, pixels[area + i]!, pixels[2 * area + i]!];
  const mean = [0, 0, 0];
  for (const i of border) at(i).forEach((v, k) => (mean[k]! += v / border.length));
  // A flat ground has no covariance to speak of: some is added, the square of a step of ten.
  const covariance = [100, 0, 0, 0, 100, 0, 0, 0, 100];
  for (const i of border) {
    const d = at(i).map((v, k) => v - mean[k]!);
    for (let a = 0; a < 3; a++) for (let b = 0; b < 3; b++) covariance[3 * a + b]! += (d[a]! * d[b]!) / border.length;
  }
  const inverse = invert(covariance);
  const distances = Float64Array.from({ length: area }, (_, i) => {
    const d = at(i).map((v, k) => v - mean[k]!);
    let sum = 0;
    for (let a = 0; a < 3; a++) for (let b = 0; b < 3; b++) sum += d[a]! * inverse[3 * a + b]! * d[b]!;
    return sum;
  });
  // The last of the three: of a plain ground with little on it more than a quarter is as far as the first of the fourth.
  const limit = distances.slice().sort()[Math.floor(0.75 * area) - 1]!;
  return Uint8Array.from(distances, (d) => Number(d > limit));
}

/** Pixels that count as border. */
const EDGE = 2;

/** Of a symmetric 3x3 matrix, by its cofactors. */
function invert(m: readonly number[]): number[] {
  const cofactor = (r: number, c: number): number => {
    const [r1, r2] = [(r + 1) % 3, (r + 2) % 3];
    const [c1, c2] = [(c + 1) % 3, (c + 2) % 3];
    return m[3 * r1 + c1]! * m[3 * r2 + c2]! - m[3 * r1 + c2]! * m[3 * r2 + c1]!;
  };
  const determinant = m[0]! * cofactor(0, 0) + m[1]! * cofactor(0, 1) + m[2]! * cofactor(0, 2);
  return Array.from({ length: 9 }, (_, i) => cofactor(i % 3, Math.floor(i / 3)) / determinant);
}

/**
 * How well the values tell the marked elements from the others: the probability that a marked one has the larger value, equals counting half (the area under
 * the ROC curve, by ranks). 0.5 = not at all; NaN where all or none are marked.
 */
export function areaUnderRoc(values: Float32Array, marks: ArrayLike<number>): number {
  const ranks = sharedRanks(values);
  let [marked, sum] = [0, 0];
  for (let i = 0; i < values.length; i++) if (marks[i]) [marked, sum] = [marked + 1, sum + ranks[i]!];
  const others = values.length - marked;
  // Ranks run from 0 for the largest.
  return 1 - (sum - (marked * (marked - 1)) / 2) / (marked * others);
}

/** The mean of a value's differences over samples, a - b, with its interval; of a single sample the interval is NaN, for nothing says how far it would spread. */
export function pairedDifference(
  a: readonly number[],
  b: readonly number[],
  seed: number,
): { readonly value: number; readonly interval: readonly [number, number] } {
  // prettier-ignore
  const differences = a.map((v, i) => v - b[i]!);
  const mean = (of: ArrayLike<number>): number => Array.from(of).reduce((sum, i) => sum + differences[i]!, 0) / of.length;
  const value = mean(differences.map((_, i) => i));
  return { value, interval: bootstrap(differences.length, mean, seed) ?? [NaN, NaN] };
}

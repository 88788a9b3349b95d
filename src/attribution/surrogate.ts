// Methods that fit a linear model to the scores of coalitions of parts: LIME and KernelSHAP.
import { random, STREAMS, type Random } from '../core/random.js';
import { LanError } from '../core/errors.js';
import { defineMethod, type Run } from './method.js';
import { coalitionScores, segmentsOf, spreadSegments, type Segments } from './segments.js';
import { lasso, ridge, solvePositive } from './solve.js';

/** Which parts come and go together. */
export interface SegmentSettings {
  /** Coalitions that are scored; where there are no more than these in all, each is, once. */
  readonly samples: number;
  /** Cells of a side of a picture; see segmentsOf. */
  readonly cells: number;
  /** The number of each mask element's segment, from 0; [] for cells, tokens or elements. */
  readonly segments: readonly number[];
}

/** Parts at most: the regression has a matrix of their number squared. */
const MOST_PARTS = 1024;
/** Parts of which all coalitions are written down at most. */
const ENUMERATED = 16;

/** Settings of LIME. */
export interface LimeSettings extends SegmentSettings {
  /** Width of exp(-d^2 / (2 width^2)), d being the cosine distance of a coalition to the whole. */
  readonly width: number;
  /** Of what the distance is taken: the coalition's zeros and ones, or the input that it makes (Captum). */
  readonly distance: 'coalition' | 'input';
  readonly model: 'ridge' | 'lasso';
  /** Weight of the model's size, per sample; see `ridge` and `lasso`. */
  readonly alpha: number;
}

/** Coefficients of a linear model of the score over coalitions, near ones counting more. One pass for each coalition. */
export const lime = defineMethod<LimeSettings>({
  name: 'lime',
  title: 'LIME',
  reference: 'Ribeiro, Singh and Guestrin, 2016',
  needs: 'outputs',
  defaults: { samples: 1000, cells: 8, segments: [], width: 0.25, distance: 'coalition', model: 'ridge', alpha: 1e-3 },
  async explain(run, { samples, cells, segments, width, distance, model, alpha }) {
    const parts = partsOf(run, cells, segments);
    const stream = random(run.problem.seed, STREAMS.coalitions);
    const all = enumerated(parts.count, samples);
    const draw = (index: number): Uint8Array =>
      all ? all[index]! : Uint8Array.from(stream.uniform(new Float32Array(parts.count), index), (u) => (u < 0.5 ? 1 : 0));
    const { present, scores } = await scored(run, parts, all?.length ?? samples, draw, all !== undefined);
    const norms = segmentNorms(run, parts);
    const weights = scores.map((_, k) => {
      const own = present.subarray(k * parts.count, (k + 1) * parts.count);
      const d = distance === 'coalition' ? coalitionDistance(own) : inputDistance(own, norms);
      return Math.exp((-d * d) / (2 * width * width));
    });
    const problem = { rows: present, columns: parts.count, targets: scores, weights };
    const values = spreadSegments(run, parts, model === 'ridge' ? ridge(problem, alpha) : lasso(problem, alpha));
    return run.result(values, { parts: parts.count, samples: scores.length });
  },
});

/**
 * Shapley values of the parts as the solution of a weighted regression: coalitions weighted by the Shapley kernel, the values adding up to the score of
 * the input less that of the baseline. Exact where all coalitions are scored. One pass for each coalition.
 */
export const kernelShap = defineMethod<SegmentSettings>({
  name: 'kernelshap',
  title: 'KernelSHAP',
  reference: 'Lundberg and Lee, 2017',
  needs: 'outputs',
  // 2 parts + 2048, as the authors' library has it, for the 64 parts of a picture.
  defaults: { samples: 2176, cells: 8, segments: [] },
  async explain(run, { samples, cells, segments }) {
    const parts = partsOf(run, cells, segments);
    const d = parts.count;
    const ends = new Uint8Array(2 * d).fill(1, d);
    const [none, whole] = (await coalitionScores(run, parts, ends)) as unknown as [number, number];
    run.requireTime(2, 2);
    // The two ends are met exactly, by the constraint.
    const all = enumerated(d, samples)?.filter((z) => z.includes(0) && z.includes(1));
    const stream = random(run.problem.seed, STREAMS.coalitions);
    const { present, scores } =
      d === 1
        ? { present: new Uint8Array(0), scores: new Float32Array(0) }
        : await scored(run, parts, all?.length ?? samples, all ? (i) => all[i]! : pairs(d, stream), all !== undefined);
    const weightOf = (k: number): number => (all ? kernel(d, sizeOfRow(present, d, k)) : 1);
    const values = constrained(present, d, scores, weightOf, none, whole - none);
    return run.result(spreadSegments(run, parts, values), { parts: d, samples: scores.length + 2, difference: whole - none });
  },
});

function partsOf(run: Run, cells: number, segments: readonly number[]): Segments {
  const parts = segmentsOf(run, cells, segments);
  if (parts.count > MOST_PARTS)
    throw new LanError(
      'unsupported',
      `${run.problem.scorer.scored.name}: its input has ${parts.count} parts, and LIME and KernelSHAP fit a linear model of ${MOST_PARTS} at most.`,
      'Group them with `segments`.',
    );
  return parts;
}

/** All coalitions, where they are no more than `most`. */
function enumerated(parts: number, most: number): Uint8Array[] | undefined {
  if (parts > ENUMERATED || 2 ** parts > most) return undefined;
  return Array.from({ length: 2 ** parts }, (_, bits) => Uint8Array.from({ length: parts }, (_, j) => (bits >> j) & 1));
}

/** Scores of coalitions by number, until there are `count` or the time is up; `whole`: each of them is needed. */
async function scored(
  run: Run,
  parts: Segments,
  count: number,
  draw: (index: number) => Uint8Array,
  whole: boolean,
): Promise<{ readonly present: Uint8Array; readonly scores: Float32Array }> {
  const present = new Uint8Array(count * parts.count);
  const scores = new Float32Array(count);
  let done = 0;
  while (done < count && !(done > 0 && !whole && run.over())) {
    const n = Math.min(run.chunk, count - done);
    for (let k = done; k < done + n; k++) present.set(draw(k), k * parts.count);
    const chunk = present.subarray(done * parts.count, (done + n) * parts.count);
    scores.set(await coalitionScores(run, parts, chunk), done);
    if (whole || done === 0) run.requireTime(done + n, whole ? count : n, 'Give more time, or fewer `samples`.');
    done += n;
  }
  return { present: present.subarray(0, done * parts.count), scores: scores.subarray(0, done) };
}

/** 1 less the cosine of a coalition and the whole; of none it is 1. */
const coalitionDistance = (present: Uint8Array): number => 1 - Math.sqrt(present.reduce((a, b) => a + b, 0) / present.length);

/** Squares of the input and of the baseline, and their product, summed over each part. */
function segmentNorms(run: Run, { of, count }: Segments): readonly [Float64Array, Float64Array, Float64Array] {
  const sums = [new Float64Array(count), new Float64Array(count), new Float64Array(count)] as const;
  of.forEach((s, i) => {
    const [x, b] = [run.x[i]!, run.baseline[i]!];
    sums[0][s]! += x * x;
    sums[1][s]! += b * b;
    sums[2][s]! += x * b;
  });
  return sums;
}

/** 1 less the cosine of the input and what a coalition makes of it. */
function inputDistance(present: Uint8Array, [xx, bb, xb]: readonly [Float64Array, Float64Array, Float64Array]): number {
  let [product, own, whole] = [0, 0, 0];
  present.forEach((there, s) => {
    product += there ? xx[s]! : xb[s]!;
    own += there ? xx[s]! : bb[s]!;
    whole += xx[s]!;
  });
  return own === 0 || whole === 0 ? 1 : 1 - product / Math.sqrt(own * whole);
}

const sizeOfRow = (present: Uint8Array, d: number, k: number): number =>
  present.subarray(k * d, (k + 1) * d).reduce((a, b) => a + b, 0);

/** The Shapley kernel of a coalition of `size` of `d` parts, 0 < size < d: (d - 1) / (C(d, size) size (d - size)). */
function kernel(d: number, size: number): number {
  let choose = 1;
  for (let i = 0; i < size; i++) choose = (choose * (d - i)) / (i + 1);
  return (d - 1) / (choose * size * (d - size));
}

/** Coalitions as likely as the Shapley kernel has them, each followed by its complement, which halves the error. */
function pairs(d: number, stream: Random): (index: number) => Uint8Array {
  const cumulative = new Float64Array(d - 1);
  for (let s = 1, sum = 0; s < d; s++) cumulative[s - 1] = sum += 1 / (s * (d - s));
  const total = cumulative[d - 2]!;
  return (index) => {
    const pair = index >> 1;
    const u = stream.uniform(new Float32Array(d + 1), pair);
    const size = 1 + Math.min(d - 2, cumulative.findIndex((c) => c >= u[d]! * total)); // prettier-ignore
    const order = Array.from({ length: d }, (_, j) => j).sort((a, b) => u[a]! - u[b]! || a - b);
    const there = index % 2 === 0 ? 1 : 0;
    const out = new Uint8Array(d).fill(1 - there);
    for (const j of order.slice(0, size)) out[j] = there;
    return out;
  };
}

/** phi that minimises sum w (score - none - z phi)^2 with sum phi = difference: the last part is what the others leave. */
function constrained(
  present: Uint8Array,
  d: number,
  scores: Float32Array,
  weightOf: (k: number) => number,
  none: number,
  difference: number,
): Float64Array {
  const free = d - 1;
  const xx = new Float64Array(free * free);
  const xy = new Float64Array(free);
  for (let k = 0; k < scores.length; k++) {
    const w = weightOf(k);
    const last = present[k * d + free]!;
    const y = scores[k]! - none - last * difference;
    for (let i = 0; i < free; i++) {
      const zi = present[k * d + i]! - last;
      if (zi === 0) continue;
      xy[i]! += w * zi * y;
      for (let j = 0; j < free; j++) xx[i * free + j]! += w * zi * (present[k * d + j]! - last);
    }
  }
  const phi = new Float64Array(d);
  phi.set(solvePositive(xx, xy));
  phi[free] = difference - phi.reduce((a, b) => a + b, 0);
  return phi;
}

// A mask of Eq. 4 without gradients of the model: learned from its answers alone, for what has none (trees) or whose gradients are not wanted.
import { adamFactors, adamUpdate, type AdamState } from '../core/adam.js';
import { breathe } from '../core/breathe.js';
import { LanError } from '../core/errors.js';
import { random, STREAMS } from '../core/random.js';
import { float32, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { judgeOf, probabilityOf, questionOf, type Answer } from '../evidence/answer.js';
import { replace, spread } from '../evidence/corrupt.js';
import { requireFinite, type LearnedMask, type StepMetrics } from '../lan/learn.js';
import type { Noise } from '../lan/noise.js';
import { maskShapeOf } from '../lan/objective.js';
import type { LanSettings } from '../lan/settings.js';
import type { Classifier } from '../model/open.js';
import type { MaskProgress, Masks } from './masks.js';
import { targetOf } from './target.js';

/** Of a picture the mask has so many cells a side at most: each costs draws to be told from the others. */
const CELLS = 14;
/** Probabilities below this count as this: a tree gives zeros, whose logarithm would outweigh everything. */
const LEAST = 1e-3;
/** By how much a step moves the logarithm of beta towards the `keep` that is asked for, as learning by gradients does. */
const PRICE_RATE = 0.1;

/** Each mask learned for its input from forward passes of onnxruntime on the original file. Throws LanError (`usage`) for soft masks, which have no draws. */
export function byForwardPasses(classifier: Classifier, settings: LanSettings, options: MaskProgress): Masks {
  if (settings.maskValues === 'soft')
    throw new LanError(
      'usage',
      "`engine: 'forward'` replaces elements entirely or not at all, so that there are no masks of values in between.",
      "Leave `maskValues: 'soft'` and the preset of the paper out.",
    );
  if (settings.betaPath)
    throw new LanError(
      'usage',
      "`engine: 'forward'` begins each mask anew, so that there is no path of betas.",
      "Leave `beta: 'auto'` out, or say with `keep` how often the answer is to be kept.",
    );
  if (settings.find === 'delete')
    throw new LanError(
      'usage',
      "`engine: 'forward'` finds the smallest part that is enough, not yet the smallest whose loss changes the answer.",
      "Leave `find: 'delete'` out.",
    );
  return {
    of(job) {
      options.onPhase?.(`learning the mask by forward passes, beta ${job.beta}`);
      return search(classifier, settings, options, job);
    },
    dispose: () => Promise.resolve(),
  };
}

/**
 * Minimises E[L_F] - beta * mean(A) over independent masks A ~ Bernoulli(sigmoid(theta)), one theta an element. The gradient of the first term is estimated by
 * DisARM (Dong, Mnih and Tucker, 2020, equation 8): two masks from one uniform u and 1 - u, on the same noise, whose difference in loss is credited to the
 * elements in which they differ; unbiased, and of at most the variance of independent pairs. The second term's gradient is exact. `draws` pairs a step. The
 * mask is theta > 0, its order sigmoid(theta).
 */
async function search(
  classifier: Classifier,
  settings: LanSettings,
  { onStep, signal }: MaskProgress,
  { x, p, answer, noise, beta: asked }: { readonly x: Tensor; readonly p: Tensor; readonly answer: Answer; readonly noise: Noise; readonly beta: number },
): Promise<LearnedMask> {
  requireFinite(x);
  const start = performance.now();
  const { draws, iterations, learningRate, budget, keep, sharpen, seed } = settings;
  const dims = [1, ...maskShapeOf(settings.maskShape, classifier.sampleShape)];
  const cells = cellsOf(dims);
  const n = cells.count;
  const theta = new Float32Array(n).fill(Math.log(settings.start / (1 - settings.start)));
  const state: AdamState = { m: new Float32Array(n), v: new Float32Array(n) };
  const lossOf = losses(answer, targetOf(answer, p, sharpen));
  const judge = judgeOf(answer, p, classifier.severalLabels);
  const per = sizeOf(x.dims);
  const image = toFloat32(x);
  const noiseStream = random(seed, STREAMS.training);
  const coins = random(seed, STREAMS.coins);
  const eta = new Float32Array(draws * per);
  const u = new Float32Array(draws * n);
  const rows = new Float32Array(2 * draws * per);
  const history: StepMetrics[] = [];
  let beta = asked;
  let stopped: LearnedMask['stopped'] = 'iterations';
  for (let step = 0; step < iterations; step++) {
    noise.fill(eta, noiseStream, step);
    coins.uniform(u, step);
    const chance = theta.map(sigmoid);
    const masks = Array.from({ length: 2 * draws }, (_, k) => {
      const own = u.subarray((k >> 1) * n, ((k >> 1) + 1) * n);
      // The first of a pair from 1 - u, the second from u.
      return k % 2 === 0 ? own.map((v, i) => (1 - v < chance[i]! ? 1 : 0)) : own.map((v, i) => (v < chance[i]! ? 1 : 0));
    });
    masks.forEach((mask, k) => {
      const draw = eta.subarray((k >> 1) * per, ((k >> 1) + 1) * per);
      replace(rows.subarray(k * per, (k + 1) * per), draw, image, spread(cells.grow(mask), dims, x.dims));
    });
    const given = await classifier.predict(float32(rows, [2 * draws, ...x.dims.slice(1)]));
    const width = given.dims[1]!;
    const values = toFloat32(given);
    const answers = masks.map((_, k) => values.subarray(k * width, (k + 1) * width));
    const loss = answers.map(lossOf);
    const gradient = new Float32Array(n);
    for (let k = 0; k < 2 * draws; k += 2) {
      const [first, second] = [masks[k]!, masks[k + 1]!];
      const half = (loss[k]! - loss[k + 1]!) / (2 * draws);
      for (let i = 0; i < n; i++)
        if (first[i] !== second[i]) gradient[i]! += half * (second[i] === 1 ? -1 : 1) * sigmoid(Math.abs(theta[i]!));
    }
    for (let i = 0; i < n; i++) gradient[i]! -= (beta * cells.weight[i]! * chance[i]! * (1 - chance[i]!)) / sizeOf(dims);
    const outputLoss = loss.reduce((a, b) => a + b, 0) / loss.length;
    const maskMean = masks.reduce((sum, mask) => sum + mask.reduce((a, b, i) => a + b * cells.weight[i]!, 0), 0) / masks.length / sizeOf(dims);
    const kept = answers.filter((row) => judge.kept(row)).length / answers.length;
    history.push({ step, loss: outputLoss - beta * maskMean, outputLoss, maskMean, kept, beta });
    onStep?.(asked, history.at(-1)!, iterations);
    const seconds = (performance.now() - start) / 1000;
    const done = Math.max(step / iterations, budget ? Math.min(1, seconds / budget) : 0);
    const rate = settings.schedule === 'constant' ? learningRate : learningRate * (0.01 + 0.99 * 0.5 * (1 + Math.cos(Math.PI * done)));
    adamUpdate(theta, gradient, state, adamFactors(step + 1, rate));
    if (keep !== undefined && step > iterations / 3) beta *= Math.exp(PRICE_RATE * (kept - keep));
    if (signal?.aborted) stopped = 'interrupted';
    else if (budget !== undefined && seconds > budget) stopped = 'budget';
    if (stopped !== 'iterations') break;
    // Lets signals and timers in.
    if (step % 8 === 7) await breathe();
  }
  const order = cells.grow(theta.map(sigmoid));
  return {
    mask: float32(order.map((v) => (v > 0.5 ? 1 : 0)), dims),
    order: float32(order, dims),
    history,
    seconds: (performance.now() - start) / 1000,
    stopped,
    forwardPasses: history.length * 2 * draws,
  };
} // prettier-ignore

const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v));

/** L_F of a row of the classifier's answers, as Eq. 4's objective has it: cross-entropy with the target, of values the squared error in tolerances. */
function losses(answer: Answer, target: Tensor): (row: Float32Array) => number {
  const t = toFloat32(target);
  const nats = (weight: number, p: number): number => (weight === 0 ? 0 : -weight * Math.log(Math.max(LEAST, p)));
  if (answer.task === 'value') return ([v]) => ((v! - answer.value) / answer.within) ** 2;
  if (answer.task === 'target')
    return (row) => {
      const yes = probabilityOf(row, questionOf(answer));
      return nats(t[0]!, yes) + nats(t[1]!, 1 - yes);
    };
  if (answer.task === 'labels')
    return (row) => row.reduce((sum, v, k) => sum + nats(t[k]!, v) + nats(t[row.length + k]!, 1 - v), 0);
  // One output alone is the probability of class 1, whose target is given for both or for it.
  return (row) =>
    row.length === 1
      ? nats(t.at(-1)!, row[0]!) + nats(t.length > 1 ? t[0]! : 1 - t[0]!, 1 - row[0]!)
      : row.reduce((sum, v, k) => sum + nats(t[k]!, v), 0);
}

/** Elements of a mask that share one theta. */
interface Cells {
  readonly count: number;
  /** Elements in each cell. */
  readonly weight: Float32Array;
  /** Values of cells as a mask. */
  grow(values: Float32Array): Float32Array;
}

/** Cells of a mask of these dims, without the batch: CELLS a side at most where it is one of pictures, else each element by itself. */
function cellsOf(dims: readonly number[]): Cells {
  const size = sizeOf(dims);
  const [height, width] = dims.slice(-2) as [number, number];
  const picture = dims.length === 4 && (height > CELLS || width > CELLS);
  if (!picture) return { count: size, weight: new Float32Array(size).fill(1), grow: (values) => values };
  const [rows, columns] = [Math.min(CELLS, height), Math.min(CELLS, width)];
  const planes = size / (height * width);
  const place = Int32Array.from({ length: size }, (_, i) => {
    const [y, x] = [Math.floor(i / width) % height, i % width];
    const plane = Math.floor(i / (height * width));
    return (plane * rows + Math.floor((y * rows) / height)) * columns + Math.floor((x * columns) / width);
  });
  const weight = new Float32Array(planes * rows * columns);
  for (const cell of place) weight[cell]!++;
  return { count: weight.length, weight, grow: (values) => Float32Array.from(place, (cell) => values[cell]!) };
}

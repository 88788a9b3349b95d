// Learns one sample's mask (Eq. 4) by gradient descent on its logits, on any engine.
import type { OpAdapter } from '../../adapters/op.js';
import { breathe } from '../core/breathe.js';
import { LanError } from '../core/errors.js';
import { random, STREAMS } from '../core/random.js';
import { float32, scalar, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import type { Descent, Engine } from '../engine/engine.js';
import type { Find } from './choices.js';
import type { Noise } from './noise.js';
import { firstInfiniteGradient, notFinite } from './not-finite.js';
import type { Objective } from './objective.js';
import { firstPrice, nextPrice } from './price.js';
import { settled } from './settled.js';
import { evenly, logitsOf } from './start.js';

/** How one mask is learned (Eq. 4). */
export interface LearnSettings {
  /** Weight of the mask mean, at least 0. While a binary mask is rounded and keeps the answer it counts up to twice (see nextPrice). */
  readonly beta: number;
  /** It does not, as where several betas are compared. */
  readonly fixed?: boolean;
  readonly iterations: number;
  readonly learningRate: number;
  /** 'constant', or 'cosine': from the learning rate down to a hundredth of it. */
  readonly schedule: 'constant' | 'cosine';
  readonly seed: number;
  /** Value of the whole mask before the first step, in (0,1). */
  readonly start: number;
  /** Ends when the loss has improved by less than 0.1 % of beta over this many steps; 0: never. */
  readonly patience: number;
  /** Wall-clock seconds after which the mask is taken as it is. */
  readonly budget?: number;
  /** After a third of the run the corrupted input uses the mask rounded to 0 or 1, straight-through, and the mask that comes out is that one. */
  readonly binary?: boolean;
  /**
   * How often the answer is to be kept, in (0,1): from the start of the binary steps on beta is raised where it is kept more often and lowered where it
   * is kept less often, so that as much is replaced as that allows. Needs `binary` and the job's `kept`.
   */
  readonly keep?: number | undefined;
  /** What the objective looks for; default 'keep'. With 'delete' `keep` is how often the answer may be kept at most. */
  readonly find?: Find;
}

/** Metrics of one step, before its update: `loss` = outputLoss - beta * maskMean. */
export interface StepMetrics {
  readonly step: number;
  readonly loss: number;
  readonly outputLoss: number;
  readonly maskMean: number;
  /** Fraction of the draws that kept the answer; absent where the job does not say what that is. */
  readonly kept?: number;
  /** The weight of the mask mean in this step. */
  readonly beta: number;
}

/** What holds from the next step on, where it was changed while a mask was learned. */
export interface StepChange {
  readonly beta?: number;
  readonly noise?: Noise;
}

/** A mask, how learning it went step by step, and why it ended. `seconds`: how long it took. */
export interface LearnedMask {
  /**
   * [1,1,H,W], or [1,...sample] for a full mask; in [0,1], 1 = replaceable. A binary one holds 0 and 1 alone. Where the part was looked for whose loss changes
   * the answer, that part is 0, and 1 is what can stay.
   */
  readonly mask: Tensor;
  /** Of a binary mask: the values in (0,1) that were rounded, which order its elements by how soon they stop being needed; in its shape. */
  readonly order?: Tensor;
  readonly history: readonly StepMetrics[];
  readonly seconds: number;
  /** What was changed while it was learned: before which step, and to what. */
  readonly changes?: readonly { readonly step: number; readonly beta?: number; readonly noise?: string }[];
  /** The same at the end: what the mask is to be measured with. */
  readonly changed?: { readonly beta: number; readonly noise: Noise };
  /** Learning was to go on from another mask, which did not suit the input: this one was learned from scratch after all, and `seconds` counts both. */
  readonly fromScratch?: boolean;
  /** Where no gradient was taken: how many inputs the model was asked about. */
  readonly forwardPasses?: number;
  /** 'settled': a binary mask moves no more, and keeps the answer (or changes it); 'explainer', 'method': nothing was learned, a trained network or another method gave the mask. */
  readonly stopped: 'iterations' | 'plateau' | 'settled' | 'budget' | 'interrupted' | 'explainer' | 'method';
}

/** The values in [0,1] that order the elements of a mask, the first to be replaced having the largest: of a binary one those before they were rounded. */
export const orderOf = ({ mask, order }: Pick<LearnedMask, 'mask' | 'order'>): Tensor => order ?? mask;

/** A compiled objective: one compilation serves every beta and every input of the same shape. */
export interface Learner {
  learn(job: {
    /** [1,...sample], finite. */
    readonly x: Tensor;
    /** F(x), probabilities [1,K] (for sigmoid outputs p then 1-p). */
    readonly target: Tensor;
    /** Of an objective of values: by how much the value may move. */
    readonly tolerance?: number;
    readonly noise: Noise;
    readonly settings: LearnSettings;
    /**
     * Goes on from the logits that the learner's last mask ended with, rounded from the first step on where masks are binary, in half the steps at half the
     * learning rate: its neighbour on a path of betas is near.
     */
    readonly warm?: boolean;
    /** The same from another mask: the values that order it, in [0,1], in the shape of the mask. Needs a grid of single elements, as the last of the grids is by default. */
    readonly from?: Tensor;
    /** Does a row [K] of the objective's `outputs` keep the answer? */
    readonly kept?: (row: Float32Array) => boolean;
    /** Told after each step, and waited for; `mask`: the soft one of that step, where the learner is watched. The time that it takes is not the run's. */
    readonly onStep?: (metrics: StepMetrics, mask?: Tensor) => void | Promise<StepChange | void>;
    readonly signal?: AbortSignal;
  }): Promise<LearnedMask>;
  dispose(): Promise<void>;
}

const FIGURES = ['loss', 'output_loss', 'mask_mean', 'outputs'];

/** Compiles the objective's gradient on the engine. `watched`: each step gives its mask, too. Throws as `Engine.gradient` does. */
export async function createLearner(
  engine: Engine,
  objective: Objective,
  adapters: readonly OpAdapter[] = [],
  watched = false,
): Promise<Learner> {
  const outputs = watched ? [...FIGURES, 'soft_mask'] : FIGURES;
  const descent = await engine.descend(objective.graph, 'loss', objective.parameters, outputs);
  return {
    learn: (job) =>
      descend(descent, objective, job, (feeds) =>
        firstInfiniteGradient(
          engine,
          adapters,
          objective.graph,
          'loss',
          objective.parameters.map((p) => p.name),
          feeds,
        ),
      ),
    dispose: () => descent.dispose(),
  };
}

async function descend(
  descent: Descent,
  objective: Objective,
  job: Parameters<Learner['learn']>[0],
  infiniteGradient: (feeds: Readonly<Record<string, Tensor>>) => Promise<string | undefined>,
): Promise<LearnedMask> {
  const { x, target, tolerance, kept, from, onStep, signal } = job;
  const warm = job.warm === true || from !== undefined;
  let { noise } = job;
  const settings = warm ? halved(job.settings) : job.settings;
  requireFinite(x);
  const stream = random(settings.seed, STREAMS.training);
  const eta = float32(
    new Float32Array(sizeOf(objective.graph.inputs.find((i) => i.name === 'eta')!.dims as number[])),
    objective.graph.inputs.find((i) => i.name === 'eta')!.dims as number[],
  );
  const feeds: Record<string, Tensor> = { x, target, eta };
  if (tolerance !== undefined) feeds['tolerance'] = scalar(tolerance);
  const initial = from
    ? logitsOf(from, objective.parameters)
    : warm
      ? Object.fromEntries(objective.parameters.map(({ name }) => [name, descent.get(name)]))
      : evenly(settings.start, objective.parameters);
  descent.reset(initial);
  const history: StepMetrics[] = [];
  const taken: { readonly rate: number; readonly weights: Record<string, Tensor>; readonly noise: Noise }[] = [];
  const changes: { readonly step: number; readonly beta?: number; readonly noise?: string }[] = [];
  /** All inputs of the objective as they were before a step, its parameters included: the steps up to there once more, since only the last state is kept. */
  const before = async (step: number): Promise<Record<string, Tensor>> => {
    descent.reset(initial);
    const feed = (s: number): void => {
      taken[s]!.noise.fill(eta.data as Float32Array, stream, s);
      Object.assign(feeds, taken[s]!.weights);
    };
    for (let s = 0; s < step; s++) {
      feed(s);
      await descent.step(feeds, taken[s]!.rate);
    }
    feed(step);
    const parameters = objective.parameters.map(({ name, dims }) => [name, float32(descent.get(name), [...dims])] as const);
    return { ...feeds, ...Object.fromEntries(parameters) };
  };
  let start = performance.now();
  let stopped: LearnedMask['stopped'] = 'iterations';
  let [beta, asked] = [settings.beta, settings.beta];
  let binaryFrom: number | undefined;
  const elements = sizeOf(objective.graph.outputs.find((o) => o.name === 'mask')!.dims as number[]);
  let flat = false;
  if (!noise.random) noise.fill(eta.data as Float32Array, stream, 0);
  for (let step = 0; step < settings.iterations; step++) {
    if (noise.random) noise.fill(eta.data as Float32Array, stream, step);
    const done = doneBy(settings, step, (performance.now() - start) / 1000);
    if (settings.binary && binaryFrom === undefined && (warm || done >= SOFT_PART || flat)) {
      binaryFrom = step;
      if (kept) beta = firstPrice({ ...settings, beta });
    }
    const weights = { beta: scalar(beta), binary: scalar(binaryFrom === undefined ? 0 : 1) };
    Object.assign(feeds, weights);
    const rate = rateAt(settings, done);
    taken.push({ rate, weights, noise });
    const out = await descent.step(feeds, rate);
    const metrics: StepMetrics = {
      step,
      loss: first(out['loss']!),
      outputLoss: first(out['output_loss']!),
      maskMean: first(out['mask_mean']!),
      ...(kept && { kept: fractionKept(out['outputs']!, kept) }),
      beta,
    };
    if (!Number.isFinite(metrics.loss)) {
      const node = step === 0 ? undefined : await before(step - 1).then(infiniteGradient);
      throw notFinite(`loss became ${metrics.loss}`, step, node);
    }
    history.push(metrics);
    const told = onStep?.(metrics, out['soft_mask']);
    if (told) {
      const paused = performance.now();
      const change = await told;
      start += performance.now() - paused;
      if (change?.beta !== undefined) beta = asked = change.beta;
      if (change?.noise) (noise = change.noise).fill(eta.data as Float32Array, stream, step + 1);
      if (change) changes.push({ step: step + 1, ...change, noise: change.noise?.name });
    }
    if (signal?.aborted) stopped = 'interrupted';
    else if (settings.budget !== undefined && (performance.now() - start) / 1000 > settings.budget) stopped = 'budget';
    else if (settings.patience > 0) {
      if (binaryFrom !== undefined) stopped = settled(history.slice(binaryFrom), elements, settings) ? 'settled' : stopped;
      else flat = plateau(history, settings);
      // A soft mask that has stopped moving is done; a binary one is rounded from here on.
      if (flat && !settings.binary) stopped = 'plateau';
    }
    if (stopped !== 'iterations') break;
    if (binaryFrom !== undefined && metrics.kept !== undefined)
      beta = nextPrice(beta, metrics.kept, { ...settings, beta: asked });
    // Lets signals and timers in: a native step blocks the thread.
    if (step % 8 === 7) await breathe();
  }
  // One more forward pass, for the mask after the last update.
  const last = { ...feeds, beta: scalar(beta), binary: scalar(settings.binary ? 1 : 0) };
  const { mask, soft_mask: order } = (await descent.evaluate(last, ['mask', 'soft_mask'])) as { mask: Tensor; soft_mask: Tensor };
  const change = changes.length > 0 && { changes, changed: { beta: asked, noise } };
  return { mask, ...(settings.binary && { order }), ...change, history, seconds: (performance.now() - start) / 1000, stopped };
}

/** Throws LanError naming the first element that is not finite: Eq. 2 turns one NaN of x into a NaN mask everywhere, since 0 * NaN is NaN. */
export function requireFinite(x: Tensor): void {
  const values = toFloat32(x);
  const bad = values.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0)
    throw new LanError(
      'numbers',
      `The input holds ${values[bad]} at element ${bad}; every value must be finite.`,
      'Fill in missing values first.',
    );
}

const first = (t: Tensor): number => Number(t.data[0]);

/** The part of a binary run whose masks are soft: a mask has to be somewhere near before rounding it says anything. */
export const SOFT_PART = 1 / 3;

const halved = (settings: LearnSettings): LearnSettings => ({
  ...settings,
  iterations: Math.ceil(settings.iterations / 2),
  learningRate: settings.learningRate / 2,
});

/** How much of the run is done, by steps or by the clock, whichever is further. */
const doneBy = ({ iterations, budget }: LearnSettings, step: number, seconds: number): number =>
  Math.max(step / iterations, budget ? Math.min(1, seconds / budget) : 0);

function rateAt({ learningRate, schedule }: LearnSettings, done: number): number {
  if (schedule === 'constant') return learningRate;
  return learningRate * (0.01 + 0.99 * 0.5 * (1 + Math.cos(Math.PI * done)));
}

function fractionKept({ data, dims }: Tensor, kept: (row: Float32Array) => boolean): number {
  const [rows, k] = dims as [number, number];
  let count = 0;
  for (let i = 0; i < rows; i++) if (kept((data as Float32Array).subarray(i * k, (i + 1) * k))) count++;
  return count / rows;
}

/** Has the mean loss of the last `patience` steps hardly improved on that of the steps before? */
function plateau(history: readonly StepMetrics[], { patience, beta }: LearnSettings): boolean {
  if (history.length < 2 * patience || history.length % 10 !== 0) return false;
  const mean = (from: number, to: number): number => history.slice(from, to).reduce((s, f) => s + f.loss, 0) / (to - from);
  const n = history.length;
  return mean(n - 2 * patience, n - patience) - mean(n - patience, n) < 1e-3 * beta;
}

// Learns one sample's mask (Eq. 4) by gradient descent on its logits, on any engine.
import type { OpAdapter } from '../../adapters/op.js';
import { LanError } from '../core/errors.js';
import { random, STREAMS } from '../core/random.js';
import { float32, scalar, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import type { Descent, Engine, Parameter } from '../engine/engine.js';
import type { Noise } from './noise.js';
import { firstInfiniteGradient, notFinite } from './not-finite.js';
import type { Objective } from './objective.js';

/** How one mask is learned (Eq. 4). `beta`: weight of the mask mean, at least 0. */
export interface LearnSettings {
  readonly beta: number;
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
}

/** Metrics of one step, before its update: `loss` = outputLoss - beta * maskMean. */
export interface StepMetrics {
  readonly step: number;
  readonly loss: number;
  readonly outputLoss: number;
  readonly maskMean: number;
}

/** A mask, how learning it went step by step, and why it ended. `seconds`: how long it took. */
export interface LearnedMask {
  /** [1,1,H,W], or [1,...sample] for a full mask; in [0,1], 1 = replaceable. */
  readonly mask: Tensor;
  readonly history: readonly StepMetrics[];
  readonly seconds: number;
  /** 'explainer': nothing was learned, a trained network gave the mask. */
  readonly stopped: 'iterations' | 'plateau' | 'budget' | 'interrupted' | 'explainer';
}

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
    readonly onStep?: (metrics: StepMetrics) => void;
    readonly signal?: AbortSignal;
  }): Promise<LearnedMask>;
  dispose(): Promise<void>;
}

/** Compiles the objective's gradient on the engine. Throws as `Engine.gradient` does. */
export async function createLearner(engine: Engine, objective: Objective, adapters: readonly OpAdapter[] = []): Promise<Learner> {
  const descent = await engine.descend(objective.graph, 'loss', objective.parameters, ['loss', 'output_loss', 'mask_mean']);
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
  const { x, target, tolerance, noise, settings, onStep, signal } = job;
  requireFinite(x);
  const stream = random(settings.seed, STREAMS.training);
  const eta = float32(
    new Float32Array(sizeOf(objective.graph.inputs.find((i) => i.name === 'eta')!.dims as number[])),
    objective.graph.inputs.find((i) => i.name === 'eta')!.dims as number[],
  );
  const feeds: Record<string, Tensor> = { x, target, eta, beta: scalar(settings.beta) };
  if (tolerance !== undefined) feeds['tolerance'] = scalar(tolerance);
  // Grids sum up, so that the first one alone sets the start.
  const [coarsest] = objective.parameters as [Parameter, ...Parameter[]];
  if (!(settings.start > 0 && settings.start < 1))
    throw new LanError('usage', `\`start\`: the mask has to start inside (0,1), received ${settings.start}.`);
  const logit = Math.log(settings.start / (1 - settings.start));
  const initial = Object.fromEntries(
    objective.parameters.map(({ name, dims }) => [name, new Float32Array(sizeOf(dims)).fill(name === coarsest.name ? logit : 0)]),
  );
  descent.reset(initial);
  const history: StepMetrics[] = [];
  const rates: number[] = [];
  /** All inputs of the objective as they were before a step, its parameters included: the steps up to there once more, since only the last state is kept. */
  const before = async (step: number): Promise<Record<string, Tensor>> => {
    descent.reset(initial);
    const draw = (s: number): void => void (noise.random && noise.fill(eta.data as Float32Array, stream, s));
    for (let s = 0; s < step; s++) {
      draw(s);
      await descent.step(feeds, rates[s]!);
    }
    draw(step);
    const parameters = objective.parameters.map(({ name, dims }) => [name, float32(descent.get(name), [...dims])] as const);
    return { ...feeds, ...Object.fromEntries(parameters) };
  };
  const start = performance.now();
  let stopped: LearnedMask['stopped'] = 'iterations';
  if (!noise.random) noise.fill(eta.data as Float32Array, stream, 0);
  for (let step = 0; step < settings.iterations; step++) {
    if (noise.random) noise.fill(eta.data as Float32Array, stream, step);
    const rate = rateAt(settings, step, (performance.now() - start) / 1000);
    rates.push(rate);
    const out = await descent.step(feeds, rate);
    const metrics = {
      step,
      loss: first(out['loss']!),
      outputLoss: first(out['output_loss']!),
      maskMean: first(out['mask_mean']!),
    };
    if (!Number.isFinite(metrics.loss)) {
      const node = step === 0 ? undefined : await before(step - 1).then(infiniteGradient);
      throw notFinite(`loss became ${metrics.loss}`, step, node);
    }
    history.push(metrics);
    onStep?.(metrics);
    if (signal?.aborted) stopped = 'interrupted';
    else if (settings.budget !== undefined && (performance.now() - start) / 1000 > settings.budget) stopped = 'budget';
    else if (settings.patience > 0 && plateau(history, settings)) stopped = 'plateau';
    if (stopped !== 'iterations') break;
    // Lets signals and timers in: a native step blocks the thread.
    if (step % 8 === 7) await new Promise((resolve) => setImmediate(resolve));
  }
  // One more forward pass, for the mask after the last update.
  const mask = (await descent.evaluate(feeds, ['mask']))['mask']!;
  return { mask, history, seconds: (performance.now() - start) / 1000, stopped };
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

function rateAt({ learningRate, schedule, iterations, budget }: LearnSettings, step: number, seconds: number): number {
  if (schedule === 'constant') return learningRate;
  const done = Math.max(step / iterations, budget ? Math.min(1, seconds / budget) : 0);
  return learningRate * (0.01 + 0.99 * 0.5 * (1 + Math.cos(Math.PI * done)));
}

/** Has the mean loss of the last `patience` steps hardly improved on that of the steps before? */
function plateau(history: readonly StepMetrics[], { patience, beta }: LearnSettings): boolean {
  if (history.length < 2 * patience || history.length % 10 !== 0) return false;
  const mean = (from: number, to: number): number => history.slice(from, to).reduce((s, f) => s + f.loss, 0) / (to - from);
  const n = history.length;
  return mean(n - 2 * patience, n - patience) - mean(n - patience, n) < 1e-3 * beta;
}

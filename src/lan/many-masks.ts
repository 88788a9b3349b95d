// Equation 4 for many samples at once: a free mask for each, all of them learned in the same steps, so that the classifier's weights are read once for all.
import { float32, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { random, STREAMS } from '../core/random.js';
import { sha256 } from '../data/files.js';
import type { Engine } from '../engine/engine.js';
import { GraphBuilder } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';
import { requireFinite } from './learn.js';
import { classify } from './objective.js';
import { bootstrapOrder, type Samples } from './samples.js';
import { train, type TrainJob, type TrainResult, type TrainSettings } from './train.js';

/** What is learned, of which samples, against which noise. */
export interface ManyMasksOptions extends Pick<TrainJob, 'files' | 'onStep' | 'signal'> {
  readonly engine: Engine;
  /** Static graphs x [n,...] -> log_probabilities [n,K]. */
  readonly classifier: (batch: number) => Promise<Graph>;
  readonly specialize: (graph: Graph) => Promise<Graph>;
  /** [n,...sample]. */
  readonly x: Tensor;
  /** Of one sample, with as many axes as it; an axis of 1 is shared along it, as by the channels of a picture. */
  readonly maskShape: readonly number[];
  /** Weight of each sample's mask mean, [n]. */
  readonly betas: ArrayLike<number>;
  /** Samples that replace parts of x, drawn anew at every step (eta_boot). */
  readonly noise: Samples;
  /** `draws`: noise draws a sample and step. */
  readonly settings: TrainSettings & { readonly draws: number; readonly seed: number };
  /** What else decides the result: the model's hash, the data, which samples. */
  readonly identity: Readonly<Record<string, unknown>>;
}

/** Masks as they came out, and what they do on noise that they have not seen. */
export interface ManyMasks extends TrainResult {
  /** [n,...mask], in (0,1), 1 = replaceable. */
  readonly masks: Float32Array;
  /** Mean of each mask, [n]. */
  readonly means: Float32Array;
  /** L_F of each sample, mean over fresh draws, less the entropy of F(x), so that 0 is an answer that is kept exactly: KL(F(x) || F(x~)) in nats, [n]. */
  readonly divergences: Float32Array;
}

const bytesOf = (x: Tensor): Uint8Array => {
  const { buffer, byteOffset, byteLength } = toFloat32(x);
  return new Uint8Array(buffer, byteOffset, byteLength);
};

/** Fresh draws on which divergences are measured. */
const FRESH = 64;

/**
 * Masks sigmoid(theta), theta 0 at first, by Adam. The loss is the sum over samples of L_F - beta * mean(mask): no sample's gradient depends on the others, so
 * that each mask is what it would be alone. Throws LanError for an x that is not finite, and as `train` does.
 */
export async function trainMasks(options: ManyMasksOptions): Promise<ManyMasks> {
  const { engine, x, maskShape, betas, noise, settings, identity, files, onStep, signal } = options;
  requireFinite(x);
  const [n = 1, ...sample] = x.dims;
  const { draws, seed } = settings;
  const parameter = { name: 'theta', dims: [n, ...maskShape] };
  const graph = await options.specialize(await objective(options));
  const descent = await engine.descend(graph, 'loss', [parameter], ['loss', 'output_loss', 'mask_mean']);
  const fixed = { x, betas: float32(Float32Array.from(betas), [n]) };
  const etaDims = [draws * n, ...sample];
  const feedsBy = (orderSeed: number): ((step: number) => Promise<Record<string, Tensor>>) => {
    const order = bootstrapOrder(noise.count, draws * n, orderSeed);
    return async (step) => ({ ...fixed, eta: float32(await noise.read(order(step), step), etaDims) });
  };
  try {
    const result = await train({
      settings,
      descent,
      // The samples themselves: masks that were learned of others would be taken for theirs.
      identity: { samples: n, inputs: sha256(bytesOf(x)), mask: maskShape, betas: Array.from(betas), ...settings, ...identity },
      initial: () => ({ theta: new Float32Array(sizeOf(parameter.dims)) }),
      feeds: feedsBy(seed),
      metrics: ['loss', 'output_loss', 'mask_mean'],
      files,
      onStep,
      signal,
    });
    const masks = descent.get('theta').map((theta) => 1 / (1 + Math.exp(-theta)));
    const per = sizeOf(maskShape);
    const means = Float32Array.from(
      { length: n },
      (_, i) => masks.subarray(i * per, (i + 1) * per).reduce((a, b) => a + b, 0) / per,
    );
    const divergences = new Float32Array(n);
    // Noise of a stream that no step has seen.
    const fresh = feedsBy(random(seed, STREAMS.fresh).integer(2 ** 31, 0, 0));
    const rounds = Math.ceil(FRESH / draws);
    for (let round = 0; round < rounds && result.finished; round++) {
      const out = await descent.evaluate(await fresh(round), ['divergences']);
      toFloat32(out['divergences']!).forEach((v, i) => (divergences[i]! += v / rounds));
    }
    return { ...result, masks, means, divergences };
  } finally {
    await descent.dispose();
  }
}

/**
 * Inputs: `theta` [n,...mask], `x` [n,...sample], `eta` [draws * n,...sample] (draw by draw), `betas` [n]. Outputs: `loss` [], `output_loss` [] and `mask_mean`
 * [] (means over the samples), `divergences` [n].
 */
async function objective(options: ManyMasksOptions): Promise<Graph> {
  const { x: samples, maskShape, settings } = options;
  const { draws } = settings;
  const [n = 1, ...sampleShape] = samples.dims;
  const g = new GraphBuilder('masks');
  const theta = g.input('theta', 'float32', [n, ...maskShape]);
  const x = g.input('x', 'float32', [n, ...sampleShape]);
  const eta = g.input('eta', 'float32', [draws * n, ...sampleShape]);
  const betas = g.input('betas', 'float32', [n]);
  const mask = g.op('Sigmoid', [theta]);
  // Eq. 2; the draws are one more axis in front, along which x and A broadcast.
  const apart = draws === 1 ? eta : g.reshape(eta, [draws, n, ...sampleShape]);
  const mixed = g.add(x, g.mul(mask, g.sub(apart, x)));
  const corrupted = draws === 1 ? mixed : g.reshape(mixed, [draws * n, ...sampleShape]);
  g.types.set(corrupted, { type: 'float32', dims: [draws * n, ...sampleShape] });
  const model = { classifier: options.classifier, sampleShape };
  const weights = new Map<string, string>();
  const own = await classify(g, model, x, n, weights);
  const logP = await classify(g, model, corrupted, draws * n, weights);
  const k = g.typeOf(logP).dims[1]!;
  const target = g.op('Exp', [own]);
  const rows = draws === 1 ? logP : g.reshape(logP, [draws, n, k]);
  const axes = draws === 1 ? [1] : [0, 2];
  // F(x) is no function of theta: cross-entropy and KL have the same gradient, and differ by the entropy of F(x).
  const crossEntropy = g.mul(g.reduceSum(g.mul(target, rows), axes, false), g.scalar(-1 / draws));
  const entropy = g.neg(g.reduceSum(g.mul(target, own), [1], false));
  const means = g.op('ReduceMean', [mask, g.ints(maskShape.map((_, i) => i + 1))], { keepdims: 0 });
  const loss = g.reduceSum(g.sub(crossEntropy, g.mul(betas, means)), [0], false);
  const average = (v: string): string => g.mul(g.reduceSum(v, [0], false), g.scalar(1 / n));
  g.output(loss, 'loss');
  g.output(average(crossEntropy), 'output_loss');
  g.output(average(means), 'mask_mean');
  g.output(g.sub(crossEntropy, entropy), 'divergences');
  return g.build();
}

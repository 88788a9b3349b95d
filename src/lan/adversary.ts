// F and A as adversaries (paper, Section 6): A hides what F attends to, F keeps its answer all the same, by turns within one native step.
import { LanError } from '../core/errors.js';
import { float32, scalar, sizeOf } from '../core/tensor.js';
import type { Engine } from '../engine/engine.js';
import { GraphBuilder } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';
import { appendMask, type Explainer } from './amortised.js';
import { oneHot } from './fit.js';
import { appendParameters, type Network } from './network.js';
import { batchOrder, type Samples } from './samples.js';
import { train, type TrainJob, type TrainResult, type TrainSettings } from './train.js';

/** Samples with labels, and what may take the place of their parts. */
export interface Contested extends Samples {
  /**
   * Of samples as `read` gives them with this draw: noise eta [n,...shape], and where it may be put, `allowed` [n,...mask shape]: 1 = A may hide what is there, 0 = F is
   * told to look there, a mask given as prior.
   */
  hiding(indices: ArrayLike<number>, draw: number): { readonly eta: Float32Array; readonly allowed: Float32Array };
}

/** Numbers of a training of both. */
export interface AdversarySettings extends TrainSettings {
  readonly batch: number;
  readonly seed: number;
  /** What F's loss on hidden inputs counts, its loss on whole ones being 1. */
  readonly weight: number;
  /** What A pays, in nats, for hiding all that it may; below 0: what it is paid for that. */
  readonly price: number;
}

/** What trains whom on what. */
export interface AdversaryOptions extends Pick<TrainJob, 'files' | 'onStep' | 'signal'> {
  readonly engine: Engine;
  /** Makes the composed graph static. */
  readonly specialize: (graph: Graph) => Promise<Graph>;
  readonly network: Network;
  readonly hider: Explainer;
  readonly samples: Contested;
  readonly settings: AdversarySettings;
  /** What else decides the result: the data, what is told. */
  readonly identity: Readonly<Record<string, unknown>>;
}

const FIGURES = ['loss', 'clean_loss', 'hidden_loss', 'hidden_part'] as const;
/** A hidden answer that costs so many times the loss of guessing is lost, and gains A no more. */
const LOST = 2;

/** Parameters of both after the last step. Throws LanError for samples without labels, and as `train` does. */
export async function trainAdversaries(
  options: AdversaryOptions,
): Promise<TrainResult & { parameters: Record<string, Float32Array> }> {
  const { engine, network, hider, samples, settings, identity, files, onStep, signal } = options;
  const { batch, seed } = settings;
  const { labels } = samples;
  if (!labels) throw new LanError('data', 'Training F against A needs a label for each sample.');
  const graph = await options.specialize(adversaryGraph(network, hider, settings));
  const parameters = [...network.parameters, ...hider.network.parameters.map((p) => ({ ...p, lowers: 'hider_loss' }))];
  const descent = await engine.descend(graph, 'loss', parameters, FIGURES);
  const order = batchOrder(samples.count, batch, seed);
  const classes = sizeOf(network.outputShape);
  try {
    const result = await train({
      settings,
      descent,
      identity: { network: network.text, hider: hider.network.text, samples: samples.count, ...settings, ...identity },
      initial: () => ({ ...network.initial(seed), ...hider.network.initial(seed + 1) }),
      async feeds(step) {
        const indices = order(step);
        const { eta, allowed } = samples.hiding(indices, step);
        return {
          x: float32(await samples.read(indices, step), [batch, ...samples.shape]),
          eta: float32(eta, [batch, ...samples.shape]),
          allowed: float32(allowed, [batch, ...hider.maskShape]),
          labels: oneHot(labels, indices, classes),
          weight: scalar(settings.weight),
          price: scalar(settings.price),
        };
      },
      metrics: FIGURES,
      files,
      onStep,
      signal,
    });
    return { ...result, parameters: Object.fromEntries(parameters.map(({ name }) => [name, descent.get(name)])) };
  } finally {
    await descent.dispose();
  }
}

/**
 * Inputs: parameters of both, `x` and `eta` [batch,...sample], `allowed` [batch,...mask shape], one-hot `labels` [batch,K], `weight` [], `price` []. With
 * A(x) * allowed for the mask of Eq. 2: outputs `loss` [] = clean_loss + weight * hidden_loss, which F lowers, `hider_loss` [] = price * hidden_part - hidden_loss
 * (counted up to LOST ln K), which A lowers, and their parts: cross-entropy with the labels of whole and of hidden inputs, and the mean of the mask.
 */
export function adversaryGraph(network: Network, hider: Explainer, { batch }: Pick<AdversarySettings, 'batch'>): Graph {
  const g = new GraphBuilder('adversaries');
  const x = g.input('x', 'float32', [batch, ...network.inputShape]);
  const eta = g.input('eta', 'float32', [batch, ...network.inputShape]);
  const allowed = g.input('allowed', 'float32', [batch, ...hider.maskShape]);
  const classes = sizeOf(network.outputShape);
  const labels = g.input('labels', 'float32', [batch, classes]);
  const [weight, price] = [g.input('weight', 'float32', []), g.input('price', 'float32', [])];
  appendParameters(g, network);
  appendParameters(g, hider.network);
  const mask = g.mul(appendMask(g, hider, x), allowed);
  const hidden = g.add(x, g.mul(mask, g.sub(eta, x)));
  const lossOf = (input: string): string => {
    const logits = network.append(g, input, { logits: true });
    const picked = g.mul(labels, g.op('LogSoftmax', [logits], { axis: 1 }));
    return g.mul(g.reduceSum(picked, [0, 1], false), g.scalar(-1 / batch));
  };
  const [clean, lost] = [lossOf(x), lossOf(hidden)];
  const axes = [batch, ...hider.maskShape].map((_, i) => i);
  const part = g.reshape(g.op('ReduceMean', [mask, g.ints(axes)], { keepdims: 0 }), []);
  g.output(g.add(clean, g.mul(weight, lost)), 'loss');
  g.output(clean, 'clean_loss');
  g.output(lost, 'hidden_loss');
  g.output(part, 'hidden_part');
  g.output(g.sub(g.mul(price, part), g.op('Min', [lost, g.scalar(LOST * Math.log(classes))])), 'hider_loss');
  return g.build();
}

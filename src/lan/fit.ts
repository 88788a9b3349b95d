// Trains a classifier F from its labels: mean cross-entropy, Adam.
import { LanError } from '../core/errors.js';
import { float32, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import type { Engine } from '../engine/engine.js';
import { GraphBuilder } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';
import { appendParameters, dropoutFeeds, giveParameters, type Network } from './network.js';
import { batchOrder, type Samples } from './samples.js';
import { train, type TrainJob, type TrainResult, type TrainSettings } from './train.js';

/** What fit trains, and on which samples. */
export interface FitOptions extends Pick<TrainJob, 'files' | 'onStep' | 'signal'> {
  readonly engine: Engine;
  /** Makes the composed graph static. */
  readonly specialize: (graph: Graph) => Promise<Graph>;
  readonly network: Network;
  /** With labels, each in 0..K-1. */
  readonly samples: Samples;
  /** Held out, with labels; accuracy on them is reported. */
  readonly validation?: Samples;
  readonly settings: TrainSettings & { readonly batch: number; readonly seed: number };
  /** Names the data in checkpoints. */
  readonly data: string;
}

/** Parameters by name after the last step. Throws LanError for labels outside of the network's outputs, and as `train` does. */
export async function fit(options: FitOptions): Promise<TrainResult & { parameters: Record<string, Float32Array> }> {
  const { engine, network, samples, validation, settings, files, onStep, signal } = options;
  const { batch, seed } = settings;
  const classes = sizeOf(network.outputShape);
  for (const s of [samples, validation]) if (s) requireLabels(s, classes);
  const graph = await options.specialize(fitGraph(network, batch));
  const descent = await engine.descend(graph, 'loss', network.parameters, ['loss', 'correct']);
  const test = validation && (await engine.compile(await options.specialize(accuracyGraph(network, TEST_BATCH))));
  const parameters = (): Record<string, Float32Array> =>
    Object.fromEntries(network.parameters.map(({ name }) => [name, descent.get(name)]));
  const order = batchOrder(samples.count, batch, seed);
  try {
    const result = await train({
      settings,
      descent,
      identity: { network: network.text, input: network.inputShape, data: options.data, samples: samples.count, ...settings },
      initial: () => network.initial(seed),
      async feeds(step) {
        const indices = order(step);
        const x = float32(await samples.read(indices, step), [batch, ...samples.shape]);
        return { x, labels: oneHot(samples.labels!, indices, classes), ...dropoutFeeds(network, batch, seed, step) };
      },
      metrics: ['loss', 'correct'],
      validate: test && (async () => ({ accuracy: await accuracy(test, network, parameters(), validation) })),
      files,
      onStep,
      signal,
    });
    return { ...result, parameters: parameters() };
  } finally {
    await descent.dispose();
    await test?.dispose();
  }
}

function requireLabels({ labels, count }: Samples, classes: number): void {
  if (!labels || labels.length !== count)
    throw new LanError('data', `Training a classifier needs a label for each of its ${count} samples.`);
  for (let i = 0; i < count; i++)
    if (!(Number.isInteger(labels[i]) && labels[i]! >= 0 && labels[i]! < classes))
      throw new LanError(
        'usage',
        `Sample ${i} has the label ${labels[i]}, but the network gives ${classes} classes (0 to ${classes - 1}).`,
      );
}

/** Labels of these samples as rows [n,classes] of zeros and a one. */
export function oneHot(labels: ArrayLike<number>, indices: ArrayLike<number>, classes: number): Tensor {
  const data = new Float32Array(indices.length * classes);
  for (let i = 0; i < indices.length; i++) data[i * classes + labels[indices[i]!]!] = 1;
  return float32(data, [indices.length, classes]);
}

/** Outputs `loss` [] and `correct` [], the fraction of the batch whose largest logit is right. */
function fitGraph(network: Network, batch: number): Graph {
  const g = new GraphBuilder('fit');
  const x = g.input('x', 'float32', [batch, ...network.inputShape]);
  const labels = g.input('labels', 'float32', [batch, sizeOf(network.outputShape)]);
  appendParameters(g, network);
  const logits = network.append(g, x, { training: { batch }, logits: true });
  const picked = g.mul(labels, g.op('LogSoftmax', [logits], { axis: 1 }));
  g.output(g.mul(g.reduceSum(picked, [0, 1], false), g.scalar(-1 / batch)), 'loss');
  const argmax = (v: string): string => g.op('ArgMax', [v], { axis: 1, keepdims: 0 });
  const right = g.cast(g.op('Equal', [argmax(logits), argmax(labels)]), 1);
  g.output(g.mul(g.reduceSum(right, [0], false), g.scalar(1 / batch)), 'correct');
  return g.build();
}

const TEST_BATCH = 256;

function accuracyGraph(network: Network, batch: number): Graph {
  const g = new GraphBuilder('accuracy');
  const x = g.input('x', 'float32', [batch, ...network.inputShape]);
  appendParameters(g, network);
  g.output(network.append(g, x, { logits: true }), 'logits');
  return g.build();
}

/** Share of the samples, as their draw 0, whose largest logit is right. */
async function accuracy(
  test: { run(feeds: Record<string, Tensor>): Promise<Record<string, Tensor>> },
  network: Network,
  values: Readonly<Record<string, Float32Array>>,
  validation: Samples,
): Promise<number> {
  const weights = Object.fromEntries(network.parameters.map(({ name, dims }) => [name, float32(values[name]!, dims)]));
  const classes = sizeOf(network.outputShape);
  let right = 0;
  for (let at = 0; at < validation.count; at += TEST_BATCH) {
    // The last batch is filled up with its first sample.
    const count = Math.min(TEST_BATCH, validation.count - at);
    const indices = Uint32Array.from({ length: TEST_BATCH }, (_, i) => at + (i < count ? i : 0));
    const x = float32(await validation.read(indices, 0), [TEST_BATCH, ...validation.shape]);
    const logits = toFloat32((await test.run({ x, ...weights }))['logits']!);
    for (let i = 0; i < count; i++) {
      const own = logits.subarray(i * classes, (i + 1) * classes);
      let best = 0;
      for (let k = 1; k < classes; k++) if (own[k]! > own[best]!) best = k;
      if (best === validation.labels![at + i]) right++;
    }
  }
  return right / validation.count;
}

/** The trained network as a graph: `x` [batch,...inputShape] to `probabilities` (of a last softmax or sigmoid) or `logits`; any batch. */
export function classifierGraph(network: Network, values: Readonly<Record<string, Float32Array>>): Graph {
  const g = new GraphBuilder('classifier');
  const x = g.input('x', 'float32', ['batch', ...network.inputShape]);
  giveParameters(g, network, values);
  const name = network.activation === 'softmax' || network.activation === 'sigmoid' ? 'probabilities' : 'logits';
  g.output(network.append(g, x), name, { type: 'float32', dims: ['batch', ...network.outputShape] });
  return g.build();
}

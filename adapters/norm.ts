// Normalisations. Most are lowered to means, products and roots, so that only LayerNormalization and LRN need rules of their own.
import { float32, toFloat32, type Tensor } from '../src/core/tensor.js';
import { float as floatAttribute, type GraphBuilder } from '../src/onnx/builder.js';
import { defineOp, float, int, ints, positiveAxis, type OldNode, type OpAdapter, type StaticNode } from './op.js';
import { ones, windowOf } from './kernels/conv-geometry.js';
import { rootMeanSquare } from './kernels/norm-rms.js';
import { lrn, lrnGradient } from './kernels/norm-lrn.js';
import { asInput } from './kernels/sizes.js';

const mean = (g: GraphBuilder, x: string, axes: readonly number[]): string =>
  g.op('ReduceMean', [x, g.ints(axes)], { keepdims: 1 });

/** (x - mean) / sqrt(variance + epsilon) over `axes`. */
function standardised(g: GraphBuilder, x: string, axes: readonly number[], epsilon: number): string {
  const centred = g.sub(x, mean(g, x, axes));
  const variance = mean(g, g.mul(centred, centred), axes);
  return g.div(centred, g.op('Sqrt', [g.add(variance, g.scalar(epsilon))]));
}

const oneOutput = (n: OldNode, names: string): void => {
  if (n.outputs > 1)
    n.refuse(`the outputs ${names} are not supported; only the first output is`, 'Export the model for inference.');
};

/** A parameter [C] shaped so that it broadcasts against [N, C, ...]. */
const perChannel = (n: StaticNode, index: number, g: GraphBuilder): string => {
  const dims = [
    n.type(index).dims[0] ?? 1,
    ...n
      .type(0)
      .dims.slice(2)
      .map(() => 1),
  ];
  const value = n.constant(index);
  return value ? g.constant({ ...value, dims }, n.x[index]) : g.reshape(n.x[index]!, dims);
};

/** scale / sqrt(variance + epsilon), and bias - mean * that. */
function affineOf(
  [scale, bias, average, variance]: readonly Tensor[],
  epsilon: number,
  dims: readonly number[],
): [Tensor, Tensor] {
  const [s, b, m, v] = [scale!, bias!, average!, variance!].map(toFloat32) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const factor = Float32Array.from(s, (x, i) => x / Math.sqrt(v[i]! + epsilon));
  const shift = Float32Array.from(b, (x, i) => x - m[i]! * (s[i]! / Math.sqrt(v[i]! + epsilon)));
  return [float32(factor, dims), float32(shift, dims)];
}

/** Training mode over a constant: networks that standardise their weights (NFNet, BiT) write it so, and no batch is in it. */
function standardisedWeights(
  { x: [x, scale, bias] }: OldNode,
  g: GraphBuilder,
  dims: readonly number[],
  epsilon: number,
): string {
  const others = dims.map((_, axis) => axis).filter((axis) => axis !== 1);
  const channels = dims.map((_, axis) => (axis === 1 ? -1 : 1));
  const y = standardised(g, x!, others, epsilon);
  return g.add(g.mul(y, g.reshape(scale!, channels)), g.reshape(bias!, channels));
}

const batchNormalization = defineOp({
  op: 'BatchNormalization',
  versions: [1, 6, 7, 9, 14, 15],
  attributes: { epsilon: float(1e-5) },
  legacy: { momentum: 'float', training_mode: 'int', spatial: 'int', is_test: 'int', consumed_inputs: 'ints' },
  size: asInput,
  restrictions: 'inference only; training mode of constant weights',
  canonicalize: (n, g) => {
    const training = n.version >= 14 ? n.attr('training_mode') === 1 : n.version < 7 && n.attr('is_test') !== 1;
    const epsilon = n.attr('epsilon') ?? 1e-5;
    const weights = n.version >= 14 ? n.constant(0) : undefined;
    if (training && !weights)
      n.refuse('it is in training mode: its output depends on the batch', 'Export the model in eval mode.');
    oneOutput(n, 'of the running statistics');
    if (training) return standardisedWeights(n, g, weights!.dims, epsilon);
    const [x, scale, bias, average, variance] = n.x as [string, string, string, string, string];
    if (n.version < 9 && n.attr('spatial') === 0) {
      // One statistic per element: [C, H, W] broadcasts against [N, C, H, W] as it is.
      const factor = g.div(scale, g.op('Sqrt', [g.add(variance, g.scalar(epsilon))]));
      return g.add(g.mul(g.sub(x, average), factor), bias);
    }
    return g.op('BatchNormalization', [x, scale, bias, average, variance], { epsilon: floatAttribute(epsilon) });
  },
  // onnxruntime folds a constant Mul and Add that follow a Conv into it.
  lower: (n, a, g) => {
    const rank = n.type(0).dims.length;
    const parameters = [1, 2, 3, 4].map((i) => n.constant(i));
    if (parameters.every((p) => p !== undefined)) {
      const dims = [parameters[0]!.dims[0] ?? 1, ...new Array<number>(Math.max(0, rank - 2)).fill(1)];
      const [factor, shift] = affineOf(parameters, a.epsilon, dims);
      return g.add(g.mul(n.x[0]!, g.constant(factor, `${n.y[0]}_scale`)), g.constant(shift, `${n.y[0]}_shift`));
    }
    const [scale, bias, average, variance] = [1, 2, 3, 4].map((i) => perChannel(n, i, g)) as [string, string, string, string];
    const factor = g.div(scale, g.op('Sqrt', [g.add(variance, g.scalar(a.epsilon))]));
    return g.add(g.mul(n.x[0]!, factor), g.sub(bias, g.mul(average, factor)));
  },
});

const instanceNormalization = defineOp({
  op: 'InstanceNormalization',
  versions: [1, 6, 22],
  attributes: { epsilon: float(1e-5) },
  legacy: { consumed_inputs: 'ints' },
  size: asInput,
  canonicalize: (n, g) =>
    n.version === 1
      ? g.op('InstanceNormalization', n.x.slice(0, 3), { epsilon: floatAttribute(n.attr('epsilon') ?? 1e-5) })
      : undefined,
  lower: (n, a, g) => {
    const axes = n.type(0).dims.map((_, i) => i).slice(2); // prettier-ignore
    const y = standardised(g, n.x[0]!, axes, a.epsilon);
    return g.add(g.mul(y, perChannel(n, 1, g)), perChannel(n, 2, g));
  },
});

/** onnxruntime refuses even sizes: written out, with an average over [N, 1, C, positions] as the window over channels. */
function evenLrn(n: OldNode, g: GraphBuilder): string | undefined {
  const size = n.attr('size') ?? n.refuse('attribute size is missing.');
  if (size % 2 === 1) return undefined;
  const shape = g.op('Shape', [n.x[0]!]);
  const part = (from: number): string => g.slice(shape, [from], [from + 1], [0]);
  const flat = g.op('Reshape', [n.x[0]!, g.op('Concat', [part(0), g.ints([1]), part(1), g.ints([-1])], { axis: 0 })]);
  const pads = [size / 2 - 1, 0, size / 2, 0];
  const average = g.op('AveragePool', [g.mul(flat, flat)], {
    kernel_shape: [size, 1],
    strides: [1, 1],
    pads,
    count_include_pad: 1,
  });
  const s = g.add(g.mul(average, g.scalar(n.attr('alpha') ?? 1e-4)), g.scalar(n.attr('bias') ?? 1));
  return g.op('Reshape', [g.div(flat, g.op('Pow', [s, g.scalar(n.attr('beta') ?? 0.75)])), shape]);
}

const localResponse = defineOp({
  op: 'LRN',
  versions: [1, 13],
  attributes: { alpha: float(1e-4), beta: float(0.75), bias: float(1), size: int(1) },
  size: asInput,
  canonicalize: evenLrn,
  layout: 'nhwc',
  forward: ([x], a, { tf, layout, node }) => {
    if (layout !== 'nhwc')
      node.refuse(`expected an input of four axes in tfjs, received ${x!.rank}`, 'Use `engine` onnxruntime.');
    return [lrn(tf, x!, a)];
  },
  vjp: (c, a, g) => [lrnGradient(g, c.x[0]!, c.dy[0]!, c.type(0).dims, a)],
});

const singlePrecision = (n: OldNode): void => {
  const type = n.attr('stash_type') ?? 1;
  if (type !== 1) n.refuse(`expected stash_type 1 (float32), received ${type}`, 'Export the model in float32.');
};

const layerNormalization = defineOp({
  op: 'LayerNormalization',
  // onnxruntime had it in the standard domain before ONNX did, and its optimiser writes it there at any opset.
  versions: [1, 17],
  attributes: { axis: int(-1), epsilon: float(1e-5), stash_type: int(1) },
  size: asInput,
  canonicalize: (n) => {
    singlePrecision(n);
    return undefined;
  },
  lower: (n, { axis, epsilon }, g) => {
    if (n.y.length < 2) return undefined;
    const x = n.x[0]!;
    const { dims } = n.type(0);
    const axes = dims.map((_, i) => i).slice(positiveAxis(axis, dims.length));
    const average = mean(g, x, axes);
    const centred = g.sub(x, average);
    const deviation = g.op('Sqrt', [g.add(mean(g, g.mul(centred, centred), axes), g.scalar(epsilon))]);
    const y = g.op('LayerNormalization', n.x.slice(0, 3), { axis, epsilon: floatAttribute(epsilon) });
    return [y, average, g.op('Reciprocal', [deviation])];
  },
  forward: ([x, scale, bias], { axis, epsilon }, { tf }) => {
    const axes = x!.shape.map((_, i) => i).slice(positiveAxis(axis, x!.rank));
    const centred = tf.sub(x!, tf.mean(x!, axes, true));
    const variance = tf.mean(tf.mul(centred, centred), axes, true);
    const y = tf.mul(tf.div(centred, tf.sqrt(tf.add(variance, epsilon))), scale!);
    return [bias ? tf.add(y, bias) : y];
  },
  // dx = (d - mean(d) - x^ mean(d x^)) / sigma, d = dy * scale: x^ and 1 / sigma come from one more LayerNormalization, without scale.
  vjp: (c, a, g) => {
    const { dims } = c.type(0);
    const axis = positiveAxis(a.axis, dims.length);
    const axes = dims.map((_, i) => i).slice(axis);
    const rest = dims.slice(axis);
    const unit = g.constant(ones(rest), 'ones');
    const dy = c.dy[0]!;
    const hats = g.ops('LayerNormalization', [c.x[0]!, unit], 3, { axis, epsilon: floatAttribute(a.epsilon) });
    const [hat, inverse] = [hats[0]!, hats[2]!];
    let dx: string | undefined;
    if (c.needs[0]) {
      const d = g.mul(dy, c.x[1]!);
      const along = g.mul(hat, mean(g, g.mul(d, hat), axes));
      dx = g.mul(g.sub(g.sub(d, mean(g, d, axes)), along), inverse);
    }
    return [
      dx,
      c.needs[1] ? g.unbroadcast(g.mul(dy, hat), dims, c.type(1).dims) : undefined,
      c.needs[2] ? g.unbroadcast(dy, dims, c.type(2).dims) : undefined,
    ];
  },
});

/** x seen as [N, groups, -1]. */
const grouped = (g: GraphBuilder, x: string, groups: number): string => g.op('Reshape', [x, g.ints([0, groups, -1])]);

const groupNormalization = defineOp({
  op: 'GroupNormalization',
  versions: [18, 21],
  attributes: { epsilon: float(1e-5), num_groups: int() },
  legacy: { stash_type: 'int' },
  // An InstanceNormalization of the groups. Opset 18 scales by group, opset 21 by channel.
  canonicalize: (n, g) => {
    singlePrecision(n);
    const groups = n.attr('num_groups') ?? n.refuse('attribute num_groups is missing.');
    if (groups < 1) n.refuse(`expected num_groups to be at least 1, received ${groups}.`);
    const epsilon = floatAttribute(n.attr('epsilon') ?? 1e-5);
    const [x, scale, bias] = n.x as [string, string, string];
    const shape = g.op('Shape', [x]);
    if (n.version === 18)
      return g.op('Reshape', [g.op('InstanceNormalization', [grouped(g, x, groups), scale, bias], { epsilon }), shape]);
    const zero = g.constant(windowOf([groups], 0));
    const y = g.op('InstanceNormalization', [grouped(g, x, groups), g.constant(ones([groups])), zero], { epsilon });
    // Back to the channels, positions flat, where [C, 1] broadcasts whatever the rank.
    const channels = g.op('Concat', [g.slice(shape, [0], [2], [0]), g.ints([-1])], { axis: 0 });
    const column = (v: string): string => g.reshape(v, [-1, 1]);
    return g.op('Reshape', [g.add(g.mul(g.op('Reshape', [y, channels]), column(scale)), column(bias)), shape]);
  },
});

const rmsNormalization = defineOp({
  op: 'RMSNormalization',
  versions: [23],
  attributes: { axis: int(-1), epsilon: float(1e-5), stash_type: int(1) },
  canonicalize: (n, g) => {
    singlePrecision(n);
    return rootMeanSquare(g, n.x[0]!, n.x[1]!, n.attr('axis') ?? -1, n.attr('epsilon') ?? 1e-5);
  },
});

/** Its name before there was a standard one; onnxruntime's optimiser writes it into the standard domain. */
const simplifiedLayerNormalization = defineOp({
  op: 'SimplifiedLayerNormalization',
  versions: [1],
  attributes: { axis: int(-1), epsilon: float(1e-5), stash_type: int(1) },
  canonicalize: (n, g) => {
    oneOutput(n, 'InvStdDev');
    singlePrecision(n);
    return rootMeanSquare(g, n.x[0]!, n.x[1]!, n.attr('axis') ?? -1, n.attr('epsilon') ?? 1e-5);
  },
});

const meanVarianceNormalization = defineOp({
  op: 'MeanVarianceNormalization',
  versions: [9, 13],
  attributes: { axes: ints([0, 2, 3]) },
  lower: (n, { axes = [0, 2, 3] }, g) => {
    const centred = g.sub(n.x[0]!, mean(g, n.x[0]!, axes));
    const deviation = g.op('Sqrt', [mean(g, g.mul(centred, centred), axes)]);
    return g.div(centred, g.add(deviation, g.scalar(1e-9)));
  },
});

const lpNormalization = defineOp({
  op: 'LpNormalization',
  versions: [1, 22],
  attributes: { axis: int(-1), p: int(2) },
  lower: (n, { axis, p }, g) => {
    const x = n.x[0]!;
    const sum = g.reduceSum(p === 1 ? g.op('Abs', [x]) : g.mul(x, x), [positiveAxis(axis, n.type(0).dims.length)], true);
    // A zero vector stays zero, as in onnxruntime.
    const safe = g.op('Max', [sum, g.scalar(1e-37)]);
    return g.div(x, p === 1 ? safe : g.op('Sqrt', [safe]));
  },
});

/** Normalisations. */
export const norm: OpAdapter[] = [
  batchNormalization,
  instanceNormalization,
  localResponse,
  layerNormalization,
  groupNormalization,
  rmsNormalization,
  simplifiedLayerNormalization,
  meanVarianceNormalization,
  lpNormalization,
];

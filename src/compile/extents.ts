// How large a node's outputs will be, told before it runs, so that a hostile file of a few bytes can not ask for all memory.
import { sizeOf } from '../core/tensor.js';
import type { Node } from '../onnx/graph.js';
import { FUSED, nameOf, scoresOf } from './extents-fused.js';
import { asker, at, broadcast, type Ask, type Dims, type Known, type Rule } from './sizing.js';

/**
 * Dims of the outputs of a node of the dialect; undefined where no rule says, where one of its inputs is not known yet, or where the node
 * makes no sense: whoever runs it refuses it then. Lengths may be Infinity.
 */
export function outputSizes(node: Node, known: Known): Dims[] | undefined {
  const rule = GROWING[keyOf(node)] ?? KEEPING[keyOf(node)] ?? FUSED[keyOf(node)];
  if (!rule) return undefined;
  try {
    const found = rule(asker(node, known));
    // A size that is no number: Infinity times nothing, as of a Col2Im of blocks without elements.
    return found.every((dims) => dims.every((d) => d >= 0) && !Number.isNaN(sizeOf(dims))) ? found : undefined;
  } catch {
    // Asked for what is not known, or stumbled over an attribute of the wrong kind.
    return undefined;
  }
}

/** Can this op make more elements than it is given? */
export const canGrow = (node: Node): boolean => keyOf(node) in GROWING || keyOf(node) === 'NonZero' || keyOf(node) in FUSED;

const keyOf = (node: Node): string => (node.domain === '' ? node.op : nameOf(node));

/**
 * Elements that a node makes besides those of `extents`: onnxruntime's ConvTranspose goes through a matrix of patches
 * [M/group * kernel, input positions]; a recurrent op holds all gates of all steps; NonZero gives rank int64 numbers for each element that is not
 * zero, so at most for all; fused attention has a score for each head, query and key.
 */
export function extraElements(node: Node, known: Known): number {
  if (node.domain !== '') return scoresOf(node, known);
  const [x, w] = node.inputs.map((name) => known.dims(name));
  if (node.op === 'ConvTranspose' && x && w) return sizeOf(w.slice(1)) * sizeOf(x.slice(2));
  if (node.op in RECURRENT && x && w) return sizeOf(w.slice(0, 2)) * sizeOf(x.slice(0, 2));
  return node.op === 'NonZero' && x ? 2 * x.length * sizeOf(x) : 0;
}

const replaced = (dims: Dims, axis: number, length: number): number[] =>
  dims.map((d, i) => (i === at(axis, dims.length) ? length : d));
const positive = (n: number): number => Math.max(0, n);
const scalarOf = (a: Ask, input: number): number => a.numbers(input)[0] ?? 0;

const elementwise: Rule = (a) => [broadcast(a.all())];

/** Positions of a sliding window per spatial axis (ONNX Conv-11, MaxPool-12, AveragePool-11). */
function windows(a: Ask, spatial: Dims, kernel: Dims): number[] {
  const pads = a.ints('pads');
  const auto = a.text('auto_pad', 'NOTSET');
  return spatial.map((length, i) => {
    const stride = a.ints('strides')[i] ?? 1;
    const extent = ((kernel[i] ?? 1) - 1) * (a.ints('dilations')[i] ?? 1) + 1;
    if (auto.startsWith('SAME')) return Math.ceil(length / stride);
    const padded = auto === 'VALID' ? length : length + (pads[i] ?? 0) + (pads[i + spatial.length] ?? 0);
    const steps = (padded - extent) / stride;
    return positive((a.int('ceil_mode', 0) ? Math.ceil(steps) : Math.floor(steps)) + 1);
  });
}

const pool: Rule = (a) => {
  const [n, c, ...spatial] = a.dims(0);
  const out = [n!, c!, ...windows(a, spatial, a.ints('kernel_shape'))];
  return [out, out];
};

function transposed(a: Ask): number[] {
  const [n, , ...spatial] = a.dims(0);
  const [, m, ...kernel] = a.dims(1);
  const fixed = a.ints('output_shape');
  const pads = a.ints('pads');
  const same = a.text('auto_pad', 'NOTSET').startsWith('SAME');
  const out = spatial.map((length, i) => {
    const stride = a.ints('strides')[i] ?? 1;
    if (fixed.length > 0) return fixed.at(i - spatial.length)!;
    if (same) return length * stride;
    const extent = ((kernel[i] ?? 1) - 1) * (a.ints('dilations')[i] ?? 1) + 1;
    const extra = a.ints('output_padding')[i] ?? 0;
    return positive((length - 1) * stride + extra + extent - (pads[i] ?? 0) - (pads[i + spatial.length] ?? 0));
  });
  return [n!, m! * a.int('group', 1), ...out];
}

function matMul(a: Dims, b: Dims): number[] {
  const batch = broadcast([a.slice(0, -2), b.slice(0, -2)]);
  return [...batch, ...(a.length > 1 ? [a.at(-2)!] : []), ...(b.length > 1 ? [b.at(-1)!] : [])];
}

/** Length of every label of the terms, the ellipsis being one label of several axes. */
function einsum(a: Ask): Dims[] {
  const [left, right] = a.text('equation', '').replaceAll(' ', '').split('->');
  const lengths = new Map<string, number>();
  const ellipses: Dims[] = [];
  const labels = (term: string): string[] => term.replace('...', '.').split('');
  left!.split(',').forEach((term, k) => {
    const dims = a.dims(k);
    const extra = dims.length - labels(term).filter((l) => l !== '.').length;
    let axis = 0;
    for (const label of labels(term)) {
      if (label !== '.') lengths.set(label, Math.max(dims[axis++] ?? 1, lengths.get(label) ?? 1));
      else ellipses.push(dims.slice(axis, (axis += positive(extra))));
    }
  });
  const once = [...lengths.keys()].filter((l) => left!.split(l).length === 2).sort();
  const wanted = right === undefined ? [...(ellipses.length > 0 ? ['.'] : []), ...once] : labels(right);
  return [wanted.flatMap((l) => (l === '.' ? broadcast(ellipses) : [lengths.get(l) ?? 1]))];
}

function padded(a: Ask): number[] {
  const dims = a.dims(0);
  const pads = a.numbers(1);
  const axes = a.has(3) ? a.numbers(3).map((axis) => at(axis, dims.length)) : dims.map((_, i) => i);
  return dims.map((d, i) => {
    const k = axes.indexOf(i);
    return k < 0 ? d : positive(d + (pads[k] ?? 0) + (pads[k + axes.length] ?? 0));
  });
}

function resized(a: Ask): number[] {
  const dims = a.dims(0);
  const axes = a.ints(
    'axes',
    dims.map((_, i) => i),
  );
  const k = (axis: number): number => axes.findIndex((given) => at(given, dims.length) === axis);
  // The policies that keep the aspect ratio make no axis longer than the sizes say but one; the largest factor bounds them.
  if (a.has(3)) {
    const sizes = a.numbers(3);
    const factor = Math.max(0, ...dims.flatMap((d, i) => (k(i) < 0 ? [] : [(sizes[k(i)] ?? d) / Math.max(1, d)])));
    const keeps = a.text('keep_aspect_ratio_policy', 'stretch') !== 'stretch';
    return dims.map((d, i) => (k(i) < 0 ? d : keeps ? Math.ceil(d * factor) : (sizes[k(i)] ?? d)));
  }
  const scales = a.numbers(2);
  return dims.map((d, i) => (k(i) < 0 ? d : Math.floor(d * (scales[k(i)] ?? 1))));
}

function sliding(a: Ask): number {
  const [start, limit, delta] = [0, 1, 2].map((i) => scalarOf(a, i)) as [number, number, number];
  return delta === 0 ? 0 : positive(Math.ceil((limit - start) / delta));
}

/** X [S, N, I], W [D, gates H, I], R [D, gates H, H] to Y [S, D, N, H] and the last states [D, N, H]. */
const recurrent: Rule = (a) => {
  const [s, n] = a.dims(0);
  const [d, , h] = a.dims(2);
  return [[s!, d!, n!, h!], ...a.node.outputs.slice(1).map(() => [d!, n!, h!])];
};
const RECURRENT: Readonly<Record<string, Rule>> = { RNN: recurrent, GRU: recurrent, LSTM: recurrent };

/** Ops whose outputs may be larger than all their inputs together. Their inputs must be known before they run. */
const GROWING: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(
    'Add Sub Mul Div Pow Mod Max Min Sum Mean PRelu Equal Greater Less GreaterOrEqual LessOrEqual And Or Xor Where BitShift BitwiseAnd BitwiseOr BitwiseXor'
      .split(' ')
      .map((op) => [op, elementwise]),
  ),
  ...RECURRENT,
  Conv: (a) => {
    const [n, , ...spatial] = a.dims(0);
    const [m, , ...kernel] = a.dims(1);
    return [[n!, m!, ...windows(a, spatial, kernel)]];
  },
  ConvTranspose: (a) => [transposed(a)],
  MaxPool: pool,
  AveragePool: pool,
  LpPool: pool,
  MaxUnpool: (a) => {
    if (a.has(2)) return [a.numbers(2)];
    const [n, c, ...spatial] = a.dims(0);
    const pads = a.ints('pads');
    const length = (d: number, i: number): number =>
      (d - 1) * (a.ints('strides')[i] ?? 1) + a.ints('kernel_shape')[i]! - (pads[i] ?? 0) - (pads[i + spatial.length] ?? 0);
    return [[n!, c!, ...spatial.map(length)]];
  },
  MatMul: (a) => [matMul(a.dims(0), a.dims(1))],
  Gemm: (a) => {
    const flip = (dims: Dims, name: string): Dims => (a.int(name, 0) ? [...dims].reverse() : dims);
    return [[flip(a.dims(0), 'transA')[0]!, flip(a.dims(1), 'transB')[1]!]];
  },
  Einsum: einsum,
  'ai.onnx.ml.TreeEnsembleRegressor': (a) => [[a.dims(0)[0]!, a.int('n_targets', 1)]],
  Expand: (a) => [broadcast([a.dims(0), a.numbers(1)])],
  Tile: (a) => {
    const repeats = a.numbers(1);
    return [a.dims(0).map((d, i) => positive(d * (repeats[i] ?? 1)))];
  },
  Pad: (a) => [padded(a)],
  Resize: (a) => [resized(a)],
  Range: (a) => [[sliding(a)]],
  ConstantOfShape: (a) => [a.numbers(0)],
  OneHot: (a) => {
    const dims = [...a.dims(0)];
    dims.splice(at(a.int('axis', -1), dims.length + 1), 0, positive(scalarOf(a, 1)));
    return [dims];
  },
  GridSample: (a) => {
    const [n, c] = a.dims(0);
    return [[n!, c!, ...a.dims(1).slice(1, -1)]];
  },
  Col2Im: (a) => {
    const [n, rows] = a.dims(0);
    return [[n!, Math.floor(rows! / sizeOf(a.numbers(2))), ...a.numbers(1)]];
  },
  DFT: (a) => {
    const dims = a.dims(0);
    const axis = at(a.int('axis', 1), dims.length);
    const length = a.has(1) ? scalarOf(a, 1) : dims[axis]!;
    return [[...replaced(dims, axis, a.int('onesided', 0) ? Math.floor(length / 2) + 1 : length).slice(0, -1), 2]];
  },
  STFT: (a) => {
    const [n, samples] = a.dims(0);
    const length = a.has(2) ? a.dims(2)[0]! : scalarOf(a, 3);
    const frames = positive(Math.floor((samples! - length) / scalarOf(a, 1)) + 1);
    return [[n!, frames, a.int('onesided', 1) ? Math.floor(length / 2) + 1 : length, 2]];
  },
  HannWindow: (a) => [[scalarOf(a, 0)]],
  HammingWindow: (a) => [[scalarOf(a, 0)]],
  BlackmanWindow: (a) => [[scalarOf(a, 0)]],
  MelWeightMatrix: (a) => [[Math.floor(scalarOf(a, 1) / 2) + 1, scalarOf(a, 0)]],
  Gather: (a) => {
    const dims = a.dims(0);
    const axis = at(a.int('axis', 0), dims.length);
    return [[...dims.slice(0, axis), ...a.dims(1), ...dims.slice(axis + 1)]];
  },
  GatherND: (a) => {
    const [data, indices] = [a.dims(0), a.dims(1)];
    return [[...indices.slice(0, -1), ...data.slice(a.int('batch_dims', 0) + (indices.at(-1) ?? 0))]];
  },
};

const reduced: Rule = (a) => {
  const dims = a.dims(0);
  const given = a.has(1) ? a.numbers(1).map((axis) => at(axis, dims.length)) : [];
  const axes = given.length > 0 ? given : a.int('noop_with_empty_axes', 0) ? [] : [...dims.keys()];
  return [a.int('keepdims', 1) ? dims.map((d, i) => (axes.includes(i) ? 1 : d)) : dims.filter((_, i) => !axes.includes(i))];
};

const same: Rule = (a) => [a.dims(0)];

/** Ops of the value path that can not grow, told so that networks of them need no run to know their shapes. */
const KEEPING: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(
    'Abs Neg Sign Floor Ceil Round Sqrt Exp Log Reciprocal Erf Sin Cos Tan Identity Relu LeakyRelu Elu Selu Celu ThresholdedRelu Sigmoid Tanh HardSigmoid HardSwish Softplus Softsign Clip Mish Softmax LogSoftmax Hardmax Not Cast BatchNormalization InstanceNormalization LRN LayerNormalization CumSum ScatterND ScatterElements'
      .split(' ')
      .map((op) => [op, same]),
  ),
  DynamicQuantizeLinear: (a) => [a.dims(0), [], []],
  GlobalAveragePool: (a) => [a.dims(0).map((d, i) => (i < 2 ? d : 1))],
  GlobalMaxPool: (a) => [a.dims(0).map((d, i) => (i < 2 ? d : 1))],
  ...Object.fromEntries(
    ['Sum', 'Mean', 'Max', 'Min', 'Prod', 'L1', 'L2', 'LogSum', 'LogSumExp', 'SumSquare'].map((op) => [`Reduce${op}`, reduced]),
  ),
  Shape: (a) => {
    const rank = a.dims(0).length;
    const clamp = (axis: number): number => Math.min(rank, positive(at(axis, rank)));
    return [[positive(clamp(a.int('end', rank)) - clamp(a.int('start', 0)))]];
  },
  Transpose: (a) => {
    const dims = a.dims(0);
    return [a.ints('perm', [...dims.keys()].reverse()).map((p) => dims[p]!)];
  },
  Flatten: (a) => {
    const dims = a.dims(0);
    const axis = at(a.int('axis', 1), dims.length);
    return [[sizeOf(dims.slice(0, axis)), sizeOf(dims.slice(axis))]];
  },
  Reshape: (a) => {
    const dims = a.dims(0);
    const shape = a.numbers(1).map((d, i) => (d === 0 && !a.int('allowzero', 0) ? (dims[i] ?? 0) : d));
    const rest = sizeOf(shape.filter((d) => d !== -1));
    return [shape.map((d) => (d === -1 ? Math.floor(sizeOf(dims) / (rest || 1)) : d))];
  },
  Concat: (a) => {
    const all = a.all();
    const axis = a.int('axis', 0);
    return [
      replaced(
        all[0]!,
        axis,
        all.reduce((sum, d) => sum + d.at(axis)!, 0),
      ),
    ];
  },
};

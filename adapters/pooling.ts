// Pools: MaxPool, AveragePool, LpPool and their global forms.
import { sizeOf } from '../src/core/tensor.js';
import type { GraphBuilder } from '../src/onnx/builder.js';
import { defineOp, int, ints, type Layout, type OldNode, type OpAdapter, type StaticNode } from './op.js';
import {
  asTwoDimensional,
  axesOf,
  isExplicit,
  nodeAxes,
  ones,
  reshaped,
  WINDOW_ATTRIBUTES,
  withUnitAxis,
  type Explicit,
  type WindowAttributes,
} from './kernels/conv-geometry.js';
import { poolWindow, refuseDilatedSame, refuseOtherRanks } from './kernels/pool-window.js';
import { isBlocked } from './kernels/blocked.js';
import { maxGradientBlocked } from './kernels/pool-blocked.js';
import { maximaIndices, maxUnpool } from './kernels/pool-indices.js';
import * as onTf from './kernels/pool-tf.js';
import { averagePoolVolume, maxPoolVolume } from './kernels/volume-tf.js';
import { averageGradient, globalMaxGradient, maxGradient } from './kernels/pool-vjp.js';
import { pooled, pooledWhole } from './kernels/sizes.js';

const AVERAGE = { ...WINDOW_ATTRIBUTES, ceil_mode: int(0), count_include_pad: int(0) };
const MAX = { ...WINDOW_ATTRIBUTES, ceil_mode: int(0), dilations: ints(), storage_order: int(0) };

const lead = (n: StaticNode): [number, number] => [n.type(0).dims[0]!, n.type(0).dims[1]!];

const atMostThree = (n: StaticNode): void => {
  if (n.type(0).dims.length > 5) n.refuse('more than three spatial axes are not supported in tfjs', 'Use `engine` onnxruntime.');
};

/** One window that covers the whole input, without padding. */
function isGlobal(n: StaticNode, e: Explicit): boolean {
  const spatial = n.type(0).dims.slice(2);
  const single = n
    .outputType(0)
    .dims.slice(2)
    .every((d) => d === 1);
  return (
    single &&
    e.pads.every((p) => p === 0) &&
    e.dilations.every((d) => d === 1) &&
    e.kernel_shape.every((k, i) => k === spatial[i])
  );
}

/**
 * A single window that begins with the input and sticks out at its end, where nothing is counted, ends with it: the pool of a classifier for larger pictures, with
 * a kernel of hundreds. `open`: the last window may stick out, and what lies outside does not count.
 */
function fitted(n: StaticNode, e: Explicit, open: boolean): Explicit {
  const spatial = n.type(0).dims.slice(2);
  const rank = e.kernel_shape.length;
  const covers = (i: number): boolean =>
    n.outputType(0).dims[i + 2] === 1 &&
    e.pads[i] === 0 &&
    e.pads[i + rank] === 0 &&
    e.dilations[i] === 1 &&
    e.kernel_shape[i]! > spatial[i]!;
  const cut = spatial.map((_, i) => open && covers(i));
  if (!cut.includes(true)) return e;
  const own = (of: readonly number[], other: (i: number) => number): number[] => of.map((v, i) => (cut[i] ? other(i) : v));
  return { ...e, kernel_shape: own(e.kernel_shape, (i) => spatial[i]!), strides: own(e.strides, () => 1) };
}

/** Explicit attributes, 1-D as 2-D, a window as large as the input as a global pool, ceil_mode as padding. */
function rewrite(
  n: StaticNode,
  op: 'MaxPool' | 'AveragePool',
  a: WindowAttributes & { readonly ceil_mode: number },
  extra: Record<string, number>,
  g: GraphBuilder,
): string | undefined {
  const { dims } = n.type(0);
  const kernel = a.kernel_shape ?? n.refuse('attribute kernel_shape is missing.');
  const given = poolWindow(n, a, kernel);
  const window = fitted(n, given, a.ceil_mode === 1);
  if (isGlobal(n, window)) return g.op(`Global${op}`, [n.x[0]!]);
  const write = (x: string, e: Explicit): string => {
    const { dilations, ...rest } = e;
    const padded = withoutCeil(n, e, a.ceil_mode);
    return g.op(op, [x], { ...rest, ...(op === 'MaxPool' ? { dilations } : {}), ...padded, ...extra });
  };
  if (dims.length === 3)
    return g.reshape(write(reshaped(n, 0, withUnitAxis(dims), g), asTwoDimensional(window)), n.outputType(0).dims);
  const settled =
    window === given && isExplicit(a, op === 'MaxPool') && withoutCeil(n, window, a.ceil_mode).ceil_mode === a.ceil_mode;
  return settled ? undefined : write(n.x[0]!, window);
}

/**
 * ceil_mode 0 with end pads that reach as far: onnx's shape inference at opset 18 does not know that onnxruntime drops a window that lies
 * on padding alone. Stays where onnxruntime would refuse the pads: they must be shorter than the kernel, dilated or not.
 */
function withoutCeil(n: StaticNode, e: Explicit, ceil: number): { ceil_mode: number; pads: readonly number[] } {
  if (ceil === 0) return { ceil_mode: 0, pads: e.pads };
  const rank = e.kernel_shape.length;
  const spatial = (dims: readonly number[]): readonly number[] => (dims.length - 2 < rank ? withUnitAxis(dims) : dims).slice(2);
  const end = axesOf(e, spatial(n.type(0).dims), spatial(n.outputType(0).dims)).map((v) => Math.max(0, v.end));
  if (end.some((v, i) => v >= e.kernel_shape[i]!)) return { ceil_mode: 1, pads: e.pads };
  return { ceil_mode: 0, pads: [...e.pads.slice(0, rank), ...end] };
}

const maxPool = defineOp({
  op: 'MaxPool',
  versions: [1, 8, 10, 11, 12, 22],
  attributes: MAX,
  moves: { inputs: [0] },
  size: pooled,
  grows: true,
  restrictions: 'no auto_pad SAME together with dilations',
  canonicalize: (n) => {
    refuseDilatedSame(n);
    return undefined;
  },
  lower: (n, a, g) => {
    if (!n.y[1]) return rewrite(n, 'MaxPool', a, {}, g);
    const window = poolWindow(n, a, a.kernel_shape ?? n.refuse('attribute kernel_shape is missing.'));
    const axes = axesOf(window, n.type(0).dims.slice(2), n.outputType(0).dims.slice(2));
    const y = g.op('MaxPool', [n.x[0]!], { ...window, ceil_mode: a.ceil_mode });
    return [y, maximaIndices(n, axes, a.storage_order === 1, g)];
  },
  layout: 'nhwc',
  forward: ([x], a, { tf, node }) => {
    atMostThree(node);
    return [(x!.rank === 5 ? maxPoolVolume : onTf.maxPool)(tf, x!, nodeAxes(node, a))];
  },
  vjp: (c, a, g) => {
    const gradient = isBlocked(c.type(0).dims) && !c.steep ? maxGradientBlocked : maxGradient;
    return [gradient(g, c.x[0]!, c.y[0]!, c.dy[0]!, lead(c), nodeAxes(c, a))];
  },
});

/**
 * Two things that opset 18 cannot say. Dilations came with opset 19. With ceil_mode and count_include_pad, a window that sticks out of the
 * padded input counts only its elements within (onnxruntime does so at every opset): the padding becomes part of the input.
 */
function canonicalAverage(n: OldNode, g: GraphBuilder): string | undefined {
  const dilations = n.attr<readonly number[]>('dilations');
  const auto = n.attr<string>('auto_pad') ?? 'NOTSET';
  const include = n.attr('count_include_pad') === 1;
  // SAME_UPPER and SAME_LOWER round up by themselves.
  const ceil = n.attr('ceil_mode') === 1 && !auto.startsWith('SAME');
  if (!dilations && !(include && ceil)) return undefined;
  const kernel = n.attr<readonly number[]>('kernel_shape') ?? n.refuse('attribute kernel_shape is missing.');
  refuseOtherRanks(n, kernel);
  const rank = kernel.length;
  let x = n.x[0]!;
  let pads = n.attr<readonly number[]>('pads');
  const given = pads ?? new Array<number>(2 * rank).fill(0);
  const input = x;
  if (include && ceil && pads?.some((p) => p !== 0)) {
    x = g.op('Pad', [x, g.ints([0, 0, ...pads.slice(0, rank), 0, 0, ...pads.slice(rank)])]);
    pads = undefined;
  }
  const common = { kernel_shape: kernel, strides: n.attr<readonly number[]>('strides'), auto_pad: auto, pads };
  if (!dilations?.some((d) => d !== 1)) {
    const y = g.op('AveragePool', [x], { ...common, ceil_mode: ceil ? 1 : 0, count_include_pad: include && !ceil ? 1 : 0 });
    return x === input ? y : withoutLastOnPads(g, y, input, kernel, common.strides ?? kernel.map(() => 1), given);
  }
  refuseDilatedSame(n);
  // Channels become batch, so that a kernel of ones sums within each of them whatever their number is.
  const shape = g.op('Shape', [x]);
  const spatial = g.slice(shape, [2], [2 ** 31], [0]);
  const flat = g.op('Reshape', [x, g.op('Concat', [g.ints([-1, 1]), spatial], { axis: 0 })]);
  const strides = common.strides ?? kernel.map(() => 1);
  // Rounding up is rounding down over one element less than a stride more, which does not count.
  const further = ceil ? strides.map((s) => s - 1) : kernel.map(() => 0);
  const reach = (p: readonly number[]): number[] => p.map((v, i) => v + (i < rank ? 0 : further[i - rank]!));
  const sumOf = (v: string, own: readonly number[] | undefined): string =>
    g.op('Conv', [v, g.constant(ones([1, 1, ...kernel]), 'ones')], {
      ...common,
      pads: own || ceil ? reach(own ?? given.map(() => 0)) : undefined,
      auto_pad: ceil ? 'NOTSET' : auto,
      dilations: [...dilations],
    });
  const sum = sumOf(flat, pads);
  const single = g.op('Concat', [g.ints([1, 1]), spatial], { axis: 0 });
  const count = include && !ceil ? g.scalar(sizeOf(kernel)) : sumOf(g.op('Expand', [g.scalar(1), single]), pads);
  const out = g.op('Concat', [g.slice(shape, [0], [2], [0]), g.slice(g.op('Shape', [sum]), [2], [2 ** 31], [0])], { axis: 0 });
  const y = g.op('Reshape', [g.div(sum, count), out]);
  const extents = kernel.map((k, i) => (k - 1) * dilations[i]! + 1);
  return ceil ? withoutLastOnPads(g, y, input, extents, strides, given) : y;
}

/**
 * onnxruntime drops a last window that starts behind the input, on end pads alone: at most 1 + (size + begin - 1) / stride windows are kept. The
 * shape is not known yet; where nothing is dropped the Slice folds away.
 */
function withoutLastOnPads(
  g: GraphBuilder,
  y: string,
  x: string,
  kernel: readonly number[],
  strides: readonly number[],
  pads: readonly number[],
): string {
  const size = g.slice(g.op('Shape', [x]), [2], [2 ** 31], [0]);
  const rank = kernel.length;
  const perAxis = (f: (i: number) => number): string => g.ints(kernel.map((_, i) => f(i)));
  const stride = g.ints(strides);
  const fitting = g.div(
    g.add(
      size,
      perAxis((i) => pads[i]! + pads[i + rank]! - kernel[i]! + strides[i]! - 1),
    ),
    stride,
  );
  const starting = g.div(
    g.add(
      size,
      perAxis((i) => pads[i]! - 1),
    ),
    stride,
  );
  const kept = g.add(g.op('Min', [fitting, starting]), g.ints([1]));
  return g.op('Slice', [y, perAxis(() => 0), kept, perAxis((i) => i + 2)]);
}

const averagePool = defineOp({
  op: 'AveragePool',
  versions: [1, 7, 10, 11, 19, 22],
  attributes: AVERAGE,
  legacy: { dilations: 'ints' },
  size: pooled,
  grows: true,
  restrictions: 'no auto_pad SAME together with dilations',
  canonicalize: canonicalAverage,
  lower: (n, a, g) => rewrite(n, 'AveragePool', a, { count_include_pad: a.count_include_pad }, g),
  layout: 'nhwc',
  forward: ([x], a, { tf, node }) => {
    atMostThree(node);
    const pool = x!.rank === 5 ? averagePoolVolume : onTf.averagePool;
    return [pool(tf, x!, nodeAxes(node, a), a.count_include_pad === 1)];
  },
  vjp: (c, a, g) => [averageGradient(g, c.dy[0]!, lead(c), nodeAxes(c, a), a.count_include_pad === 1)],
});

/** The axes behind batch and channel, in the present layout. */
const spatialAxes = (rank: number, layout: Layout): number[] =>
  Array.from({ length: rank - 2 }, (_, i) => i + (layout === 'nhwc' && rank === 4 ? 1 : 2));

const globalAveragePool = defineOp({
  op: 'GlobalAveragePool',
  versions: [1, 22],
  attributes: {},
  size: pooledWhole,
  layout: 'any',
  forward: ([x], _a, { tf, layout }) => [tf.mean(x!, spatialAxes(x!.rank, layout), true)],
  vjp: (c, _a, g) => {
    const { dims } = c.type(0);
    return [g.op('Expand', [g.mul(c.dy[0]!, g.scalar(1 / sizeOf(dims.slice(2)))), g.ints(dims)])];
  },
});

const globalMaxPool = defineOp({
  op: 'GlobalMaxPool',
  versions: [1, 22],
  attributes: {},
  size: pooledWhole,
  layout: 'any',
  forward: ([x], _a, { tf, layout }) => [onTf.globalMax(tf, x!, spatialAxes(x!.rank, layout))],
  vjp: (c, _a, g) => [globalMaxGradient(g, c.x[0]!, c.dy[0]!, c.type(0).dims)],
});

/** Pools. */
export const pooling: OpAdapter[] = [maxPool, averagePool, globalAveragePool, globalMaxPool, maxUnpool];

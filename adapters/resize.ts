// Resize and Upsample: linear and separable, so in tfjs and backwards each axis is one product with a constant matrix.
import { float32, toIntegers, toNumbers } from '../src/core/tensor.js';
import type { GraphBuilder } from '../src/onnx/builder.js';
import {
  defineOp,
  float,
  int,
  ints,
  positiveAxis,
  text,
  type AttributesOf,
  type OldNode,
  type OpAdapter,
  type StaticNode,
  type UnsizedNode,
} from './op.js';
import { alongAxis, isIdentity, tfAlongAxis, transposed } from './kernels/linalg-axis.js';
import { interpolationMatrix, repeatFactor, type AxisMatrix } from './kernels/resize-matrix.js';
import { optionalConstant, range } from './kernels/shape-common.js';

const ATTRIBUTES = {
  mode: text('nearest'),
  coordinate_transformation_mode: text('half_pixel'),
  nearest_mode: text('round_prefer_floor'),
  cubic_coeff_a: float(-0.75),
  exclude_outside: int(0),
  extrapolation_value: float(0),
  antialias: int(0),
  axes: ints(),
  keep_aspect_ratio_policy: text('stretch'),
};

interface ResizedAxis extends AxisMatrix {
  readonly axis: number;
}

/** The scale of each axis in `axes`: as given, or from the sizes and what the policy makes of them. */
function scalesOf(n: StaticNode, axes: readonly number[], policy: string): readonly number[] {
  const scales = optionalConstant(n, 2, 'scales');
  if (scales && scales.data.length > 0) return Array.from(toNumbers(scales));
  const sizes = optionalConstant(n, 3, 'sizes') ?? n.refuse('it has neither scales nor sizes.');
  const ratios = toIntegers(sizes).map((size, i) => Math.fround(size / n.type(0).dims[axes[i]!]!));
  if (policy === 'stretch') return ratios;
  const one = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  return ratios.map(() => one);
}

/** The matrix of every axis on which the op does something. */
function resizedAxes(n: StaticNode, attributes: AttributesOf<typeof ATTRIBUTES>): ResizedAxis[] {
  const { dims } = n.type(0);
  const rank = dims.length;
  const axes = attributes.axes ? attributes.axes.map((a) => positiveAxis(a, rank)) : range(rank);
  const scales = scalesOf(n, axes, attributes.keep_aspect_ratio_policy);
  const given = optionalConstant(n, 1, 'roi');
  const roi = given && given.data.length === 2 * axes.length ? Array.from(toNumbers(given)) : undefined;
  return axes.flatMap((axis, i): ResizedAxis[] => {
    const [length, resized, scale] = [dims[axis]!, n.outputType(0).dims[axis]!, scales[i]!];
    // Of an axis that stays as it is, however long, one element says as much: only whether the modes are known.
    const stays = length === resized && scale === 1 && attributes.coordinate_transformation_mode !== 'tf_crop_and_resize';
    const made = interpolationMatrix({
      length: stays ? 1 : length,
      resized: stays ? 1 : resized,
      scale,
      mode: attributes.mode,
      coordinates: attributes.coordinate_transformation_mode,
      nearest: attributes.nearest_mode,
      cubicA: attributes.cubic_coeff_a,
      excludeOutside: attributes.exclude_outside === 1,
      antialias: attributes.antialias === 1,
      roi: roi ? [roi[i]!, roi[i + axes.length]!] : [0, 1],
    });
    if (!made) {
      const { mode, coordinate_transformation_mode: coordinates, nearest_mode: nearest } = attributes;
      return n.refuse(`mode '${mode}' with coordinates '${coordinates}' and rounding '${nearest}' is not known.`);
    }
    return isIdentity(made.matrix) ? [] : [{ axis, ...made }];
  });
}

/** Shrinking axes first, so that the later products are small. */
const byCost = (axes: readonly ResizedAxis[], backwards: boolean): ResizedAxis[] => {
  const growth = ({ matrix: { rows, columns } }: ResizedAxis): number => (backwards ? columns / rows : rows / columns);
  return [...axes].sort((a, b) => growth(a) - growth(b) || b.axis - a.axis);
};

/** Resize-10 and Upsample: position x / scale, rounded down when enlarging and, as onnxruntime has it, up when reducing. */
function asymmetric(n: OldNode, g: GraphBuilder, x: string, scales: string, mode: string): string {
  const make = (from: string, by: string, rounding?: string): string =>
    g.op('Resize', [from, '', by], { mode, coordinate_transformation_mode: 'asymmetric', nearest_mode: rounding });
  if (mode === 'linear') return make(x, scales);
  if (mode !== 'nearest') return n.refuse(`mode '${mode}' is not known; expected 'nearest' or 'linear'.`);
  const known = g.constants.get(scales);
  const factors = known && Array.from(toNumbers(known));
  if (factors?.every((s) => s >= 1)) return make(x, scales, 'floor');
  if (factors?.every((s) => s <= 1)) return make(x, scales, 'ceil');
  // Mixed or not known yet: one Resize enlarges, the other reduces; what does nothing is lowered away.
  return make(make(x, g.op('Max', [scales, g.one]), 'floor'), g.op('Min', [scales, g.one]), 'ceil');
}

/**
 * Lengths after resizing, told before it runs. The policies that keep the aspect ratio make no axis longer than the sizes say but one; the largest
 * factor bounds them.
 */
function resizedDims(n: UnsizedNode, a: AttributesOf<typeof ATTRIBUTES>): number[][] {
  const dims = n.dims(0);
  const axes = a.axes ?? range(dims.length);
  const place = (axis: number): number => axes.findIndex((given) => positiveAxis(given, dims.length) === axis);
  const each = (length: (d: number, k: number) => number): number[][] => [
    dims.map((d, i) => (place(i) < 0 ? d : length(d, place(i)))),
  ];
  if (!n.has(3)) {
    const scales = n.numbers(2);
    return each((d, k) => Math.floor(d * (scales[k] ?? 1)));
  }
  const sizes = n.numbers(3);
  if (a.keep_aspect_ratio_policy === 'stretch') return each((d, k) => sizes[k] ?? d);
  const factor = Math.max(0, ...dims.flatMap((d, i) => (place(i) < 0 ? [] : [(sizes[place(i)] ?? d) / Math.max(1, d)])));
  return each((d) => Math.ceil(d * factor));
}

const resizeOp = defineOp({
  op: 'Resize',
  versions: [10, 11, 13, 18, 19],
  attributes: ATTRIBUTES,
  // Only the nearest: all others compute.
  moves: ({ mode }) => (mode === 'nearest' ? { inputs: [0] } : undefined),
  size: resizedDims,
  grows: true,
  canonicalize: (n, g) =>
    n.version === 10 ? asymmetric(n, g, n.x[0]!, n.x[1]!, n.attr<string>('mode') ?? 'nearest') : undefined,
  constants: [1, 2, 3],
  lower: (n, attributes) => (resizedAxes(n, attributes).length === 0 ? n.x[0]! : undefined),
  layout: 'any',
  forward: ([x], attributes, { tf, node, axis: at }) => {
    const rank = x!.shape.length;
    const axes = resizedAxes(node, attributes);
    let y = x!;
    for (const { axis, matrix } of byCost(axes, false)) y = tfAlongAxis(tf, y, at(axis, rank), matrix);
    if (attributes.extrapolation_value === 0 || !axes.some((a) => a.outside.includes(true))) return [y];
    // 1 where every axis is inside; the value fills the rest.
    const inside = axes.map(({ axis, outside }) => {
      const dims = y.shape.map((_, i) => (i === at(axis, rank) ? outside.length : 1));
      return tf.tensor(outside.map((o) => (o ? 0 : 1)), dims); // prettier-ignore
    });
    const all = inside.reduce((a, b) => tf.mul(a, b));
    return [tf.add(y, tf.mul(tf.sub(1, all), attributes.extrapolation_value))];
  },
  vjp: (n, attributes, g) => {
    const axes = resizedAxes(n, attributes);
    const shape = [...n.outputType(0).dims];
    const factors = axes.map((a) => repeatFactor(a.matrix));
    const spatial = range(shape.length - 2).map((i) => factors[axes.findIndex((a) => a.axis === i + 2)] ?? 1);
    if (shape.length === 4 && factors.every(Boolean) && axes.every((a) => a.axis >= 2)) {
      // Repeated pixels add up: an average times their number, which stays in onnxruntime's blocked layout.
      const mean = g.op('AveragePool', [n.dy[0]!], { kernel_shape: spatial, strides: spatial });
      return [g.mul(mean, g.scalar(spatial.reduce((a, b) => a * b)))];
    }
    let value = n.dy[0]!;
    for (const { axis, matrix } of byCost(axes, true)) {
      value = alongAxis(g, value, shape, axis, transposed(matrix));
      shape[axis] = matrix.columns;
    }
    return [value];
  },
});

const upsample = defineOp({
  op: 'Upsample',
  versions: [1, 7, 9, 10],
  attributes: { mode: text('nearest') },
  legacy: { scales: 'floats', height_scale: 'float', width_scale: 'float' },
  canonicalize: (n, g) => {
    // Upsample-1 called it 'bilinear'.
    const mode = (n.attr<string>('mode') ?? 'nearest').replace('bilinear', 'linear');
    const given =
      n.version < 7
        ? [1, 1, n.attr('height_scale') ?? 1, n.attr('width_scale') ?? 1]
        : n.version < 9
          ? n.attr<readonly number[]>('scales')
          : undefined;
    return asymmetric(n, g, n.x[0]!, given ? g.constant(float32(given)) : n.x[1]!, mode);
  },
});

/** Resize (nearest, linear, cubic; antialiased or not) along any axes, and Upsample, which becomes one. */
export const resize: OpAdapter[] = [resizeOp, upsample];

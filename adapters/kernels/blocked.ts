// Element-wise work on feature maps written as depthwise convolutions, so that onnxruntime keeps them in the blocked layout of its convolutions.
import { float32 } from '../../src/core/tensor.js';
import { float, type GraphBuilder } from '../../src/onnx/builder.js';

/**
 * onnxruntime's CPU convolutions work on blocks of 16 channels (8 without AVX-512). Convolutions, pools, Add, Sum, Mul, Relu and Concat stay in
 * that layout; any other op (Where, Greater, Slice, Pad ...) costs a reordering pass before and after it, and often runs on one thread. So what a
 * backward pass does element by element is written in those ops where the channels fill whole blocks.
 */
export const isBlocked = (dims: readonly number[]): boolean => dims.length === 4 && fillBlocks(dims[1]!);

/** Do so many channels fill whole blocks? */
export const fillBlocks = (channels: number): boolean => channels % 16 === 0;

/** Reads along one axis: out[q] = v[offset + stride * q] for 0 <= q < out, zero where that lies outside of v's `size` elements. */
export interface Read {
  readonly size: number;
  readonly offset: number;
  readonly stride: number;
  readonly out: number;
}

/** Every element in its place. */
export const same = (size: number): Read => ({ size, offset: 0, stride: 1, out: size });
const isSame = (r: Read): boolean => r.offset === 0 && r.stride === 1 && r.out === r.size;

/** Kernel length, place of its only 1, and pads that make a convolution read so. */
function kernelOf({ size, offset, stride, out }: Read): { length: number; one: number; begin: number; end: number } {
  const begin = Math.max(0, -offset);
  const one = Math.max(0, offset);
  const span = stride * (out - 1) + 1;
  const free = size + begin - one;
  const length = one + 1 + Math.max(0, free - (span + stride - 1));
  return { length, one, begin, end: Math.max(0, span - free) };
}

/** weight * v read along both spatial axes, v being [N, channels, rows.size, columns.size]; `bias` is added to every element. */
export function pick(g: GraphBuilder, v: string, channels: number, rows: Read, columns: Read, weight = 1, bias?: number): string {
  if (weight === 1 && bias === undefined && isSame(rows) && isSame(columns)) return v;
  const [h, w] = [kernelOf(rows), kernelOf(columns)];
  const area = h.length * w.length;
  const data = new Float32Array(channels * area);
  for (let c = 0; c < channels; c++) data[c * area + h.one * w.length + w.one] = weight;
  const kernel = g.constant(float32(data, [channels, 1, h.length, w.length]), 'pick');
  const inputs =
    bias === undefined
      ? [v, kernel]
      : [v, kernel, g.constant(float32(new Float32Array(channels).fill(bias), [channels]), 'bias')];
  return g.op('Conv', inputs, {
    kernel_shape: [h.length, w.length],
    strides: [rows.stride, columns.stride],
    pads: [h.begin, w.begin, h.end, w.end],
    group: channels,
  });
}

/** The power of two that lifts every normal float32 to at least 1. */
const LIFT = 2 ** 126;

/** 1 where v, read so, is 0; 0 where it is negative; v <= 0. */
export const isZero = (g: GraphBuilder, v: string, channels: number, rows: Read, columns: Read): string =>
  g.op('Relu', [pick(g, v, channels, rows, columns, LIFT, 1)]);

/** A gradient that was woven from phases, remembered so that what comes next can work on the phases instead. */
export interface Woven {
  readonly phases: readonly (readonly (string | undefined)[])[];
  readonly dims: readonly [number, number, number, number];
  readonly size: readonly [number, number];
  /** What weaving cuts off at the end is zero in the phases. */
  readonly zeroBeyond: boolean;
}
// By builder, so that nothing outlives a graph. Weaving that nobody reads is pruned with the graph.
const WOVEN = new WeakMap<GraphBuilder, Map<string, Woven>>();

/** The phases that `v` was woven from, if it was. */
export const wovenFrom = (g: GraphBuilder, v: string): Woven | undefined => WOVEN.get(g)?.get(v);

/** The same woven value with every phase replaced, zeros by zeros; `channels` is the new number of channels. */
export const mapPhases = (
  g: GraphBuilder,
  { phases, dims: [n, c, rows, columns], size, zeroBeyond }: Woven,
  change: (phase: string, a: number, b: number) => string,
  channels = c,
): string =>
  weaveBlocked(
    g,
    phases.map((line, a) => line.map((v, b) => (v === undefined ? undefined : change(v, a, b)))),
    [n, channels, rows, columns],
    size,
    zeroBeyond,
  );

/** The sum of two woven values, phase by phase; undefined where they are not alike. */
export function addWoven(g: GraphBuilder, v: string, w: string): string | undefined {
  const [a, b] = [wovenFrom(g, v), wovenFrom(g, w)];
  if (!a || !b || [...a.dims, ...a.size].join() !== [...b.dims, ...b.size].join()) return undefined;
  const alike = a.phases.length === b.phases.length && a.phases[0]!.length === b.phases[0]!.length;
  if (!alike) return undefined;
  const sum = (x: string | undefined, y: string | undefined): string | undefined => (x && y ? g.add(x, y) : (x ?? y));
  return weaveBlocked(g, a.phases.map((line, p) => line.map((x, q) => sum(x, b.phases[p]![q]))), a.dims, a.size, a.zeroBeyond && b.zeroBeyond); // prettier-ignore
}

/** A power of two by which `high`, and what is a unit in the last place below it, may be multiplied: the one stays finite, the other becomes 1 or more. */
const liftOf = (high: number): number => 2 ** (124 - Math.ceil(Math.log2(Math.abs(high) + 1)));

/**
 * v, read so, folded at c = 2^-20 of `high` or a little less: from 0 to c it falls from t to 0, from there to high it rises to t = high - c. So v is inside (0, high) where the result is below t.
 * c and the slope are such that both ends come to t exactly; of y above 0 what is below 2^-43 of high, which c swallows, counts as 0. A Relu that leaks by a negative slope
 * is the only activation fused into convolutions that is not monotone.
 */
function folded(
  g: GraphBuilder,
  v: string,
  channels: number,
  rows: Read,
  columns: Read,
  high: number,
): { folded: string; t: number } {
  const c = 2 ** Math.max(-126, Math.floor(Math.log2(high)) - 20);
  const t = Math.fround(high) - c;
  return { folded: g.op('LeakyRelu', [pick(g, v, channels, rows, columns, 1, -c)], { alpha: float(-t / c) }), t };
}

/**
 * dy where low < y < high, else 0; y lies in [low, high], low being 0 or absent. Masks are 0 or 1, so that dy passes unchanged.
 */
export function gateBlocked(g: GraphBuilder, dy: string, y: string, dims: readonly number[], low?: 0, high?: number): string {
  const [, c = 1, height = 1, width = 1] = dims;
  const clip = (v: string): string => g.op('Clip', [v, g.zero, g.one]);
  // A power of two, so that lift * high - lift * y is exactly 0 at y = high.
  const below = (v: string, rows: Read, columns: Read, bound: number): string =>
    clip(pick(g, v, c, rows, columns, -liftOf(bound), liftOf(bound) * bound));
  const gate = (rows: Read, columns: Read): string | undefined => {
    if (low === undefined) return high === undefined ? undefined : below(y, rows, columns, high);
    if (high === undefined) return clip(pick(g, y, c, rows, columns, LIFT));
    const { folded: v, t } = folded(g, y, c, rows, columns, high);
    return below(v, same(rows.out), same(columns.out), t);
  };
  const apply = (d: string, rows: Read, columns: Read): string => {
    const mask = gate(rows, columns);
    return mask === undefined ? d : g.mul(d, mask);
  };
  const woven = wovenFrom(g, dy);
  if (!woven) return apply(dy, same(height), same(width));
  const [s0, s1] = [woven.phases.length, woven.phases[0]!.length];
  const [, , rows, columns] = woven.dims;
  return mapPhases(g, woven, (d, a, b) =>
    apply(d, { size: height, offset: a, stride: s0, out: rows }, { size: width, offset: b, stride: s1, out: columns }),
  );
}

/**
 * Phases woven together: [N, C, rows, columns] each, phases[a][b] holding the elements at (a + s0 * q, b + s1 * r), undefined: zeros; gives
 * [N, C, height, width], cut off at the end. Channels last, so that runs of channels are copied; onnxruntime merges the transposes into its
 * reordering. `zeroBeyond`: what is cut off is zero.
 */
export function weaveBlocked(
  g: GraphBuilder,
  phases: readonly (readonly (string | undefined)[])[],
  [n, c, rows, columns]: readonly [number, number, number, number],
  [height, width]: readonly [number, number],
  zeroBeyond = false,
): string {
  const [s0, s1] = [phases.length, phases[0]!.length];
  const given = phases.flatMap((line, a) => line.flatMap((value, b) => (value === undefined ? [] : [{ value, a, b }])));
  // Windows that lie on padding alone read no phase.
  if (given.length === 0) return g.op('Expand', [g.zero, g.ints([n, c, height, width])]);
  let whole: string;
  if (given.length === 1) {
    const { value, a, b } = given[0]!;
    if (s0 * s1 === 1) return value;
    const line = g.reshape(g.transpose(value, [0, 2, 3, 1]), [n * rows, 1, columns, c]);
    whole = g.op('Pad', [line, g.ints([0, a, 0, b * c, 0, s0 - 1 - a, 0, (s1 - 1 - b) * c])]);
  } else {
    const zero = (): string => pick(g, given[0]!.value, c, same(rows), same(columns), 0);
    const lines = phases.map((line) => {
      const side =
        s1 === 1
          ? (line[0] ?? zero())
          : g.op(
              'Concat',
              line.map((v) => v ?? zero()),
              { axis: 1 },
            );
      return g.reshape(g.transpose(side, [0, 2, 3, 1]), [n * rows, columns * s1 * c]);
    });
    whole = s0 === 1 ? lines[0]! : g.op('Concat', lines, { axis: 1 });
  }
  whole = g.reshape(whole, [n, rows * s0, columns * s1, c]);
  const cut = rows * s0 !== height || columns * s1 !== width;
  const made = g.transpose(cut ? g.slice(whole, [0, 0], [height, width], [1, 2]) : whole, [0, 3, 1, 2]);
  const known = WOVEN.get(g) ?? new Map<string, Woven>();
  WOVEN.set(g, known.set(made, { phases, dims: [n, c, rows, columns], size: [height, width], zeroBeyond }));
  return made;
}

// Gradients of convolutions' inputs as ONNX nodes, for any number of spatial axes.
import { sizeOf, toFloat32, type Tensor } from '../../src/core/tensor.js';
import type { GraphBuilder } from '../../src/onnx/builder.js';
import { fillBlocks, mapPhases, weaveBlocked, wovenFrom } from './blocked.js';
import { convNode, extent, interleave, padSpatial, pick, type Axis } from './conv-geometry.js';
import { gradientOnPhases } from './conv-woven.js';
import { subpixelAxis, type Subpixel } from './conv-tf.js';

/** A weight by name, with its dims and, where it is a constant, its value. */
export interface Weight {
  readonly name: string;
  /** [M, C / group, k...] */
  readonly dims: readonly number[];
  readonly value?: Tensor;
}

/** From this many kernel elements on, the sub-pixel form beats ConvTranspose, whose intermediate grows with the kernel. */
const LARGE_KERNEL = 25;

/**
 * dL/dx of y = Conv(x, w). Stride 1: a Conv with the rotated, transposed weight. Strided: ConvTranspose; with a large constant kernel
 * (the 7x7 stem of a ResNet) one Conv for all sub-pixel phases and an interleave; where dy is woven from phases itself, it stays in them.
 */
export function inputGradient(
  g: GraphBuilder,
  dy: string,
  batch: number,
  weight: Weight,
  axes: readonly Axis[],
  group: number,
): string {
  const m = weight.dims[0]!;
  const c = weight.dims[1]! * group;
  if (axes.every((a) => a.stride === 1)) {
    const woven = wovenFrom(g, dy);
    // A 1x1 convolution works on single positions, so it may come before the phases are woven, on fewer channels perhaps.
    const pointwise = axes.every((a) => a.kernel === 1 && a.begin === 0 && a.end === 0);
    if (!woven || !pointwise || !weight.value || !fillBlocks(c)) return rotatedGradient(g, dy, batch, weight, axes, group);
    const filter = turned(g, weight, group);
    return mapPhases(g, woven, (d) => g.op('Conv', [d, filter], { kernel_shape: [1, 1], group }), c);
  }
  if (
    weight.value &&
    fillBlocks(c) &&
    axes.length === 2 &&
    axes.every((a) => a.dilation === 1) &&
    (group === 1 || (group === m && group === c))
  )
    return phaseGradient(g, dy, [batch, m, c], weight.value, axes as [Axis, Axis], group);
  const woven = wovenFrom(g, dy);
  if (woven && weight.value && group === 1 && axes.every((a) => a.dilation === 1))
    return gradientOnPhases(g, woven, weight.value, axes as [Axis, Axis]);
  const large = sizeOf(pick(axes, 'kernel')) >= LARGE_KERNEL && group === 1;
  if (!weight.value || !large) return transposedGradient(g, dy, weight, axes, group);
  const dense = axes.map((a): Axis => ({ ...a, kernel: extent(a), dilation: 1 }));
  const phases = dense.map(subpixelAxis);
  const filter = g.constant(phaseWeight(weight.value, axes, phases, group), `${weight.name}_phases`);
  const back = dense.map((a, i): Axis => {
    const { kernel, begin, end, count } = phases[i]!;
    return { size: a.out, kernel, stride: 1, dilation: 1, begin, end, out: count };
  });
  const strides = pick(axes, 'stride');
  const counts = phases.map((p) => p.count);
  const apart = convNode(g, dy, [batch, m], filter, back, group);
  const whole = interleave(g, apart, [batch, c * sizeOf(strides), ...counts], strides);
  const zeros = axes.map(() => 0);
  return padSpatial(g, whole, [batch, c, ...counts.map((n, i) => n * strides[i]!)], zeros, axes.map((a, i) => a.size - counts[i]! * a.stride)); // prettier-ignore
}

/** The taps of one phase of the input along an axis, from the one that reads furthest back in dy: dx[p + s q] = sum over j of w[tap_j] dy[q + from + j]. */
function phaseTaps(a: Axis, p: number): { taps: number[]; from: number } {
  const taps: number[] = [];
  for (let k = a.kernel - 1; k >= 0; k--) if ((p + a.begin - k) % a.stride === 0) taps.push(k);
  return { taps, from: taps.length > 0 ? (p + a.begin - taps[0]!) / a.stride : 0 };
}

/** One exact, small Conv per phase, the phases woven together at the end: nothing is multiplied by inserted zeros. */
function phaseGradient(
  g: GraphBuilder,
  dy: string,
  [batch, m, c]: readonly [number, number, number],
  w: Tensor,
  axes: readonly [Axis, Axis],
  group: number,
): string {
  const counts = axes.map((a) => Math.ceil(a.size / a.stride)) as [number, number];
  const strides = pick(axes, 'stride');
  const parts = Array.from({ length: strides[0]! }, (_, p) =>
    Array.from({ length: strides[1]! }, (_, q) => {
      const [u, v] = [phaseTaps(axes[0], p), phaseTaps(axes[1], q)];
      if (u.taps.length * v.taps.length === 0) return undefined;
      const filter = g.constant(selectedWeight(w, u.taps, v.taps, group), 'phase');
      const back = [u, v].map(({ taps, from }, i): Axis => {
        const a = axes[i]!;
        return {
          size: a.out,
          kernel: taps.length,
          stride: 1,
          dilation: 1,
          begin: -from,
          end: counts[i]! - 1 + from + taps.length - a.out,
          out: counts[i]!,
        };
      });
      return convNode(g, dy, [batch, m], filter, back, group);
    }),
  );
  return weaveBlocked(g, parts, [batch, c, ...counts], [axes[0].size, axes[1].size]);
}

/** Some rows and columns of the kernels, in this order, input and output channels exchanged: [C, M / g, rows, columns]. */
function selectedWeight(w: Tensor, rows: readonly number[], columns: readonly number[], group: number): Tensor {
  const [m = 1, c = 1, height = 1, width = 1] = w.dims;
  const from = toFloat32(w);
  const own = m / group;
  const dims = [c * group, own, rows.length, columns.length];
  const to = new Float32Array(sizeOf(dims));
  let at = 0;
  for (let j = 0; j < c * group; j++) {
    const block = Math.floor(j / c);
    for (let i = 0; i < own; i++) {
      const base = ((block * own + i) * c + (j % c)) * height * width;
      for (const r of rows) for (const s of columns) to[at++] = from[base + r * width + s]!;
    }
  }
  return { type: 'float32', dims, data: to };
}

function rotatedGradient(
  g: GraphBuilder,
  dy: string,
  batch: number,
  weight: Weight,
  axes: readonly Axis[],
  group: number,
): string {
  const rotated = turned(g, weight, group);
  const back = axes.map((a): Axis => {
    const begin = extent(a) - 1 - a.begin;
    return { ...a, size: a.out, begin, end: a.size - a.out - begin + extent(a) - 1, out: a.size };
  });
  return convNode(g, dy, [batch, weight.dims[0]!], rotated, back, group);
}

function transposedGradient(g: GraphBuilder, dy: string, weight: Weight, axes: readonly Axis[], group: number): string {
  // What the strides left over at the end is output padding; pads that the forward pass had beyond it stay pads.
  const end = axes.map((a) => Math.max(0, a.end));
  return g.op('ConvTranspose', [dy, weight.name], {
    kernel_shape: pick(axes, 'kernel'),
    strides: pick(axes, 'stride'),
    dilations: pick(axes, 'dilation'),
    pads: [...pick(axes, 'begin'), ...end],
    output_padding: axes.map((a) => Math.max(0, -a.end)),
    group,
  });
}

/** Elements from which on onnxruntime turns a constant weight while it opens the graph: twice as fast as here, and the weight is handed over once. */
const LARGE_WEIGHT = 2 ** 16;

/** A weight for the backward pass: see rotatedWeight. */
const turned = (g: GraphBuilder, { name, dims, value }: Weight, group: number): string =>
  value && sizeOf(dims) < LARGE_WEIGHT
    ? g.constant(rotatedWeight(value, group), `${name}_rotated`)
    : rotatedValue(g, name, dims, group);

/** [M, C / g, k...] to [C, M / g, k...], each kernel turned by 180 degrees, transposed within its group. */
export function rotatedWeight(w: Tensor, group: number): Tensor {
  const [m = 1, c = 1, ...kernel] = w.dims;
  const k = sizeOf(kernel);
  const from = toFloat32(w);
  const to = new Float32Array(from.length);
  const own = m / group;
  for (let g = 0; g < group; g++) {
    for (let j = 0; j < c; j++) {
      let at = (g * c + j) * own * k;
      let last = (g * own * c + j) * k + k - 1;
      for (let i = 0; i < own; i++, last += c * k) for (let e = 0; e < k; e++) to[at++] = from[last - e]!;
    }
  }
  return { type: 'float32', dims: [c * group, own, ...kernel], data: to };
}

/** The same as nodes. */
function rotatedValue(g: GraphBuilder, w: string, dims: readonly number[], group: number): string {
  const [m = 1, c = 1, ...kernel] = dims;
  const k = sizeOf(kernel);
  if (k === 1 && group === 1) return g.transpose(w, [1, 0, ...kernel.map((_, i) => i + 2)]);
  const flat = g.reshape(w, [group, m / group, c, k]);
  const reversed = k === 1 ? flat : g.slice(flat, [-1], [-(2 ** 31)], [3], [-1]);
  return g.reshape(g.transpose(reversed, [0, 2, 1, 3]), [c * group, m / group, ...kernel]);
}

/** Strides of row-major dims. */
const rowMajor = (dims: readonly number[]): number[] => dims.map((_, i) => sizeOf(dims.slice(i + 1)));

/**
 * The weight of the one Conv that makes all phases: [C * phases, M / g, K...], channel slowest. Element (c, a; m; J) is
 * w[m, c, a + s * (K - 1 - J) - offset] where that exists, per axis.
 */
function phaseWeight(w: Tensor, axes: readonly Axis[], phases: readonly Subpixel[], group: number): Tensor {
  const [m = 1, c = 1, ...kernel] = w.dims;
  const own = m / group;
  const strides = pick(axes, 'stride');
  const phaseKernel = phases.map((p) => p.kernel);
  const dims = [c * group * sizeOf(strides), own, ...phaseKernel];
  const from = toFloat32(w);
  const to = new Float32Array(sizeOf(dims));
  const [k, size, perKernel] = [sizeOf(kernel), sizeOf(phaseKernel), sizeOf(strides)];
  const strideRows = rowMajor(strides);
  const kernelRows = rowMajor(kernel);
  const targetRows = rowMajor(phaseKernel);
  for (let e = 0; e < k; e++) {
    let phase = 0;
    let target = 0;
    axes.forEach((a, i) => {
      const tap = (Math.floor(e / kernelRows[i]!) % a.kernel) * a.dilation + phases[i]!.offset;
      phase += (tap % a.stride) * strideRows[i]!;
      target += (phaseKernel[i]! - 1 - Math.floor(tap / a.stride)) * targetRows[i]!;
    });
    for (let i = 0; i < m; i++) {
      const g = Math.floor(i / own);
      for (let j = 0; j < c; j++) {
        to[(((g * c + j) * perKernel + phase) * own + (i - g * own)) * size + target] = from[(i * c + j) * k + e]!;
      }
    }
  }
  return { type: 'float32', dims, data: to };
}

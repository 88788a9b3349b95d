// Signals: DFT and STFT as products with constant cosines and sines, and the windows, which are constants.
import { int64 } from '../src/core/tensor.js';
import type { GraphBuilder } from '../src/onnx/builder.js';
import { defineOp, int, none, positiveAxis, type OpAdapter, type StaticNode } from './op.js';
import { alongAxis, type Matrix } from './kernels/linalg-axis.js';
import { checkTable, integers, optionalIntegers, range } from './kernels/shape-common.js';
import { positive, scalarIn, withLength } from './kernels/sizes.js';

/** cos or sin of 2 pi k t / length for bins k and samples t, times `scale`; samples past `length` are cut off, missing ones count as 0. */
function waves(f: (angle: number) => number, bins: number, samples: number, length: number, scale: number): Matrix {
  const data = new Float32Array(bins * samples);
  for (let k = 0; k < bins; k++)
    for (let t = 0; t < Math.min(samples, length); t++)
      // k t modulo the length first, so that large angles lose nothing.
      data[k * samples + t] = scale * f((2 * Math.PI * ((k * t) % length)) / length);
  return { rows: bins, columns: samples, data };
}

interface Transform {
  readonly axis: number;
  readonly length: number;
  readonly bins: number;
  readonly inverse: boolean;
}

/** X[k] = sum of x[t] e^(-2 pi i k t / length) along an axis of x [..., 1 or 2], real and imaginary part last (ONNX DFT-17). */
function transformed(n: StaticNode, g: GraphBuilder, x: string, dims: readonly number[], t: Transform): string {
  checkTable(n, t.bins * dims[t.axis]!, 'transform');
  const last = dims.length - 1;
  const samples = dims[t.axis]!;
  const scale = t.inverse ? 1 / t.length : 1;
  const cosine = waves(Math.cos, t.bins, samples, t.length, scale);
  const sine = waves(Math.sin, t.bins, samples, t.length, t.inverse ? scale : -scale);
  const part = (k: number): string => g.slice(x, [k], [k + 1], [last]);
  const flat = [...dims.slice(0, last), 1];
  const times = (v: string, m: Matrix): string => alongAxis(g, v, flat, t.axis, m);
  const real = dims[last] === 1 ? x : part(0);
  const parts =
    dims[last] === 1
      ? [times(real, cosine), times(real, sine)]
      : [g.sub(times(real, cosine), times(part(1), sine)), g.add(times(real, sine), times(part(1), cosine))];
  return g.op('Concat', parts, { axis: last });
}

/** Samples of one transform. Onnxruntime runs it first, whose kernel takes seconds for a million of them where their number is no power of two. */
const LONGEST = 2 ** 18;

const binsOf = (length: number, onesided: number): number => (onesided ? Math.floor(length / 2) + 1 : length);

const dft = defineOp({
  op: 'DFT',
  versions: [17, 20],
  attributes: { axis: int(1), inverse: int(0), onesided: int(0) },
  size: (n, a) => {
    const dims = n.dims(0);
    const length = n.has(1) ? scalarIn(n, 1) : dims[positiveAxis(a.axis, dims.length)]!;
    if (length > LONGEST) n.refuse(`its transform of ${length} samples is too long; at most ${LONGEST} are allowed`);
    return [[...withLength(dims, a.axis, binsOf(length, a.onesided)).slice(0, -1), 2]];
  },
  grows: true,
  constants: [1, 2],
  restrictions: 'a constant axis; no inverse of a one-sided spectrum',
  canonicalize: (n, g) => {
    if (n.attr('inverse') === 1 && n.attr('onesided') === 1)
      n.refuse('the inverse of a one-sided spectrum is not supported', 'Export it with onesided=0.');
    if (n.version < 20) return undefined;
    const given = n.x[2] ? (n.constant(2) ?? n.refuse('its axis (input 2) must be constant.')) : undefined;
    // The last axis holds real and imaginary part; -2 is the one before.
    const { inverse, onesided } = n.node.attributes;
    return g.op('DFT', n.x.slice(0, 2), { axis: given ? Number(given.data[0]) : -2, inverse, onesided });
  },
  lower: (n, a, g) => {
    const { dims } = n.type(0);
    const axis = positiveAxis(a.axis, dims.length);
    const length = optionalIntegers(n, 1, 'dft_length')?.[0] ?? dims[axis]!;
    return transformed(n, g, n.x[0]!, dims, { axis, length, bins: binsOf(length, a.onesided), inverse: a.inverse === 1 });
  },
});

/** x [N, samples, 1] cut into frames [N, frames, length, 1], each times the window. */
function frames(n: StaticNode, g: GraphBuilder, step: number, length: number): { x: string; dims: number[] } {
  const [batch = 1, samples = 1, parts = 1] = n.type(0).dims;
  if (parts !== 1) n.refuse('its signal is complex; only real ones are supported.');
  const count = Math.floor((samples - length) / step) + 1;
  checkTable(n, count * length, 'frames');
  const at = range(count).flatMap((f) => range(length).map((t) => f * step + t));
  const signal = g.reshape(n.x[0]!, [batch, samples, 1]);
  const cut = g.op('Gather', [signal, g.constant(int64(at, [count, length]))], { axis: 1 });
  return { x: n.x[2] ? g.mul(cut, g.reshape(n.x[2], [length, 1])) : cut, dims: [batch, count, length, 1] };
}

const stft = defineOp({
  op: 'STFT',
  versions: [17],
  attributes: { onesided: int(1) },
  size: (n, { onesided }) => {
    const [batch, samples] = n.dims(0) as [number, number];
    const length = n.has(2) ? n.dims(2)[0]! : scalarIn(n, 3);
    if (length > LONGEST) n.refuse(`its frames of ${length} samples are too long; at most ${LONGEST} are allowed`);
    const count = positive(Math.floor((samples - length) / scalarIn(n, 1)) + 1);
    return [[batch, count, binsOf(length, onesided), 2]];
  },
  grows: true,
  constants: [1, 3],
  restrictions: 'real signals',
  lower: (n, { onesided }, g) => {
    const step = integers(n, 1, 'frame_step')[0]!;
    const length = n.x[2] ? n.type(2).dims[0]! : integers(n, 3, 'frame_length')[0]!;
    const { x, dims } = frames(n, g, step, length);
    return transformed(n, g, x, dims, { axis: 2, length, bins: binsOf(length, onesided), inverse: false });
  },
});

/** A window's values depend on its size alone: with that known it is folded away before `lower`. */
const window = (op: string): OpAdapter =>
  defineOp({
    op,
    versions: [17],
    attributes: { output_datatype: int(1), periodic: int(1) },
    size: (n) => [[scalarIn(n, 0)]],
    grows: true,
    constants: [0],
    lower: (n) => n.refuse("its size depends on the values of the model's input", 'Bind it before exporting.'),
    vjp: none('the output depends on a whole number only'),
  });

const melWeightMatrix = defineOp({
  op: 'MelWeightMatrix',
  versions: [17],
  attributes: { output_datatype: int(1) },
  size: (n) => [[binsOf(scalarIn(n, 1), 1), scalarIn(n, 0)]],
  grows: true,
  constants: [0, 1, 2, 3, 4],
  lower: (n) => n.refuse("its sizes depend on the values of the model's input", 'Bind them before exporting.'),
  vjp: none('the output depends on sizes and frequencies only'),
});

/** DFT, STFT, the windows of Hann, Hamming and Blackman, and MelWeightMatrix, written in products with constants. */
export const signal: OpAdapter[] = [dft, stft, ...['HannWindow', 'HammingWindow', 'BlackmanWindow'].map(window), melWeightMatrix];

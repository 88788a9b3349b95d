// What ops share that tell how large their outputs will be before they run, so that a hostile file of a few bytes cannot ask for all memory.
import { positiveAxis, type Dims, type UnsizedNode } from '../op.js';
import { extent, type WindowAttributes } from './conv-geometry.js';

/** One output, of the shape of input 0: element by element, or along an axis that stays. */
export const asInput = (n: UnsizedNode): Dims[] => [n.dims(0)];

/** One output, of the shape to which all inputs broadcast. */
export const broadcasted = (n: UnsizedNode): Dims[] => [broadcast(n.all())];

/** Batch and channels of input 0, one element along each further axis. */
export const pooledWhole = (n: UnsizedNode): Dims[] => [n.dims(0).map((d, i) => (i < 2 ? d : 1))];

/** numpy broadcasting; of lengths that do not fit, the larger. */
export function broadcast(shapes: readonly Dims[]): number[] {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  return Array.from({ length: rank }, (_, i) => {
    const lengths = shapes.map((s) => s[i - rank + s.length] ?? 1);
    return lengths.includes(0) ? 0 : Math.max(1, ...lengths);
  });
}

/** No length is negative. */
export const positive = (n: number): number => Math.max(0, n);

/** The only element of an input; 0 of none. */
export const scalarIn = (n: UnsizedNode, index: number): number => n.numbers(index)[0] ?? 0;

/** Dims with another length on one axis, which may be counted from the end. */
export const withLength = (dims: Dims, axis: number, length: number): number[] =>
  dims.map((d, i) => (i === positiveAxis(axis, dims.length) ? length : d));

/** Positions of a sliding window per spatial axis (ONNX Conv-11, MaxPool-12, AveragePool-11). */
export function windows(a: WindowAttributes & { readonly ceil_mode?: number }, spatial: Dims, kernel: Dims): number[] {
  return spatial.map((length, i) => {
    const stride = a.strides?.[i] ?? 1;
    if (a.auto_pad?.startsWith('SAME')) return Math.ceil(length / stride);
    const pads = a.auto_pad === 'VALID' ? [] : (a.pads ?? []);
    const padded = length + (pads[i] ?? 0) + (pads[i + spatial.length] ?? 0);
    const steps = (padded - extent({ kernel: kernel[i] ?? 1, dilation: a.dilations?.[i] ?? 1 })) / stride;
    return positive((a.ceil_mode ? Math.ceil(steps) : Math.floor(steps)) + 1);
  });
}

/** What a pool makes, and the indices beside it, of the same shape. */
export function pooled(n: UnsizedNode, a: WindowAttributes & { readonly ceil_mode?: number }): Dims[] {
  const [batch, channels, ...spatial] = n.dims(0);
  const out = [batch!, channels!, ...windows(a, spatial, a.kernel_shape ?? [])];
  return [out, out];
}

/** [..., m, k] x [..., k, n] to [..., m, n]; a vector is a row on the left, a column on the right, and that axis goes again. */
export function matMulDims(a: Dims, b: Dims): number[] {
  const batch = broadcast([a.slice(0, -2), b.slice(0, -2)]);
  return [...batch, ...(a.length > 1 ? [a.at(-2)!] : []), ...(b.length > 1 ? [b.at(-1)!] : [])];
}

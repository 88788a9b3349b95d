// More than six axes in tfjs: there its wasm backend adds, multiplies and pads wrongly without a word, so neighbouring axes are merged.
import type { Forward, OpAdapter, TfTensor } from '../op.js';
import { product } from './shape-common.js';

/** XNNPACK, which wasm's arithmetic runs on, holds six axes. */
export const MOST_AXES = 6;

/** Runs of neighbouring axes with the same key, as lists of axes. */
export function runs(keys: readonly string[]): number[][] {
  const groups: number[][] = [];
  keys.forEach((key, axis) => {
    if (axis > 0 && key === keys[axis - 1]) groups.at(-1)!.push(axis);
    else groups.push([axis]);
  });
  return groups;
}

/** Lengths after each run of axes has become one. */
export const mergedDims = (dims: readonly number[], groups: readonly number[][]): number[] =>
  groups.map((axes) => product(axes.map((a) => dims[a]!)));

/** Operands that broadcast, reshaped so that axes on which all of them broadcast alike are one; and the shape of the result. */
function merged(x: readonly TfTensor[]): { shapes: number[][]; out: number[] } {
  const rank = Math.max(...x.map((t) => t.rank));
  const padded = x.map((t) => [...new Array<number>(rank - t.rank).fill(1), ...t.shape]);
  const out = Array.from({ length: rank }, (_, i) => padded.reduce((d, p) => (p[i] === 1 ? d : p[i]!), 1));
  const groups = runs(out.map((d, i) => padded.map((p) => Number(p[i] === 1 && d !== 1)).join('')));
  return { shapes: padded.map((p) => mergedDims(p, groups)), out };
}

/** The adapter of an element-wise op, broadcasting or not, with a tfjs forward that takes any number of axes. */
export function ofAnyRank(adapter: OpAdapter): OpAdapter {
  const { forward } = adapter;
  if (typeof forward !== 'function') return adapter;
  const wrapped: Forward<OpAdapter['attributes']> = (x, attributes, context) => {
    // An omitted input is undefined.
    const given = (x as (TfTensor | undefined)[]).filter((t) => t !== undefined);
    if (given.every((t) => t.rank <= MOST_AXES)) return forward(x, attributes, context);
    const { tf, node } = context;
    const { shapes, out } = merged(given);
    if (shapes[0]!.length > MOST_AXES) node.refuse(`its ${out.length} axes are too many for tfjs`, 'Use `engine` onnxruntime.');
    const y = forward(x.map((t) => t && tf.reshape(t, shapes[given.indexOf(t)]!)), attributes, context); // prettier-ignore
    return y.map((t) => tf.reshape(t, out));
  };
  return { ...adapter, forward: wrapped };
}

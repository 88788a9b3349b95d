// LpPool and GlobalLpPool: the p-norm of windows, as convolutions and sums of powers.
import type { GraphBuilder } from '../src/onnx/builder.js';
import { defineOp, int, ints, type OldNode, type OpAdapter } from './op.js';
import { nodeAxes, ones, WINDOW_ATTRIBUTES } from './kernels/conv-geometry.js';

import { poolWindow, refuseDilatedSame } from './kernels/pool-window.js';
import { pooled } from './kernels/sizes.js';

/** The exponent, which opset 1 gave as a float. */
function exponent(n: OldNode): number {
  const p = n.attr('p') ?? 2;
  return Number.isInteger(p) && p > 0 ? p : n.refuse(`expected a positive whole exponent p, received ${p}.`);
}

/** |x|^p, and the p-th root of a sum of them. */
const power = (g: GraphBuilder, x: string, p: number): string =>
  p === 1 ? g.op('Abs', [x]) : p === 2 ? g.mul(x, x) : g.op('Pow', [g.op('Abs', [x]), g.scalar(p)]);
const root = (g: GraphBuilder, x: string, p: number): string =>
  p === 1 ? x : p === 2 ? g.op('Sqrt', [x]) : g.op('Pow', [x, g.scalar(1 / p)]);

const lpPool = defineOp({
  op: 'LpPool',
  versions: [1, 2, 11, 18, 22],
  attributes: { ...WINDOW_ATTRIBUTES, ceil_mode: int(0), dilations: ints(), p: int(2) },
  legacy: { p: 'float' },
  size: pooled,
  grows: true,
  canonicalize: (n, g) => {
    refuseDilatedSame(n);
    const { p: _p, ...rest } = n.node.attributes;
    return n.version === 1 ? g.op('LpPool', [n.x[0]!], { ...rest, p: exponent(n) }) : void exponent(n);
  },
  // A convolution of |x|^p with ones, channels taken as batch: it has the dilations that AveragePool lacks.
  lower: (n, a, g) => {
    const { dims } = n.type(0);
    const out = n.outputType(0).dims;
    const kernel = a.kernel_shape ?? n.refuse('attribute kernel_shape is missing.');
    const window = poolWindow(n, a, kernel);
    const axes = nodeAxes(n, window);
    const pads = [...axes.map((v) => v.begin), ...axes.map((v) => Math.max(0, v.end))];
    const flat = g.reshape(power(g, n.x[0]!, a.p), [dims[0]! * dims[1]!, 1, ...dims.slice(2)]);
    const sum = g.op('Conv', [flat, g.constant(ones([1, 1, ...kernel]), 'ones')], { ...window, pads, group: 1 });
    return g.reshape(root(g, sum, a.p), out);
  },
});

const globalLpPool = defineOp({
  op: 'GlobalLpPool',
  versions: [1, 2, 22],
  attributes: { p: int(2) },
  legacy: { p: 'float' },
  canonicalize: (n, g) => (n.version === 1 ? g.op('GlobalLpPool', [n.x[0]!], { p: exponent(n) }) : void exponent(n)),
  lower: (n, a, g) =>
    root(
      g,
      g.reduceSum(
        power(g, n.x[0]!, a.p),
        n
          .type(0)
          .dims.map((_, i) => i)
          .slice(2),
        true,
      ),
      a.p,
    ),
});

/** Pools of the p-norm. */
export const powerPooling: OpAdapter[] = [lpPool, globalLpPool];

// Smooth gates: Gelu, Swish, Mish, and the names that onnxruntime gives them.
import type { GraphBuilder } from '../../src/onnx/builder.js';
import { defineOp, float, text, type OpAdapter } from '../op.js';
import { scalarLike } from './elementwise-onnx.js';
import { asInput } from './sizes.js';

/** x * Phi(x), or its approximation by tanh (Gelu-20); types are unknown here, so scalars follow x. */
function gelu(g: GraphBuilder, x: string, approximate: boolean): string {
  const c = (value: number): string => scalarLike(g, value, x);
  const inner = approximate
    ? g.op('Tanh', [g.mul(g.add(x, g.mul(g.mul(g.mul(x, x), x), c(0.044715))), c(Math.sqrt(2 / Math.PI)))])
    : g.op('Erf', [g.mul(x, c(Math.SQRT1_2))]);
  return g.mul(x, g.add(g.mul(inner, c(0.5)), c(0.5)));
}

/** x * sigmoid(alpha * x). */
const swish = (g: GraphBuilder, x: string, alpha: number): string =>
  g.mul(x, g.op('Sigmoid', [alpha === 1 ? x : g.mul(x, scalarLike(g, alpha, x))]));

const MICROSOFT = 'com.microsoft';

/** Gelu, Mish and Swish (ai.onnx), and Gelu, BiasGelu, FastGelu and QuickGelu (com.microsoft), written in Erf, Tanh and Sigmoid. */
export const geluOps: OpAdapter[] = [
  defineOp({
    op: 'Gelu',
    versions: [20],
    attributes: { approximate: text('none') },
    canonicalize: (n, g) => {
      const approximate = n.attr<string>('approximate') ?? 'none';
      if (approximate !== 'none' && approximate !== 'tanh')
        return n.refuse(`approximate '${approximate}' is neither 'none' nor 'tanh'`);
      return gelu(g, n.x[0]!, approximate === 'tanh');
    },
  }),
  defineOp({
    op: 'Mish',
    versions: [18, 22],
    attributes: {},
    size: asInput,
    lower: (n, _, g) => g.mul(n.x[0]!, g.op('Tanh', [g.op('Softplus', [n.x[0]!])])),
  }),
  defineOp({
    op: 'Swish',
    versions: [24],
    attributes: { alpha: float(1) },
    canonicalize: (n, g) => swish(g, n.x[0]!, n.attr('alpha') ?? 1),
  }),
  // Ops that onnxruntime's optimiser writes into the models it saves.
  defineOp({ op: 'Gelu', domain: MICROSOFT, versions: [1], attributes: {}, canonicalize: (n, g) => gelu(g, n.x[0]!, false) }),
  defineOp({
    op: 'BiasGelu',
    domain: MICROSOFT,
    versions: [1],
    attributes: {},
    canonicalize: (n, g) => gelu(g, g.add(n.x[0]!, n.x[1]!), false),
  }),
  defineOp({
    op: 'FastGelu',
    domain: MICROSOFT,
    versions: [1],
    attributes: {},
    canonicalize: (n, g) => gelu(g, n.x[1] ? g.add(n.x[0]!, n.x[1]) : n.x[0]!, true),
  }),
  defineOp({
    op: 'QuickGelu',
    domain: MICROSOFT,
    versions: [1],
    attributes: { alpha: float(1.702) },
    canonicalize: (n, g) => swish(g, n.x[0]!, n.attr('alpha') ?? 1.702),
  }),
];

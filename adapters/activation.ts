// Activation functions: rectifiers, sigmoids, softmax and their relatives.
import { float as floatAttribute, type GraphBuilder } from '../src/onnx/builder.js';
import { defineOp, float, type OldNode, type OpAdapter, type TfTensor } from './op.js';
import { ofAnyRank } from './kernels/many-axes.js';
import { geluOps } from './kernels/gelu.js';
import { clip } from './kernels/clip.js';
import { softmaxOps } from './kernels/softmax.js';
import { gateBlocked, isBlocked } from './kernels/blocked.js';
import { gate, scalarOf, withoutHints } from './kernels/elementwise-onnx.js';
import { custom, gated, inside } from './kernels/elementwise-tf.js';
import { asInput } from './kernels/sizes.js';

const HINTS = { consumed_inputs: 'ints' } as const;

/** The node of an activation that was made under version 1: the same with its float attributes, without the memory hint. */
function sameAttributes(n: OldNode, g: GraphBuilder, names: readonly string[]): string | undefined {
  if (n.node.attributes.consumed_inputs === undefined) return undefined;
  return g.op(n.node.op, [n.x[0]!], Object.fromEntries(names.map((name) => [name, n.node.attributes[name]])));
}

const elementByElement: OpAdapter[] = [
  defineOp({
    op: 'Relu',
    versions: [1, 6, 13, 14],
    attributes: {},
    legacy: HINTS,
    moves: { inputs: [0] },
    size: asInput,
    canonicalize: withoutHints,
    forward: ([x], _, { tf }) => [
      custom(
        tf,
        [x!],
        (t) => tf.relu(t),
        (dy, _x, y) => [gated(tf, dy, tf.step(y))],
        'y',
      ),
    ],
    // By y, so that onnxruntime can still fuse Conv and Relu; 0 at 0.
    vjp: (c, _, g) => {
      const [y, dy, { dims }] = [c.y[0]!, c.dy[0]!, c.outputType(0)];
      return [isBlocked(dims) && !c.steep ? gateBlocked(g, dy, y, dims, 0) : gate(g, dy, g.greater(y, g.zero))];
    },
    layout: 'any',
  }),
  defineOp({
    op: 'LeakyRelu',
    versions: [1, 6, 16],
    attributes: { alpha: float(0.01) },
    legacy: HINTS,
    size: asInput,
    canonicalize: (n, g) => sameAttributes(n, g, ['alpha']),
    forward: ([x], { alpha }, { tf }) => [
      custom(
        tf,
        [x!],
        (t) => tf.leakyRelu(t, alpha),
        (dy, [t]) => {
          const positive = tf.step(t!);
          return [alpha === 0 ? gated(tf, dy, positive) : tf.mul(dy, tf.add(tf.mul(positive, 1 - alpha), alpha))];
        },
      ),
    ],
    // alpha at 0. Where alpha is not negative y is positive exactly where x is, and Conv and LeakyRelu can still be fused.
    vjp: ({ x: [x], y: [y], dy: [dy] }, { alpha }, g) => {
      const positive = g.greater(alpha >= 0 ? y! : x!, g.zero);
      return [alpha === 0 ? gate(g, dy!, positive) : g.mul(dy!, g.where(positive, g.one, g.scalar(alpha)))];
    },
    layout: 'any',
  }),
  defineOp({
    op: 'Elu',
    versions: [1, 6, 22],
    attributes: { alpha: float(1) },
    legacy: HINTS,
    size: asInput,
    canonicalize: (n, g) => sameAttributes(n, g, ['alpha']),
    // max(x, 0) + alpha * (e^min(x, 0) - 1)
    forward: ([x], { alpha }, { tf }) => {
      if (alpha === 1) return [tf.elu(x!)];
      const value = (t: TfTensor): TfTensor => tf.add(tf.relu(t), tf.mul(tf.elu(tf.neg(tf.relu(tf.neg(t)))), alpha));
      const y = custom(
        tf,
        [x!],
        value,
        (dy, [t], out) => {
          const positive = tf.step(t!);
          return [tf.mul(dy, tf.add(positive, tf.mul(tf.sub(1, positive), tf.add(out, alpha))))];
        },
        'both',
      );
      return [y];
    },
    // Below 0 the derivative is y + alpha.
    vjp: ({ x: [x], y: [y], dy: [dy] }, { alpha }, g) => {
      const below = g.add(y!, g.scalar(alpha));
      return [g.mul(dy!, alpha === 1 ? g.op('Min', [below, g.one]) : g.where(g.greater(x!, g.zero), g.one, below))];
    },
    layout: 'any',
  }),
  defineOp({
    op: 'Selu',
    versions: [1, 6, 22],
    // The constants changed with version 6, as did their number of digits.
    attributes: { alpha: float(1.6732631921768188), gamma: float(1.0507010221481323) },
    legacy: HINTS,
    size: asInput,
    canonicalize: (n, g) => {
      if (n.version >= 6) return undefined;
      return g.op('Selu', [n.x[0]!], {
        alpha: floatAttribute(n.attr('alpha') ?? 1.6732),
        gamma: floatAttribute(n.attr('gamma') ?? 1.0507),
      });
    },
    lower: (n, { alpha, gamma }, g) =>
      g.mul(g.op('Elu', [n.x[0]!], { alpha: floatAttribute(alpha) }), scalarOf(g, n.type(0).type, gamma)),
  }),
  defineOp({
    op: 'Celu',
    versions: [12],
    attributes: { alpha: float(1) },
    size: asInput,
    // alpha * elu(x / alpha), which for a positive alpha is the same function.
    lower: (n, { alpha }, g) => {
      if (!(alpha > 0)) return n.refuse(`alpha is ${alpha}; only positive ones are supported`);
      if (alpha === 1) return g.op('Elu', [n.x[0]!]);
      const scale = scalarOf(g, n.type(0).type, alpha);
      return g.mul(g.op('Elu', [g.div(n.x[0]!, scale)]), scale);
    },
    restrictions: 'alpha > 0',
  }),
  defineOp({
    op: 'ThresholdedRelu',
    versions: [10, 22],
    attributes: { alpha: float(1) },
    size: asInput,
    forward: ([x], { alpha }, { tf }) => [
      custom(
        tf,
        [x!],
        (t) => gated(tf, t, inside(tf, t, alpha, Infinity)),
        (dy, [t]) => [gated(tf, dy, inside(tf, t!, alpha, Infinity))],
      ),
    ],
    vjp: ({ x: [x], dy: [dy] }, { alpha }, g) => [gate(g, dy!, g.greater(x!, g.scalar(alpha)))],
    layout: 'any',
  }),
  defineOp({
    op: 'Shrink',
    versions: [9],
    attributes: { bias: float(0), lambd: float(0.5) },
    // x + bias below -lambd, x - bias above lambd, 0 between.
    lower: (n, { bias, lambd }, g) => {
      const x = n.x[0]!;
      const c = (value: number): string => scalarOf(g, n.type(0).type, value);
      const above = g.where(g.greater(x, c(lambd)), g.sub(x, c(bias)), c(0));
      return g.where(g.op('Less', [x, c(-lambd)]), g.add(x, c(bias)), above);
    },
  }),
  defineOp({
    op: 'Sigmoid',
    versions: [1, 6, 13],
    attributes: {},
    legacy: HINTS,
    size: asInput,
    canonicalize: withoutHints,
    forward: ([x], _, { tf }) => [tf.sigmoid(x!)],
    vjp: ({ y: [y], dy: [dy] }, _, g) => [g.mul(dy!, g.sub(y!, g.mul(y!, y!)))],
    layout: 'any',
  }),
  defineOp({
    op: 'Tanh',
    versions: [1, 6, 13],
    attributes: {},
    legacy: HINTS,
    size: asInput,
    canonicalize: withoutHints,
    forward: ([x], _, { tf }) => [tf.tanh(x!)],
    vjp: ({ y: [y], dy: [dy] }, _, g) => [g.mul(dy!, g.sub(g.one, g.mul(y!, y!)))],
    layout: 'any',
  }),
  defineOp({
    op: 'HardSigmoid',
    versions: [1, 6, 22],
    attributes: { alpha: float(0.2), beta: float(0.5) },
    legacy: HINTS,
    size: asInput,
    canonicalize: (n, g) => sameAttributes(n, g, ['alpha', 'beta']),
    forward: ([x], { alpha, beta }, { tf }) => [
      custom(
        tf,
        [x!],
        (t) => tf.clipByValue(tf.add(tf.mul(t, alpha), beta), 0, 1),
        (dy, _x, y) => [gated(tf, tf.mul(dy, alpha), inside(tf, y, 0, 1))],
        'y',
      ),
    ],
    // 0 at the two corners.
    vjp: ({ y: [y], dy: [dy] }, { alpha }, g) => {
      const open = g.op('And', [g.greater(y!, g.zero), g.op('Less', [y!, g.one])]);
      return [gate(g, g.mul(dy!, g.scalar(alpha)), open)];
    },
    layout: 'any',
  }),
  defineOp({
    op: 'HardSwish',
    versions: [14, 22],
    attributes: {},
    size: asInput,
    forward: ([x], _, { tf }) => {
      const hard = (t: TfTensor): TfTensor => tf.clipByValue(tf.add(tf.mul(t, 1 / 6), 0.5), 0, 1);
      const back = (dy: TfTensor, [t]: TfTensor[]): TfTensor[] => {
        const h = hard(t!);
        const bent = tf.mul(inside(tf, h, 0, 1), tf.mul(t!, 1 / 6));
        return [gated(tf, tf.mul(dy, tf.add(h, bent)), tf.step(tf.add(t!, 3)))];
      };
      return [custom(tf, [x!], (t) => tf.mul(t, hard(t)), back)];
    },
    // dy h + dy x h' with h = HardSigmoid(x); 0 where h is.
    vjp: ({ x: [x], dy: [dy], steep }, _, g) => {
      const h = g.op('HardSigmoid', [x!], { alpha: floatAttribute(1 / 6), beta: floatAttribute(0.5) });
      const positive = g.greater(h, g.zero);
      const open = g.op('And', [positive, g.op('Less', [h, g.one])]);
      const sum = g.add(g.mul(dy!, h), gate(g, g.mul(g.mul(dy!, x!), g.scalar(1 / 6)), open));
      return [steep ? gate(g, sum, positive) : sum];
    },
    layout: 'any',
  }),
  defineOp({
    op: 'Softplus',
    versions: [1, 22],
    attributes: {},
    size: asInput,
    forward: ([x], _, { tf }) => [tf.softplus(x!)],
    vjp: ({ x: [x], dy: [dy] }, _, g) => [g.mul(dy!, g.op('Sigmoid', [x!]))],
    layout: 'any',
  }),
  defineOp({
    op: 'Softsign',
    versions: [1, 22],
    attributes: {},
    size: asInput,
    forward: ([x], _, { tf }) => [
      custom(
        tf,
        [x!],
        (t) => tf.div(t, tf.add(tf.abs(t), 1)),
        (dy, _x, y) => [tf.mul(dy, tf.square(tf.sub(1, tf.abs(y))))],
        'y',
      ),
    ],
    // 1 / (1 + |x|)^2, and 1 / (1 + |x|) is 1 - |y|.
    vjp: ({ y: [y], dy: [dy] }, _, g) => {
      const root = g.sub(g.one, g.op('Abs', [y!]));
      return [g.mul(dy!, g.mul(root, root))];
    },
    layout: 'any',
  }),
  clip,
];

/**
 * Relu and its kin, Sigmoid, Tanh and their kin, Clip, the smooth gates (kernels/gelu.ts) and Softmax, LogSoftmax, Hardmax (kernels/softmax.ts).
 * Selu, Celu, Shrink and the gates are written in the others.
 */
export const activation: OpAdapter[] = [...elementByElement.map(ofAnyRank), ...geluOps, ...softmaxOps];

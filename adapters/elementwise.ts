// Element by element: arithmetic of two or more operands, and functions of one (kernels/elementwise-unary.ts).
import { sizeOf, toNumbers } from '../src/core/tensor.js';
import type { GraphBuilder } from '../src/onnx/builder.js';
import { DATA_TYPE, defineOp, int, type Forward, type OpAdapter, type StaticNode, type Vjp } from './op.js';
import { alignedBinary, channelSlope, OLD_BROADCAST, scalarOf, withoutHints } from './kernels/elementwise-onnx.js';
import { ofAnyRank } from './kernels/many-axes.js';
import { unaryOps } from './kernels/elementwise-unary.js';
import { custom, detached, gated, quotient, signOf, unbroadcast } from './kernels/elementwise-tf.js';
import { broadcasted } from './kernels/sizes.js';

type NoAttributes = Record<never, never>;
type Binary = (a: string, b: string, dy: string, y: string, g: GraphBuilder) => [() => string, () => string];

const HINTS = { consumed_inputs: 'ints' } as const;

/** A binary arithmetic op that broadcasts; `rule` gives each operand's gradient in the output's shape, made only when it is needed. */
function binary(
  op: string,
  versions: readonly number[],
  forward: Forward<NoAttributes>,
  rule: Binary,
  hazard?: OpAdapter['hazard'],
): OpAdapter {
  const vjp: Vjp<NoAttributes> = ({ x, y, dy, needs }, _, g) => {
    const [a, b] = rule(x[0]!, x[1]!, dy[0]!, y[0]!, g);
    return [needs[0] ? a() : undefined, needs[1] ? b() : undefined];
  };
  return defineOp({
    op,
    versions,
    attributes: {},
    legacy: { ...OLD_BROADCAST, ...HINTS },
    canonicalize: alignedBinary,
    forward,
    vjp,
    hazard,
    layout: 'any',
    broadcasts: true,
  });
}

/** Max or Min of a pair. At a tie the whole gradient goes to the first operand, in both engines. */
function extremum(op: 'Max' | 'Min'): OpAdapter {
  return defineOp({
    op,
    versions: [1, 6, 8, 12, 13],
    attributes: {},
    legacy: HINTS,
    moves: { inputs: 'all' },
    canonicalize: withoutHints,
    lower: (n, _, g) => pairs(n, g, op),
    forward: ([a, b], _, { tf }) => {
      const larger = op === 'Max';
      if (b === undefined) return [a!];
      const value = (p: typeof a, q: typeof a) => (larger ? tf.maximum(p!, q!) : tf.minimum(p!, q!));
      // tfjs's own rule does not sum over broadcast axes.
      const y = custom(tf, [a!, b], value, (dy, [p, q]) => {
        const second = larger ? tf.greater(q!, p!) : tf.less(q!, p!);
        const mask = tf.cast(second, 'float32');
        return [unbroadcast(tf, gated(tf, dy, tf.sub(1, mask)), p!.shape), unbroadcast(tf, gated(tf, dy, mask), q!.shape)];
      });
      return [y];
    },
    vjp: ({ x: [a, b], dy: [dy], needs }, _, g) => {
      if (!b) return [dy];
      const first = g.op(op === 'Max' ? 'GreaterOrEqual' : 'LessOrEqual', [a!, b]);
      return [needs[0] ? g.where(first, dy!, g.zero) : undefined, needs[1] ? g.where(first, g.zero, dy!) : undefined];
    },
    layout: 'any',
    broadcasts: true,
  });
}

/** A variadic op as a chain of pairs. */
function pairs(n: StaticNode, g: GraphBuilder, op: string): string | undefined {
  const [first, ...rest] = n.node.inputs as [string, ...string[]];
  if (rest.length === 0) return first;
  if (rest.length === 1 && op === n.node.op) return undefined;
  return rest.reduce((a, b) => g.op(op, [a, b]), first);
}

/** x to a fixed power, in the cheapest ops. */
function power(g: GraphBuilder, x: string, exponent: number): string {
  if (exponent === 1) return x;
  if (exponent === 2) return g.mul(x, x);
  if (exponent === 0.5) return g.op('Sqrt', [x]);
  if (exponent === -1) return g.op('Reciprocal', [x]);
  return g.op('Pow', [x, g.scalar(exponent)]);
}

/** The exponent when it is one constant number. */
function fixedExponent(n: StaticNode): number | undefined {
  const b = n.constant(1);
  return b && b.data.length === 1 && b.dims.length <= n.type(0).dims.length ? toNumbers(b)[0] : undefined;
}

const powRule: Vjp<NoAttributes> = (c, _, g) => {
  const [a, b] = c.x as [string, string];
  const [dy, y] = [c.dy[0]!, c.y[0]!];
  const fixed = fixedExponent(c);
  const base = (): string | undefined => {
    if (fixed === 0) return undefined;
    if (fixed === 1) return dy;
    if (fixed === 0.5) return g.div(g.mul(dy, g.scalar(0.5)), y);
    if (fixed !== undefined) return g.mul(dy, g.mul(power(g, a, fixed - 1), g.scalar(fixed)));
    const e = c.type(1).type === 'float32' ? b : g.cast(b, DATA_TYPE.float32!);
    // a^(0-1) is infinite at a = 0, and 0 times it NaN: the derivative of a constant is 0.
    const derivative = g.mul(e, g.op('Pow', [a, g.sub(e, g.one)]));
    return g.where(g.op('Equal', [e, g.zero]), g.zero, g.mul(dy, derivative));
  };
  const exponent = (): string => {
    const positive = g.greater(a, g.zero);
    // log of a number that is not positive has no real value; 0 there, as in tfjs.
    const log = g.op('Log', [g.where(positive, a, g.one)]);
    return g.mul(dy, g.mul(y, log));
  };
  return [c.needs[0] ? base() : undefined, c.needs[1] ? exponent() : undefined];
};

const powForward: Forward<NoAttributes> = ([a, b], _, { tf, node }) => {
  const fixed = fixedExponent(node);
  if (a!.dtype !== 'float32') return [tf.cast(tf.pow(tf.cast(a!, 'float32'), tf.cast(b!, 'float32')), a!.dtype)];
  if (fixed === 1) return [tf.clone(a!)];
  if (fixed === 2) return [tf.square(a!)];
  if (fixed === 0.5) return [tf.sqrt(a!)];
  if (fixed === 0) return [detached(tf, [a!], (t) => tf.onesLike(t))];
  if (fixed !== undefined) {
    const derivative = (t: typeof a) => tf.mul(tf.pow(t!, fixed - 1), fixed);
    return [
      custom(
        tf,
        [a!],
        (t) => tf.pow(t, fixed),
        (dy, [t]) => [tf.mul(dy, derivative(t))],
      ),
    ];
  }
  const y = custom(
    tf,
    [a!, tf.cast(b!, 'float32')],
    (p, q) => tf.pow(p, q),
    (dy, [p, q], value) => {
      const derivative = tf.mul(dy, tf.mul(q!, tf.pow(p!, tf.sub(q!, 1))));
      const toBase = tf.where(tf.equal(q!, 0), tf.zerosLike(derivative), derivative);
      const positive = tf.step(p!);
      const log = tf.log(tf.add(tf.mul(p!, positive), tf.sub(1, positive)));
      return [unbroadcast(tf, toBase, p!.shape), unbroadcast(tf, tf.mul(dy, tf.mul(value, log)), q!.shape)];
    },
    'both',
  );
  return [y];
};

const all: OpAdapter[] = [
  binary(
    'Add',
    [1, 6, 7, 13, 14],
    ([a, b], _, { tf }) => [tf.add(a!, b!)],
    (_a, _b, dy) => [() => dy, () => dy],
  ),
  binary(
    'Sub',
    [1, 6, 7, 13, 14],
    ([a, b], _, { tf }) => [tf.sub(a!, b!)],
    (_a, _b, dy, _y, g) => [() => dy, () => g.neg(dy)],
  ),
  binary(
    'Mul',
    [1, 6, 7, 13, 14],
    ([a, b], _, { tf }) => [tf.mul(a!, b!)],
    (a, b, dy, _y, g) => [() => g.mul(dy, b), () => g.mul(dy, a)],
  ),
  binary(
    'Div',
    [1, 6, 7, 13, 14],
    ([a, b], _, { tf, node }) => {
      if (a!.dtype === 'float32') return [node.constant(1) ? tf.div(a!, b!) : quotient(tf, a!, b!)];
      // Whole numbers divide towards zero; tfjs rounds down. Through float32: exact below 2^24.
      return [detached(tf, [a!, b!], (p, q) => tf.cast(tf.div(tf.cast(p, 'float32'), tf.cast(q, 'float32')), 'int32'))];
    },
    (_a, b, dy, y, g) => [() => g.div(dy, b), () => g.neg(g.div(g.mul(dy, y), b))],
    // A constant divisor does not move.
    ({ constant }) => (constant(1) ? undefined : 'steep'),
  ),
  defineOp({
    op: 'Pow',
    versions: [1, 7, 12, 13, 15],
    attributes: {},
    legacy: OLD_BROADCAST,
    // Bounded where each exponent is known to be 0 or at least 1. Exponents are few; of many nothing is assumed, so that no weight is read for it.
    hazard: ({ constant }) => {
      const e = constant(1);
      return e && sizeOf(e.dims) <= 1024 && Array.from(toNumbers(e)).every((v) => v >= 1 || v === 0) ? undefined : 'steep';
    },
    canonicalize: alignedBinary,
    forward: powForward,
    vjp: powRule,
    layout: 'any',
    broadcasts: true,
  }),
  defineOp({
    op: 'Mod',
    versions: [10, 13],
    attributes: { fmod: int(0) },
    forward: ([a, b], { fmod }, { tf }) => {
      // fmod: the sign of the dividend; else of the divisor, as tfjs does.
      if (!fmod) return [detached(tf, [a!, b!], (p, q) => tf.mod(p, q))];
      const value = (p: typeof a, q: typeof a) => tf.mul(signOf(tf, p!), tf.mod(tf.abs(p!), tf.abs(q!)));
      if (a!.dtype !== 'float32') {
        const floats = (p: typeof a, q: typeof a) => tf.cast(value(tf.cast(p!, 'float32'), tf.cast(q!, 'float32')), 'int32');
        return [detached(tf, [a!, b!], floats)];
      }
      const gradient = (dy: typeof a, [p, q]: (typeof a)[], y: typeof a) => [
        unbroadcast(tf, dy!, p!.shape),
        unbroadcast(tf, tf.mul(dy!, tf.div(tf.sub(y!, p!), q!)), q!.shape),
      ];
      return [custom(tf, [a!, b!], value, gradient, 'both')];
    },
    // y = a - b * trunc(a / b), so dy/db = -trunc(a / b) = (y - a) / b.
    vjp: ({ x: [a, b], y: [y], dy: [dy], needs }, _, g) => [dy, needs[1] ? g.mul(dy!, g.div(g.sub(y!, a!), b!)) : undefined],
    layout: 'any',
    broadcasts: true,
  }),
  extremum('Max'),
  extremum('Min'),
  defineOp({
    op: 'Sum',
    versions: [1, 6, 8, 13],
    attributes: {},
    legacy: HINTS,
    size: broadcasted,
    grows: true,
    canonicalize: withoutHints,
    lower: (n, _, g) => pairs(n, g, 'Add'),
  }),
  defineOp({
    op: 'Mean',
    versions: [1, 6, 8, 13],
    attributes: {},
    legacy: HINTS,
    size: broadcasted,
    grows: true,
    canonicalize: withoutHints,
    lower: (n, _, g) => {
      const count = n.node.inputs.length;
      return count === 1 ? n.x[0] : g.mul(pairs(n, g, 'Add')!, scalarOf(g, n.type(0).type, 1 / count));
    },
  }),
  defineOp({
    op: 'PRelu',
    versions: [1, 6, 7, 9, 16],
    attributes: {},
    legacy: HINTS,
    canonicalize: (n, g) => (n.version >= 7 ? undefined : g.op('PRelu', [n.x[0]!, channelSlope(n.x[0]!, n.x[1]!, g)])),
    // tfjs's own takes one slope per last axis on wasm only.
    forward: ([x, slope], _, { tf }) => {
      const value = (t: typeof x, s: typeof x) => tf.sub(tf.relu(t!), tf.mul(tf.relu(tf.neg(t!)), s!));
      const y = custom(tf, [x!, slope!], value, (dy, [t, s]) => {
        const positive = tf.step(t!);
        const negative = tf.sub(1, positive);
        const toSlope = gated(tf, tf.mul(dy, t!), tf.broadcastTo(negative, dy.shape));
        return [tf.mul(dy, tf.add(positive, tf.mul(negative, s!))), unbroadcast(tf, toSlope, s!.shape)];
      });
      return [y];
    },
    // At 0 the derivative is the slope, in both engines.
    vjp: ({ x: [x, slope], dy: [dy], needs }, _, g) => {
      const positive = g.greater(x!, g.zero);
      return [
        needs[0] ? g.where(positive, dy!, g.mul(dy!, slope!)) : undefined,
        needs[1] ? g.where(positive, g.zero, g.mul(dy!, x!)) : undefined,
      ];
    },
    layout: 'any',
    broadcasts: true,
  }),
  ...unaryOps,
];

/**
 * Arithmetic of two or more operands, which broadcast as in numpy (Add to Pow, Mod, Max, Min, Sum, Mean, PRelu), and functions of one
 * (kernels/elementwise-unary.ts). Values may have any number of axes, in tfjs too.
 */
export const elementwise: OpAdapter[] = all.map(ofAnyRank);

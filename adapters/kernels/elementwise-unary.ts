// Functions of one number: roots, exponentials, trigonometry, rounding, tests.
import type { GraphBuilder } from '../../src/onnx/builder.js';
import { defineOp, int, none, type Hazard, type NoGradient, type OpAdapter, type Tf, type TfTensor, type Vjp } from '../op.js';
import { withoutHints } from './elementwise-onnx.js';
import { custom, detached, gated, signOf } from './elementwise-tf.js';
import { asInput } from './sizes.js';

type NoAttributes = Record<never, never>;
type Rule = (x: string, dy: string, g: GraphBuilder, y: string, steep: boolean) => string;
/** Op, versions, tfjs forward, its gradient in ONNX from x, dy and y, and what it does to infinite ones. */
type Row = [string, number[], (tf: Tf, x: TfTensor) => TfTensor, Rule | NoGradient, Hazard?];

const STEP = none('a step function: its derivative is zero wherever it has one');

const square = (g: GraphBuilder, x: string): string => g.mul(x, x);
const sqrt = (g: GraphBuilder, x: string): string => g.op('Sqrt', [x]);
/** exp(-x^2) * 2 / sqrt(pi) */
const bell = (g: GraphBuilder, x: string): string => g.mul(g.op('Exp', [g.neg(square(g, x))]), g.scalar(2 / Math.sqrt(Math.PI)));

/** tfjs differentiates |x| at 0 as -1; here it is 0, in both engines. */
function abs(tf: Tf, x: TfTensor): TfTensor {
  if (x.dtype !== 'float32') return tf.abs(x);
  const gradient = (dy: TfTensor, [t]: TfTensor[]): TfTensor[] => {
    const sign = signOf(tf, t!);
    return [tf.mul(gated(tf, dy, tf.abs(sign)), sign)];
  };
  return custom(tf, [x], (t) => tf.abs(t), gradient);
}

const TABLE: Row[] = [
  ['Abs', [1, 6, 13], abs, (x, dy, g, _y, steep) => g.mul(steep ? g.where(g.op('Equal', [x, g.zero]), g.zero, dy) : dy, g.op('Sign', [x]))], // prettier-ignore
  ['Neg', [1, 6, 13], (tf, x) => tf.neg(x), (_x, dy, g) => g.neg(dy)],
  ['Sign', [9, 13], (tf, x) => detached(tf, [x], (t) => signOf(tf, t)), STEP],
  ['Floor', [1, 6, 13], (tf, x) => tf.floor(x), STEP],
  ['Ceil', [1, 6, 13], (tf, x) => tf.ceil(x), STEP],
  ['Sqrt', [1, 6, 13], (tf, x) => tf.sqrt(x), (_x, dy, g, y) => g.div(g.mul(dy, g.scalar(0.5)), y), 'steep'],
  ['Exp', [1, 6, 13], (tf, x) => tf.exp(x), (_x, dy, g, y) => g.mul(dy, y)],
  ['Log', [1, 6, 13], (tf, x) => tf.log(x), (x, dy, g) => g.div(dy, x), 'steep'],
  ['Reciprocal', [1, 6, 13], (tf, x) => tf.reciprocal(x), (_x, dy, g, y) => g.neg(g.mul(dy, square(g, y))), 'steep'],
  ['Erf', [9, 13], (tf, x) => tf.erf(x), (x, dy, g) => g.mul(dy, bell(g, x))],
  ['Sin', [7, 22], (tf, x) => tf.sin(x), (x, dy, g) => g.mul(dy, g.op('Cos', [x]))],
  ['Cos', [7, 22], (tf, x) => tf.cos(x), (x, dy, g) => g.neg(g.mul(dy, g.op('Sin', [x])))],
  ['Tan', [7, 22], (tf, x) => tf.tan(x), (_x, dy, g, y) => g.mul(dy, g.add(square(g, y), g.one))],
  ['Asin', [7, 22], (tf, x) => tf.asin(x), (x, dy, g) => g.div(dy, sqrt(g, g.sub(g.one, square(g, x)))), 'steep'],
  ['Acos', [7, 22], (tf, x) => tf.acos(x), (x, dy, g) => g.neg(g.div(dy, sqrt(g, g.sub(g.one, square(g, x))))), 'steep'],
  ['Atan', [7, 22], (tf, x) => tf.atan(x), (x, dy, g) => g.div(dy, g.add(square(g, x), g.one))],
  ['Sinh', [9, 22], (tf, x) => tf.sinh(x), (x, dy, g) => g.mul(dy, g.op('Cosh', [x]))],
  ['Cosh', [9, 22], (tf, x) => tf.cosh(x), (x, dy, g) => g.mul(dy, g.op('Sinh', [x]))],
  ['Asinh', [9, 22], (tf, x) => tf.asinh(x), (x, dy, g) => g.div(dy, sqrt(g, g.add(square(g, x), g.one)))],
  ['Acosh', [9, 22], (tf, x) => tf.acosh(x), (x, dy, g) => g.div(dy, sqrt(g, g.sub(square(g, x), g.one))), 'steep'],
  ['Atanh', [9, 22], (tf, x) => tf.atanh(x), (x, dy, g) => g.div(dy, g.sub(g.one, square(g, x))), 'steep'],
  ['IsNaN', [9, 13, 20], (tf, x) => detached(tf, [x], (t) => tf.isNaN(t)), none('a test'), 'selects'],
];

function unary([op, versions, forward, rule, hazard]: Row): OpAdapter {
  const vjp: Vjp<NoAttributes> | NoGradient =
    typeof rule === 'function' ? ({ x, y, dy, steep }, _, g) => [rule(x[0]!, dy[0]!, g, y[0]!, steep)] : rule;
  return defineOp({
    op,
    versions,
    attributes: {},
    legacy: versions[0] === 1 ? { consumed_inputs: 'ints' } : {},
    size: asInput,
    hazard,
    canonicalize: withoutHints,
    forward: ([x], _, { tf }) => [forward(tf, x!)],
    vjp,
    layout: 'any',
  });
}

/** Abs to Atanh, IsNaN, IsInf, Identity and Round: the output has the shape of the input, and its dtype but for the two tests, which give bools. */
export const unaryOps: OpAdapter[] = [
  ...TABLE.map(unary),
  // The canonical form hands the value through; canonicalize adds an Identity only to name a graph output.
  defineOp({
    op: 'Identity',
    versions: [1, 13, 14, 16, 19, 21, 23, 24, 25],
    attributes: {},
    moves: { inputs: [0] },
    size: asInput,
    canonicalize: (n) => n.x[0],
    forward: ([x], _, { tf }) => [tf.clone(x!)],
    vjp: ({ dy: [dy] }) => [dy],
    layout: 'any',
  }),
  // The dialect's Round is straight-through, for quantisers (kernels/quantised-onnx.ts): dy passes as if nothing was rounded. A file's own Round is
  // Floor(Round(x)), the same number behind a step function, whose derivative is 0.
  defineOp({
    op: 'Round',
    versions: [11, 22],
    attributes: {},
    size: asInput,
    canonicalize: (n, g) => g.op('Floor', [g.op('Round', [n.x[0]!])]),
    forward: ([x], _, { tf }) => [
      custom(
        tf,
        [x!],
        (t) => tf.round(t),
        (dy) => [tf.clone(dy)],
        'nothing',
      ),
    ],
    vjp: ({ dy: [dy] }) => [dy],
    layout: 'any',
    restrictions: 'no gradient of a Round in a file, which is a step function; that of quantisers is straight-through',
  }),
  defineOp({
    op: 'IsInf',
    versions: [10, 20],
    attributes: { detect_negative: int(1), detect_positive: int(1) },
    size: asInput,
    hazard: 'selects',
    forward: ([x], { detect_negative, detect_positive }, { tf }) => [
      detached(tf, [x!], (t) => {
        if (detect_negative && detect_positive) return tf.isInf(t);
        if (!detect_negative && !detect_positive) return tf.cast(tf.zerosLike(t), 'bool');
        return detect_positive ? tf.greater(t, 3.4028235e38) : tf.less(t, -3.4028235e38);
      }),
    ],
    vjp: none('a test'),
    layout: 'any',
  }),
];

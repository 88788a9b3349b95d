// Comparisons, logic, selection and conversion of dtypes; Dropout, which does nothing at inference.
import { own } from '../src/core/own.js';
import { isFloat, type DType } from '../src/core/tensor.js';
import { DATA_TYPE, defineOp, int, none, type OldNode, type OpAdapter, type Tf, type TfTensor } from './op.js';
import type { GraphBuilder } from '../src/onnx/builder.js';
import { dtypeNumber, dtypeOf } from '../src/onnx/tensors.js';
import { bitOps } from './kernels/bits.js';
import { alignedBinary, OLD_BROADCAST } from './kernels/elementwise-onnx.js';
import { detached, gated } from './kernels/elementwise-tf.js';
import { ofAnyRank } from './kernels/many-axes.js';
import { expandTo, sameDims } from './kernels/shape-common.js';
import { asInput } from './kernels/sizes.js';

type Test = (tf: Tf, a: TfTensor, b: TfTensor) => TfTensor;

/** A broadcasting op with a bool output. */
function test(op: string, versions: readonly number[], f: Test): OpAdapter {
  return defineOp({
    op,
    versions,
    attributes: {},
    legacy: versions[0] === 1 ? OLD_BROADCAST : {},
    canonicalize: alignedBinary,
    forward: ([a, b], _, { tf }) => [detached(tf, [a!, b!], (p, q) => f(tf, p, q))],
    vjp: none('a bool output'),
    layout: 'any',
    broadcasts: true,
  });
}

/** DataType numbers by the names that Cast-1 uses ("FLOAT", "INT64" ...). */
const OLD_NAMES: Readonly<Record<string, number>> = {
  FLOAT: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  STRING: 8,
  BOOL: 9,
  FLOAT16: 10,
  DOUBLE: 11,
  UINT32: 12,
  UINT64: 13,
};

/** The newest DataType of the dialect's Cast (bfloat16); float8 and 4-bit types came later. */
const NEWEST_TYPE = 16;

function castTarget(n: OldNode): number {
  const to = n.attr<number | string>('to');
  const number = typeof to === 'string' ? own(OLD_NAMES, to.toUpperCase()) : to;
  if (number === undefined)
    return n.refuse(`its attribute 'to' is ${to === undefined ? 'missing' : `'${to}'`}, which names no dtype`);
  if (number > NEWEST_TYPE) return n.refuse(`it converts to data type ${number}; float8 and 4-bit types are not supported`);
  return number;
}

/** Types of whole numbers by what they hold: each holds all of the ones before it that it is listed with. */
const HOLDS: Partial<Record<DType, readonly DType[]>> = {
  int16: ['int8', 'uint8'],
  int32: ['int8', 'uint8', 'int16', 'uint16'],
  int64: ['int8', 'uint8', 'int16', 'uint16', 'int32'],
};

function castOf(n: OldNode, g: GraphBuilder): string {
  const to = castTarget(n);
  const x = n.x[0]!;
  if (!n.carried(0)) return g.op('Cast', [x], { to });
  // Whole numbers carried in float32: a gradient passes where no number changes.
  const [from, target] = [n.dtype(0)!, dtypeOf(to)!];
  if (isFloat(target)) return g.op('Cast', [x], { to });
  if (from === target || HOLDS[target]?.includes(from)) return n.carry(g.cast(x, DATA_TYPE.float32!), target);
  return g.op('Cast', [g.cast(x, dtypeNumber(from))], { to });
}

/** As C converts: towards zero; to bool: everything but 0 is true. */
function convert(tf: Tf, x: TfTensor, to: DType): TfTensor {
  if (isFloat(to)) return x.dtype === 'float32' ? tf.clone(x) : tf.cast(x, 'float32');
  if (to === 'bool') return detached(tf, [x], (t) => (t.dtype === 'bool' ? t.clone() : tf.notEqual(t, tf.cast(0, t.dtype))));
  return detached(tf, [x], (t) => tf.cast(t, 'int32'));
}

/** Dropout of any version as it is at inference: x itself. DIFFERS: `is_test` = 0 of versions 1 and 6 (their default) is inference too. */
function withoutDropout(n: OldNode, g: GraphBuilder): string | string[] {
  const x = n.x[0]!;
  const training = n.x[2] ?? '';
  if (n.version >= 12 && training !== '') {
    const value = n.constant(2);
    if (!value) return n.refuse('its training_mode is computed', 'Export the model for inference (model.eval()).');
    if (Number(value.data[0]) !== 0)
      return n.refuse('its training_mode is true, so its output is random', 'Export the model for inference (model.eval()).');
  }
  if (n.outputs < 2) return x;
  if (n.version < 10)
    return n.refuse(
      'its mask output is in use, which before opset 10 is not defined at inference',
      'Export at opset 10 or later.',
    );
  // Version 10 says nothing about the mask at inference; onnxruntime gives false there, and true ("kept") since 12.
  const mask = { kind: 'tensor', value: { type: 'bool', dims: [1], data: Uint8Array.of(n.version >= 12 ? 1 : 0) } } as const;
  return [x, g.op('ConstantOfShape', [g.op('Shape', [x])], { value: mask })];
}

/** tf.where of alike shapes. tfjs's own gradient multiplies by the condition, which leaves NaN of an infinite one. */
function select(tf: Tf, test: TfTensor, first: TfTensor, second: TfTensor): TfTensor {
  const call = tf.customGrad((...args) => {
    const [t, p, q, save] = args as unknown as [TfTensor, TfTensor, TfTensor, (tensors: TfTensor[]) => void];
    save([t]);
    const gradFunc = (dy: TfTensor, [condition]: TfTensor[]): TfTensor[] => {
      const mask = tf.cast(condition!, 'float32');
      return [tf.zerosLike(mask), gated(tf, dy, mask), gated(tf, dy, tf.sub(1, mask))];
    };
    return { value: tf.where(t, p, q), gradFunc };
  });
  return call(test, first, second);
}

/**
 * Comparisons and logic of two operands, which broadcast and give bools, Not, Where, Cast, CastLike, bit operations (kernels/bits.ts) and Dropout.
 * A gradient passes Where, casts from float to float, and Dropout; the others have none.
 */
export const logic: OpAdapter[] = [
  test('Equal', [1, 7, 11, 13, 19], (tf, a, b) => tf.equal(a, b)),
  test('Greater', [1, 7, 9, 13], (tf, a, b) => tf.greater(a, b)),
  test('Less', [1, 7, 9, 13], (tf, a, b) => tf.less(a, b)),
  test('GreaterOrEqual', [12, 16], (tf, a, b) => tf.greaterEqual(a, b)),
  test('LessOrEqual', [12, 16], (tf, a, b) => tf.lessEqual(a, b)),
  test('And', [1, 7], (tf, a, b) => tf.logicalAnd(a, b)),
  test('Or', [1, 7], (tf, a, b) => tf.logicalOr(a, b)),
  // Not tf.logicalXor: that is four kernels.
  test('Xor', [1, 7], (tf, a, b) => tf.notEqual(a, b)),
  defineOp({
    op: 'Not',
    versions: [1],
    attributes: {},
    size: asInput,
    forward: ([x], _, { tf }) => [detached(tf, [x!], (t) => tf.logicalNot(t))],
    vjp: none('a bool output'),
    layout: 'any',
  }),
  ofAnyRank(
    defineOp({
      op: 'Where',
      versions: [9, 16],
      attributes: {},
      moves: { inputs: [1, 2] },
      hazard: 'selects',
      // A condition that is known and the same everywhere chooses one of the two.
      lower: (n, _, g) => {
        const condition = n.constant(0)?.data as Uint8Array | undefined;
        if (!condition || condition.length === 0 || condition.some((v) => v !== condition[0])) return undefined;
        const chosen = condition[0] ? 1 : 2;
        const { dims } = n.outputType(0);
        return sameDims(n.type(chosen).dims, dims) ? n.x[chosen]! : g.op('Expand', [n.x[chosen]!, g.ints(dims)]);
      },
      forward: ([condition, a, b], _, { tf }) => {
        // tfjs's own broadcasting has no gradient beyond four axes.
        const shape = [condition, a, b].map((t) => t!.shape).reduce(tf.broadcast_util.assertAndGetBroadcastShape);
        const [test, first, second] = [condition, a, b].map((t) => expandTo(tf, t!, shape)) as [TfTensor, TfTensor, TfTensor];
        return [first.dtype === 'float32' ? select(tf, test, first, second) : tf.where(test, first, second)];
      },
      vjp: ({ x: [condition], dy: [dy], needs }, _, g) => [
        undefined,
        needs[1] ? g.where(condition!, dy!, g.zero) : undefined,
        needs[2] ? g.where(condition!, g.zero, dy!) : undefined,
      ],
      layout: 'any',
      broadcasts: true,
    }),
  ),
  defineOp({
    op: 'Cast',
    versions: [1, 6, 9, 13, 19, 21, 23, 24, 25],
    attributes: { to: int() },
    legacy: { to: 'string', saturate: 'int', round_mode: 'string' },
    size: asInput,
    carries: true,
    canonicalize: castOf,
    forward: ([x], _, { tf, node }) => [convert(tf, x!, node.outputType(0).type)],
    // Only between floats: through whole numbers it is a step function.
    vjp: (c, _, g) => {
      const [from, to] = [c.type(0).type, c.outputType(0).type];
      if (!isFloat(from) || !isFloat(to)) return [undefined];
      return [from === to ? c.dy[0] : g.cast(c.dy[0]!, DATA_TYPE[from] ?? c.refuse(`no gradient for ${from}`))];
    },
    layout: 'any',
    restrictions: 'no float8 and 4-bit types',
  }),
  defineOp({
    op: 'CastLike',
    versions: [15, 19, 21, 23, 24, 25],
    attributes: {},
    legacy: { saturate: 'int', round_mode: 'string' },
    canonicalize: (n, g) => (Object.keys(n.node.attributes).length > 0 ? g.op('CastLike', [n.x[0]!, n.x[1]!]) : undefined),
    lower: (n, _, g) => {
      const to = n.type(1).type;
      if (n.type(0).type === to) return n.x[0];
      return g.op('Cast', [n.x[0]!], { to: DATA_TYPE[to] ?? n.refuse(`it converts to ${to}, which is not supported`) });
    },
  }),
  ...bitOps,
  defineOp({
    op: 'Dropout',
    versions: [1, 6, 7, 10, 12, 13, 22],
    attributes: {},
    legacy: { ratio: 'float', seed: 'int', is_test: 'int', consumed_inputs: 'ints' },
    moves: { inputs: [0] },
    canonicalize: withoutDropout,
  }),
];

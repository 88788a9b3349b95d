// What the ops of ai.onnx.ml share: features as rows of float32, the transforms of scores, and the labels beside them.
import { float32, int64, type Tensor } from '../../src/core/tensor.js';
import type { GraphBuilder } from '../../src/onnx/builder.js';
import { DATA_TYPE, text, type AttributeSpec, type OldNode } from '../op.js';

/** The domain of classical models. */
export const ML = 'ai.onnx.ml';

/** What becomes of scores (`transformed`): PROBIT is the quantile of the normal distribution, SOFTMAX_ZERO leaves scores of 0 out of the softmax. */
export type PostTransform = 'NONE' | 'SOFTMAX' | 'LOGISTIC' | 'SOFTMAX_ZERO' | 'PROBIT';
/** The attribute post_transform, a PostTransform. */
export const postTransform: AttributeSpec<string> = text('NONE');

/** The input in float32. Its type is not known yet: a CastLike, which goes where it is that already. */
export const asFloat = (x: string, g: GraphBuilder): string => g.op('CastLike', [x, g.zero]);

/** The dims of `x`, with a one before them where it has one axis alone: those ops take a vector as one row. */
const rowDims = (x: string, g: GraphBuilder): string => {
  const dims = g.op('Shape', [x]);
  const from = g.op('Min', [g.sub(g.op('Shape', [dims]), g.ints([1])), g.ints([1])]);
  return g.op('Slice', [g.op('Concat', [g.ints([1]), dims], { axis: 0 }), from, g.ints([2 ** 31])]);
};

/** A vector as one row; all others as they are. */
export const asRows = (x: string, g: GraphBuilder): string => g.op('Reshape', [x, rowDims(x, g)]);

/** [N, everything else], in float32. */
export function features(x: string, g: GraphBuilder): string {
  const rows = g.op('Slice', [rowDims(x, g), g.ints([0]), g.ints([1])]);
  return asFloat(g.op('Reshape', [x, g.op('Concat', [rows, g.ints([-1])], { axis: 0 })]), g);
}

/** A list of floats of an attribute, [] where it is missing. */
export const floatsOf = (n: OldNode, name: string): readonly number[] => n.attr<readonly number[]>(name) ?? [];

/** A matrix constant of an attribute. Refused where the numbers do not fill it. */
export function matrix(n: OldNode, name: string, rows: number, columns: number, g: GraphBuilder): string {
  const values = floatsOf(n, name);
  if (!(rows > 0 && columns > 0 && values.length === rows * columns))
    return n.refuse(`its ${name} hold ${values.length} numbers, which do not make ${rows} rows of ${columns}`);
  return g.constant(float32(values, [rows, columns]), name);
}

/** sqrt(2) erfinv(2 p - 1), by the approximation that onnxruntime has (Winitzki's, a = 0.147). */
function probit(p: string, g: GraphBuilder): string {
  const x = g.sub(g.mul(p, g.scalar(2)), g.one);
  const log = g.op('Log', [g.mul(g.sub(g.one, x), g.add(g.one, x))]);
  const v = g.add(g.mul(log, g.scalar(0.5)), g.scalar(2 / (3.14159 * 0.147)));
  const root = g.op('Sqrt', [g.sub(g.mul(v, v), g.mul(log, g.scalar(1 / 0.147)))]);
  const inverse = g.mul(g.where(g.op('Less', [x, g.zero]), g.scalar(-1), g.one), g.op('Sqrt', [g.sub(root, v)]));
  return g.mul(inverse, g.scalar(Math.SQRT2));
}

/** Softmax in which scores of 0 stay 0 and do not count. */
function softmaxZero(s: string, g: GraphBuilder): string {
  const none = g.op('LessOrEqual', [g.op('Abs', [s]), g.scalar(1e-7)]);
  const top = g.op('ReduceMax', [s, g.ints([1])], { keepdims: 1 });
  const e = g.where(none, g.zero, g.op('Exp', [g.sub(s, top)]));
  const kept = g.where(none, g.mul(s, g.op('Exp', [g.neg(top)])), e);
  return g.div(kept, g.reduceSum(e, [1], true));
}

/** Two or more scores per row [N,K], transformed. */
export function transformed(s: string, post: PostTransform, g: GraphBuilder): string {
  if (post === 'LOGISTIC') return g.op('Sigmoid', [s]);
  if (post === 'SOFTMAX') return g.op('Softmax', [s], { axis: 1 });
  if (post === 'SOFTMAX_ZERO') return softmaxZero(s, g);
  return post === 'PROBIT' ? probit(s, g) : s;
}

/** What becomes of one score [N,1]: 'alone' it stays so; for two classes the first is 1 - s ('complement') or -s ('opposite'). */
export type Single = 'alone' | 'complement' | 'opposite';

/** One score per row [N,1], transformed as onnxruntime does: a score alone by PROBIT only, two classes by LOGISTIC only. */
export function transformedSingle(n: OldNode, s: string, post: PostTransform, single: Single, g: GraphBuilder): string {
  if (post === 'PROBIT')
    return single === 'alone' ? probit(s, g) : n.refuse('PROBIT of one score for two classes leaves the other undefined');
  if (single === 'alone') return s;
  const pair = (first: string, second: string): string => g.op('Concat', [first, second], { axis: 1 });
  if (post === 'LOGISTIC') return pair(g.op('Sigmoid', [g.neg(s)]), g.op('Sigmoid', [s]));
  return pair(single === 'complement' ? g.sub(g.one, s) : g.neg(s), s);
}

/** The class labels of an attribute pair, as a constant; whole numbers from 0 on where there are none. */
export function labelsOf(n: OldNode, count: number): Tensor {
  const strings = n.attr<readonly string[]>('classlabels_strings') ?? [];
  const whole = n.attr<readonly number[]>('classlabels_ints') ?? n.attr<readonly number[]>('classlabels_int64s') ?? [];
  if (strings.length > 0) return { type: 'string', dims: [strings.length], data: strings };
  return int64(whole.length > 0 ? whole : Array.from({ length: count }, (_, i) => i));
}

/** The label of the largest of two or more scores, [N]. */
export const bestLabel = (scores: string, labels: Tensor, g: GraphBuilder): string =>
  g.op('Gather', [g.constant(labels, 'labels'), g.op('ArgMax', [scores], { axis: 1, keepdims: 0 })], { axis: 0 });

/** The second label where `condition` [N,1] holds, else the first, [N]. */
export const eitherLabel = (condition: string, labels: Tensor, g: GraphBuilder): string =>
  g.op('Gather', [g.constant(labels, 'labels'), g.op('Reshape', [g.cast(condition, DATA_TYPE.int64!), g.ints([-1])])], {
    axis: 0,
  });

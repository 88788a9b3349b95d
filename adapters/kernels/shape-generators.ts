// Ops that make a tensor from a shape or a few numbers: Shape, Size, ConstantOfShape, Range, EyeLike, OneHot.
import { allocate, int64, type DType, type Tensor } from '../../src/core/tensor.js';
import { DATA_TYPE, defineOp, int, none, positiveAxis, tensor, type OpAdapter } from '../op.js';
import { integers, product, range } from './shape-common.js';
import { positive, scalarIn } from './sizes.js';

const NO_GRADIENT = none('the output depends on shapes and whole numbers only');

const shapeOp = defineOp({
  op: 'Shape',
  versions: [1, 13, 15, 19, 21, 23, 24, 25],
  attributes: { start: int(0), end: int() },
  size: (n, { start, end }) => {
    const rank = n.dims(0).length;
    const clamp = (axis: number): number => Math.min(rank, positive(positiveAxis(axis, rank)));
    return [[positive(clamp(end ?? rank) - clamp(start))]];
  },
  lower: (n, { start, end }, g) => g.constant(int64(n.type(0).dims.slice(start, end))),
  vjp: NO_GRADIENT,
});

const size = defineOp({
  op: 'Size',
  versions: [1, 13, 19, 21, 23, 24, 25],
  attributes: {},
  lower: (n, _, g) => g.constant(int64([product(n.type(0).dims)], [])),
  vjp: NO_GRADIENT,
});

/** With its input known this op is folded away before `lower`; what is left cannot have a static shape. */
const refused =
  (what: string) =>
  (n: { refuse(reason: string, advice?: string): never }): never =>
    n.refuse(
      `its output's shape depends on ${what}, which depends on the values of the model's input`,
      'Bind it before exporting.',
    );

const constantOfShape = defineOp({
  op: 'ConstantOfShape',
  versions: [9, 20, 21, 23, 24, 25],
  attributes: { value: tensor() },
  size: (n) => [n.numbers(0)],
  grows: true,
  constants: [0],
  lower: refused('the shape given'),
  vjp: NO_GRADIENT,
});

const rangeOp = defineOp({
  op: 'Range',
  versions: [11],
  attributes: {},
  size: (n) => {
    const [start, limit, delta] = [0, 1, 2].map((i) => scalarIn(n, i)) as [number, number, number];
    return [[delta === 0 ? 0 : positive(Math.ceil((limit - start) / delta))]];
  },
  grows: true,
  constants: [0, 1, 2],
  // onnxruntime takes vectors of one element as well, but only until they are known when it opens the model.
  canonicalize: (n, g) => g.op('Range', [0, 1, 2].map((i) => g.reshape(n.x[i]!, []))), // prettier-ignore
  lower: refused('start, limit and delta'),
  vjp: NO_GRADIENT,
});

const ONE: Partial<Record<DType, (t: Tensor, i: number) => void>> = {
  float16: (t, i) => ((t.data as Uint16Array)[i] = 0x3c00),
  int64: (t, i) => ((t.data as BigInt64Array)[i] = 1n),
};

const eyeLike = defineOp({
  op: 'EyeLike',
  versions: [9, 22],
  attributes: { dtype: int(), k: int(0) },
  lower: (n, { k }, g) => {
    const { type, dims } = n.outputType(0);
    const [rows, columns] = dims as [number, number];
    const eye: Tensor = { type, dims, data: allocate(type, dims) };
    const set = ONE[type] ?? ((t: Tensor, i: number) => ((t.data as Float32Array)[i] = 1));
    for (let r = Math.max(0, -k); r < Math.min(rows, columns - k); r++) set(eye, r * columns + r + k);
    return g.constant(eye, 'eye');
  },
  vjp: NO_GRADIENT,
});

const oneHot = defineOp({
  op: 'OneHot',
  versions: [9, 11],
  attributes: { axis: int(-1) },
  size: (n, { axis }) => {
    const dims = n.dims(0);
    return [dims.toSpliced(positiveAxis(axis, dims.length + 1), 0, positive(scalarIn(n, 1)))];
  },
  grows: true,
  constants: [1, 2],
  lower: (n, { axis: signed }, g) => {
    const values = n.constant(2);
    if (!values) return n.refuse('its values (input 2) must be constant.');
    const depth = integers(n, 1, 'depth')[0]!;
    const { dims } = n.type(0);
    const rank = dims.length + 1;
    const axis = positiveAxis(signed, rank);
    const indices = g.cast(n.x[0]!, DATA_TYPE.int64!);
    // A negative index counts from the end; one out of range hits nothing.
    const least = g.constant(int64([0], []));
    const wrapped = g.where(g.op('Less', [indices, least]), g.add(indices, g.constant(int64([depth], []))), indices);
    const columns = g.reshape(wrapped, [...dims.slice(0, axis), 1, ...dims.slice(axis)]);
    const classes = g.constant(int64(range(depth), range(rank).map((i) => (i === axis ? depth : 1)))); // prettier-ignore
    const pick = (i: number): string =>
      g.constant({ type: values.type, dims: [], data: (values.data as Float32Array).slice(i, i + 1) });
    return g.where(g.op('Equal', [columns, classes]), pick(1), pick(0));
  },
  vjp: none('its indices are whole numbers'),
});

/** Shape, Size, ConstantOfShape, Range, EyeLike and OneHot: constants once shapes are bound, but for a OneHot of computed indices. No gradient. */
export const generators: OpAdapter[] = [shapeOp, size, constantOfShape, rangeOp, eyeLike, oneHot];

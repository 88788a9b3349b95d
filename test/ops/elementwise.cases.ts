// Arithmetic, functions of one number, and their definitions before numpy broadcasting.
import { float32, int32, int64, sizeOf, type Tensor } from '../../src/core/tensor.js';
import { distinct, uniform, uniformAway, type OpCase } from './case.js';

const DIMS = [2, 3, 4, 5];
const a = uniform(DIMS, 1);
const positive = uniform(DIMS, 2, 0.3, 2.5);
const halves = uniformAway(DIMS, 3, [-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2], -2.4, 2.4);

/** y = f(x), element by element. */
const mapped = (x: Tensor, f: (v: number) => number): Tensor => float32(Float32Array.from(x.data as Float32Array, f), x.dims);

/** y = f(a, b) where b's axes start at `axis` of a's. */
function aligned(p: Tensor, q: Tensor, axis: number, f: (v: number, w: number) => number): Tensor {
  const behind = sizeOf(p.dims.slice(axis + q.dims.length));
  const [v, w] = [p.data as Float32Array, q.data as Float32Array];
  return float32(
    v.map((e, i) => f(e, w[Math.floor(i / behind) % w.length]!)),
    p.dims,
  );
}

// Op, versions, the function, and inputs that stay clear of its kinks and poles.
type Row = [string, number[], (v: number) => number, Tensor];
const inUnit = uniform(DIMS, 4, -0.9, 0.9);
const aboveOne = uniform(DIMS, 5, 1.2, 3);
const clear = uniformAway(DIMS, 6, [0]);
const ROWS: Row[] = [
  ['Abs', [1, 6, 13], Math.abs, clear],
  ['Neg', [1, 6, 13], (v) => -v, a],
  ['Sign', [9, 13], Math.sign, clear],
  ['Floor', [1, 6, 13], Math.floor, halves],
  ['Ceil', [1, 6, 13], Math.ceil, halves],
  ['Round', [11, 22], Math.round, halves],
  ['Sqrt', [1, 6, 13], Math.sqrt, positive],
  ['Exp', [1, 6, 13], Math.exp, a],
  ['Log', [1, 6, 13], Math.log, positive],
  ['Reciprocal', [1, 6, 13], (v) => 1 / v, positive],
  ['Erf', [9, 13], NaN as never, a],
  ['Sin', [7, 22], Math.sin, a],
  ['Cos', [7, 22], Math.cos, a],
  ['Tan', [7, 22], Math.tan, inUnit],
  ['Asin', [7, 22], Math.asin, inUnit],
  ['Acos', [7, 22], Math.acos, inUnit],
  ['Atan', [7, 22], Math.atan, a],
  ['Sinh', [9, 22], Math.sinh, a],
  ['Cosh', [9, 22], Math.cosh, a],
  ['Asinh', [9, 22], Math.asinh, a],
  ['Acosh', [9, 22], Math.acosh, aboveOne],
  ['Atanh', [9, 22], Math.atanh, inUnit],
  ['Identity', [1, 13, 14, 16, 19, 21, 23, 24, 25], (v) => v, a],
];

const unary: OpCase[] = ROWS.flatMap(([op, versions, f, x]) =>
  versions.map((opset) => ({
    name: `${op}-${opset}`,
    op,
    opset,
    inputs: [x],
    // onnxruntime guarantees nothing below opset 7.
    ...(opset < 7 ? { expected: [mapped(x, f)] } : {}),
    ...(opset === 1 && op !== 'Identity' ? { attributes: { consumed_inputs: [0] } } : {}),
  })),
);

const BINARY: [string, number[], (v: number, w: number) => number][] = [
  ['Add', [1, 6, 7, 13, 14], (v, w) => v + w],
  ['Sub', [1, 6, 7, 13, 14], (v, w) => v - w],
  ['Mul', [1, 6, 7, 13, 14], (v, w) => v * w],
  ['Div', [1, 6, 7, 13, 14], (v, w) => v / w],
  ['Pow', [1, 7, 12, 13, 15], (v, w) => v ** w],
];
const column = uniform([3, 1, 5], 7, 0.5, 2);
const middle = uniform([3, 4], 8, 0.5, 2);
const tail = uniform([4, 5], 9, 0.5, 2);

const binary: OpCase[] = BINARY.flatMap(([op, versions, f]) => [
  ...versions
    .filter((v) => v >= 7)
    .flatMap((opset) => [
      { name: `${op}-${opset} with broadcasting`, op, opset, inputs: [positive, column] },
      { name: `${op}-${opset} the other way round`, op, opset, inputs: [tail, positive] },
    ]),
  ...versions
    .filter((v) => v < 7)
    .flatMap((opset): OpCase[] => [
      {
        name: `${op}-${opset} same shape`,
        op,
        opset,
        inputs: [positive, aboveOne],
        expected: [aligned(positive, aboveOne, 0, f)],
      },
      {
        name: `${op}-${opset} broadcast to the last axes`,
        op,
        opset,
        inputs: [positive, tail],
        attributes: { broadcast: 1, ...(opset === 1 && op !== 'Pow' ? { consumed_inputs: [0, 0] } : {}) },
        expected: [aligned(positive, tail, 2, f)],
      },
      {
        name: `${op}-${opset} broadcast from axis 1`,
        op,
        opset,
        inputs: [positive, middle],
        attributes: { broadcast: 1, axis: 1 },
        expected: [aligned(positive, middle, 1, f)],
      },
      {
        name: `${op}-${opset} broadcast from axis -3`,
        op,
        opset,
        inputs: [positive, middle],
        attributes: { broadcast: 1, axis: -3 },
        expected: [aligned(positive, middle, 1, f)],
      },
    ]),
]);

const both = uniform(DIMS, 10, -3, 3);
const fixed = (e: number): OpCase => ({
  name: `Pow to the fixed power ${e}`,
  op: 'Pow',
  opset: 15,
  inputs: [e % 1 === 0 ? clear : positive, float32([e], [])],
  initializers: [1],
});

const special: OpCase[] = [
  ...[-2, -1, -0.5, 0, 0.5, 1, 2, 3, 2.5].map(fixed),
  { name: 'Pow with a whole exponent', op: 'Pow', opset: 12, inputs: [positive, int64([2, 3, 1, 2, 3], [5])] },
  { name: 'Pow at base 0 with exponent 0', op: 'Pow', opset: 15, inputs: [float32([0, 1, 2]), float32([0, 2, 1])], wrt: [0] },
  {
    name: 'Div of whole numbers',
    op: 'Div',
    opset: 14,
    inputs: [int32([7, -7, 7, -7, 6]), int32([2, 2, -2, -2, 3])],
  },
  {
    name: 'Mod-10 of whole numbers',
    op: 'Mod',
    opset: 10,
    inputs: [int32([7, -7, 7, -7, 6, 0]), int32([3, 3, -3, -3, 3, 3])],
  },
  {
    name: 'Mod-13 of whole numbers',
    op: 'Mod',
    opset: 13,
    inputs: [int64([7, -7, 7, -7, -6]), int64([3, 3, -3, -3, 3])],
  },
  {
    name: 'Mod-13 of whole numbers, fmod',
    op: 'Mod',
    opset: 13,
    inputs: [int32([7, -7, 7, -7, -6]), int32([3, 3, -3, -3, 3])],
    attributes: { fmod: 1 },
  },
  ...[10, 13].map((opset): OpCase => ({
    name: `Mod-${opset} of floats`,
    op: 'Mod',
    opset,
    // Signs of all kinds, quotients away from whole numbers.
    inputs: [float32([2.3, -2.3, 2.4, -2.4, 0.3, 5.45]), float32([1, 1, -1, -1, 1, 2])],
    attributes: { fmod: 1 },
  })),
  {
    name: 'Mod with broadcasting',
    op: 'Mod',
    opset: 13,
    inputs: [uniformAway(DIMS, 11, [-1.5, 0, 1.5]), float32([1.5, -1.5, 1.5, -1.5, 1.5], [5])],
    attributes: { fmod: 1 },
    wrt: [0],
  },
  ...[11, 22].map((opset): OpCase => ({
    name: `Round-${opset} of halves`,
    op: 'Round',
    opset,
    inputs: [float32([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])],
    wrt: [],
  })),
  ...[10, 20].flatMap((opset): OpCase[] =>
    [undefined, { detect_negative: 0 }, { detect_positive: 0 }, { detect_negative: 0, detect_positive: 0 }].map(
      (attributes, i) => ({
        name: `IsInf-${opset} variant ${i}`,
        op: 'IsInf',
        opset,
        inputs: [float32([1, -Infinity, Infinity, NaN, -3.4e38])],
        attributes,
      }),
    ),
  ),
  { name: 'IsInf of a matrix', op: 'IsInf', opset: 20, inputs: [float32([1, -Infinity, Infinity, NaN, 0, 2], [2, 3])], wrt: [] },
  { name: 'IsNaN of a matrix', op: 'IsNaN', opset: 20, inputs: [float32([1, -Infinity, NaN, NaN, 0, 2], [2, 3])], wrt: [] },
  ...[9, 13, 20].map((opset): OpCase => ({
    name: `IsNaN-${opset}`,
    op: 'IsNaN',
    opset,
    inputs: [float32([1, -Infinity, Infinity, NaN, 0])],
  })),
];

const sameShape = [distinct(DIMS, 12), distinct(DIMS, 13, 0.04), distinct(DIMS, 14, 0.03)];
const VARIADIC: [string, (values: number[]) => number][] = [
  ['Max', (v) => Math.max(...v)],
  ['Min', (v) => Math.min(...v)],
  ['Sum', (v) => v.reduce((p, q) => p + q)],
  ['Mean', (v) => v.reduce((p, q) => p + q) / v.length],
];
const variadic: OpCase[] = VARIADIC.flatMap(([op, f]) => [
  ...[1, 6].map((opset): OpCase => ({
    name: `${op}-${opset}`,
    op,
    opset,
    inputs: sameShape,
    expected: [
      float32(
        (sameShape[0]!.data as Float32Array).map((_, i) => f(sameShape.map((t) => (t.data as Float32Array)[i]!))),
        DIMS,
      ),
    ],
    ...(opset === 1 ? { attributes: { consumed_inputs: [0, 0, 0] } } : {}),
  })),
  ...(op === 'Max' || op === 'Min' ? [8, 12, 13] : [8, 13]).flatMap((opset): OpCase[] => [
    { name: `${op}-${opset} of one`, op, opset, inputs: [both] },
    { name: `${op}-${opset} of two with broadcasting`, op, opset, inputs: [distinct([4, 1], 15, 0.3), sameShape[0]] },
    { name: `${op}-${opset} of three`, op, opset, inputs: [sameShape[0], distinct([3, 1, 5], 16, 0.2), float32([0.01], [])] },
  ]),
]);
const ties: OpCase[] = ['Max', 'Min'].map((op) => ({
  name: `${op} at ties`,
  op,
  opset: 13,
  // Both engines give a tie to the first operand, in whose favour no central difference decides: the tied element of the second stays.
  inputs: [float32([1, 2, 3]), float32([1, 5, -1])],
  wrt: [1],
  atKink: true,
}));

const prelu: OpCase[] = [
  ...[1, 6].flatMap((opset): OpCase[] => [
    {
      name: `PRelu-${opset} a slope per channel`,
      op: 'PRelu',
      opset,
      inputs: [clear, uniform([3], 17, 0.1, 0.6)],
      expected: [aligned(clear, uniform([3], 17, 0.1, 0.6), 1, (v, s) => (v < 0 ? v * s : v))],
      ...(opset === 1 ? { attributes: { consumed_inputs: [0, 0] } } : {}),
    },
    {
      name: `PRelu-${opset} one slope, rank 2`,
      op: 'PRelu',
      opset,
      inputs: [uniformAway([4, 3], 18, [0]), float32([0.3])],
      expected: [mapped(uniformAway([4, 3], 18, [0]), (v) => (v < 0 ? v * Math.fround(0.3) : v))],
    },
  ]),
  ...[7, 9, 16].map((opset): OpCase => ({
    name: `PRelu-${opset}`,
    op: 'PRelu',
    opset,
    inputs: [clear, uniform([3, 1, 1], 19, -0.6, 0.6)],
  })),
  ...[[5], [1], [4, 1], [3, 4, 5], [2, 3, 4, 5]].map((dims): OpCase => ({
    name: `PRelu with a slope of [${dims.join(', ')}]`,
    op: 'PRelu',
    opset: 16,
    inputs: [clear, uniform(dims, 19, -0.6, 0.6)],
  })),
];

export const elementwise: OpCase[] = [...unary, ...binary, ...special, ...variadic, ...ties, ...prelu];

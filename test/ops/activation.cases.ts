// Activation functions, every definition and attribute variant.
import { float, type AttributeInput } from '../../src/onnx/builder.js';
import { float32, int32, toNumbers, type Tensor } from '../../src/core/tensor.js';
import { distinct, uniform, uniformAway, type OpCase } from './case.js';

const DIMS = [2, 3, 4, 5];
const clear = uniformAway(DIMS, 20, [-2, -1, 0, 1, 2], -3.5, 3.5);

/** y = f(x), element by element. */
const mapped = (x: Tensor, f: (v: number) => number): Tensor => float32(Float32Array.from(x.data as Float32Array, f), x.dims);

interface Row {
  op: string;
  versions: number[];
  /** Attribute sets; the defaults are always tried. */
  variants?: Record<string, AttributeInput>[];
  /** The function with default attributes under versions 1 and 6. */
  f?: (v: number) => number;
  x?: Tensor;
}
const ROWS: Row[] = [
  { op: 'Relu', versions: [1, 6, 13, 14], f: (v) => Math.max(v, 0) },
  {
    op: 'LeakyRelu',
    versions: [1, 6, 16],
    f: (v) => (v < 0 ? 0.01 * v : v),
    variants: [{ alpha: float(0.2) }, { alpha: float(1.5) }, { alpha: float(-0.4) }, { alpha: float(0) }],
  },
  {
    op: 'Elu',
    versions: [1, 6, 22],
    f: (v) => (v < 0 ? Math.expm1(v) : v),
    variants: [{ alpha: float(1.7) }, { alpha: float(-0.5) }],
  },
  {
    op: 'Selu',
    versions: [1, 6, 22],
    f: (v) => 1.0507 * (v < 0 ? 1.6732 * Math.expm1(v) : v),
    variants: [{ alpha: float(1.3), gamma: float(0.8) }],
  },
  { op: 'Celu', versions: [12], variants: [{ alpha: float(0.6) }, { alpha: float(2.5) }] },
  { op: 'ThresholdedRelu', versions: [10, 22], variants: [{ alpha: float(-1) }, { alpha: float(0) }] },
  {
    op: 'Shrink',
    versions: [9],
    variants: [{ bias: float(0.3), lambd: float(1) }],
    x: uniformAway(DIMS, 21, [-1, -0.5, 0.5, 1]),
  },
  { op: 'Sigmoid', versions: [1, 6, 13], f: (v) => 1 / (1 + Math.exp(-v)) },
  { op: 'Tanh', versions: [1, 6, 13], f: Math.tanh },
  {
    op: 'HardSigmoid',
    versions: [1, 6, 22],
    f: (v) => Math.min(1, Math.max(0, 0.2 * v + 0.5)),
    variants: [{ alpha: float(0.5), beta: float(0.4) }],
    x: uniformAway(DIMS, 22, [-2.5, 2.5, -0.8, 1.2], -4, 4),
  },
  { op: 'HardSwish', versions: [14, 22], x: uniformAway(DIMS, 23, [-3, 3], -5, 5) },
  { op: 'Softplus', versions: [1, 22], f: (v) => Math.log1p(Math.exp(v)) },
  { op: 'Softsign', versions: [1, 22], f: (v) => v / (1 + Math.abs(v)) },
  { op: 'Gelu', versions: [20], variants: [{ approximate: 'tanh' }, { approximate: 'none' }] },
  { op: 'Mish', versions: [18, 22] },
  { op: 'Swish', versions: [24], f: (v) => v / (1 + Math.exp(-v)) },
];

const HINTED = new Set(['Relu', 'LeakyRelu', 'Elu', 'Selu', 'Sigmoid', 'Tanh', 'HardSigmoid']);
const simple: OpCase[] = ROWS.flatMap(({ op, versions, variants = [], f, x = clear }) =>
  versions.flatMap((opset): OpCase[] => {
    // onnxruntime guarantees nothing below opset 7; the constants of Selu changed at 6.
    const g =
      opset === 6 && op === 'Selu' ? (v: number) => 1.0507010221481323 * (v < 0 ? 1.6732631921768188 * Math.expm1(v) : v) : f;
    const expected = opset < 7 && g ? { expected: [mapped(x, g)] } : {};
    const hint = opset === 1 && HINTED.has(op) ? { attributes: { consumed_inputs: [0] } } : {};
    return [
      { name: `${op}-${opset}`, op, opset, inputs: [x], ...expected, ...hint },
      ...(opset < 7 ? [] : variants).map((attributes, i) => ({
        name: `${op}-${opset} variant ${i}`,
        op,
        opset,
        inputs: [x],
        attributes,
      })),
    ];
  }),
);
const oldVariants: OpCase[] = [
  // Opset 7 still has the definitions of 6.
  { name: 'Elu-6 alpha', op: 'Elu', opset: 7, inputs: [clear], attributes: { alpha: float(1.7) } },
  {
    name: 'HardSigmoid-6 alpha and beta',
    op: 'HardSigmoid',
    opset: 7,
    inputs: [clear],
    attributes: { alpha: float(0.25), beta: float(0.4) },
  },
  { name: 'LeakyRelu-6 alpha', op: 'LeakyRelu', opset: 7, inputs: [clear], attributes: { alpha: float(0.3) } },
  {
    name: 'Swish-24 alpha',
    op: 'Swish',
    opset: 24,
    inputs: [clear],
    attributes: { alpha: float(1.7) },
    expected: [mapped(clear, (v) => v / (1 + Math.exp(-1.7 * v)))],
  },
];

const one = float32([1], []);
const minusTwo = float32([-2], []);
const clip: OpCase[] = [
  {
    name: 'Clip-1',
    op: 'Clip',
    opset: 1,
    inputs: [clear],
    attributes: { min: float(-2), max: float(1), consumed_inputs: [0] },
    expected: [mapped(clear, (v) => Math.min(1, Math.max(-2, v)))],
  },
  {
    name: 'Clip-6',
    op: 'Clip',
    opset: 6,
    inputs: [clear],
    attributes: { min: float(-2), max: float(1) },
    expected: [mapped(clear, (v) => Math.min(1, Math.max(-2, v)))],
  },
  { name: 'Clip-6 min only', op: 'Clip', opset: 7, inputs: [clear], attributes: { min: float(-1) } },
  { name: 'Clip-6 without bounds', op: 'Clip', opset: 10, inputs: [clear] },
  ...[11, 12, 13].flatMap((opset): OpCase[] => [
    { name: `Clip-${opset}`, op: 'Clip', opset, inputs: [clear, minusTwo, one], initializers: [1, 2] },
    { name: `Clip-${opset} max only`, op: 'Clip', opset, inputs: [clear, undefined, one], initializers: [2] },
    { name: `Clip-${opset} min only`, op: 'Clip', opset, inputs: [clear, float32([0], [])], initializers: [1] },
    { name: `Clip-${opset} without bounds`, op: 'Clip', opset, inputs: [clear] },
    { name: `Clip-${opset} computed bounds`, op: 'Clip', opset, inputs: [clear, minusTwo, one] },
  ]),
  { name: 'Clip-13 min above max', op: 'Clip', opset: 13, inputs: [clear, one, minusTwo], initializers: [1, 2] },
  {
    name: 'Clip-13 of whole numbers',
    op: 'Clip',
    opset: 13,
    inputs: [int32([-5, 0, 3, 9]), int32([-2], []), int32([4], [])],
    initializers: [1, 2],
  },
];

/** Softmax over all axes from `axis` on. */
function flatSoftmax(x: Tensor, axis: number, log: boolean): Tensor {
  const width = x.dims.slice(axis).reduce((p, d) => p * d, 1);
  const v = Array.from(toNumbers(x));
  const sums = Array.from({ length: v.length / width }, (_, r) =>
    v.slice(r * width, (r + 1) * width).reduce((s, e) => s + Math.exp(e), 0),
  );
  return float32(
    v.map((e, i) => (log ? e - Math.log(sums[Math.floor(i / width)]!) : Math.exp(e) / sums[Math.floor(i / width)]!)),
    x.dims,
  );
}
const x = uniform(DIMS, 24, -3, 3);
const softmax: OpCase[] = ['Softmax', 'LogSoftmax', 'Hardmax'].flatMap((op): OpCase[] => {
  const input = op === 'Hardmax' ? distinct(DIMS, 25) : x;
  return [
    ...(op === 'Hardmax'
      ? []
      : [{ name: `${op}-1`, op, opset: 1, inputs: [x], expected: [flatSoftmax(x, 1, op === 'LogSoftmax')] }]),
    { name: `${op}-1 axis 2`, op, opset: 9, inputs: [input], attributes: { axis: 2 } },
    { name: `${op}-11 default axis`, op, opset: 11, inputs: [input] },
    { name: `${op}-11 axis -1`, op, opset: 12, inputs: [input], attributes: { axis: -1 } },
    { name: `${op}-11 axis 0`, op, opset: 11, inputs: [input], attributes: { axis: 0 } },
    { name: `${op}-13 default axis`, op, opset: 13, inputs: [input] },
    ...[0, 1, 2, -1].map((axis) => ({ name: `${op}-13 axis ${axis}`, op, opset: 18, inputs: [input], attributes: { axis } })),
    {
      name: `${op}-13 rank 2`,
      op,
      opset: 13,
      inputs: [op === 'Hardmax' ? distinct([3, 7], 26) : uniform([3, 7], 26)],
      attributes: { axis: 1 },
    },
  ];
});
/** Large logits: nothing may overflow. */
const large: OpCase[] = ['Softmax', 'LogSoftmax'].map((op) => ({
  name: `${op} of large logits`,
  op,
  opset: 13,
  inputs: [float32([1000, 1001, 999, -1000, 0, 500], [2, 3])],
}));

const bias = uniform([5], 27);
const microsoft: OpCase[] = [
  { name: 'Gelu (com.microsoft)', op: 'Gelu', domain: 'com.microsoft', opset: 1, inputs: [x] },
  { name: 'BiasGelu (com.microsoft)', op: 'BiasGelu', domain: 'com.microsoft', opset: 1, inputs: [x, bias] },
  { name: 'FastGelu (com.microsoft)', op: 'FastGelu', domain: 'com.microsoft', opset: 1, inputs: [x] },
  { name: 'FastGelu with bias (com.microsoft)', op: 'FastGelu', domain: 'com.microsoft', opset: 1, inputs: [x, bias] },
  { name: 'QuickGelu (com.microsoft)', op: 'QuickGelu', domain: 'com.microsoft', opset: 1, inputs: [x] },
  {
    name: 'QuickGelu alpha (com.microsoft)',
    op: 'QuickGelu',
    domain: 'com.microsoft',
    opset: 1,
    inputs: [x],
    attributes: { alpha: float(0.9) },
  },
];

export const activation: OpCase[] = [...simple, ...oldVariants, ...clip, ...softmax, ...large, ...microsoft];

// Cases of quantised models, every definition and form of each op.
import { random } from '../../src/core/random.js';
import { allocate, float32, sizeOf, type DType, type Tensor } from '../../src/core/tensor.js';
import { float } from '../../src/onnx/builder.js';
import { caseOf as c, uniform, type OpCase } from './case.js';

let draw = 5000;
const x = (dims: readonly number[], low = -3, high = 3): Tensor => uniform(dims, draw++, low, high);
/** Seeded whole numbers of a type, in [low, high). */
function q(type: DType, dims: readonly number[], low = type === 'uint8' ? 0 : -128, high = low + 256): Tensor {
  const stream = random(20260728, 11);
  const data = allocate(type, dims);
  const at = draw++;
  for (let i = 0; i < sizeOf(dims); i++) data[i] = low + stream.integer(high - low, at, i);
  return { type, dims, data };
}
const whole = (type: DType, ...values: number[]): Tensor => {
  const data = allocate(type, [values.length]);
  values.forEach((v, i) => (data[i] = v));
  return { type, dims: values.length === 1 ? [] : [values.length], data };
};
const s = (...values: number[]): Tensor => float32(values, values.length === 1 ? [] : [values.length]);
/** Inputs after the first are constants, as quantised files have them. */
const constants = (inputs: OpCase['inputs'], ...variable: number[]): number[] =>
  inputs.map((_, i) => i).filter((i) => !variable.includes(i));
const ms = 'com.microsoft';

/** Halves, saturation on both sides, and what lies next to them. */
const edges = float32([-1e9, -64.25, -64, -1.25, -0.75, -0.25, 0, 0.25, 0.75, 1.25, 63.5, 63.75, 64, 1e9], [2, 7]);

const quantize: OpCase[] = [
  ...[10, 13, 19, 21, 23, 24].flatMap((v) => [
    c('per tensor', 'QuantizeLinear', v, [x([2, 3, 4]), s(0.013), whole('uint8', 128)]),
    c('without a zero point', 'QuantizeLinear', v, [x([2, 3]), s(0.013)]),
  ]),
  ...(['int8', 'uint8'] as const).map((t) => c(`edges to ${t}`, 'QuantizeLinear', 13, [edges, s(0.5), whole(t, 0)])),
  c('edges, an odd zero point', 'QuantizeLinear', 13, [edges, s(0.5), whole('int8', 1)]),
  c('edges, a computed zero point', 'QuantizeLinear', 13, [edges, s(0.5), whole('int8', 1)], {}, { initializers: [] }),
  c('edges, constants', 'QuantizeLinear', 13, [edges, s(0.5), whole('uint8', 127)], {}, { initializers: [1, 2] }),
  ...(['int16', 'uint16'] as const).map((t) =>
    c(`to ${t}`, 'QuantizeLinear', 21, [x([3, 4], -2e4, 7e4), s(1), whole(t, 11)], {}, { initializers: [1, 2] }),
  ),
  // onnxruntime has no kernel for int32: -400/2, -3/2 (halves to even), 5/2 and 300/2, plus 3, saturated.
  c('int32', 'QuantizeLinear', 13, [whole('int32', -400, -3, 5, 300), s(2), whole('int8', 3)], {}, { expected: [whole('int8', -128, 1, 5, 127)] }), // prettier-ignore
  ...[1, 2, -1].map((axis) => {
    const n = axis === 1 ? 3 : 4;
    const scales = s(...[0.01, 0.02, 0.03, 0.04].slice(0, n));
    const points = whole('uint8', ...[0, 100, 128, 255].slice(0, n));
    return c(`axis ${axis}`, 'QuantizeLinear', 13, [x([2, 3, 4]), scales, points], { axis }, { initializers: [1, 2] });
  }),
  c('a computed scale per axis', 'QuantizeLinear', 13, [x([2, 3, 4]), s(0.01, 0.02, 0.03)], { axis: 1 }),
  c('blocked', 'QuantizeLinear', 21, [x([2, 5]), x([2, 3], 0.01, 0.02), q('int8', [2, 3], -9, 9)], { axis: 1, block_size: 2 }, { initializers: [1, 2] }), // prettier-ignore
  c('output_dtype', 'QuantizeLinear', 21, [x([2, 3]), s(0.02)], { output_dtype: 3 }),
  c('saturate', 'QuantizeLinear', 19, [x([2, 3]), s(0.02), whole('int8', 3)], { saturate: 0 }),
  c('precision', 'QuantizeLinear', 23, [x([2, 3]), s(0.02), whole('int8', 3)], { precision: 1 }),
];

const dequantize: OpCase[] = [
  ...[10, 13, 19, 21, 23, 24].flatMap((v) => [
    c('per tensor', 'DequantizeLinear', v, [q('uint8', [2, 3, 4]), s(0.013), whole('uint8', 128)]),
    c('without a zero point', 'DequantizeLinear', v, [q('int8', [2, 3]), s(0.013)], {}, { initializers: [0] }),
  ]),
  c('int32', 'DequantizeLinear', 13, [q('int32', [5, 2], -1e6, 1e6), s(0.001)]),
  ...(['int16', 'uint16'] as const).map((t) =>
    c(t, 'DequantizeLinear', 21, [q(t, [3, 4], 0, 30000), s(0.001), whole(t, 11)], {}, { initializers: [0, 2] }),
  ),
  ...[0, 1, -1].map((axis) => {
    const n = [2, 3, 4].at(axis)!;
    const points = whole('int8', ...[0, -100, 27, 127].slice(0, n));
    return c(`axis ${axis}`, 'DequantizeLinear', 13, [q('int8', [2, 3, 4]), s(...[0.01, 0.02, 0.03, 0.04].slice(0, n)), points], { axis }); // prettier-ignore
  }),
  c('blocked', 'DequantizeLinear', 21, [q('int8', [5, 2]), x([2, 2], 0.01, 0.02), q('int8', [2, 2], -9, 9)], { axis: 0, block_size: 3 }, { initializers: [0, 2] }), // prettier-ignore
  c('output_dtype', 'DequantizeLinear', 23, [q('int8', [2, 3]), s(0.02)], { output_dtype: 1 }),
];

const dynamic: OpCase[] = [
  c('mixed signs', 'DynamicQuantizeLinear', 11, [x([2, 3, 4])], {}, { outputs: 3, staircase: true, wrt: [] }),
  c('positive', 'DynamicQuantizeLinear', 11, [x([2, 3], 1, 2)], {}, { outputs: 3, staircase: true, wrt: [] }),
  c('negative', 'DynamicQuantizeLinear', 11, [x([2, 3], -2, -1)], {}, { outputs: 3, staircase: true, wrt: [] }),
  c('zeros', 'DynamicQuantizeLinear', 11, [float32([0, 0, 0, 0, 0, 0], [2, 3])], {}, { outputs: 3, staircase: true, wrt: [] }),
];

const windows = { kernel_shape: [2, 3], pads: [1, 0, 0, 2], strides: [1, 2] };
const conv: OpCase[] = [
  c('plain', 'ConvInteger', 10, [q('uint8', [2, 3, 6, 5]), q('uint8', [4, 3, 2, 3])]),
  c('zero points, pads', 'ConvInteger', 10, [q('uint8', [2, 3, 6, 5]), q('int8', [4, 3, 2, 3]), whole('uint8', 120), whole('int8', 3)], windows, { initializers: [1, 2, 3] }), // prettier-ignore
  c('groups, dilations', 'ConvInteger', 10, [q('uint8', [1, 4, 7, 6]), q('uint8', [6, 2, 3, 2])], {
    group: 2,
    dilations: [2, 1],
  }),
  c('auto_pad', 'ConvInteger', 10, [q('uint8', [1, 2, 5, 6]), q('uint8', [3, 2, 2, 3])], {
    auto_pad: 'SAME_LOWER',
    strides: [2, 1],
  }),
  c('auto_pad', 'ConvInteger', 10, [q('uint8', [1, 2, 5, 6]), q('uint8', [3, 2, 2, 3])], {
    auto_pad: 'SAME_UPPER',
    strides: [2, 1],
  }),
  c('auto_pad', 'ConvInteger', 10, [q('uint8', [1, 2, 5, 6]), q('uint8', [3, 2, 2, 3])], { auto_pad: 'VALID', strides: [2, 1] }),
];
const small = (dims: readonly number[]): Tensor => q('int8', dims, -20, 20);
const qConv = (name: string, w: Tensor, ws: Tensor, wz: Tensor, bias: boolean, attributes: OpCase['attributes']): OpCase => {
  const inputs = [q('uint8', [2, 4, 7, 6]), s(0.02), whole('uint8', 120), w, ws, wz, s(0.05), whole('uint8', 131)];
  if (bias) inputs.push(q('int32', [w.dims[0]!], -2000, 2000));
  return c(name, 'QLinearConv', 10, inputs, attributes, { initializers: constants(inputs, 0), steps: 1 });
};
const qLinearConv: OpCase[] = [
  qConv('plain', small([3, 4, 2, 3]), s(0.01), whole('int8', 0), false, {}),
  qConv('pads, strides, bias', small([3, 4, 2, 3]), s(0.01), whole('int8', 0), true, windows),
  qConv('per channel', small([3, 4, 2, 3]), s(0.01, 0.02, 0.03), whole('int8', 0, 0, 0), true, windows),
  qConv('groups, dilations', small([6, 2, 3, 2]), s(0.01), whole('int8', 0), true, { group: 2, dilations: [2, 1] }),
  ...['SAME_UPPER', 'SAME_LOWER', 'VALID'].map((auto_pad) =>
    qConv(auto_pad, small([3, 4, 2, 3]), s(0.01), whole('int8', 0), true, { auto_pad, strides: [2, 1] }),
  ),
];

const products: OpCase[] = [
  c('plain', 'MatMulInteger', 10, [q('uint8', [3, 4]), q('int8', [4, 5])]),
  c('zero points', 'MatMulInteger', 10, [q('uint8', [2, 3, 4]), q('int8', [4, 5]), whole('uint8', 100), whole('int8', 7)]),
  c('per column', 'MatMulInteger', 10, [
    q('uint8', [3, 4]),
    q('int8', [4, 5]),
    whole('uint8', 100),
    whole('int8', 1, 2, 3, 4, 5),
  ]),
  ...[10, 21].map((v) => {
    const inputs = [q('uint8', [2, 3, 4]), s(0.02), whole('uint8', 100), small([4, 5]), s(0.01), whole('int8', 7), s(0.04), whole('uint8', 99)]; // prettier-ignore
    return c('plain', 'QLinearMatMul', v, inputs, {}, { initializers: constants(inputs, 0), steps: 1 });
  }),
];
const perColumn = [q('uint8', [3, 4]), s(0.02), whole('uint8', 100), small([4, 2]), s(0.01, 0.03), whole('int8', 0, 2), s(0.04), whole('uint8', 99)]; // prettier-ignore
products.push(c('per column', 'QLinearMatMul', 10, perColumn, {}, { initializers: constants(perColumn, 0), steps: 1 }));

/** One step: onnxruntime adds in integers or looks a table up. */
const near = (
  name: string,
  op: string,
  inputs: OpCase['inputs'],
  attributes: OpCase['attributes'] = {},
  variable = [0],
): OpCase => c(name, op, 1, inputs, attributes, { domain: ms, initializers: constants(inputs, ...variable), steps: 1 });
const unary = (dims: readonly number[], ys = 0.02, yz = 90): Tensor[] => [
  q('uint8', dims),
  s(0.02),
  whole('uint8', 120),
  s(ys),
  whole('uint8', yz),
];
const pair = [q('uint8', [2, 3, 4]), s(0.02), whole('uint8', 120), q('uint8', [3, 1]), s(0.03), whole('uint8', 99), s(0.04), whole('uint8', 128)]; // prettier-ignore
const picture = { kernel_shape: [2, 3], pads: [1, 0, 0, 2], strides: [1, 2] };
const microsoft: OpCase[] = [
  near('broadcast', 'QLinearAdd', pair, {}, [0, 3]),
  near('broadcast', 'QLinearMul', pair, {}, [0, 3]),
  near('plain', 'QLinearLeakyRelu', unary([2, 3, 4]), { alpha: float(0.1) }),
  near('plain', 'QLinearSigmoid', unary([2, 3, 4], 1 / 256, 0)),
  near('the last axis', 'QLinearSoftmax', unary([2, 3, 4], 1 / 256, 0), { axis: -1, opset: 13 }),
  near('from axis 1 on', 'QLinearSoftmax', unary([2, 3, 4], 1 / 256, 0), { axis: 1, opset: 11 }),
  near('NCHW', 'QLinearGlobalAveragePool', unary([2, 3, 4, 5]), { channels_last: 0 }),
  near('NHWC', 'QLinearGlobalAveragePool', unary([2, 3, 4, 5]), { channels_last: 1 }),
  near('pads', 'QLinearAveragePool', unary([2, 3, 6, 5]), picture),
  near('pads counted', 'QLinearAveragePool', unary([2, 3, 6, 5]), { ...picture, count_include_pad: 1 }),
  near('ceil_mode, NHWC', 'QLinearAveragePool', unary([2, 6, 5, 3]), { kernel_shape: [2, 3], strides: [2, 3], ceil_mode: 1, channels_last: 1 }), // prettier-ignore
  ...['SAME_UPPER', 'SAME_LOWER', 'VALID'].map((auto_pad) =>
    near(auto_pad, 'QLinearAveragePool', unary([1, 2, 5, 6]), { kernel_shape: [2, 3], strides: [2, 1], auto_pad }),
  ),
  near('two', 'QLinearConcat', [s(0.03), whole('uint8', 99), q('uint8', [2, 3]), s(0.02), whole('uint8', 120), q('uint8', [2, 4]), s(0.04), whole('uint8', 3)], { axis: 1 }, [2, 5]), // prettier-ignore
  c('per tensor', 'QuantizeLinear', 1, [x([2, 3, 4]), s(0.013), whole('uint8', 128)], {}, { domain: ms }),
  c('per axis', 'QuantizeLinear', 1, [x([2, 3, 4]), s(0.01, 0.02), whole('int8', 3, 4)], { axis: 0 }, { domain: ms, initializers: [1, 2] }), // prettier-ignore
  c('uint16', 'QuantizeLinear', 1, [x([2, 3]), s(0.0001), whole('uint16', 30000)], {}, { domain: ms }),
  c('per tensor', 'DequantizeLinear', 1, [q('uint8', [2, 3, 4]), s(0.013), whole('uint8', 128)], {}, { domain: ms }),
  c('per axis', 'DequantizeLinear', 1, [q('int8', [2, 3, 4]), s(0.01, 0.02), whole('int8', 3, 4)], { axis: 0 }, { domain: ms }),
  c('all inputs', 'MatMulIntegerToFloat', 1, [q('uint8', [3, 4]), q('int8', [4, 5]), s(0.02), x([5], 0.01, 0.02), whole('uint8', 100), whole('int8', 1, 2, 3, 4, 5), x([5])], {}, { domain: ms, initializers: [1] }), // prettier-ignore
  c(
    'no zero points',
    'MatMulIntegerToFloat',
    1,
    [q('uint8', [2, 3, 4]), q('int8', [4, 5]), s(0.02), s(0.01)],
    {},
    { domain: ms },
  ),
  c('all inputs', 'DynamicQuantizeMatMul', 1, [x([3, 4]), q('int8', [4, 5]), x([5], 0.01, 0.02), whole('int8', 1, 2, 3, 4, 5), x([5])], {}, { domain: ms, initializers: [1, 3], staircase: true }), // prettier-ignore
  c('without bias', 'DynamicQuantizeMatMul', 1, [x([2, 3, 4]), q('int8', [4, 5]), s(0.01), whole('int8', 3)], {}, { domain: ms, initializers: [1, 2, 3], staircase: true }), // prettier-ignore
];
const gemmInputs = (a: number[], b: number[], n: number, ...output: (Tensor | undefined)[]): (Tensor | undefined)[] => [
  q('uint8', a),
  s(0.02),
  whole('uint8', 100),
  small(b),
  s(...[0.01, 0.02, 0.03, 0.04, 0.05].slice(0, n)),
  whole('int8', ...new Array<number>(n).fill(0)),
  q('int32', [5], -300, 300),
  ...output,
];
const gemm: OpCase[] = [
  near('quantised', 'QGemm', gemmInputs([3, 4], [4, 5], 1, s(0.04), whole('uint8', 99)), { alpha: float(0.5) }),
  near('transposed', 'QGemm', gemmInputs([4, 3], [5, 4], 1, s(0.04), whole('uint8', 99)), { transA: 1, transB: 1 }),
  near('per column', 'QGemm', gemmInputs([3, 4], [5, 4], 5, s(0.04), whole('uint8', 99)), { transB: 1 }),
];
const floatGemm = gemmInputs([3, 4], [4, 5], 1);
gemm.push(c('to float', 'QGemm', 1, floatGemm, {}, { domain: ms, initializers: constants(floatGemm, 0, 1, 4) }));

export const cases: OpCase[] = [
  ...quantize,
  ...dequantize,
  ...dynamic,
  ...conv,
  ...qLinearConv,
  ...products,
  ...microsoft,
  ...gemm,
];

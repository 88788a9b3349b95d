// Cases of Resize and Upsample: every definition, coordinate transformation, rounding and filter.
import { float32, int64, type Tensor } from '../../src/core/tensor.js';
import { float, floats, type AttributeInput } from '../../src/onnx/builder.js';
import { uniform, type OpCase } from './case.js';

let draw = 900;
const x = (...dims: number[]): Tensor => uniform(dims, draw++);
type Attributes = Readonly<Record<string, AttributeInput>>;
const c = (
  name: string,
  op: string,
  opset: number,
  inputs: OpCase['inputs'],
  attributes: Attributes = {},
  more: Partial<OpCase> = {},
): OpCase => ({ name: `${op} ${name}`, op, opset, inputs, attributes, ...more });

/** Before opset 13 roi and scales could not be left out, only be empty. */
const absent = (opset: number): Tensor | undefined => (opset < 13 ? float32([]) : undefined);
/** A Resize of [2,3,5,4] by scales. */
const byScale = (name: string, h: number, w: number, attributes: Attributes, opset = 13): OpCase =>
  c(`${name} by ${h}, ${w}`, 'Resize', opset, [x(2, 3, 5, 4), absent(opset), float32([1, 1, h, w])], attributes);
/** A Resize of [2,3,5,4] to a height and width. */
const toSize = (name: string, h: number, w: number, attributes: Attributes, opset = 13): OpCase =>
  c(`${name} to ${h}, ${w}`, 'Resize', opset, [x(2, 3, 5, 4), absent(opset), absent(opset), int64([2, 3, h, w])], attributes);

const upsample: OpCase[] = [
  c(
    'nearest',
    'Upsample',
    1,
    [float32([1, 2], [1, 1, 1, 2])],
    { height_scale: float(2), width_scale: float(3) },
    {
      expected: [float32([1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2], [1, 1, 2, 6])],
    },
  ),
  c(
    'bilinear',
    'Upsample',
    1,
    [float32([1, 2], [1, 1, 1, 2])],
    { mode: 'bilinear', height_scale: float(3), width_scale: float(2) },
    { expected: [float32([1, 1.5, 2, 2, 1, 1.5, 2, 2, 1, 1.5, 2, 2], [1, 1, 3, 4])] },
  ),
  // Deprecated at 10, so onnxruntime refuses it there.
  c(
    'nearest',
    'Upsample',
    10,
    [float32([1, 2, 3, 4, 5, 6], [1, 1, 3, 2]), float32([1, 1, 1, 2])],
    { mode: 'nearest' },
    { initializers: [1], expected: [float32([1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6], [1, 1, 3, 4])] },
  ),
  ...['nearest', 'linear'].flatMap((mode) => [
    c(mode, 'Upsample', 7, [x(2, 3, 5, 4)], { mode, scales: floats([1, 1, 2, 3]) }),
    c(mode, 'Upsample', 9, [x(2, 3, 5, 4), float32([1, 1, 1.6, 2.5])], { mode }, { initializers: [1] }),
    c(mode, 'Resize', 10, [x(2, 3, 5, 4), float32([1, 1, 2, 3])], { mode }, { initializers: [1] }),
    c(`${mode}, mixed`, 'Resize', 10, [x(2, 3, 5, 4), float32([1, 1, 0.6, 2.5])], { mode }, { initializers: [1] }),
    c(`${mode}, down`, 'Resize', 10, [x(2, 3, 7, 8), float32([1, 1, 0.6, 0.4])], { mode }, { initializers: [1] }),
  ]),
];
const COORDINATES = ['half_pixel', 'pytorch_half_pixel', 'asymmetric', 'align_corners'];
const ROUNDING = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'];
const nearest = COORDINATES.flatMap((coordinate_transformation_mode) =>
  ROUNDING.flatMap((nearest_mode) => {
    const attributes = { coordinate_transformation_mode, nearest_mode };
    const name = `nearest ${coordinate_transformation_mode} ${nearest_mode}`;
    return [byScale(name, 1.7, 0.6, attributes), toSize(name, 3, 9, attributes), byScale(name, 2, 3, attributes)];
  }),
);
const filters = ['linear', 'cubic'].flatMap((mode) => [
  ...COORDINATES.flatMap((coordinate_transformation_mode) => {
    const attributes = { mode, coordinate_transformation_mode };
    const name = `${mode} ${coordinate_transformation_mode}`;
    return [byScale(name, 1.7, 0.6, attributes), toSize(name, 3, 9, attributes), toSize(name, 1, 8, attributes, 11)];
  }),
  ...[11, 13, 18, 19].map((v) => byScale(mode, 2, 0.5, { mode }, v)),
  byScale(`${mode} half_pixel_symmetric`, 1.7, 0.6, { mode, coordinate_transformation_mode: 'half_pixel_symmetric' }, 19),
  ...[0.6, 0.35].map((s) => byScale(`${mode} antialias`, s, s + 0.1, { mode, antialias: 1 }, 18)),
  byScale(`${mode} antialias mixed`, 1.5, 0.5, { mode, antialias: 1 }, 18),
  byScale(`${mode} antialias exclude_outside`, 0.6, 0.5, { mode, antialias: 1, exclude_outside: 1 }, 18),
  toSize(`${mode} antialias`, 2, 3, { mode, antialias: 1, coordinate_transformation_mode: 'align_corners' }, 18),
]);
const roi = float32([0, 0, 0.2, -0.3, 1, 1, 0.7, 1.2]);
const crops = ['nearest', 'linear', 'cubic'].flatMap((mode) => [
  c(`${mode} crop`, 'Resize', 13, [x(2, 3, 5, 4), roi, undefined, int64([2, 3, 4, 7])], {
    mode,
    coordinate_transformation_mode: 'tf_crop_and_resize',
    extrapolation_value: float(1.5),
  }),
]);
const rest: OpCase[] = [
  byScale('cubic a', 1.7, 0.6, { mode: 'cubic', cubic_coeff_a: float(-0.5) }),
  byScale('cubic exclude_outside', 1.7, 0.6, { mode: 'cubic', exclude_outside: 1 }),
  byScale('nearest tf_half_pixel_for_nn', 1.7, 0.6, { coordinate_transformation_mode: 'tf_half_pixel_for_nn' }, 11),
  byScale('nearest half_pixel_symmetric', 1.7, 0.6, { coordinate_transformation_mode: 'half_pixel_symmetric' }, 19),
  c('axes', 'Resize', 18, [x(2, 3, 5, 4), undefined, float32([0.6, 1.7])], { axes: [3, 2], mode: 'linear' }),
  ...['not_larger', 'not_smaller'].flatMap((keep_aspect_ratio_policy) =>
    ['nearest', 'linear'].map((mode) =>
      c(`${mode} ${keep_aspect_ratio_policy}`, 'Resize', 18, [x(2, 3, 5, 4), undefined, undefined, int64([8, 9])], {
        axes: [2, 3],
        keep_aspect_ratio_policy,
        mode,
      }),
    ),
  ),
  c('linear on three axes', 'Resize', 13, [x(2, 3, 4, 5, 3), undefined, float32([1, 1, 1.5, 0.6, 2])], { mode: 'linear' }),
  c('nearest of channels', 'Resize', 13, [x(2, 3, 4), undefined, float32([1, 2, 1.5])]),
  c('of nothing', 'Resize', 13, [x(2, 3, 4, 5), undefined, float32([1, 1, 1, 1])], { mode: 'linear' }),
  c('empty scales', 'Resize', 11, [x(2, 3, 4, 5), float32([]), float32([]), int64([2, 3, 6, 7])], { mode: 'linear' }),
];

export const cases: OpCase[] = [...upsample, ...nearest, ...filters, ...crops, ...rest];

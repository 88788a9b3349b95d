// Cases of the ops that never became standard.
import { float, floats } from '../../src/onnx/builder.js';
import { uniform, type OpCase } from './case.js';

const image = uniform([2, 3, 5, 7], 490);
const c = (op: string, what: string, attributes: OpCase['attributes']): OpCase => ({
  name: `${op} ${what}`,
  op,
  opset: 7,
  inputs: [image],
  attributes,
});
const both = { alpha: float(1.5), beta: float(-0.7) };

export const cases: OpCase[] = [
  ...['Affine', 'ScaledTanh', 'ParametricSoftplus'].map((op) => c(op, 'element by element', both)),
  c('ImageScaler', 'with a bias', { scale: float(0.3), bias: floats([1, -2, 0.5]) }),
  c('Crop', 'borders', { border: [1, 2, 3, 0] }),
  c('Crop', 'size', { border: [1, 2, 0, 0], scale: [2, 4] }),
];

// Ops that were experimental in opset 1 and never became standard: converters of Core ML and Caffe2 models wrote them, and onnxruntime runs them.
import { float32 } from '../src/core/tensor.js';
import { defineOp, float, floats, ints, type OpAdapter } from './op.js';

/** All of these are f(x) element by element, with two numbers. */
const scaled = (
  op: string,
  f: (g: Parameters<NonNullable<OpAdapter['canonicalize']>>[1], x: string, alpha: string, beta: string) => string,
): OpAdapter =>
  defineOp({
    op,
    versions: [1],
    attributes: { alpha: float(), beta: float() },
    canonicalize: (n, g) => {
      const number = (name: string): string => g.scalar(n.attr(name) ?? n.refuse(`attribute ${name} is missing.`));
      return f(g, n.x[0]!, number('alpha'), number('beta'));
    },
  });

/** Affine, ScaledTanh, ParametricSoftplus, ImageScaler and Crop: experimental ops of opset 1, written in standard ones. */
export const legacy: OpAdapter[] = [
  scaled('Affine', (g, x, alpha, beta) => g.add(g.mul(x, alpha), beta)),
  scaled('ScaledTanh', (g, x, alpha, beta) => g.mul(g.op('Tanh', [g.mul(x, beta)]), alpha)),
  scaled('ParametricSoftplus', (g, x, alpha, beta) => g.mul(g.op('Softplus', [g.mul(x, beta)]), alpha)),
  defineOp({
    op: 'ImageScaler',
    versions: [1],
    attributes: { scale: float(1), bias: floats() },
    // x [N, C, H, W] scaled, then a bias for each channel.
    canonicalize: (n, g) => {
      const bias = n.attr<readonly number[]>('bias') ?? n.refuse('attribute bias is missing.');
      return g.add(g.mul(n.x[0]!, g.scalar(n.attr('scale') ?? 1)), g.constant(float32(bias, [bias.length, 1, 1])));
    },
  }),
  defineOp({
    op: 'Crop',
    versions: [1],
    attributes: { border: ints(), scale: ints() },
    // border: left, top, right, bottom; scale: the height and width that are kept from the left and top border on.
    canonicalize: (n, g) => {
      const [left = 0, top = 0, right = 0, bottom = 0] =
        n.attr<readonly number[]>('border') ?? n.refuse('attribute border is missing.');
      const scale = n.attr<readonly number[]>('scale');
      const end = (kept: number | undefined, from: number, cut: number): number =>
        kept === undefined ? (cut === 0 ? 2 ** 31 - 1 : -cut) : from + kept;
      return g.slice(n.x[0]!, [top, left], [end(scale?.[0], top, bottom), end(scale?.[1], left, right)], [2, 3]);
    },
  }),
];

// Masks of pictures that cannot be ragged: cells grown to pixels, by a smooth maximum or bilinearly and blurred.
import { float32, type Tensor } from '../core/tensor.js';
import { interpolation } from '../lan/objective.js';
import type { GraphBuilder } from '../onnx/builder.js';

/** Cells of a mask on a picture of height x width pixels. */
export interface Cells {
  readonly height: number;
  readonly width: number;
  readonly rows: number;
  readonly columns: number;
}

/** Square cells, `cells` of them along the shorter side, and none smaller than a pixel. */
export function cellsOf(height: number, width: number, cells: number): Cells {
  const side = Math.max(1, Math.min(height, width) / cells);
  const along = (length: number): number => Math.max(1, Math.round(length / side));
  return { height, width, rows: along(height), columns: along(width) };
}

/** The temperature of the smooth maximum is 1 / COLDNESS. */
const COLDNESS = 20;

/**
 * The smooth maximum (Fong, Patrick and Vedaldi, 2019, Section 3.2) of `cells` [N,1,rows,columns] in the middle u of each cell: over the cells v near it,
 * each weighed by k(u - v) = exp(-2 max(0, |u - v| / sigma - 1/2)^2), the mean by softmax weights of temperature 1/20. `sigma` in cells; cells beyond
 * the border are 0. Gives it on the picture and a margin of `sigma` around it, so that no cell is cheaper at the border than elsewhere, as `all`
 * [N,1,rows + 2 margin,columns + 2 margin], and on the picture alone as `inside` [N,1,rows,columns].
 */
export function smoothMaximum(
  g: GraphBuilder,
  cells: string,
  n: number,
  { rows, columns }: Pick<Cells, 'rows' | 'columns'>,
  sigma: number,
): { readonly all: string; readonly inside: string; readonly margin: number } {
  const radius = 1 + Math.ceil(sigma);
  const margin = Math.ceil(sigma);
  const side = 2 * radius + 1;
  const near = side ** 2;
  // One convolution both looks at each near cell and weighs it.
  const kernel = new Float32Array(near * near);
  for (let k = 0; k < near; k++) {
    const distance = Math.hypot(Math.floor(k / side) - radius, (k % side) - radius);
    kernel[k * near + k] = Math.exp(-2 * Math.max(0, distance / sigma - 0.5) ** 2);
  }
  const pad = radius + margin;
  const weighed = g.op('Conv', [cells, g.constant(float32(kernel, [near, 1, side, side]))], {
    kernel_shape: [side, side],
    pads: [pad, pad, pad, pad],
  });
  const chosen = g.op('Softmax', [g.mul(weighed, g.scalar(COLDNESS))], { axis: 1 });
  const all = g.reduceSum(g.mul(weighed, chosen), [1], true);
  g.types.set(all, { type: 'float32', dims: [n, 1, rows + 2 * margin, columns + 2 * margin] });
  return { all, inside: g.slice(all, [margin, margin], [margin + rows, margin + columns], [2, 3]), margin };
}

/**
 * What grows one side of a map to `size` pixels bilinearly and blurs it by a Gaussian of `sigma` pixels (0: not at all), moved by `shift` pixels:
 * [size,knots], rows that sum to 1.
 */
export function growth(size: number, knots: number, sigma: number, shift: number): Tensor {
  const plain = interpolation(size, knots).data as Float32Array;
  const out = new Float32Array(size * knots);
  const reach = Math.ceil(3 * sigma);
  for (let i = 0; i < size; i++) {
    const weights: (readonly [number, number])[] = [];
    for (let d = -reach; d <= reach; d++) {
      const from = Math.min(size - 1, Math.max(0, i + shift + d));
      weights.push([from, sigma > 0 ? Math.exp((-d * d) / (2 * sigma * sigma)) : 1]);
    }
    const sum = weights.reduce((s, [, w]) => s + w, 0);
    for (const [from, w] of weights) for (let k = 0; k < knots; k++) out[i * knots + k]! += (w / sum) * plain[from * knots + k]!;
  }
  return float32(out, [size, knots]);
}

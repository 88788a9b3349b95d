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

/** Points along a cell's side at which the smooth maximum is taken; between them masks are grown bilinearly, since they are smooth by then. */
export const pointsOf = ({ height, width, rows, columns }: Cells): number =>
  Math.min(height / rows, width / columns) >= 2 ? 2 : 1;

/**
 * The smooth maximum (Fong, Patrick and Vedaldi, 2019, Section 3.2) of `cells` [N,1,rows,columns] at points of the picture: over the cells v near a point u,
 * each weighed by k(u - v) = exp(-2 max(0, |u - v| / sigma - 1/2)^2), the mean by softmax weights of temperature 1/20. Cells beyond the border are 0.
 * `sigma` in cells. Gives [N,1,points rows,points columns].
 */
export function smoothMaximum(g: GraphBuilder, cells: string, n: number, size: Cells, sigma: number): string {
  const { rows, columns } = size;
  const points = pointsOf(size);
  const radius = 1 + Math.ceil(sigma);
  const side = 2 * radius + 1;
  const [near, places] = [side ** 2, points ** 2];
  // One convolution both looks at each near cell and weighs it.
  const kernel = new Float32Array(places * near * near);
  for (let p = 0; p < places; p++)
    for (let k = 0; k < near; k++) {
      const [y, x] = [Math.floor(p / points), p % points].map((i) => (i + 0.5) / points - 0.5) as [number, number];
      const distance = Math.hypot(y - (Math.floor(k / side) - radius), x - ((k % side) - radius));
      kernel[(p * near + k) * near + k] = Math.exp(-2 * Math.max(0, distance / sigma - 0.5) ** 2);
    }
  const weighed = g.op('Conv', [cells, g.constant(float32(kernel, [places * near, 1, side, side]))], {
    kernel_shape: [side, side],
    pads: [radius, radius, radius, radius],
  });
  const split = g.reshape(weighed, [n, places, near, rows * columns]);
  const chosen = g.op('Softmax', [g.mul(split, g.scalar(COLDNESS))], { axis: 2 });
  const maximum = g.reshape(g.reduceSum(g.mul(split, chosen), [2], false), [n, points, points, rows, columns]);
  return g.reshape(g.transpose(maximum, [0, 3, 1, 4, 2]), [n, 1, points * rows, points * columns]);
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

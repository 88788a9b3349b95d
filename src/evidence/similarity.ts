// How alike two need maps are: by order (Spearman), of their elements and of coarse cells, and by structure (SSIM).
import { spearman } from '../core/correlation.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import { thinned } from './place.js';

/** Figures of likeness, each 1 for the same map. */
export interface Similarity {
  /** Rank correlation, -1..1; 0 where one map does not vary. */
  readonly spearman: number;
  /** Structural similarity of maps with rows and columns, each stretched to [0,1]; absent elsewhere. */
  readonly ssim?: number;
  /** Rank correlation of the means over 16 x 16 cells (as many as there are rows and columns where those are fewer), of maps with rows and columns. */
  readonly cells?: number;
}

/** Cells a side that maps with rows and columns are compared on. */
const CELLS = 16;

/**
 * The one figure that verdicts rest on: by cells where there are rows and columns. Most pixels can be replaced, and which of them sooner is chance, so that two
 * seeds agree on the order of single pixels hardly better than two models (docs/evidence.md has the figures).
 */
export const alike = ({ spearman, cells = spearman }: Similarity): number => cells;

/** Side of a window of SSIM. */
const WINDOW = 7;

/** Compares need maps of one shape. */
export function similarity(a: Tensor, b: Tensor): Similarity {
  const [x, y] = [toFloat32(a), toFloat32(b)];
  const [h, w] = a.dims.slice(-2) as [number, number];
  if (a.dims.length !== 4 || h < 2 || w < 2) return { spearman: spearman(x, y) };
  return {
    spearman: spearman(x, y),
    ssim: ssim(stretched(x), stretched(y), h, w),
    cells: spearman(overCells(x, h, w), overCells(y, h, w)),
  };
}

/** The means over cells of planes [...,h,w], of all planes together. */
function overCells(values: Float32Array, h: number, w: number): Float32Array {
  const plane = new Float32Array(h * w);
  values.forEach((v, i) => (plane[i % (h * w)]! += v));
  return thinned({ rows: h, columns: w, values: plane }, CELLS).values;
}

/** To [0,1]; all 0 where nothing varies. */
function stretched(v: Float32Array): Float32Array {
  const low = v.reduce((a, b) => Math.min(a, b), Infinity);
  const high = v.reduce((a, b) => Math.max(a, b), -Infinity);
  return high > low ? v.map((p) => (p - low) / (high - low)) : new Float32Array(v.length);
}

/**
 * Mean structural similarity (Wang et al., 2004) of planes [...,h,w] with values in [0,1], over windows of 7 x 7 (of the plane where it is smaller) of equal
 * weights: (2 m_a m_b + c1)(2 s_ab + c2) / ((m_a^2 + m_b^2 + c1)(s_a^2 + s_b^2 + c2)), c1 = 0.01^2, c2 = 0.03^2. 1 for the same planes.
 */
export function ssim(a: Float32Array, b: Float32Array, h: number, w: number): number {
  const [rows, columns] = [Math.min(WINDOW, h), Math.min(WINDOW, w)];
  const n = rows * columns;
  let [sum, count] = [0, 0];
  for (let plane = 0; plane < a.length; plane += h * w)
    for (let top = 0; top + rows <= h; top++)
      for (let left = 0; left + columns <= w; left++) {
        let [sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0];
        for (let r = top; r < top + rows; r++)
          for (let i = plane + r * w + left, end = i + columns; i < end; i++) {
            const [p, q] = [a[i]!, b[i]!];
            sa += p;
            sb += q;
            saa += p * p;
            sbb += q * q;
            sab += p * q;
          }
        const [ma, mb] = [sa / n, sb / n];
        const [c1, c2] = [1e-4, 9e-4];
        const shared = (2 * ma * mb + c1) * (2 * (sab / n - ma * mb) + c2);
        sum += shared / ((ma * ma + mb * mb + c1) * (saa / n - ma * ma + sbb / n - mb * mb + c2));
        count++;
      }
  return sum / count;
}

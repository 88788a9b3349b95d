// The gradient of a strided convolution of few channels (a network's first) whose dy would have to be woven from phases: it reads the phases as they are.
import { float32, sizeOf, toFloat32, type Tensor } from '../../src/core/tensor.js';
import type { GraphBuilder } from '../../src/onnx/builder.js';
import { pick, type Woven } from './blocked.js';
import { convNode, interleave, padSpatial, type Axis } from './conv-geometry.js';

/** How one phase of dy reaches all phases of dx along an axis: element (u, q) of dx gets w[tap(u, d)] times element q - d of the phase. */
interface Reach {
  readonly first: number;
  readonly last: number;
  /** The tap of the kernel; it may lie outside of it. */
  tap(u: number, d: number): number;
}

/** dy has index t r + a in its phase a; dx has s t q + u in its phase u; dx[e] sums w[k] dy[j] over s j = e + begin - k. */
function reachOf(axis: Axis, t: number, a: number): Reach {
  const phases = axis.stride * t;
  const tap = (u: number, d: number): number => u + axis.begin - axis.stride * a + phases * d;
  // Of u = 0 the largest d, of the last u the smallest.
  return { first: Math.ceil(-tap(phases - 1, 0) / phases), last: Math.floor((axis.kernel - 1 - tap(0, 0)) / phases), tap };
}

/** [C * U0 * U1, M, K0, K1] from w [M, C, ...], channel slowest: what phase (a, b) of dy gives to all phases of dx. */
function weightOf(w: Tensor, reach: readonly [Reach, Reach], phases: readonly [number, number]): Tensor {
  const [m = 1, c = 1, height = 1, width = 1] = w.dims;
  const [rows, columns] = reach;
  const dims = [c * sizeOf(phases), m, rows.last - rows.first + 1, columns.last - columns.first + 1];
  const from = toFloat32(w);
  const to = new Float32Array(sizeOf(dims));
  let at = 0;
  for (let j = 0; j < c; j++)
    for (let u = 0; u < phases[0]; u++)
      for (let v = 0; v < phases[1]; v++)
        for (let i = 0; i < m; i++)
          for (let d = rows.last; d >= rows.first; d--)
            for (let e = columns.last; e >= columns.first; e--, at++) {
              const [k, l] = [rows.tap(u, d), columns.tap(v, e)];
              if (k >= 0 && k < height && l >= 0 && l < width) to[at] = from[((i * c + j) * height + k) * width + l]!;
            }
  return float32(to, dims);
}

/**
 * dL/dx of y = Conv(x, w), w [M, C, ...] without groups or dilations, from the phases that dy [n, M, ...] would be woven from. One convolution for each
 * of them makes all phases of dx, of which there are stride times as many along an axis; what is woven has C channels in place of M.
 */
export function gradientOnPhases(g: GraphBuilder, dy: Woven, w: Tensor, axes: readonly [Axis, Axis]): string {
  const [n, m, rows, columns] = dy.dims;
  const c = w.dims[1]!;
  const t = [dy.phases.length, dy.phases[0]!.length] as const;
  const phases = [axes[0].stride * t[0], axes[1].stride * t[1]] as const;
  const counts = [Math.ceil(axes[0].size / phases[0]), Math.ceil(axes[1].size / phases[1])] as const;
  let sum: string | undefined;
  for (const [a, line] of dy.phases.entries()) {
    for (const [b, value] of line.entries()) {
      if (value === undefined) continue;
      // What weaving would cut off must not be read.
      const valid = [a, b].map((phase, i) => Math.ceil((dy.size[i]! - phase) / t[i]!));
      const [height, width] = dy.zeroBeyond ? [rows, columns] : (valid as [number, number]);
      const within = (size: number, out: number): Parameters<typeof pick>[3] => ({ size, offset: 0, stride: 1, out });
      const read = pick(g, value, m, within(rows, height), within(columns, width));
      const reach = [reachOf(axes[0], t[0], a), reachOf(axes[1], t[1], b)] as const;
      const filter = g.constant(weightOf(w, reach, phases), 'phases');
      const back = [height, width].map((size, i): Axis => {
        const { first, last } = reach[i]!;
        const kernel = last - first + 1;
        return { size, kernel, stride: 1, dilation: 1, begin: last, end: counts[i]! - size - last + kernel - 1, out: counts[i]! };
      });
      const part = convNode(g, read, [n, m], filter, back, 1);
      sum = sum === undefined ? part : g.add(part, sum);
    }
  }
  const whole = interleave(g, sum!, [n, c * sizeOf(phases), ...counts], phases);
  const woven = [n, c, counts[0] * phases[0], counts[1] * phases[1]];
  return padSpatial(g, whole, woven, [0, 0], axes.map((a, i) => a.size - counts[i]! * phases[i]!)); // prettier-ignore
}

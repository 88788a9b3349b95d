// GridSample as gathers of rows, weighted: differentiable by the picture and by the grid.
import { int64 } from '../../src/core/tensor.js';
import type { GraphBuilder } from '../../src/onnx/builder.js';
import { DATA_TYPE, type StaticNode } from '../op.js';
import { product, range } from './shape-common.js';

/** How `sampled` reads a picture: attributes of GridSample under their ONNX names, mode as opset 16 has it. */
export interface SampleOptions {
  /** Of a grid's -1 and 1: 1 puts them at the centres of the outermost pixels, 0 at the outer borders of these. */
  readonly align_corners: number;
  readonly mode: 'nearest' | 'bilinear' | 'bicubic';
  /** What lies beyond the picture. */
  readonly padding_mode: 'zeros' | 'border' | 'reflection';
}

/** One neighbour of the points along one axis: its index (int64), its weight and whether it is on the picture; undefined: always. */
interface Neighbour {
  readonly index: string;
  readonly weight?: string;
  readonly inside?: string;
}

/** y [N, C, out...] of x [N, C, in...] at grid [N, out..., rank], for two or three spatial axes (ONNX GridSample-22). */
export function sampled(n: StaticNode, a: SampleOptions, g: GraphBuilder): string {
  const [batch, channels, ...size] = n.type(0).dims as [number, number, ...number[]];
  const rank = size.length;
  const out = n.type(1).dims.slice(1, -1);
  const last = rank + 1;
  const count = product(size);
  const flat = g.reshape(g.transpose(n.x[0]!, [0, ...range(rank).map((i) => i + 2), 1]), [batch * count, channels]);
  const first = g.constant(int64(range(batch).map((b) => b * count), [batch, ...out.map(() => 1)])); // prettier-ignore
  // Every combination of one neighbour an axis: where it is in `flat`, and the factors of its weight.
  let pixels: { at: string; factors: string[] }[] = [{ at: first, factors: [] }];
  size.forEach((length, axis) => {
    // The grid's last axis is (x, y) or (x, y, z), the innermost axis first.
    const coordinate = g.op('Gather', [n.x[1]!, g.constant(int64([rank - 1 - axis], []))], { axis: last });
    const stride = g.constant(int64([product(size.slice(axis + 1))], []));
    const near = neighbours(g, a, coordinate, length).map((one) => ({ ...one, step: g.mul(one.index, stride) }));
    pixels = pixels.flatMap(({ at, factors }) =>
      near.map((one) => ({
        at: g.add(at, one.step),
        factors: [...factors, one.weight, one.inside].filter((f) => f !== undefined),
      })),
    );
  });
  const terms = pixels.map(({ at, factors }) => {
    const pixel = g.op('Gather', [flat, at]);
    if (factors.length === 0) return pixel;
    return g.mul(pixel, g.op('Unsqueeze', [factors.reduce((p, f) => g.mul(p, f)), g.ints([last])]));
  });
  const sum = terms.length > 1 ? g.op('Sum', terms) : terms[0]!;
  return g.transpose(sum, [0, last, ...range(rank).map((i) => i + 1)]);
}

function neighbours(g: GraphBuilder, a: SampleOptions, grid: string, size: number): Neighbour[] {
  const c = (value: number): string => g.scalar(value);
  // From [-1, 1] to pixels: the edges' centres with align_corners, else their outer borders.
  const scale = a.align_corners ? (size - 1) / 2 : size / 2;
  const raw = g.add(g.mul(grid, c(scale)), c((size - 1) / 2));
  if (a.mode === 'nearest') return [neighbour(g, a, g.op('Round', [raw]), 0, size)];
  // A cubic looks at the padding itself, two pixels away; for a linear one the point can be moved beforehand.
  const point = a.mode === 'bicubic' ? raw : moved(g, a, raw, size);
  const floor = g.op('Floor', [point]);
  const t = g.sub(point, floor);
  if (a.mode === 'bilinear') {
    const weights = [g.sub(g.one, t), t];
    return weights.map((weight, k) => ({ ...neighbour(g, a, floor, k, size), weight }));
  }
  return [-1, 0, 1, 2].map((k) => {
    const distance = k <= 0 ? g.add(t, c(-k)) : g.sub(c(k), t);
    return { ...neighbour(g, a, floor, k, size), weight: cubic(g, distance, k === 0 || k === 1) };
  });
}

/** The cubic convolution kernel with a = -0.75, for distances up to 1 (`near`) or from 1 to 2; Horner's scheme. */
function cubic(g: GraphBuilder, d: string, near: boolean): string {
  const A = -0.75;
  const [k3, k2, k1, k0] = near ? [A + 2, -(A + 3), 0, 1] : [A, -5 * A, 8 * A, -4 * A];
  const step = (sum: string, k: number): string => (k === 0 ? g.mul(sum, d) : g.add(g.mul(sum, d), g.scalar(k)));
  return g.add(g.mul(step(g.add(g.mul(d, g.scalar(k3)), g.scalar(k2)), k1), d), g.scalar(k0));
}

/** The pixel `k` behind a whole-numbered position, as the padding has it. */
function neighbour(g: GraphBuilder, a: SampleOptions, at: string, k: number, size: number): Neighbour {
  const place = k === 0 ? at : g.add(at, g.scalar(k));
  const last = g.scalar(size - 1);
  const index = g.cast(g.op('Clip', [moved(g, a, place, size), g.zero, last]), DATA_TYPE.int64!);
  if (a.padding_mode !== 'zeros') return { index };
  const on = g.op('And', [g.op('GreaterOrEqual', [place, g.zero]), g.op('LessOrEqual', [place, last])]);
  return { index, inside: g.cast(on, DATA_TYPE.float32!) };
}

/** A position brought onto the picture: clipped to it, or reflected at its borders as often as it takes. */
function moved(g: GraphBuilder, a: SampleOptions, x: string, size: number): string {
  if (a.padding_mode === 'zeros') return x;
  if (a.padding_mode === 'border') return g.op('Clip', [x, g.zero, g.scalar(size - 1)]);
  const low = a.align_corners ? 0 : -0.5;
  const length = a.align_corners ? size - 1 : size;
  if (length === 0) return g.mul(x, g.zero);
  // A zigzag of period 2 * length.
  const from = g.sub(x, g.scalar(low));
  const turns = g.op('Floor', [g.mul(from, g.scalar(1 / (2 * length)))]);
  const within = g.sub(from, g.mul(turns, g.scalar(2 * length)));
  return g.sub(g.scalar(low + length), g.op('Abs', [g.sub(within, g.scalar(length))]));
}

// Pixels that are missing, filled in from those around them: each the weighted mean of its eight neighbours.

/** Weights of a straight and of a diagonal neighbour (Rong et al., ROAD, 2022). */
const [STRAIGHT, DIAGONAL] = [1 / 6, 1 / 12];
/** The root mean square of what the equations are missed by, as a part of the range of the picture, at which it ends. */
const TOLERANCE = 1e-5;
/** Steps at most; a hole of L pixels takes about L without a good start. */
const STEPS = 2000;

/**
 * The linear imputation of ROAD: pixels of `image` [C,H,W] that are not `known` [H*W] become the solution of the linear equations that say that each is
 * the weighted mean of its neighbours within the picture, straight ones counting double. Known pixels stay as they are; so does everything where
 * none is known. In the middle of a hole of a hundred pixels it is off by about a hundredth of the picture's range, the size of the noise that ROAD adds.
 *
 * The equations are symmetric and positive definite, and are solved by conjugate gradients, each time from the solution for the picture of half the size:
 * what a large hole looks like is settled where it is small.
 */
export function impute(
  image: Float32Array,
  known: Uint8Array,
  height: number,
  width: number,
  tolerance = TOLERANCE,
): Float32Array {
  const area = height * width;
  const out = image.slice();
  if (!known.includes(0) || !known.includes(1)) return out;
  const planes: Float64Array[] = [];
  let [low, high] = [Infinity, -Infinity];
  for (const v of image) [low, high] = [Math.min(low, v), Math.max(high, v)];
  if (low === high) return out;
  for (let start = 0; start < image.length; start += area)
    planes.push(Float64Array.from(image.subarray(start, start + area), (v, i) => (known[i] ? v : 0)));
  filled(planes, Float64Array.from(known), height, width, tolerance * (high - low)).forEach((plane, c) =>
    out.set(plane, c * area),
  );
  return out;
}

/** The values of cells that hold `counts` known pixels, which come to `sums` in each plane; the cells without any filled in, missed by `least` at most. */
function filled(sums: Float64Array[], counts: Float64Array, height: number, width: number, least: number): Float64Array[] {
  const values = sums.map((plane) => plane.map((s, i) => s / counts[i]!));
  const missing: number[] = [];
  for (let i = 0; i < counts.length; i++) if (counts[i] === 0) missing.push(i);
  if (missing.length === 0) return values;
  const [h, w] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const halved = (fine: Float64Array): Float64Array => {
    const coarse = new Float64Array(h * w);
    for (let i = 0; i < fine.length; i++) coarse[(Math.floor(i / width) >> 1) * w + ((i % width) >> 1)]! += fine[i]!;
    return coarse;
  };
  const coarse = filled(sums.map(halved), halved(counts), h, w, least);
  values.forEach((plane, c) => {
    for (const i of missing) plane[i] = grown(coarse[c]!, h, w, Math.floor(i / width), i % width);
  });
  solve(values, missing, height, width, least);
  return values;
}

/** The value at (row, column) of a plane of half the size grown bilinearly. No closures: it is asked for every missing pixel of every plane. */
function grown(coarse: Float64Array, h: number, w: number, row: number, column: number): number {
  const r = (row >> 1) * w;
  const r2 = beside(row, h) * w;
  const c = column >> 1;
  const c2 = beside(column, w);
  return 0.75 * (0.75 * coarse[r + c]! + 0.25 * coarse[r + c2]!) + 0.25 * (0.75 * coarse[r2 + c]! + 0.25 * coarse[r2 + c2]!);
}

/** The second nearest of `size` halves to place `n`, the first being n >> 1. */
const beside = (n: number, size: number): number => Math.min(size - 1, Math.max(0, (n >> 1) + (n % 2 === 0 ? -1 : 1)));

/** Conjugate gradients: `missing` of each plane become the weighted means of their neighbours, missed by `least` in the root mean square at most. */
function solve(planes: Float64Array[], missing: readonly number[], height: number, width: number, least: number): void {
  // A ring of nothing around the plane, so that no neighbour has to be asked whether it exists.
  const w = width + 2;
  const at = (pixel: number): number => (Math.floor(pixel / width) + 1) * w + (pixel % width) + 1;
  const places = Int32Array.from(missing, at);
  const inside = new Float64Array(w * (height + 2));
  for (let i = 0; i < height * width; i++) inside[at(i)] = 1;
  const around = (v: Float64Array, i: number): number =>
    STRAIGHT * (v[i - 1]! + v[i + 1]! + v[i - w]! + v[i + w]!) +
    DIAGONAL * (v[i - w - 1]! + v[i - w + 1]! + v[i + w - 1]! + v[i + w + 1]!);
  const diagonal = Float64Array.from(places, (i) => around(inside, i));
  const n = places.length;
  const residual = new Float64Array(n);
  const product = new Float64Array(n);
  const grid = new Float64Array(inside.length);
  // 0 at known pixels, on the whole grid, so that neighbours are read as those of the values are.
  const direction = new Float64Array(grid.length);
  for (const plane of planes) {
    for (let r = 0; r < height; r++) grid.set(plane.subarray(r * width, (r + 1) * width), (r + 1) * w + 1);
    let norm = 0;
    for (let k = 0; k < n; k++) {
      const i = places[k]!;
      const r = around(grid, i) - diagonal[k]! * grid[i]!;
      residual[k] = r;
      direction[i] = r;
      norm += r * r;
    }
    for (let step = 0; step < STEPS && norm > n * least ** 2; step++) {
      let curvature = 0;
      for (let k = 0; k < n; k++) {
        const i = places[k]!;
        const p = diagonal[k]! * direction[i]! - around(direction, i);
        product[k] = p;
        curvature += p * direction[i]!;
      }
      const length = norm / curvature;
      let next = 0;
      for (let k = 0; k < n; k++) {
        const i = places[k]!;
        grid[i]! += length * direction[i]!;
        const r = residual[k]! - length * product[k]!;
        residual[k] = r;
        next += r * r;
      }
      const turn = next / norm;
      for (let k = 0; k < n; k++) direction[places[k]!] = residual[k]! + turn * direction[places[k]!]!;
      norm = next;
    }
    for (let k = 0; k < n; k++) plane[missing[k]!] = grid[places[k]!]!;
  }
}

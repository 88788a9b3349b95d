// Pixels that are missing, filled in from those around them: each the weighted mean of its eight neighbours.

/** Weights of a straight and of a diagonal neighbour (Rong et al., ROAD, 2022). */
const [STRAIGHT, DIAGONAL] = [1 / 6, 1 / 12];
/** The root mean square of what the equations are missed by, as a part of the range of the picture, at which it ends. */
const TOLERANCE = 1e-5;
/** Steps at most; about ten are taken. */
const STEPS = 2000;
/** How far a step of smoothing goes: the equations, each divided by its diagonal, have eigenvalues up to 4/3. */
const DAMPING = 0.9;

/**
 * The linear imputation of ROAD: pixels of `image` [C,H,W] that are not `known` [H*W] become the solution of the linear equations that say that each is
 * the weighted mean of its neighbours within the picture, straight ones counting double. Known pixels stay as they are; so does everything where
 * none is known. In the middle of a hole of a hundred pixels it is off by about a thousandth of the picture's range, a tenth of the noise that ROAD adds.
 *
 * The equations are symmetric and positive definite, and are solved by conjugate gradients from the solution for the picture of half the size, preconditioned by a
 * V-cycle over all smaller ones (multigrid; Briggs, Henson and McCormick, 2000): what a large hole looks like is settled where it is small.
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

/** The equations of the pixels that are missing, on one size of the picture, whose values lie in a grid with a ring of nothing around it. */
interface Level {
  /** Of the grid. */
  readonly width: number;
  /** Where the missing pixels lie in it, and the diagonal of each one's equation. */
  readonly places: Int32Array;
  readonly diagonal: Float64Array;
  /** The same on half the size; absent where nothing is missing there. */
  readonly coarser?: Level;
  /** For each missing pixel the places of the four cells of half the size that it lies between, nearest first. */
  readonly between: Int32Array;
  /** What a V-cycle reads and writes: right-hand side and solution on the grid, the solution 0 at known pixels. */
  readonly right: Float64Array;
  readonly solution: Float64Array;
  /** What is missed, a value for each missing pixel. */
  readonly missed: Float64Array;
}

/** Parts that the four cells of `Level.between` have in a pixel, by bilinear growth. */
const PARTS = [0.5625, 0.1875, 0.1875, 0.0625] as const;

/** The values of cells that hold `counts` known pixels, which come to `sums` in each plane; the cells without any filled in, missed by `least` at most. */
function filled(sums: Float64Array[], counts: Float64Array, height: number, width: number, least: number): Float64Array[] {
  return filledAt(sums, counts, height, width, least).values;
}

function filledAt(
  sums: Float64Array[],
  counts: Float64Array,
  height: number,
  width: number,
  least: number,
): { readonly values: Float64Array[]; readonly level?: Level } {
  const values = sums.map((plane) => plane.map((s, i) => s / counts[i]!));
  const missing: number[] = [];
  for (let i = 0; i < counts.length; i++) if (counts[i] === 0) missing.push(i);
  if (missing.length === 0) return { values };
  const [h, w] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const halved = (fine: Float64Array): Float64Array => {
    const coarse = new Float64Array(h * w);
    for (let i = 0; i < fine.length; i++) coarse[(Math.floor(i / width) >> 1) * w + ((i % width) >> 1)]! += fine[i]!;
    return coarse;
  };
  const coarse = filledAt(sums.map(halved), halved(counts), h, w, least);
  values.forEach((plane, c) => {
    for (const i of missing) plane[i] = grown(coarse.values[c]!, h, w, Math.floor(i / width), i % width);
  });
  const level = levelOf(missing, height, width, coarse.level);
  solve(values, missing, level, height, width, least);
  return { values, level };
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

/** The weighted sum of the eight neighbours of place `i` in a grid of width `w`. */
const around = (v: Float64Array, i: number, w: number): number =>
  STRAIGHT * (v[i - 1]! + v[i + 1]! + v[i - w]! + v[i + w]!) +
  DIAGONAL * (v[i - w - 1]! + v[i - w + 1]! + v[i + w - 1]! + v[i + w + 1]!);

function levelOf(missing: readonly number[], height: number, columns: number, coarser: Level | undefined): Level {
  const width = columns + 2;
  const size = width * (height + 2);
  const places = Int32Array.from(missing, (pixel) => (Math.floor(pixel / columns) + 1) * width + (pixel % columns) + 1);
  const inside = new Float64Array(size);
  for (let r = 1; r <= height; r++) inside.fill(1, r * width + 1, r * width + 1 + columns);
  const diagonal = Float64Array.from(places, (i) => around(inside, i, width));
  const [h, w] = [Math.ceil(height / 2), Math.ceil(columns / 2)];
  const between = new Int32Array(coarser ? 4 * missing.length : 0);
  for (let k = 0; coarser && k < missing.length; k++) {
    const [row, column] = [Math.floor(missing[k]! / columns), missing[k]! % columns];
    [row >> 1, beside(row, h)].forEach((r, i) =>
      [column >> 1, beside(column, w)].forEach((c, j) => (between[4 * k + 2 * i + j] = (r + 1) * (w + 2) + c + 1)),
    );
  }
  return { width, places, diagonal, ...(coarser && { coarser }), between, right: new Float64Array(size), solution: new Float64Array(size), missed: new Float64Array(missing.length) }; // prettier-ignore
}

/** About solves the equations for `level.right` into `level.solution`: a step of smoothing, what that leaves on half the size, a step of smoothing. Symmetric. */
function cycle(level: Level): void {
  const { places, diagonal, coarser, between, right, solution, missed } = level;
  const n = places.length;
  for (let k = 0; k < n; k++) solution[places[k]!] = (DAMPING * right[places[k]!]!) / diagonal[k]!;
  if (coarser) {
    miss(level);
    coarser.right.fill(0);
    for (let k = 0; k < n; k++) for (let j = 0; j < 4; j++) coarser.right[between[4 * k + j]!]! += PARTS[j]! * missed[k]!;
    cycle(coarser);
    for (let k = 0; k < n; k++)
      for (let j = 0; j < 4; j++) solution[places[k]!]! += PARTS[j]! * coarser.solution[between[4 * k + j]!]!;
  }
  miss(level);
  for (let k = 0; k < n; k++) solution[places[k]!]! += (DAMPING * missed[k]!) / diagonal[k]!;
}

/** By how much `level.solution` misses each equation. */
function miss({ width, places, diagonal, right, solution, missed }: Level): void {
  for (let k = 0; k < places.length; k++) {
    const i = places[k]!;
    missed[k] = right[i]! - diagonal[k]! * solution[i]! + around(solution, i, width);
  }
}

/** Conjugate gradients: `missing` of each plane become the weighted means of their neighbours, missed by `least` in the root mean square at most. */
function solve(
  planes: Float64Array[],
  missing: readonly number[],
  level: Level,
  height: number,
  columns: number,
  least: number,
): void {
  const { width, places, diagonal, right, solution } = level;
  const n = places.length;
  const product = new Float64Array(n);
  const grid = new Float64Array(right.length);
  // 0 at known pixels, on the whole grid, so that neighbours are read as those of the values are.
  const direction = new Float64Array(right.length);
  for (const plane of planes) {
    for (let r = 0; r < height; r++) grid.set(plane.subarray(r * columns, (r + 1) * columns), (r + 1) * width + 1);
    let norm = 0;
    for (let k = 0; k < n; k++) {
      const i = places[k]!;
      const r = around(grid, i, width) - diagonal[k]! * grid[i]!;
      right[i] = r;
      direction[i] = 0;
      norm += r * r;
    }
    let before = 1;
    for (let step = 0; step < STEPS && norm > n * least ** 2; step++) {
      cycle(level);
      let now = 0;
      for (let k = 0; k < n; k++) now += right[places[k]!]! * solution[places[k]!]!;
      const turn = step === 0 ? 0 : now / before;
      for (let k = 0; k < n; k++) direction[places[k]!] = solution[places[k]!]! + turn * direction[places[k]!]!;
      let curvature = 0;
      for (let k = 0; k < n; k++) {
        const i = places[k]!;
        const p = diagonal[k]! * direction[i]! - around(direction, i, width);
        product[k] = p;
        curvature += p * direction[i]!;
      }
      const length = now / curvature;
      norm = 0;
      for (let k = 0; k < n; k++) {
        const i = places[k]!;
        grid[i]! += length * direction[i]!;
        const r = right[i]! - length * product[k]!;
        right[i] = r;
        norm += r * r;
      }
      before = now;
    }
    for (let k = 0; k < n; k++) plane[missing[k]!] = grid[places[k]!]!;
  }
}

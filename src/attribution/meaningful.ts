// Meaningful perturbation: the smallest part whose loss changes the answer.
import { adamFactors, adamUpdate } from '../core/adam.js';
import { random, STREAMS } from '../core/random.js';
import { float32, scalar, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { gradientOf } from '../engine/engine.js';
import { transposed } from '../lan/objective.js';
import { LOG_P } from '../model/probabilities.js';
import { GraphBuilder } from '../onnx/builder.js';
import { clamp, compiled, FEWEST, firstLevel, gridOf, LOSS, MASK, PARAMETER, prepared, typedAs, unitOf, weighted, type MaskSettings } from './masks.js'; // prettier-ignore
import { defineMethod, type Run } from './method.js';
import { perturbed } from './pyramid.js';
import { SCORES } from './scored.js';
import { growth, type Cells } from './smooth-mask.js';

/** Settings of meaningful perturbation. */
export interface MeaningfulSettings extends MaskSettings {
  /** What each cell that is taken away costs. */
  readonly l1: number;
  /** What differences between neighbouring cells cost, |difference|^3 each. */
  readonly variation: number;
  /** Standard deviation by which a picture's mask is blurred, as a part of its shorter side. */
  readonly smooth: number;
  /** By how far the mask is moved at most in a step, as a part of the shorter side: what depends on single pixels is no explanation. */
  readonly jitter: number;
}

/**
 * The mask m (1: kept) that minimises l1 * sum(1 - m) + variation * sum |grad m|^3 + p(x as far as m keeps it): the smallest part whose loss changes the
 * answer. What m does not keep is blurred. The need is 1 - m. A picture's mask starts as the smallest disc in its middle whose loss takes 99 % of what the
 * whole takes. Settings are the paper's, for pictures of 224 pixels. The score is the probability, of a regression the value, in units of its fall.
 */
export const meaningful = defineMethod<MeaningfulSettings>({
  name: 'meaningful',
  title: 'Meaningful perturbation',
  reference: 'Fong and Vedaldi, 2017',
  needs: 'gradients',
  defaults: { iterations: 300, learningRate: 0.1, cells: 28, levels: 8, blur: 10 / 224, l1: 1e-4, variation: 1e-2, smooth: 5 / 224, jitter: 4 / 224 }, // prettier-ignore
  async explain(run, settings) {
    const { maskDims, seed } = run.problem;
    const grid = gridOf(run, settings.cells);
    const dims = grid ? [1, maskDims[1]!, grid.rows, grid.columns] : [...maskDims];
    const { levels, feeds } = await prepared(run, settings);
    const key = `meaningful ${JSON.stringify([settings.l1, settings.variation, levels, dims, maskDims])}`;
    const program = await compiled(run, key, () => meaningfulGraph(run, settings, levels, dims, grid));
    const unit = scalar(1 / (await unitOf(run, firstLevel(feeds))));
    const cells = grid ? await disc(run, grid, firstLevel(feeds)) : new Float32Array(sizeOf(dims)).fill(0.5);
    const shifts = Math.max(1, Math.round(settings.jitter * (grid ? Math.min(grid.height, grid.width) : 0)));
    const grown = grid && Array.from({ length: shifts }, (_, shift) => growths(grid, settings.smooth, shift));
    const stream = random(seed, STREAMS.jitter);
    const adam = { m: new Float32Array(cells.length), v: new Float32Array(cells.length) };
    const feed = (down: number, across: number): Record<string, Tensor> => ({
      ...feeds,
      unit,
      [PARAMETER]: float32(cells, dims),
      ...(grown && { down: grown[down]!.down, across: grown[across]!.across }),
    });
    let steps = 0;
    while (steps < settings.iterations && !(steps >= FEWEST && run.over())) {
      run.requireTime(steps, FEWEST, 'Give more time.');
      const [down, across] = [0, 1].map((i) => stream.integer(shifts, steps, i)) as [number, number];
      const out = await program.run(feed(down, across), [LOSS, gradientOf(PARAMETER)]);
      run.count(1, 1);
      adamUpdate(cells, toFloat32(out[gradientOf(PARAMETER)]!), adam, adamFactors(++steps, settings.learningRate));
      clamp(cells);
    }
    const mask = toFloat32((await program.run(feed(0, 0), [MASK]))[MASK]!);
    run.count(1, 0);
    return run.result(mask.map((v) => 1 - v), { steps }); // prettier-ignore
  },
});

const growths = ({ height, width, rows, columns }: Cells, smooth: number, shift: number): { down: Tensor; across: Tensor } => {
  const sigma = smooth * Math.min(height, width);
  return { down: growth(height, rows, sigma, shift), across: transposed(growth(width, columns, sigma, shift)) };
};

async function meaningfulGraph(
  run: Run,
  { l1, variation }: MeaningfulSettings,
  levels: number,
  dims: readonly number[],
  grid: Cells | undefined,
): Promise<GraphBuilder> {
  const { scored } = run.problem.scorer;
  const g = new GraphBuilder('meaningful');
  const cells = g.input(PARAMETER, 'float32', dims);
  const axes = dims.map((_, i) => i);
  let loss = g.mul(g.reduceSum(g.sub(g.one, cells), axes, false), g.scalar(l1));
  let mask = cells;
  if (grid) {
    for (const axis of [2, 3]) {
      const length = dims[axis]!;
      if (length < 2) continue;
      const off = g.sub(g.slice(cells, [1], [length], [axis]), g.slice(cells, [0], [length - 1], [axis]));
      const cubes = g.mul(g.op('Abs', [off]), g.mul(off, off));
      loss = g.add(loss, g.mul(g.reduceSum(cubes, axes, false), g.scalar(variation)));
    }
    const down = g.input('down', 'float32', [grid.height, grid.rows]);
    mask = g.matMul(g.matMul(down, cells), g.input('across', 'float32', [grid.columns, grid.width]));
  }
  const kept = typedAs(g, perturbed(g, mask, scored.sampleShape, levels), [1, ...scored.sampleShape]);
  const score = await weighted(g, run, kept, 1, scored.kind === 'value' ? SCORES : LOG_P);
  const total = g.mul(g.reduceSum(score, [0, 1], false), g.input('unit', 'float32', []));
  g.output(g.add(loss, total), LOSS);
  g.output(mask, MASK);
  return g;
}

/** Discs that are tried. */
const DISCS = 16;

/** The cells of the smallest disc in the middle whose loss takes 99 % of the probability that the loss of everything takes: 0 inside, 1 outside. */
async function disc(run: Run, { rows, columns, height, width }: Cells, nothing: Float32Array): Promise<Float32Array> {
  const { per } = run;
  const inside = (y: number, x: number, tall: number, wide: number, part: number): boolean =>
    Math.hypot((y + 0.5 - tall / 2) * (height / tall), (x + 0.5 - wide / 2) * (width / wide)) <
    part * (Math.hypot(height, width) / 2);
  const parts = Array.from({ length: DISCS }, (_, i) => (i + 1) / DISCS);
  const rowsOf = new Float32Array((DISCS + 1) * per);
  rowsOf.set(run.x);
  parts.forEach((part, d) => {
    const out = rowsOf.subarray((d + 1) * per, (d + 2) * per);
    for (let i = 0; i < per; i++) {
      const place = i % (height * width);
      out[i] = (inside(Math.floor(place / width), place % width, height, width, part) ? nothing : run.x)[i]!;
    }
  });
  const p = await run.probabilities(rowsOf, DISCS + 1);
  const [all, none] = [p[0]!, p[DISCS]!];
  const part = parts.find((_, d) => p[d + 1]! - none <= 0.01 * (all - none)) ?? 1;
  const channels = run.problem.maskDims[1]!;
  return Float32Array.from({ length: channels * rows * columns }, (_, i) => {
    const place = i % (rows * columns);
    return inside(Math.floor(place / columns), place % columns, rows, columns, part) ? 0 : 1;
  });
}

// Extremal perturbation: the part of a fixed size that keeps the answer best.
import { LanError } from '../core/errors.js';
import { float32, scalar, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { gradientOf } from '../engine/engine.js';
import { blurred } from '../lan/noise.js';
import { grow } from '../lan/objective.js';
import { GraphBuilder } from '../onnx/builder.js';
import { clamp, compiled, FEWEST, firstLevel, gridOf, LOSS, MASK, PARAMETER, prepared, typedAs, unitOf, weighted, type MaskSettings } from './masks.js'; // prettier-ignore
import { defineMethod, type Run } from './method.js';
import { perturbed } from './pyramid.js';
import { SCORES } from './scored.js';
import { smoothMaximum, type Cells } from './smooth-mask.js';

/** Settings of extremal perturbation. */
export interface ExtremalSettings extends MaskSettings {
  /** Parts of the input that are kept, in (0,1): a mask for each. */
  readonly areas: readonly number[];
  /** Reach of the smooth maximum, in cells. */
  readonly sigma: number;
  /** Standard deviation by which the sum of a picture's masks is blurred at the end, as a part of its shorter side; 0: not at all. */
  readonly smooth: number;
}

/** The weight of the area constraint at first, for each cell 300 / 32^2 (of 224 pixels there are 32 x 32), and how it grows with each step. */
const [CELL_WEIGHT, AREA_GROWTH] = [300 / 1024, 1.0035] as const;
const MOMENTUM = 0.9;
/** Values of a mask that differ by no more are in no order. */
const EQUAL = 0.05;
/** Where the time is short a step is as long as so many at most. */
const LONGEST = 10;
/** What a value's fall from all to nothing counts as, beside a constraint that was weighed for logits. */
const LOGITS = 10;

/**
 * For each area a: the mask m of a smooth maximum of cells that maximises score(x as far as m keeps it) - lambda * mean((sorted m - (0..0 1..1))^2), with
 * ones for the part a; lambda grows. What m does not keep is blurred. The need is the sum of the masks. Settings are those of the authors' TorchRay for
 * pictures of 224 pixels, without its mirrored copies, which digits and signs do not stand. Where the time is short, steps are longer and fewer.
 */
export const extremal = defineMethod<ExtremalSettings>({
  name: 'extremal',
  title: 'Extremal perturbation',
  reference: 'Fong, Patrick and Vedaldi, 2019',
  needs: 'gradients',
  defaults: { areas: [0.025, 0.05, 0.1, 0.2], iterations: 800, learningRate: 0.01, cells: 32, sigma: 3, levels: 8, blur: 20 / 224, smooth: 0.09 }, // prettier-ignore
  async explain(run, settings) {
    const { areas, iterations, learningRate } = settings;
    if (areas.length === 0 || areas.some((a) => !(a > 0 && a < 1)))
      throw new LanError('usage', `\`areas\`: expected parts of the input between 0 and 1, received [${areas.join(', ')}].`);
    const grid = gridOf(run, settings.cells);
    const dims = [areas.length, ...(grid ? [run.problem.maskDims[1]!, grid.rows, grid.columns] : run.problem.maskDims.slice(1))];
    const { levels, feeds } = await prepared(run, settings);
    const key = `extremal ${JSON.stringify([areas, settings.sigma, levels, dims, run.problem.maskDims])}`;
    const program = await compiled(run, key, () => extremalGraph(run, settings, levels, dims, grid));
    const reward = scalar((run.problem.scorer.scored.kind === 'value' ? LOGITS : 1) / (await unitOf(run, firstLevel(feeds))));
    const cells = new Float32Array(sizeOf(dims)).fill(1);
    const momentum = new Float32Array(cells.length);
    const feed = (lambda: number): Record<string, Tensor> => ({ ...feeds, reward, lambda: scalar(lambda), [PARAMETER]: float32(cells, dims) }); // prettier-ignore
    const weight = (CELL_WEIGHT * cells.length) / areas.length;
    let done = 0;
    let steps = 0;
    const start = run.seconds();
    while (done < iterations && !(steps >= FEWEST && run.over())) {
      run.requireTime(steps, FEWEST, 'Give more time, or fewer `areas`.');
      const out = await program.run(feed(weight * AREA_GROWTH ** done), [LOSS, gradientOf(PARAMETER)]);
      run.count(areas.length, areas.length);
      steps++;
      const length = stepLength(run, iterations - done, (run.seconds() - start) / steps);
      const gradient = toFloat32(out[gradientOf(PARAMETER)]!);
      for (let i = 0; i < cells.length; i++) {
        momentum[i] = steps === 1 ? gradient[i]! : MOMENTUM * momentum[i]! + (1 - MOMENTUM) * gradient[i]!;
        cells[i]! -= learningRate * length * momentum[i]!;
      }
      clamp(cells);
      done += length;
    }
    const masks = toFloat32((await program.run(feed(0), [MASK]))[MASK]!);
    run.count(areas.length, 0);
    const sum = new Float32Array(run.places);
    masks.forEach((v, i) => (sum[i % sum.length]! += v));
    const { maskDims } = run.problem;
    const smooth = grid && settings.smooth > 0 ? settings.smooth * Math.min(grid.height, grid.width) : 0;
    const need = smooth > 0 ? blurred(float32(sum, maskDims), smooth) : sum;
    return run.result(need, { steps, areas: areas.join(', ') });
  },
});

/** Steps in one, so that as many as are left end with the time. */
function stepLength(run: Run, left: number, each: number): number {
  const { budget } = run.problem;
  if (budget === undefined) return 1;
  const fit = Math.max(1, (budget - run.seconds()) / each);
  return Math.min(LONGEST, Math.max(1, left / fit));
}

async function extremalGraph(
  run: Run,
  { areas, sigma }: ExtremalSettings,
  levels: number,
  dims: readonly number[],
  grid: Cells | undefined,
): Promise<GraphBuilder> {
  const n = areas.length;
  const { maskDims, scorer } = run.problem;
  const g = new GraphBuilder('extremal');
  let mask = g.input(PARAMETER, 'float32', dims);
  let points = sizeOf(dims) / n;
  let each = typedAs(g, g.reshape(mask, [n, points]), [n, points]);
  if (grid) {
    const [channels, rows, columns] = dims.slice(1) as [number, number, number];
    const maximum = smoothMaximum(g, g.reshape(mask, [n * channels, 1, rows, columns]), n * channels, grid, sigma);
    points = channels * (rows + 2 * maximum.margin) * (columns + 2 * maximum.margin);
    each = typedAs(g, g.reshape(maximum.all, [n, points]), [n, points]);
    mask = grow(g, g.reshape(maximum.inside, dims), dims, [n, ...maskDims.slice(1)]);
  }
  const off = g.sub(each, areaReference(g, each, areas));
  const area = g.mul(g.reduceSum(g.mul(off, off), [0, 1], false), g.scalar(1 / points));
  const rewards = await weighted(g, run, typedAs(g, perturbed(g, mask, scorer.scored.sampleShape, levels), [n, ...scorer.scored.sampleShape]), n, SCORES); // prettier-ignore
  const reward = g.mul(g.reduceSum(rewards, [0, 1], false), g.input('reward', 'float32', []));
  g.output(g.sub(g.mul(g.input('lambda', 'float32', []), area), reward), LOSS);
  g.output(mask, MASK);
  return g;
}

/**
 * What masks of `areas` with these values [N,P] are to become: 1 for the largest, as many as the area says, 0 for the others. Values that are equal at the
 * border, or nearly so, get the same part of what is left each: a mask that is even, as the first one is, would else fall to one side, by their indices or
 * by the last digit of a smooth maximum.
 */
export function areaReference(g: GraphBuilder, values: string, areas: readonly number[]): string {
  const [n, points] = g.typeOf(values).dims as [number, number];
  const counts = areas.map((a) => points - Math.floor(points * (1 - a)));
  const most = Math.max(...counts);
  const largest = g.ops('TopK', [values, g.ints([most])], 2, { axis: 1 })[0]!;
  const last = g.constant({ type: 'int64', dims: [n, 1], data: BigInt64Array.from(counts, (c) => BigInt(c - 1)) });
  const border = g.op('GatherElements', [largest, last], { axis: 1 });
  const above = g.cast(g.greater(values, g.add(border, g.scalar(EQUAL))), 1);
  const from = g.cast(g.op('GreaterOrEqual', [values, g.sub(border, g.scalar(EQUAL))]), 1);
  const level = g.sub(from, above);
  const left = g.sub(g.constant(float32(counts, [n, 1])), g.reduceSum(above, [1], true));
  return g.add(above, g.mul(level, g.div(left, g.reduceSum(level, [1], true))));
}

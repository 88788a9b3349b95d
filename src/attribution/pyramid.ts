// Inputs of which less and less is left: blurred more and more, or faded; a mask says at each place how much.
import { float32, type Tensor } from '../core/tensor.js';
import { blurred } from '../lan/noise.js';
import type { GraphBuilder } from '../onnx/builder.js';
import type { Run } from './method.js';

/** Is the sample a picture [C,H,W], with a mask [1,.,H,W]? */
export const isPicture = ({ scorer, maskDims }: Run['problem']): boolean =>
  scorer.scored.sampleShape.length === 3 && maskDims.length === 4;

/** Levels of a pyramid, and what `perturbed` reads of them, by name. */
export interface Pyramid {
  readonly levels: number;
  readonly feeds: Readonly<Record<string, Tensor>>;
}

const FIRST = 'level_0';
const stepTo = (level: number): string => `step_${level}`;

/**
 * The input at each level: of a picture level l is blurred with a standard deviation of (1 - l / (levels - 1)) * `blur`, which is a part of its shorter
 * side; anything else has two levels, the baseline and the input itself.
 */
export function pyramidOf(run: Run, levels: number, blur: number): Pyramid {
  const { x, baseline } = run.problem;
  const values = [run.baseline, run.x];
  if (isPicture(run.problem)) {
    const sigma = blur * Math.min(...x.dims.slice(-2));
    values.length = 0;
    for (let l = 0; l < levels - 1; l++) values.push(blurred(x, sigma * (1 - l / (levels - 1))));
    values.push(run.x);
  }
  const steps = values.slice(1).map((level, l) => level.map((v, i) => v - values[l]![i]!));
  return {
    levels: values.length,
    feeds: {
      [FIRST]: float32(values[0]!, baseline.dims),
      ...Object.fromEntries(steps.map((step, l) => [stepTo(l + 1), float32(step, x.dims)])),
    },
  };
}

/**
 * The input [N,...sample] at the level that `mask` [N,...mask] says at each place, 0 being the first and 1 the last, between two levels a mixture of them.
 * Its inputs are `feeds` of a Pyramid. At a level the gradient is that of the step above it, at the last one of the step below.
 */
export function perturbed(g: GraphBuilder, mask: string, sampleShape: readonly number[], levels: number): string {
  const dims = [1, ...sampleShape];
  const top = levels - 1;
  const at = top === 1 ? mask : g.mul(mask, g.scalar(top));
  // 1 from this level on: a number that no gradient passes.
  const reached = (level: number): string => g.cast(g.op('GreaterOrEqual', [at, g.scalar(level)]), 1);
  let sum = g.input(FIRST, 'float32', dims);
  for (let l = 0; l < top; l++) {
    const past = l + 1 < top ? reached(l + 1) : undefined;
    const from = l > 0 ? reached(l) : undefined;
    let part = from ? g.sub(at, g.scalar(l)) : at;
    if (past) part = g.add(g.mul(from ? g.sub(from, past) : g.sub(g.one, past), part), past);
    else if (from) part = g.mul(from, part);
    sum = g.add(sum, g.mul(part, g.input(stepTo(l + 1), 'float32', dims)));
  }
  return sum;
}

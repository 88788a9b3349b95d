// Methods by the gradient of the score: at the input, along a path to it, and averaged over noise.
import { random, STREAMS } from '../core/random.js';
import type { Attribution, AttributionMethod, Run } from './method.js';
import { defineMethod } from './method.js';
import type { Fold } from './shapes.js';

/** How the values of elements that share a mask element (the channels of a pixel) become one. */
export interface FoldSetting {
  readonly fold: Fold;
}

/** A method of one pass, from the gradient of the score by each element of x. */
const ofOneGradient = (
  words: Pick<AttributionMethod, 'name' | 'title' | 'reference'>,
  fold: Fold,
  value: (gradient: number, x: number) => number,
): AttributionMethod<FoldSetting> =>
  defineMethod<FoldSetting>({
    ...words,
    needs: 'gradients',
    defaults: { fold },
    async explain(run, settings) {
      const { gradients } = await run.gradients(run.x, 1);
      run.requireTime(1, 1);
      const values = gradients.map((g, i) => value(g, run.x[i]!));
      return run.result(run.fold(values, settings.fold), {}, values);
    },
  });

/** |d score / d x|, the largest over the channels of a pixel. One pass. */
export const gradient = ofOneGradient(
  { name: 'gradient', title: 'Gradient', reference: 'Simonyan, Vedaldi and Zisserman, 2014' },
  'largest',
  (g) => g,
);

/** x * d score / d x, summed over the channels of a pixel: what the input adds to a linear score. One pass. */
export const inputXGradient = ofOneGradient(
  { name: 'inputxgradient', title: 'Input x gradient', reference: 'Shrikumar et al., 2016' },
  'sum',
  (g, x) => g * x,
);

/** Settings of integrated gradients. */
export interface IntegratedGradientsSettings extends FoldSetting {
  /** Points of the path from the baseline to the input; at least 1. */
  readonly steps: number;
  /** `gauss`: Gauss-Legendre points, exact for polynomials of degree 2 steps - 1; `middle`: the midpoints of equal intervals. */
  readonly rule: 'gauss' | 'middle';
  /** False: the mean gradient itself, not multiplied by x - baseline. */
  readonly multiply: boolean;
}

/**
 * (x - b) * integral over a in [0,1] of d score(b + a (x - b)) / d x. Its sum is score(x) - score(b) but for the error of the integration, which is
 * reported as `convergenceDelta` (sum less difference, as Captum has it).
 */
export const integratedGradients = defineMethod<IntegratedGradientsSettings>({
  name: 'ig',
  title: 'Integrated gradients',
  reference: 'Sundararajan, Taly and Yan, 2017',
  needs: 'gradients',
  defaults: { steps: 64, rule: 'gauss', multiply: true, fold: 'sum' },
  async explain(run, { steps, rule, multiply, fold }) {
    const { x, baseline, per } = run;
    const points = rule === 'gauss' ? gaussLegendre(steps) : middles(steps);
    const mean = new Float64Array(per);
    for (let at = 0; at < steps; at += run.chunk) {
      run.requireTime(at, steps, 'Give more time, or fewer `steps`.');
      const n = Math.min(run.chunk, steps - at);
      const rows = new Float32Array(n * per);
      for (let k = 0; k < n; k++) {
        const a = points[at + k]!.place;
        for (let i = 0; i < per; i++) rows[k * per + i] = baseline[i]! + a * (x[i]! - baseline[i]!);
      }
      const { gradients } = await run.gradients(rows, n);
      for (let k = 0; k < n; k++) {
        const { weight } = points[at + k]!;
        for (let i = 0; i < per; i++) mean[i]! += weight * gradients[k * per + i]!;
      }
    }
    run.requireTime(steps, steps, 'Give more time, or fewer `steps`.');
    const ends = new Float32Array(2 * per);
    ends.set(x);
    ends.set(baseline, per);
    const [atX, atBaseline] = (await run.scores(ends, 2)) as unknown as [number, number];
    const whole = mean.map((m, i) => m * (x[i]! - baseline[i]!));
    const sum = whole.reduce((a, b) => a + b, 0);
    const values = Float32Array.from(multiply ? whole : mean);
    const details = { steps, convergenceDelta: sum - (atX - atBaseline), difference: atX - atBaseline };
    return run.result(run.fold(values, fold), details, values);
  },
});

/** Settings of SmoothGrad and VarGrad. */
export interface NoisySettings extends FoldSetting {
  /** Noisy copies of the input. */
  readonly samples: number;
  /** Standard deviation of the noise, as a part of the range of values. */
  readonly sigma: number;
}

/** The gradient averaged over copies of the input with Gaussian noise; its size. With `sigma` 0 it is the gradient. */
export const smoothGrad = defineMethod<NoisySettings>({
  name: 'smoothgrad',
  title: 'SmoothGrad',
  reference: 'Smilkov et al., 2017',
  needs: 'gradients',
  defaults: { samples: 50, sigma: 0.15, fold: 'largest' },
  explain: (run, settings) => overNoise(run, settings, (mean) => mean),
});

/** The variance of the gradient over such copies: where the answer changes its mind. */
export const varGrad = defineMethod<NoisySettings>({
  name: 'vargrad',
  title: 'VarGrad',
  reference: 'Adebayo et al., 2018',
  needs: 'gradients',
  defaults: { samples: 50, sigma: 0.15, fold: 'sum' },
  explain: (run, settings) => overNoise(run, settings, (_, variance) => variance),
});

async function overNoise(
  run: Run,
  { samples, sigma, fold }: NoisySettings,
  pick: (mean: number, variance: number) => number,
): Promise<Attribution> {
  const { x, per } = run;
  const stream = random(run.problem.seed, STREAMS.noisyCopies);
  const deviation = sigma * run.problem.range;
  // Welford's sums: squares of large gradients would cancel.
  const mean = new Float64Array(per);
  const squares = new Float64Array(per);
  let done = 0;
  while (done < samples && !(done > 0 && run.over())) {
    const n = Math.min(run.chunk, samples - done);
    const rows = stream.normal(new Float32Array(n * per), done, 0, deviation);
    for (let i = 0; i < rows.length; i++) rows[i]! += x[i % per]!;
    const { gradients } = await run.gradients(rows, n);
    if (done === 0) run.requireTime(n, n);
    for (let k = 0; k < n; k++) {
      done++;
      for (let i = 0; i < per; i++) {
        const off = gradients[k * per + i]! - mean[i]!;
        mean[i]! += off / done;
        squares[i]! += off * (gradients[k * per + i]! - mean[i]!);
      }
    }
  }
  const values = Float32Array.from(mean, (m, i) => pick(m, squares[i]! / done));
  return run.result(run.fold(values, fold), { samples: done }, values);
}

/** A point of a path, in (0,1), and its weight; weights sum to 1. */
interface Point {
  readonly place: number;
  readonly weight: number;
}

const middles = (n: number): Point[] => Array.from({ length: n }, (_, i) => ({ place: (i + 0.5) / n, weight: 1 / n }));

/** Gauss-Legendre points of [0,1]: roots of the Legendre polynomial P_n by Newton's method (Abramowitz and Stegun, 25.4.29). */
export function gaussLegendre(n: number): Point[] {
  return Array.from({ length: n }, (_, i) => {
    let z = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 1;
    for (let round = 0; round < 100; round++) {
      let [p, before] = [1, 0];
      for (let k = 1; k <= n; k++) [p, before] = [((2 * k - 1) * z * p - (k - 1) * before) / k, p];
      slope = (n * (z * p - before)) / (z * z - 1);
      const step = p / slope;
      z -= step;
      if (Math.abs(step) < 1e-15) break;
    }
    return { place: (1 - z) / 2, weight: 1 / ((1 - z * z) * slope * slope) };
  });
}

// From comparisons at several inputs to a verdict: a difference counts only where it repeats, and where float32 and the bends of a network do not explain it.
import { random, STREAMS } from '../core/random.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import { cosine, difference } from './compare.js';
import type { Sample } from './context.js';
import type { Differentiated } from './differentiable.js';
import { TOLERANCES } from './tolerances.js';

/** What a comparison of gradients says: 'inconclusive' where float32 noise or bends of a ReLU or pool hide which of the others it is. */
export type Verdict = 'agrees' | 'disagrees' | 'inconclusive';

/**
 * One comparison at one input. `noise`: it is apart, and by no more than rounding the input would move it; or too noisy to tell. `undefined`: the model itself
 * gives NaN there, of which there is no gradient.
 */
export interface Measure {
  readonly found: 'agrees' | 'apart' | 'noise' | 'undefined';
  readonly error: number;
  readonly cosine?: number;
  /** How much of `error` noise explains. */
  readonly noise?: number;
}

/** Relative size of the seeded changes of an input that show how far bends and rounding move a gradient, how many, and the margin allowed over them. */
const NUDGE = 3e-6;
const NUDGES = 3;
const MARGIN = 3;

/**
 * Two engines' gradients at one input. Where they are apart, the input is nudged by a few roundings and the first engine compared with itself:
 * a ReLU near its bend falls to the other side there as it may do in the other engine. `rounded`: of quantised models, whose directions are compared.
 */
export async function between(
  [b, a]: readonly Differentiated[],
  { feeds }: Sample,
  weights: Tensor,
  rounded: boolean,
): Promise<Measure> {
  const base = await b!.at(feeds, weights);
  const apart = distance(await a!.at(feeds, weights), base);
  const least = rounded ? TOLERANCES.quantisedCosine : TOLERANCES.cosine;
  if (apart.cosine >= least && (rounded || apart.error <= TOLERANCES.gradient)) return { found: 'agrees', ...apart };
  let noise = 0;
  let turned = 0;
  for (let k = 0; k < NUDGES; k++) {
    const moved = distance(await b!.at(nudged(feeds, base, k), weights), base);
    noise = Math.max(noise, moved.error);
    turned = Math.max(turned, 1 - moved.cosine);
  }
  // The angle of a difference grows with its square root.
  const explained =
    (rounded || apart.error <= Math.max(TOLERANCES.gradient, MARGIN * noise)) &&
    1 - apart.cosine <= Math.max(1 - least, MARGIN ** 2 * turned);
  return { found: explained ? 'noise' : 'apart', ...apart, noise };
}

function distance(a: Readonly<Record<string, Tensor>>, b: Readonly<Record<string, Tensor>>) {
  let error = 0;
  let least = 1;
  for (const [name, gradient] of Object.entries(a)) {
    error = Math.max(error, difference(gradient, b[name]!, TOLERANCES.gradient).maxError);
    least = Math.min(least, cosine(toFloat32(gradient), toFloat32(b[name]!)));
  }
  return { error, cosine: least };
}

/** The inputs that have gradients, each element changed by NUDGE of its size. */
const nudged = (feeds: Sample['feeds'], wrt: Readonly<Record<string, Tensor>>, k: number): Sample['feeds'] => ({
  ...feeds,
  ...Object.fromEntries(
    Object.keys(wrt).map((name, i) => {
      const { dims } = feeds[name]!;
      const by = random(0, STREAMS.nudges).normal(new Float32Array(toFloat32(feeds[name]!).length), 64 * k + i);
      return [name, { type: 'float32', dims, data: toFloat32(feeds[name]!).map((v, j) => v * (1 + NUDGE * by[j]!)) }];
    }),
  ),
});

/** The verdict of one comparison over its inputs, and the figures on which it stands. */
export interface Settled {
  /** Worst of the inputs that count for the verdict; of engines max|a-b| / max|b|, of differences the relative error of the derivative. */
  readonly maxError: number;
  /** Least cosine between the two gradients, in -1..1, of those inputs; absent where differences are compared. */
  readonly cosine?: number;
  readonly verdict: Verdict;
  /** Why it is not plain. */
  readonly reason?: string;
  /** The model itself gives NaN wherever it was compared. */
  readonly noValue?: true;
  /** Nothing disagrees: `verdict` is not 'disagrees'. */
  readonly ok: boolean;
}

/** The verdict of one comparison over its inputs. The figures are those of the inputs that decide: where it agrees, the worst of those that agree. */
export function settle(measures: readonly Measure[]): Settled {
  const count = (found: Measure['found']): number => measures.filter((m) => m.found === found).length;
  const [agrees, apart, noise, none] = [count('agrees'), count('apart'), count('noise'), count('undefined')];
  const verdict: Verdict = apart > agrees ? 'disagrees' : apart > 0 || agrees === 0 ? 'inconclusive' : 'agrees';
  const decisive = { agrees: 'agrees', disagrees: 'apart', inconclusive: apart > 0 ? 'apart' : 'noise' } as const;
  const shown = measures.filter((m) => m.found === decisive[verdict]);
  const cosines = shown.flatMap((m) => m.cosine ?? []);
  const n = measures.length;
  const reason =
    none > 0 && apart === 0 && noise === 0 && verdict !== 'agrees'
      ? `the model itself gives NaN at ${none} of ${n} inputs, of which there is no gradient`
      : noise > 0 && apart === 0
        ? `hidden by float32 noise or a bend of a ReLU or pool at ${noise} of ${n} inputs`
        : verdict === 'inconclusive'
          ? `apart at ${apart} of ${n} inputs, alike at ${agrees}: bends of ReLUs or pools may lie there`
          : undefined;
  return {
    maxError: shown.reduce((worst, m) => Math.max(worst, m.error), 0),
    ...(cosines.length > 0 ? { cosine: Math.min(...cosines) } : {}),
    verdict,
    ...(reason === undefined ? {} : { reason }),
    ...(n > 0 && none === n ? { noValue: true as const } : {}),
    ok: verdict !== 'disagrees',
  };
}

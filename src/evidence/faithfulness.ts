// Does the need of a part say how much of the answer is lost without it? Infidelity and faithfulness correlation, over the same random parts.
import { pearson } from '../core/correlation.js';
import { random, STREAMS, type Random } from '../core/random.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import { bootstrap, type Metric } from './metric.js';
import { replace, spread } from './corrupt.js';
import { scores, wholeOf, type Subject } from './subject.js';

/**
 * Infidelity (Yeh et al., 2019): the mean of (I . phi - (f(x) - f(x - I)))^2 over perturbations, of which `sums` has I . phi and `losses` the change of f.
 * 0 for integrated gradients of a linear model, and wherever all of x is taken away and they are complete.
 */
export function infidelity(sums: ArrayLike<number>, losses: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < sums.length; i++) total += (sums[i]! - losses[i]!) ** 2;
  return total / sums.length;
}

/**
 * The same of a need that has a unit of its own: at the scale that fits best (the paper's optimal scaling), as a part of the mean square of the losses. 0 where
 * they are proportional, 1 where the need says nothing about them; 0 where nothing is ever lost.
 */
export function scaledInfidelity(sums: ArrayLike<number>, losses: ArrayLike<number>): number {
  let [ss, sl, ll] = [0, 0, 0];
  for (let i = 0; i < sums.length; i++) {
    ss += sums[i]! ** 2;
    sl += sums[i]! * losses[i]!;
    ll += losses[i]! ** 2;
  }
  if (ll === 0) return 0;
  return ss === 0 ? 1 : Math.max(0, 1 - sl ** 2 / (ss * ll));
}

/** Parts along each side of a picture, or in a row of elements, that are taken away together. */
const CELLS = 8;

/**
 * Random parts of `need`'s shape, 1 = taken away. The rows and columns of a picture go in cells of an eighth of each side, displaced by a random step; other
 * elements each by itself. How many go is random too: u^2 of them for u uniform in [0,1), so that small parts are common.
 */
function parts(need: Tensor, stream: Random, draw: number): Float32Array {
  const out = new Float32Array(need.data.length);
  const picture = need.dims.length === 4;
  const [h, w] = picture ? (need.dims.slice(2) as [number, number]) : [1, out.length];
  const side = (n: number): number => (picture ? Math.max(1, Math.ceil(n / CELLS)) : 1);
  const [rows, columns] = [side(h), side(w)];
  const across = Math.ceil(w / columns) + 1;
  const chance = new Float32Array((Math.ceil(h / rows) + 1) * across + 1);
  stream.uniform(chance, draw);
  const limit = chance.at(-1)! ** 2;
  const down = stream.integer(rows, draw, chance.length);
  const right = stream.integer(columns, draw, chance.length + 1);
  for (let i = 0; i < out.length; i++) {
    const place = i % (h * w);
    const [r, c] = [Math.floor(place / w), place % w];
    out[i] = chance[Math.floor((r + down) / rows) * across + Math.floor((c + right) / columns)]! < limit ? 1 : 0;
  }
  return out;
}

/**
 * Over `draws` random parts (see `parts`), each replaced by a draw of the noise: scaled infidelity (Yeh et al., 2019, with the indicator of the part for I, as in
 * their square removal), and Pearson's correlation of the need in the part with the score that is lost (faithfulness correlation, Bhatt et al., 2020; MuFidelity
 * is its rank form). f = sum of x, need x and noise 0: infidelity 0 and correlation 1.
 */
export async function faithfulness(
  subject: Subject,
  need: Tensor,
  draws = 48,
): Promise<[infidelity: Metric, faithfulness: Metric]> {
  const { x, noise, seed } = subject;
  const stream = random(seed, STREAMS.metrics);
  const values = toFloat32(need);
  const image = toFloat32(x);
  const sums = new Float64Array(draws);
  const whole = await wholeOf(subject);
  const left = await scores(subject, draws, (sample, out) => {
    const part = parts(need, stream, 2001 + sample);
    sums[sample] = part.reduce((sum, p, i) => sum + p * values[i]!, 0);
    noise.fill(out, stream, 3001 + sample);
    replace(out, out, image, spread(part, need.dims, x.dims));
  });
  const losses = Array.from(left, (score) => whole - score);
  const over =
    (statistic: (sums: number[], losses: number[]) => number) =>
    (chosen: Uint32Array | number[]): number => {
      const indices = Array.from(chosen);
      return statistic(
        indices.map((d) => sums[d]!),
        indices.map((d) => losses[d]!),
      );
    };
  const metric = (
    name: string,
    statistic: (sums: number[], losses: number[]) => number,
    rest: Pick<Metric, 'better' | 'definition' | 'source'>,
  ): Metric => {
    const interval = bootstrap(draws, over(statistic), seed);
    return { name, value: statistic([...sums], losses), ...(interval && { interval }), ...rest };
  };
  return [
    metric('infidelity', scaledInfidelity, {
      better: 'lower',
      definition:
        'mean square of what the need of a part, at its best scale, misses of the score lost without it, over the mean square of that loss',
      source: 'Yeh et al., 2019',
    }),
    metric('faithfulness', pearson, {
      better: 'higher',
      definition: "Pearson's correlation of the need of a part with the score that is lost without it",
      source: 'Bhatt, Weller and Moura, 2020',
    }),
  ];
}

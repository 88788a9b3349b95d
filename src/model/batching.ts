// Is the first axis of a model's input a batch, so that each row of the output is one sample's alone? Asked of the model, not assumed.
import { toFloat32, type Tensor } from '../core/tensor.js';

/**
 * Largest difference, as a fraction of the largest output, that a sample's row may show in a batch of another size: kernels for other sizes add up in
 * another order. Samples that are coupled mostly differ by far more.
 */
const NOISE = 1e-3;
/**
 * The same in a batch of the same size and in the same place, where only the company differs: the same sums in the same order, so that what is left is
 * coupling, however weak. A few last digits are left to kernels that split their work by what they find.
 */
const SAME_SUMS = 1e-6;

/** Runs samples together, by their numbers: the outputs [samples,...]. Throws where the model does not take so many. */
export type RunTogether = (samples: readonly (0 | 1)[]) => Promise<Tensor>;

/**
 * What two distinct samples show: `independent`: each gets the same row alone as in any place beside the other; `coupled`: it does not, or several
 * samples are refused, or give another number of rows; `blind`: it does, but both have the same row anyway, so that this proves nothing.
 */
export type Coupling = 'independent' | 'coupled' | 'blind';

/** Samples of a batch where the file fixes none: with three, a row may also hang on one that is not its neighbour. */
const TOGETHER = 3;

/**
 * Tells by running two distinct samples. `fixed`: the batch that the file fixes, which each run then has. One that does not even run alone decides
 * nothing (`independent`): whoever runs it is told why.
 */
export async function couplingOf(run: RunTogether, fixed?: number): Promise<Coupling> {
  const width = fixed ?? TOGETHER;
  if (width < 2) return 'independent';
  // In a fixed batch a sample is "alone" among copies of itself.
  const alone = (sample: 0 | 1): Promise<Tensor> => run(new Array<0 | 1>(fixed ?? 1).fill(sample));
  let single: readonly [Tensor, Tensor];
  try {
    single = [await alone(0), await alone(1)];
  } catch {
    return 'independent';
  }
  try {
    const copies = (): Promise<Tensor> => run(new Array<0 | 1>(width).fill(0));
    // Of the other sample only a fixed batch has been run full: it costs no run there, and an open batch of three shows all that it could show.
    const full = fixed ? single : ([await copies(), undefined] as const);
    let weak = false;
    // Place i holds the sample that a bit of i says, a run for each bit: of any two places, some run has different samples there.
    for (let bit = 1; bit < width; bit *= 2) {
      const samples = Array.from({ length: width }, (_, i): 0 | 1 => (i & bit ? 1 : 0));
      const mixed = await run(samples);
      // Every row: what comes first along the axis may be spared by what is added up along it.
      if (mixed.dims[0] !== width || !samples.every((sample, i) => sameRow(mixed, i, single[sample], 0, NOISE))) return 'coupled';
      weak ||= !samples.every((sample, i) => !full[sample] || sameRow(mixed, i, full[sample], i, SAME_SUMS));
    }
    // One that answers the same batch in two ways tells nothing about company.
    if (weak && repeats(await copies(), full[0])) return 'coupled';
  } catch {
    return 'coupled';
  }
  return sameRow(single[0], 0, single[1], 0, NOISE) ? 'blind' : 'independent';
}

const repeats = (a: Tensor, b: Tensor): boolean =>
  Array.from({ length: a.dims[0] ?? 0 }, (_, i) => i).every((i) => sameRow(a, i, b, i, SAME_SUMS));

/** Is row `row` of `a` the one at `at` of `b`, up to `noise` of its largest element? */
function sameRow(a: Tensor, row: number, b: Tensor, at: number, noise: number): boolean {
  const [x, y] = [toFloat32(a), toFloat32(b)];
  const length = x.length / (a.dims[0] || 1);
  if (length !== y.length / (b.dims[0] || 1)) return false;
  let largest = 0;
  let difference = 0;
  for (let i = 0; i < length; i++) {
    const [value, other] = [x[row * length + i]!, y[at * length + i]!];
    largest = Math.max(largest, Math.abs(other));
    // NaN beside NaN, or the same infinity twice, says nothing about coupling.
    if (!Object.is(value, other)) difference = Math.max(difference, Math.abs(value - other));
    if (Number.isNaN(value) !== Number.isNaN(other)) return false;
  }
  return difference <= noise * (Number.isFinite(largest) && largest > 0 ? largest : 1);
}

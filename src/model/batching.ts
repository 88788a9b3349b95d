// Is the first axis of a model's input a batch, so that each row of the output is one sample's alone? Asked of the model, not assumed.
import { toFloat32, type Tensor } from '../core/tensor.js';

/**
 * Largest difference, as a fraction of the largest output, that a sample's row may show in another company: kernels for other sizes add up in
 * another order. Samples that are coupled differ by far more.
 */
const NOISE = 1e-3;

/** Runs samples together, by their numbers: the outputs [samples,...]. Throws where the model does not take so many. */
export type RunTogether = (samples: readonly (0 | 1)[]) => Promise<Tensor>;

/**
 * Does each of two distinct samples get the same row alone as beside the other? `fixed`: the batch that the file fixes, which each run then has.
 * False too where two samples together are refused, or give another number of rows. One that does not even run alone decides nothing: whoever runs
 * it is told why.
 */
export async function rowsAreIndependent(run: RunTogether, fixed?: number): Promise<boolean> {
  const width = fixed ?? 2;
  if (width < 2) return true;
  const filled = (first: 0 | 1, rest: 0 | 1): (0 | 1)[] => Array.from({ length: width }, (_, i) => (i === 0 ? first : rest));
  // In a fixed batch a sample is "alone" among copies of itself.
  const alone = (sample: 0 | 1): Promise<Tensor> => run(fixed ? filled(sample, sample) : [sample]);
  let single: readonly Tensor[];
  try {
    single = [await alone(0), await alone(1)];
  } catch {
    return true;
  }
  let mixed: readonly Tensor[];
  try {
    mixed = [await run(filled(0, 1)), await run(filled(1, 0))];
  } catch {
    return false;
  }
  return mixed.every((out, i) => out.dims[0] === width && sameRow(out, single[i]!));
}

/** Is the first row of both the same, up to noise? */
function sameRow(a: Tensor, b: Tensor): boolean {
  const length = (t: Tensor): number => toFloat32(t).length / (t.dims[0] || 1);
  if (length(a) !== length(b)) return false;
  const [x, y] = [toFloat32(a), toFloat32(b)];
  let largest = 0;
  let difference = 0;
  for (let i = 0; i < length(a); i++) {
    largest = Math.max(largest, Math.abs(y[i]!));
    // NaN beside NaN says nothing about coupling.
    if (!(Number.isNaN(x[i]) && Number.isNaN(y[i]))) difference = Math.max(difference, Math.abs(x[i]! - y[i]!));
  }
  return difference <= NOISE * (largest || 1);
}

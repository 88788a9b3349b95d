// How much an explanation changes when its input hardly does: max-sensitivity.
import { random, STREAMS } from '../core/random.js';
import { float32, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { bootstrap, type Metric } from './metric.js';

/** How far inputs are moved, and how often. */
export interface SensitivityOptions {
  /** The largest change of an element, in its units. */
  readonly radius: number;
  /** Changed inputs, each of which is explained anew. Default 3. */
  readonly draws?: number;
  readonly seed: number;
}

/**
 * Max-sensitivity (Yeh et al., 2019): the largest || phi(x') - phi(x) || / || phi(x) || over inputs x' whose elements are moved by up to `radius`, each
 * independent and uniform. `explain` explains an input of x's shape, undefined where its answer is another one: such inputs say nothing. Undefined where
 * none is left, or phi(x) is 0. phi = x: the largest || delta || / || x ||.
 */
export async function maxSensitivity(
  x: Tensor,
  need: Tensor,
  explain: (moved: Tensor) => Promise<Tensor | undefined>,
  { radius, draws = 3, seed }: SensitivityOptions,
): Promise<Metric | undefined> {
  const own = toFloat32(need);
  const image = toFloat32(x);
  const size = Math.sqrt(own.reduce((sum, v) => sum + v * v, 0));
  const stream = random(seed, STREAMS.metrics);
  const changes: number[] = [];
  for (let draw = 0; draw < draws && size > 0; draw++) {
    const moved = stream.uniform(new Float32Array(sizeOf(x.dims)), 10_000 + draw, -radius, radius);
    for (let i = 0; i < moved.length; i++) moved[i]! += image[i]!;
    const other = await explain(float32(moved, x.dims));
    if (!other) continue;
    const values = toFloat32(other);
    changes.push(Math.sqrt(own.reduce((sum, v, i) => sum + (values[i]! - v) ** 2, 0)) / size);
  }
  if (changes.length === 0) return undefined;
  const interval = bootstrap(changes.length, (chosen) => chosen.reduce((a, d) => Math.max(a, changes[d]!), 0), seed);
  return {
    name: 'maxSensitivity',
    value: Math.max(...changes),
    ...(interval && { interval }),
    better: 'lower',
    definition: `largest relative change of the need over ${changes.length} input(s) moved by up to ${Number(radius.toPrecision(3))} an element, the answer being the same`,
    source: 'Yeh et al., 2019',
  };
}

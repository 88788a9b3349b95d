// Rotary position embedding (Su et al., 2021): pairs of features turned by an angle that grows with the position.
import type { GraphBuilder } from '../../src/onnx/builder.js';
import { dimsOf, lengthOf } from './attention-heads.js';

const END = 2 ** 31 - 1;

/**
 * x [B, heads, S, H] with pairs (a, b) of its first 2R features turned: a cos - b sin, a sin + b cos. `cos` and `sin` are [B, S, R].
 * A pair is features i and i + R, or, interleaved, 2i and 2i + 1. `partial`: there may be more than 2R features; they stay.
 */
export function rotated(
  g: GraphBuilder,
  x: string,
  cos: string,
  sin: string,
  { interleaved, partial }: { interleaved: boolean; partial: boolean },
): string {
  const half = lengthOf(g, cos, -1);
  const whole = g.add(half, half);
  const part = (from: string, to: string, step = 1): string => g.op('Slice', [x, from, to, g.ints([-1]), g.ints([step])]);
  const perHead = (cache: string): string => g.op('Unsqueeze', [cache, g.ints([1])]);
  const [c, s] = [perHead(cos), perHead(sin)];
  const [a, b] = interleaved
    ? [part(g.ints([0]), whole, 2), part(g.ints([1]), whole, 2)]
    : [part(g.ints([0]), half), part(half, whole)];
  const turned = [g.sub(g.mul(a, c), g.mul(b, s)), g.add(g.mul(a, s), g.mul(b, c))];
  const rest = partial ? [part(whole, g.ints([END]))] : [];
  if (!interleaved) return g.op('Concat', [...turned, ...rest], { axis: -1 });
  const pairs = g.op(
    'Concat',
    turned.map((t) => g.op('Unsqueeze', [t, g.ints([-1])])),
    { axis: -1 },
  );
  const merged = g.op('Reshape', [pairs, dimsOf(g, ...[0, 1, 2].map((axis) => lengthOf(g, x, axis)), whole)]);
  return partial ? g.op('Concat', [merged, ...rest], { axis: -1 }) : merged;
}

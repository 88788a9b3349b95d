// Where learning a mask starts: the parameters before the first step.
import { LanError } from '../core/errors.js';
import { sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import type { Parameter } from '../engine/engine.js';

const logit = (v: number): number => Math.log(v / (1 - v));

/** Parameters whose mask is `start` everywhere. Throws LanError (`usage`) for one outside of (0,1). */
export function evenly(start: number, parameters: readonly Parameter[]): Record<string, Float32Array> {
  if (!(start > 0 && start < 1)) throw new LanError('usage', `\`start\`: the mask has to start inside (0,1), received ${start}.`);
  // Grids sum up, so that the first one alone sets the start.
  return Object.fromEntries(
    parameters.map(({ name, dims }, i) => [name, new Float32Array(sizeOf(dims)).fill(i === 0 ? logit(start) : 0)]),
  );
}

/** Values of another mask are no nearer to 0 and 1 than this when learning goes on from them: from an end of the sigmoid no gradient leads back. */
const OPEN = 0.01;

/** Parameters whose mask is `from`: its logits in the last of them, which has a value an element, and zeros in the others. Throws LanError (`shape`) where there is none such. */
export function logitsOf(from: Tensor, parameters: readonly Parameter[]): Record<string, Float32Array> {
  const finest = parameters.at(-1)!;
  if (from.dims.join() !== finest.dims.join())
    throw new LanError(
      'shape',
      `The mask to start from has the shape [${from.dims.join(',')}], and what is learned one of [${finest.dims.join(',')}].`,
      'Give one that was learned for inputs of this size, with the same mask shape and grids.',
    );
  const own = toFloat32(from).map((v) => logit(Math.min(1 - OPEN, Math.max(OPEN, v))));
  return Object.fromEntries(parameters.map((p) => [p.name, p === finest ? own : new Float32Array(sizeOf(p.dims))]));
}

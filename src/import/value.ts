// A value on its way through the layers: Keras orders axes with channels last, ONNX with channels first, and a transpose stands only where both meet.
import { LanError } from '../core/errors.js';
import { sizeOf } from '../core/tensor.js';
import type { GraphBuilder } from '../onnx/builder.js';

/** Elements of one sample that a value may have: a hostile file asks for more. */
const MOST_ELEMENTS = 2 ** 28;

/** A value of the graph. */
export interface Value {
  readonly name: string;
  /** Of one sample, in the order of Keras: [height, width, channels] with channels last. */
  readonly dims: readonly number[];
  /** Does the graph hold it with its last axis directly behind the batch: [N, channels, height, width]? */
  readonly moved: boolean;
}

/** Throws LanError (`memory`) for a value that is larger than any classifier's. */
export function checkSize(dims: readonly number[], label: string): void {
  if (dims.some((d) => d < 1)) throw new LanError('shape', `${label}: nothing is left of its input, its output is [${dims.join(', ')}].`); // prettier-ignore
  if (sizeOf(dims) > MOST_ELEMENTS)
    throw new LanError('memory', `${label}: its output of [${dims.slice(0, 8).join(', ')}] is larger than the ${MOST_ELEMENTS} elements that are imported.`); // prettier-ignore
}

/** The order in which Keras has it. */
export function inOrder(g: GraphBuilder, value: Value): Value {
  if (!value.moved) return value;
  const { dims } = value;
  // Where one of both is 1 long, or the rest are, moving the axis changes no element's place.
  const rank = dims.length;
  const perm = [0, ...Array.from({ length: rank - 1 }, (_, i) => i + 2), 1];
  const name = isSameInMemory(dims) ? g.op('Reshape', [value.name, g.ints([0, ...dims])]) : g.transpose(value.name, perm);
  return { name, dims, moved: false };
}

/** With its channels, the last axis, directly behind the batch. */
export function channelsFirst(g: GraphBuilder, value: Value): Value {
  if (value.moved) return value;
  const { dims } = value;
  const rank = dims.length;
  if (rank < 2) return value;
  const perm = [0, rank, ...Array.from({ length: rank - 1 }, (_, i) => i + 1)];
  const to = [dims.at(-1)!, ...dims.slice(0, -1)];
  const name = isSameInMemory(dims) ? g.op('Reshape', [value.name, g.ints([0, ...to])]) : g.transpose(value.name, perm);
  return { name, dims, moved: true };
}

const isSameInMemory = (dims: readonly number[]): boolean => dims.at(-1) === 1 || sizeOf(dims.slice(0, -1)) === 1;

/** The graph's axis of an axis in the order of Keras, both counted with the batch. */
export function axisIn(value: Value, axis: number): number {
  const rank = value.dims.length + 1;
  if (!value.moved || axis === 0) return axis;
  return axis === rank - 1 ? 1 : axis + 1;
}

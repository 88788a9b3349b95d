// Seeded random inputs in the range that a model plausibly expects.
import { LanError } from '../core/errors.js';
import { random, STREAMS } from '../core/random.js';
import { numberToHalf } from '../core/half.js';
import { allocate, isIeeeFloat, setWhole, sizeOf, type Tensor } from '../core/tensor.js';
import type { Graph, ValueInfo } from '../onnx/graph.js';
import type { InputCard } from './card.js';
import { isPicture, normalise } from './preprocess.js';

const INTEGERS = new Set(['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64']);

/**
 * One tensor per input of a static graph. Pictures whose card gives a range: pixels uniform in 0..range, normalised as the card says. Other
 * floats: standard normal. Integers: 1 for a mask; below the number of rows where they index a table; else 0 or 1; bytes 0..255.
 * Throws LanError for strings and types that have no numbers.
 */
export function randomFeeds(graph: Graph, draw: number, seed: number, card?: Partial<InputCard>): Record<string, Tensor> {
  return Object.fromEntries(graph.inputs.map((input, i) => [input.name, sample(graph, input, draw * 64 + i, seed, card)]));
}

/** Random integers for one input, as randomFeeds draws them. */
export const randomIntegers = (graph: Graph, input: ValueInfo, draw: number, seed: number): Tensor =>
  sample(graph, input, draw, seed, undefined, STREAMS.tokens);

function sample(
  graph: Graph,
  input: ValueInfo,
  draw: number,
  seed: number,
  card: Partial<InputCard> | undefined,
  purpose: number = STREAMS.check,
): Tensor {
  const type = input.type!;
  const dims = input.dims as number[];
  const stream = random(seed, purpose);
  const size = sizeOf(dims);
  if (isIeeeFloat(type)) {
    const values = new Float32Array(size);
    if (isPicture(dims, card)) normalise(stream.uniform(values, draw), dims, card);
    else stream.normal(values, draw);
    const data =
      type === 'float32' ? values : type === 'float64' ? Float64Array.from(values) : Uint16Array.from(values, numberToHalf);
    return { type, dims, data };
  }
  if (type !== 'bool' && !INTEGERS.has(type))
    throw new LanError('input', `Input '${input.name}' is of type ${type}, for which no random values can be drawn.`);
  const below = rowsOf(graph, input.name) ?? (type === 'uint8' ? 256 : 2);
  const mask = /mask/i.test(input.name);
  const data = allocate(type, dims);
  for (let i = 0; i < size; i++) {
    const v = mask ? 1 : stream.integer(below, draw, i);
    setWhole(data, i, v, type);
  }
  return { type, dims, data };
}

/** Rows of the smallest table that is indexed by the input, seen through casts and reshapes. */
export function rowsOf(graph: Graph, input: string): number | undefined {
  const same = new Set([input]);
  let rows: number | undefined;
  for (const node of graph.nodes) {
    if (['Cast', 'Identity', 'Reshape', 'Unsqueeze', 'Squeeze', 'Flatten'].includes(node.op) && same.has(node.inputs[0]!))
      same.add(node.outputs[0]!);
    if (node.op !== 'Gather' || !same.has(node.inputs[1]!)) continue;
    const axis = (node.attributes['axis']?.value as number | undefined) ?? 0;
    const table = graph.types.get(node.inputs[0]!)?.dims ?? graph.constants.get(node.inputs[0]!)?.dims;
    const n = table?.at(axis);
    if (n !== undefined) rows = Math.min(rows ?? Infinity, n);
  }
  return rows;
}

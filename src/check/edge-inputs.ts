// Inputs at the edges of what a model may meet: all zeros, the ends of the range, a single element, a checkerboard.
import { allocate, isIeeeFloat, setWhole, sizeOf, toFloatType, toNumbers, type Tensor } from '../core/tensor.js';
import type { InputCard } from '../model/card.js';
import { isPicture, normalise } from '../model/preprocess.js';
import { rowsOf } from '../model/random-inputs.js';
import type { Graph, ValueInfo } from '../onnx/graph.js';
import type { NamedFeeds } from './inputs.js';

/** What floats without a card reach: of ten million normal draws, the largest is about five. */
const REACH = 5;

/** By name: is element i of n at the upper end of the range (1), or the lower (0)? */
const PATTERNS: Readonly<Record<string, (i: number, n: number) => 0 | 1>> = {
  lowest: () => 0,
  highest: () => 1,
  'one element': (i, n) => (i === n >> 1 ? 1 : 0),
  checkerboard: (i) => (i % 2 === 0 ? 0 : 1),
};

/**
 * Edge cases of a static graph's inputs: all zeros, then every input at the lower end of its range, at the upper end, with one element at the
 * upper end, and alternating. Pixels go from 0 to the card's range before its normalisation, other floats from -5 to 5, bytes from 0 to 255,
 * indices over the table that they index, other integers from 0 to 1. What equals an earlier one is left out.
 */
export function edgeFeeds(graph: Graph, card?: Partial<InputCard>): NamedFeeds[] {
  const cases: NamedFeeds[] = [];
  const add = (name: string, of: (input: ValueInfo) => Tensor): void => {
    const feeds = Object.fromEntries(graph.inputs.map((i) => [i.name, of(i)]));
    if (!cases.some((c) => graph.inputs.every(({ name: n }) => same(c.feeds[n]!, feeds[n]!)))) cases.push({ name, feeds });
  };
  add('zeros', (input) => ({
    type: input.type!,
    dims: input.dims as number[],
    data: allocate(input.type!, input.dims as number[]),
  }));
  for (const [name, pattern] of Object.entries(PATTERNS)) add(name, (input) => patterned(graph, input, card, pattern));
  return cases;
}

function patterned(
  graph: Graph,
  input: ValueInfo,
  card: Partial<InputCard> | undefined,
  pattern: (i: number, n: number) => 0 | 1,
): Tensor {
  const type = input.type!;
  const dims = input.dims as number[];
  const size = sizeOf(dims);
  if (isIeeeFloat(type)) {
    const picture = isPicture(dims, card);
    const data = Float32Array.from({ length: size }, (_, i) => {
      const end = pattern(i, size);
      return picture ? end : end === 1 ? REACH : -REACH;
    });
    if (picture) normalise(data, dims, card);
    return toFloatType({ type: 'float32', dims, data }, type);
  }
  const last = (rowsOf(graph, input.name) ?? (type === 'uint8' ? 256 : 2)) - 1;
  const data = allocate(type, dims);
  for (let i = 0; i < size; i++) {
    const v = pattern(i, size) * last;
    setWhole(data, i, v, type);
  }
  return { type, dims, data };
}

function same(a: Tensor, b: Tensor): boolean {
  const [x, y] = [toNumbers(a), toNumbers(b)];
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false;
  return true;
}

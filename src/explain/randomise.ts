// A model whose weights are shuffled from the top: the same file and the same distribution of numbers, and nothing that was learned.
import { random, shuffle, STREAMS } from '../core/random.js';
import { sizeOf, type Tensor, type TypedArray } from '../core/tensor.js';
import { encodeModel } from '../onnx/codec.js';
import type { Model } from '../onnx/graph.js';

/** Types of weights that are shuffled; whole numbers of 32 and 64 bits are shapes and indices. */
const WEIGHTS = new Set(['float32', 'float16', 'float64', 'bfloat16', 'int8', 'uint8']);

/** Names of the weights (initialisers of two axes or more), those that are used last in the graph first. */
export function weightsFromTop({ graph }: Model): string[] {
  const names: string[] = [];
  for (const node of graph.nodes.toReversed())
    for (const name of node.inputs.toReversed()) {
      const tensor = graph.constants.get(name);
      if (tensor && tensor.dims.length >= 2 && WEIGHTS.has(tensor.type) && !names.includes(name)) names.push(name);
    }
  return names;
}

/**
 * The model's bytes with `layers` of its weights shuffled, from the top (Adebayo et al., Sanity checks for saliency maps, 2018: cascading randomisation). Each
 * tensor keeps its values in another order, so that their mean and spread stay as they were; biases and normalisation stay too.
 */
export function randomised(model: Model, layers: number, seed: number): Uint8Array {
  const constants = new Map(model.graph.constants);
  weightsFromTop(model)
    .slice(0, layers)
    .forEach((name, i) => constants.set(name, shuffled(constants.get(name)!, seed, i)));
  return encodeModel({ ...model, graph: { ...model.graph, constants } });
}

function shuffled(tensor: Tensor, seed: number, draw: number): Tensor {
  const order = Uint32Array.from({ length: sizeOf(tensor.dims) }, (_, i) => i);
  shuffle(order, random(seed, STREAMS.weights), draw);
  const from = tensor.data as TypedArray;
  const data = from.slice();
  for (let i = 0; i < order.length; i++) data[i] = from[order[i]!]!;
  return { ...tensor, data };
}

// How much memory a static graph asks for, told from its shapes: weights, a forward pass, and what a gradient keeps.
import { bytesOf, isFloat } from '../core/tensor.js';
import { reads, type Graph } from '../onnx/graph.js';
import { dependents } from './differentiate.js';

/** Bytes. Weights are exact; the others are sums of value sizes, without an engine's own copies, buffers and packed weights. */
export interface Footprint {
  /** All constants of the graph. */
  readonly weights: number;
  /** The largest sum of inputs and values alive at once, when nodes run in their order and each value is freed after its last reader. */
  readonly forward: number;
  /** All inputs and values together on which a float input has an influence: what the backward pass may look at, so kept until then. */
  readonly gradient: number;
}

/** See Footprint; `graph` is static (every type known). Views, such as those that Reshape may make, count as values of their own. */
export function footprint(graph: Graph): Footprint {
  const size = (name: string): number => {
    const type = graph.types.get(name);
    return (type && bytesOf(type.type, type.dims)) ?? 0;
  };
  let weights = 0;
  for (const t of graph.constants.values()) weights += bytesOf(t.type, t.dims) ?? 0;
  // Inputs belong to the caller, and outputs go to it: both are there until the end.
  const end = graph.nodes.length;
  const last = new Map<string, number>();
  graph.nodes.forEach((node, i) => reads(node).forEach((name) => last.set(name, i)));
  for (const v of [...graph.inputs, ...graph.outputs]) last.set(v.name, end);
  let alive = graph.inputs.reduce((sum, i) => sum + size(i.name), 0);
  let forward = alive;
  graph.nodes.forEach((node, i) => {
    const made = node.outputs.filter((o) => o !== '');
    for (const name of made) alive += size(name);
    forward = Math.max(forward, alive);
    const done = new Set([...reads(node), ...made].filter((name) => !graph.constants.has(name) && (last.get(name) ?? i) === i));
    for (const name of done) alive -= size(name);
  });
  const floats = graph.inputs.filter((i) => isFloat(i.type)).map((i) => i.name);
  const gradient = [...dependents(graph, floats)].reduce((sum, name) => sum + size(name), 0);
  return { weights, forward, gradient };
}

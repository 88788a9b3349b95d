// 1 / (1 + exp(u)), written out as exporters of classical models do, is differentiated as one function of u.
import { toFloat32 } from '../core/tensor.js';
import type { Graph, Node } from '../onnx/graph.js';

/**
 * The nodes of a static graph that give y = 1 / (1 + exp(u)), each with u. Step by step its gradient is exp(u) times the square of y: infinity times 0 where
 * exp(u) is too large for a float32, and without digits long before. As one function it is -y (1 - y), which is bounded; 1 - y is exp(u) y where y is near 1. y itself is computed as the
 * file has it: onnxruntime's Sigmoid is no stand-in, since it gives 1.5e-8 for whatever is less.
 */
export function logistics(graph: Graph): Map<Node, string> {
  const makers = new Map<string, Node>();
  for (const node of graph.nodes) if (node.domain === '') for (const o of node.outputs) makers.set(o, node);
  const isOne = (name: string | undefined): boolean => {
    const value = graph.constants.get(name ?? '');
    return value?.type === 'float32' && value.data.length <= MOST_ONES && toFloat32(value).every((v) => v === 1);
  };
  const dims = (name: string): string | undefined => graph.types.get(name)?.dims.join();
  const found = new Map<Node, string>();
  for (const node of makers.values()) {
    const below =
      node.op === 'Reciprocal' ? node.inputs[0] : node.op === 'Div' && isOne(node.inputs[0]) ? node.inputs[1] : undefined;
    const sum = makers.get(below ?? '');
    if (sum?.op !== 'Add') continue;
    const [a, b] = sum.inputs as [string, string];
    const power = makers.get(isOne(a) ? b : isOne(b) ? a : '');
    if (power?.op !== 'Exp') continue;
    const u = power.inputs[0]!;
    const y = node.outputs[0]!;
    // Ones of more axes would repeat u, whose gradient is then a sum.
    if (graph.constants.has(u) || graph.types.get(y)?.type !== 'float32' || dims(u) !== dims(y)) continue;
    found.set(node, u);
  }
  return found;
}

/** A constant of ones is a number, or as long as what it is added to; none is looked through that is longer. */
const MOST_ONES = 2 ** 16;

// Which node of the file a compiled node stands for.
import { inlineFunctions } from '../onnx/functions.js';
import { makersOf, subgraphs, type Graph, type Model, type Node } from '../onnx/graph.js';

/** The op of a node, with its domain where that is not the standard one: `com.microsoft.Gelu`. */
export const nameOf = (node: Node): string => (node.domain ? `${node.domain}.${node.op}` : node.op);

/** All nodes of a graph, those of its control flow included, outer ones first. */
export function allNodes(graph: Graph): Node[] {
  return graph.nodes.flatMap((n) => [n, ...subgraphs(n).flatMap(allNodes)]);
}

/** An output of the original's node for which the compiled node that writes `value` stands; undefined where it cannot be told. */
export function originOf(model: Model, compiled: Graph, value: string): string | undefined {
  const { graph } = inlineFunctions(model);
  for (const [node, made] of traceOrigins(graph, compiled))
    if (made.some((m) => m.outputs.includes(value))) return node.outputs.find((o) => o !== '');
  return undefined;
}

/**
 * Which compiled nodes stand for which original node. Passes emit the nodes of one original in a row, the last writing its output's name, so
 * fresh names belong to the next known one.
 */
export function traceOrigins(original: Graph, compiled: Graph): Map<Node, Node[]> {
  const maker = makersOf(allNodes(original));
  const origins = new Map<Node, Node[]>();
  let pending: Node[] = [];
  for (const node of compiled.nodes) {
    pending.push(node);
    const from = node.outputs.map((o) => maker.get(o)).find(Boolean);
    if (!from) continue;
    origins.set(from, [...(origins.get(from) ?? []), ...pending]);
    pending = [];
  }
  return origins;
}

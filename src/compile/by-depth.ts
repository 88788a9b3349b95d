// The order in which a large graph is handed to onnxruntime.
import { makersOf, reads, readersOf, writes, type Graph } from '../onnx/graph.js';

/**
 * From so many nodes on. Below, the order costs nothing that could be measured, and it is left alone: onnxruntime may choose by it which of two convolutions
 * takes an addition in.
 */
const LARGE = 2000;

/**
 * The same graph with its nodes in the order in which their inputs are there, first come first served; as it is where it is small.
 *
 * Whenever onnxruntime's optimiser sorts a graph (some fifty times while it opens one), it keeps the nodes whose inputs are there in a list by their number, and
 * walks that list for each node. In a gradient much waits for the way back that could be computed on the way forward (1 - y^2 of a Tanh), so that this list grows
 * with the graph, and the time with its square. Nodes numbered in this order leave the list as soon as they come in.
 */
export function byDepth(graph: Graph, large = LARGE): Graph {
  if (graph.nodes.length < large) return graph;
  const made = makersOf(graph.nodes);
  const readers = readersOf(graph.nodes);
  const missing = new Map(graph.nodes.map((n) => [n, new Set(reads(n).filter((name) => made.has(name))).size]));
  const nodes = graph.nodes.filter((n) => missing.get(n) === 0);
  // The list grows while it is walked.
  for (const node of nodes)
    for (const reader of writes(node).flatMap((o) => readers.get(o) ?? [])) {
      const left = missing.get(reader)! - 1;
      missing.set(reader, left);
      if (left === 0) nodes.push(reader);
    }
  return { ...graph, nodes };
}

// If on a constant becomes the branch that is taken. Loop and Scan are refused by name.
import { LanErrors } from '../core/errors.js';
import type { Tensor } from '../core/tensor.js';
import { GraphBuilder } from '../onnx/builder.js';
import { nodeLabel, reads, type Graph, type Node } from '../onnx/graph.js';

/**
 * Replaces each If whose condition does not depend on an input's value. `evaluate` runs the graph and gives values.
 * Throws LanErrors for an If that depends on the input, and for Loop and Scan.
 */
export async function inlineControl(
  graph: Graph,
  evaluate: (graph: Graph, wanted: string[]) => Promise<Map<string, Tensor>>,
): Promise<Graph> {
  let current = graph;
  for (;;) {
    const control = current.nodes.filter((n) => n.domain === '' && (n.op === 'If' || n.op === 'Loop' || n.op === 'Scan'));
    if (control.length === 0) return current;
    const variable = new Set(current.inputs.map((i) => i.name));
    const problems: string[] = [];
    const ready: Node[] = [];
    for (const node of current.nodes) {
      if (node.op === 'Shape' || node.op === 'Size') continue;
      if (node.op === 'If' && !variable.has(node.inputs[0]!)) ready.push(node);
      else if (control.includes(node)) {
        problems.push(
          `${nodeLabel(node)}: ${node.op === 'If' ? "its condition depends on the input's value" : 'loops are not unrolled yet'}. Export the model without it (tracing, fixed shapes).`,
        );
      }
      if (reads(node).some((n) => variable.has(n))) for (const o of node.outputs) variable.add(o);
    }
    if (ready.length === 0) throw new LanErrors('The model has control flow that can not be resolved:', problems);
    // Only what comes before the first If is sure to be evaluated without it.
    const first = ready[0]!;
    const condition = first.inputs[0]!;
    const known = current.constants.get(condition) ?? (await evaluate(current, [condition])).get(condition)!;
    current = replace(current, first, Number((known.data as Uint8Array)[0]) !== 0);
  }
}

function replace(graph: Graph, node: Node, condition: boolean): Graph {
  const attribute = node.attributes[condition ? 'then_branch' : 'else_branch'];
  const branch = (attribute as { value: Graph }).value;
  const g = new GraphBuilder(graph.name);
  g.inputs.push(...graph.inputs);
  g.reserve([...graph.inputs.map((i) => i.name), ...graph.constants.keys(), ...graph.nodes.flatMap((n) => n.outputs)]);
  for (const [k, v] of graph.constants) g.constants.set(k, v);
  for (const [k, v] of graph.types) g.types.set(k, v);
  for (const n of graph.nodes) {
    if (n !== node) {
      g.nodes.push(n);
      continue;
    }
    const outputs = Object.values(g.inline(branch, {}));
    branch.outputs.forEach((_, i) => {
      if (node.outputs[i]) g.append('Identity', [outputs[i]!], [node.outputs[i]!]);
    });
  }
  return { ...graph, nodes: g.nodes, constants: g.constants, types: g.types };
}

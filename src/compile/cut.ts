// Cuts a graph in two at one value: what makes the value, and what is made of it; and finds where to cut before integers become floats.
import type { DType, Tensor } from '../core/tensor.js';
import { prune, reads, type Graph, type Node, type ValueInfo, type ValueType } from '../onnx/graph.js';

const info = (name: string, type?: Partial<ValueType>): ValueInfo => ({ name, kind: 'tensor', ...type });

/** The graph with only the inputs that something in it reads. */
function withoutIdleInputs(graph: Graph): Graph {
  const read = new Set([...graph.nodes.flatMap(reads), ...graph.outputs.map((o) => o.name)]);
  return { ...graph, inputs: graph.inputs.filter((i) => read.has(i.name)) };
}

/** What makes `value`: its only output. Inputs that it does not depend on are left out. */
export function upstreamOf(graph: Graph, value: string): Graph {
  return withoutIdleInputs(prune({ ...graph, outputs: [info(value, graph.types.get(value))] }));
}

/**
 * What is made of `value`, which becomes the first input, of this type (and dims, where given); the other inputs are those of the graph that
 * `outputs` need besides: a path that goes round the value stays as it is.
 */
export function downstreamOf(
  graph: Graph,
  value: string,
  type: { type: DType; dims?: readonly number[] },
  outputs: readonly string[],
): Graph {
  // The node that makes it may make others too, so it stays and its output steps aside.
  const aside = `${value}/uncut`;
  const step = (node: Node): Node =>
    node.outputs.includes(value) ? { ...node, outputs: node.outputs.map((o) => (o === value ? aside : o)) } : node;
  const part = prune({
    ...graph,
    inputs: [info(value, type), ...graph.inputs],
    outputs: graph.outputs.filter((o) => outputs.includes(o.name)),
    nodes: graph.nodes.map(step),
  });
  const { inputs } = withoutIdleInputs(part);
  return { ...part, inputs: inputs.some((i) => i.name === value) ? inputs : [info(value, type), ...inputs] };
}

/** Inputs of these names become constants. */
export function withConstants(graph: Graph, values: Readonly<Record<string, Tensor>>): Graph {
  const fixed = graph.inputs.filter((i) => Object.hasOwn(values, i.name));
  if (fixed.length === 0) return graph;
  const outputs = new Set(graph.outputs.map((o) => o.name));
  const kept = fixed.filter((i) => !outputs.has(i.name)).map((i): [string, Tensor] => [i.name, values[i.name]!]);
  return {
    ...graph,
    inputs: graph.inputs.filter((i) => !kept.some(([name]) => name === i.name)),
    constants: new Map([...graph.constants, ...kept]),
  };
}

/** Values of a static graph that depend on `input`, whatever their type, and that `output` depends on. In the order of the nodes. */
export function between(graph: Graph, input: string, output: string): string[] {
  const after = new Set([input]);
  for (const node of graph.nodes) if (reads(node).some((n) => after.has(n))) for (const o of node.outputs) after.add(o);
  const before = new Set([output]);
  for (const node of graph.nodes.toReversed())
    if (node.outputs.some((o) => before.has(o))) for (const n of reads(node)) before.add(n);
  return graph.nodes.flatMap((n) => n.outputs.filter((o) => o !== '' && after.has(o) && before.has(o)));
}

/** Does `output` still depend on `input` when `value` is given? */
export function hasSkipPath(graph: Graph, value: string, input: string, output: string): boolean {
  const part = downstreamOf(graph, value, graph.types.get(value)!, [output]);
  return part.inputs.some((i) => i.name === input);
}

/**
 * Where an integer `input` of a static graph is explained: the first float value that depends on it, on a path to `output`. Where there are several
 * (a mask made of the same ids), the one that is looked up in a table of floats; where that does not decide, the first that no path goes round;
 * else the first. Only values of which `named` is true: those that the file has too. Undefined: no float depends on it.
 */
export function firstFloat(graph: Graph, input: string, output: string, named: (value: string) => boolean): string | undefined {
  const path = between(graph, input, output);
  const floats = path.filter((v) => graph.types.get(v)?.type === 'float32' && named(v));
  const behind = new Set<string>();
  const first: string[] = [];
  const onPath = new Set(path);
  for (const node of graph.nodes) {
    const late = reads(node).some((n) => behind.has(n));
    for (const o of node.outputs) {
      if (!onPath.has(o)) continue;
      if (late) behind.add(o);
      else if (floats.includes(o)) {
        first.push(o);
        behind.add(o);
      }
    }
  }
  if (first.length < 2) return first[0];
  const looked = first.filter((v) => tableOf(graph, v) !== undefined);
  if (looked.length === 1) return looked[0];
  return floats.find((v) => v !== output && !hasSkipPath(graph, v, input, output)) ?? first[0];
}

/** The table [rows, columns] of floats whose rows `value` holds, where a Gather makes it. */
function tableOf(graph: Graph, value: string): Tensor | undefined {
  const node = graph.nodes.find((n) => n.outputs[0] === value);
  if (node?.op !== 'Gather' || (node.attributes['axis']?.value ?? 0) !== 0) return undefined;
  const table = graph.constants.get(node.inputs[0]!);
  return table?.dims.length === 2 ? table : undefined;
}

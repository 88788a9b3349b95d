// Before differentiation: a maximum pool and the Relu before it change places, so that the gradient is gated where there are fewer elements.
import { nodeLabel, type Graph, type Node } from '../onnx/graph.js';

/**
 * MaxPool(Relu(x)) = Relu(MaxPool(x)), since Relu is monotone; the same through a Concat of Relus. Done where a pool with a stride is the only
 * reader of what it reads: forward and backward then pass over the smaller side only. Values in between change their meaning, so graph outputs
 * are left alone. Types and dims stay those of the values.
 */
export function poolBeforeRelu(graph: Graph): Graph {
  const producer = new Map<string, Node>();
  const readers = new Map<string, number>();
  for (const node of graph.nodes) {
    for (const o of node.outputs) producer.set(o, node);
    for (const x of node.inputs) readers.set(x, (readers.get(x) ?? 0) + 1);
  }
  for (const o of graph.outputs) readers.set(o.name, (readers.get(o.name) ?? 0) + 1);
  const alone = (name: string): boolean => readers.get(name) === 1;
  const types = new Map(graph.types);
  const replaced = new Map<Node, Node[]>();
  for (const pool of graph.nodes) {
    if (pool.op !== 'MaxPool' || pool.domain !== '') continue;
    const strides = pool.attributes['strides'];
    if (strides?.kind !== 'ints' || strides.value.every((s) => s === 1)) continue;
    const source = producer.get(pool.inputs[0]!);
    if (!source || !alone(pool.inputs[0]!)) continue;
    const relus = source.op === 'Concat' ? source.inputs.map((x) => producer.get(x)) : [source];
    if (!relus.every((r, i) => r?.op === 'Relu' && r.domain === '' && (r === source || alone(source.inputs[i]!)))) continue;
    const pooled = `${pool.outputs[0]!}/before_relu`;
    if (producer.has(pooled)) continue;
    const [x] = pool.inputs as [string];
    for (const r of relus) replaced.set(r!, []);
    if (source.op === 'Concat') replaced.set(source, [{ ...source, inputs: relus.map((r) => r!.inputs[0]!) }]);
    const input = source.op === 'Concat' ? x : relus[0]!.inputs[0]!;
    types.set(pooled, types.get(pool.outputs[0]!)!);
    replaced.set(pool, [
      { ...pool, inputs: [input], outputs: [pooled] },
      { op: 'Relu', domain: '', name: `${nodeLabel(pool)} relu`, inputs: [pooled], outputs: pool.outputs, attributes: {} },
    ]);
  }
  if (replaced.size === 0) return graph;
  return { ...graph, nodes: graph.nodes.flatMap((n) => replaced.get(n) ?? [n]), types };
}

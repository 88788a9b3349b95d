// Before differentiation: pools change places with what stands before them. Before a Relu, so that the gradient is gated where there are fewer elements; before
// a Concat, so that it comes in parts.
import { isBlocked } from '../../adapters/kernels/blocked.js';
import { makersOf, nodeLabel, type Graph, type Node } from '../onnx/graph.js';

/** Pools that work on every channel alone. */
const POOLS = new Set(['MaxPool', 'AveragePool']);

/**
 * Pool(Concat(x, y)) = Concat(Pool(x), Pool(y)) along channels. Done where all parts fill blocks of the convolutions' layout, the pool alone reads the
 * Concat, and convolutions alone read the pool: the gradient then comes in parts (channelParts), and onnxruntime need not leave its layout to split it.
 */
export function poolBeforeConcat(graph: Graph): Graph {
  const producer = makersOf(graph.nodes);
  const readers = readersOf(graph);
  const readByConvolutions = onlyReadByConvolutions(graph);
  const types = new Map(graph.types);
  const replaced = new Map<Node, Node[]>();
  const blocked = (name: string): boolean => isBlocked(types.get(name)?.dims ?? []);
  for (const pool of graph.nodes) {
    if (!POOLS.has(pool.op) || pool.domain !== '' || pool.outputs.length !== 1) continue;
    const [x, y] = [pool.inputs[0]!, pool.outputs[0]!];
    const source = producer.get(x);
    const axis = source?.attributes['axis'];
    if (source?.op !== 'Concat' || axis?.kind !== 'int' || axis.value !== 1) continue;
    if (readers.get(x) !== 1 || !readByConvolutions.has(y) || !source.inputs.every(blocked)) continue;
    const names = source.inputs.map((_, i) => `${y}/part${i}`);
    if (names.some((name) => producer.has(name) || types.has(name))) continue;
    const { type, dims } = types.get(y)!;
    source.inputs.forEach((part, i) => types.set(names[i]!, { type, dims: dims.with(1, types.get(part)!.dims[1]!) }));
    const pools = source.inputs.map((part, i): Node => ({ ...pool, name: names[i]!, inputs: [part], outputs: [names[i]!] }));
    replaced.set(source, []).set(pool, [...pools, { ...source, name: nodeLabel(pool), inputs: names, outputs: [y] }]);
  }
  if (replaced.size === 0) return graph;
  return { ...graph, nodes: graph.nodes.flatMap((n) => replaced.get(n) ?? [n]), types };
}

/** Values that convolutions without groups read and nothing else does: their gradients come in parts where they are asked for (channelParts). */
function onlyReadByConvolutions(graph: Graph): Set<string> {
  const read = new Set<string>();
  const otherwise = new Set(graph.outputs.map((o) => o.name));
  for (const { op, domain, inputs, attributes } of graph.nodes) {
    const group = attributes['group'];
    const dense = op === 'Conv' && domain === '' && (group === undefined || (group.kind === 'int' && group.value === 1));
    inputs.forEach((x, i) => (dense && i === 0 ? read : otherwise).add(x));
  }
  return new Set([...read].filter((x) => !otherwise.has(x)));
}

/** How often each value is read; an output of the graph is read once more. */
function readersOf(graph: Graph): Map<string, number> {
  const readers = new Map<string, number>();
  for (const x of [...graph.nodes.flatMap((n) => n.inputs), ...graph.outputs.map((o) => o.name)])
    readers.set(x, (readers.get(x) ?? 0) + 1);
  return readers;
}

/**
 * MaxPool(Relu(x)) = Relu(MaxPool(x)), since Relu is monotone; the same through a Concat of Relus. Done where a pool with a stride is the only
 * reader of what it reads: forward and backward then pass over the smaller side only. Values in between change their meaning, so graph outputs
 * are left alone. Types and dims stay those of the values.
 */
export function poolBeforeRelu(graph: Graph): Graph {
  const producer = makersOf(graph.nodes);
  const readers = readersOf(graph);
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

// One float type for the dialect: float16, bfloat16 and float64 become float32, in which both engines compute and differentiate.
import { toFloat32, type DType, type Tensor } from '../core/tensor.js';
import { reads, subgraphs, type Attribute, type Graph, type Node, type ValueInfo } from '../onnx/graph.js';
import { dtypeNumber, dtypeOf } from '../onnx/tensors.js';

const OTHERS: ReadonlySet<DType> = new Set(['float16', 'bfloat16', 'float64']);

/** Attributes that name an output's dtype: Cast's, and those of EyeLike and the random generators. */
const TYPE_ATTRIBUTES = new Set(['to', 'dtype']);

/**
 * The float types besides float32 in which a canonical graph computes what depends on its input. Weights that are only stored in such a type,
 * and cast to float32 before anything reads them, do not count, and neither does arithmetic on shapes.
 */
export function computedIn(graph: Graph): Set<DType> {
  const found = new Set<DType>();
  const add = (type: DType | undefined): unknown => type && OTHERS.has(type) && found.add(type);
  const variable = new Set(graph.inputs.map((i) => i.name));
  const known = new Map(graph.constants);
  for (const input of graph.inputs) add(input.type);
  const visit = (nodes: readonly Node[]): void => {
    for (const node of nodes) {
      if (node.op === 'Shape' || node.op === 'Size' || !reads(node).some((n) => variable.has(n))) continue;
      for (const o of node.outputs) variable.add(o);
      for (const name of node.inputs) add(known.get(name)?.type);
      for (const [key, a] of Object.entries(node.attributes))
        if (TYPE_ATTRIBUTES.has(key) && a.kind === 'int') add(dtypeOf(a.value));
      for (const inner of subgraphs(node)) {
        for (const input of inner.inputs) variable.add(input.name);
        for (const [name, tensor] of inner.constants) known.set(name, tensor);
        visit(inner.nodes);
      }
    }
  };
  visit(graph.nodes);
  return found;
}

/**
 * The canonical graph with float32 in place of the other float types: inputs, outputs, constants, and what casts and generators make.
 * Names stay. float16 and bfloat16 values are float32 values, so nothing is lost in them; float64 is rounded.
 * float64 stays where it is in no value that depends on the input: exporters compute sizes in it, whose rounding would change shapes.
 * DIFFERS: a float32 model that rounds to float16 and back on purpose does not round here.
 */
export function widen(graph: Graph): Graph {
  const types = new Set<DType>(['float16', 'bfloat16']);
  if (computedIn(graph).has('float64')) types.add('float64');
  return widenGraph(graph, types);
}

function widenGraph(graph: Graph, types: ReadonlySet<DType>): Graph {
  const value = (v: ValueInfo): ValueInfo => (v.type && types.has(v.type) ? { ...v, type: 'float32' } : v);
  return {
    ...graph,
    inputs: graph.inputs.map(value),
    outputs: graph.outputs.map(value),
    nodes: graph.nodes.map((n) => widenNode(n, types)),
    constants: new Map([...graph.constants].map(([name, t]) => [name, widenTensor(t, types)])),
    types: new Map([...graph.types].map(([name, t]) => [name, types.has(t.type) ? { ...t, type: 'float32' } : t])),
  };
}

function widenNode(node: Node, types: ReadonlySet<DType>): Node {
  const entries = Object.entries(node.attributes);
  if (entries.length === 0) return node;
  const attribute = (key: string, a: Attribute): Attribute => {
    if (a.kind === 'tensor') return { ...a, value: widenTensor(a.value, types) };
    if (a.kind === 'graph') return { ...a, value: widenGraph(a.value, types) };
    if (a.kind === 'int' && TYPE_ATTRIBUTES.has(key) && types.has(dtypeOf(a.value) ?? 'float32'))
      return { ...a, value: dtypeNumber('float32') };
    return a;
  };
  return { ...node, attributes: Object.fromEntries(entries.map(([key, a]) => [key, attribute(key, a)])) };
}

const widenTensor = (tensor: Tensor, types: ReadonlySet<DType>): Tensor =>
  types.has(tensor.type) ? { type: 'float32', dims: tensor.dims, data: toFloat32(tensor) } : tensor;

// A float32 model rewritten to another float type, as onnxconverter-common's float16 converter does: weights, types, casts at both ends.
import { DATA_TYPE } from '../../adapters/op.js';
import { toFloat32, toFloatType, type DType, type Tensor } from '../../src/core/tensor.js';
import { renameNode } from '../../src/onnx/builder.js';
import type { Attribute, Graph, Model, Node, ValueInfo } from '../../src/onnx/graph.js';

export type OtherFloat = 'float16' | 'float64' | 'bfloat16';

/** Nearest bfloat16, ties to even: the upper half of the float32. No NaNs. */
function numbersToBfloat(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(Float32Array.from(values).buffer);
  const out = new Uint16Array(bits.length);
  // A loop, since Uint16Array.from with a function takes seconds for the weights of a network.
  for (let i = 0; i < out.length; i++) out[i] = (bits[i]! + 0x7fff + ((bits[i]! >>> 16) & 1)) >>> 16;
  return out;
}

/** A float32 tensor in another float type; others as they are. */
export function converted(tensor: Tensor, type: OtherFloat): Tensor {
  if (tensor.type !== 'float32') return tensor;
  if (type !== 'bfloat16') return toFloatType(tensor, type);
  return { type, dims: tensor.dims, data: numbersToBfloat(toFloat32(tensor)) };
}

/** DataType 16 is missing in the dialect's table of what rules may cast to. */
const numberOf = (type: DType): number => (type === 'bfloat16' ? 16 : DATA_TYPE[type]!);

/**
 * The model in `type`. `keepIo` keeps float32 inputs and outputs by a Cast at either end (keep_io_types of the converter).
 * Every Cast to float32 inside becomes one to `type`. Ops whose input stays float32 by definition (Resize's scales) are left out of it.
 */
export function inType(model: Model, type: OtherFloat, keepIo = false): Model {
  const { graph } = model;
  const fixed = new Set(graph.nodes.filter((n) => n.op === 'Resize').flatMap((n) => n.inputs.slice(1)));
  const other = (v: ValueInfo): ValueInfo => (v.type === 'float32' ? { ...v, type } : v);
  const constants = new Map([...graph.constants].map(([name, t]) => [name, fixed.has(name) ? t : converted(t, type)]));
  const attribute = (node: Node, name: string, a: Attribute): Attribute =>
    node.op === 'Cast' && name === 'to' && a.value === 1
      ? { kind: 'int', value: numberOf(type) }
      : a.kind === 'tensor'
        ? { ...a, value: converted(a.value, type) }
        : a;
  const nodes = graph.nodes.map((n) => ({
    ...n,
    attributes: Object.fromEntries(Object.entries(n.attributes).map(([k, a]) => [k, attribute(n, k, a)])),
  }));
  if (!keepIo) {
    const made: Graph = {
      ...graph,
      inputs: graph.inputs.map(other),
      outputs: graph.outputs.map(other),
      nodes,
      constants,
      types: new Map(),
    };
    return { ...model, graph: made };
  }
  const inner = new Set([...graph.inputs, ...graph.outputs].filter((v) => v.type === 'float32').map((v) => v.name));
  const renamed = nodes.map((n) => renameNode(n, (name) => (inner.has(name) ? `${name}_${type}` : name)));
  const cast = (from: string, to: string, number: number): Node => ({
    op: 'Cast',
    domain: '',
    name: `cast_${to}`,
    inputs: [from],
    outputs: [to],
    attributes: { to: { kind: 'int', value: number } },
  });
  const before = graph.inputs.filter((v) => inner.has(v.name)).map((v) => cast(v.name, `${v.name}_${type}`, numberOf(type)));
  const after = graph.outputs.filter((v) => inner.has(v.name)).map((v) => cast(`${v.name}_${type}`, v.name, 1));
  return { ...model, graph: { ...graph, nodes: [...before, ...renamed, ...after], constants, types: new Map() } };
}

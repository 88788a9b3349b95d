// Zeros in place of a product, for runs in which only the type and the shape of its result are looked at: products are nearly all of a network's work.
import { allocate, int64, type Tensor } from '../core/tensor.js';
import type { Node } from '../onnx/graph.js';

type Dims = readonly number[];

/** What takes the place of a node: a node of the same output, and the constant that it reads. */
export interface StandIn {
  readonly node: Node;
  readonly constant: readonly [name: string, value: Tensor];
}

/**
 * A node that makes zeros of the result's shape `result` (see extents) and type. Undefined where the node is no product with a constant, or where
 * its shapes do not fit exactly: onnxruntime is to say then what is wrong.
 */
export function standIn(
  node: Node,
  result: Dims,
  dims: (name: string) => Dims | undefined,
  constant: (name: string) => Tensor | undefined,
): StandIn | undefined {
  const fits = node.domain === '' ? FITS[node.op] : undefined;
  const weight = constant(node.inputs[1] ?? '');
  const x = dims(node.inputs[0] ?? '');
  const bias = node.inputs[2] ? dims(node.inputs[2]) : undefined;
  if (!fits || !x || !weight?.type.startsWith('float') || (node.inputs[2] && !bias) || !result.every((d) => d > 0))
    return undefined;
  if (!fits(node, x, weight.dims, bias, result)) return undefined;
  const zero = { type: weight.type, dims: [1], data: allocate(weight.type, [1]) };
  const shape = `shape of ${node.outputs[0]!}`;
  return {
    node: { ...node, op: 'ConstantOfShape', inputs: [shape], attributes: { value: { kind: 'tensor', value: zero } } },
    constant: [shape, int64(result)],
  };
}

type Fits = (node: Node, x: Dims, w: Dims, bias: Dims | undefined, result: Dims) => boolean;

/** Does this list attribute have this many entries, or none? */
const counts = (node: Node, name: string, length: number): boolean => {
  const value = node.attributes[name]?.value;
  return value === undefined || (Array.isArray(value) && value.length === length);
};

const FITS: Readonly<Record<string, Fits>> = {
  Conv: (node, x, w, bias) => {
    const axes = x.length - 2;
    const group = (node.attributes['group']?.value as number | undefined) ?? 1;
    const kernel = node.attributes['kernel_shape']?.value as Dims | undefined;
    return (
      axes > 0 &&
      w.length === x.length &&
      x[1] === w[1]! * group &&
      w[0]! % group === 0 &&
      (kernel === undefined || kernel.join() === w.slice(2).join()) &&
      counts(node, 'strides', axes) &&
      counts(node, 'dilations', axes) &&
      counts(node, 'pads', 2 * axes) &&
      (bias === undefined || bias.join() === String(w[0]))
    );
  },
  Gemm: (node, x, w, bias, result) => {
    const inner = [x[node.attributes['transA']?.value ? 0 : 1], w[node.attributes['transB']?.value ? 1 : 0]];
    // The bias [N], [M, N] or with ones is broadcast to the result [M, N].
    const added = bias === undefined || (bias.length < 3 && bias.every((d, i) => d === 1 || d === result[i + 2 - bias.length]));
    return x.length === 2 && w.length === 2 && inner[0] === inner[1] && added;
  },
  MatMul: (_, x, w) => x.length > 1 && w.length === 2 && x.at(-1) === w[0],
};

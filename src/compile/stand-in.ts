// Zeros in place of a product, for runs in which only the type and the shape of its result are looked at: products are nearly all of a network's work.
import type { Dims, OpAdapter } from '../../adapters/op.js';
import { allocate, int64, isIeeeFloat, type Tensor } from '../core/tensor.js';
import type { Node } from '../onnx/graph.js';
import { fitsExactly, type Known } from './extents.js';

/** What takes the place of a node: a node of the same output, and the constant that it reads. */
export interface StandIn {
  readonly node: Node;
  readonly constant: readonly [name: string, value: Tensor];
}

/**
 * A node that makes zeros of the result's shape `y` (see extents) and type. Undefined where the op is no product with constant weights of floats
 * (`fits` of its adapter), or where its shapes do not fit exactly: onnxruntime is to say then what is wrong.
 */
export function standIn(
  node: Node,
  y: Dims,
  known: Known,
  weights: Tensor | undefined,
  adapter: OpAdapter | undefined,
): StandIn | undefined {
  if (!weights || !isIeeeFloat(weights.type) || !y.every((d) => d > 0) || !fitsExactly(node, known, adapter, y)) return undefined;
  const zero = { type: weights.type, dims: [1], data: allocate(weights.type, [1]) };
  const shape = `shape of ${node.outputs[0]!}`;
  return {
    node: { ...node, op: 'ConstantOfShape', domain: '', inputs: [shape], attributes: { value: { kind: 'tensor', value: zero } } },
    constant: [shape, int64(y)],
  };
}

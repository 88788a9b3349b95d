// How large a node's outputs will be, told before it runs: asks the op's adapter (`size`).
import { broadcasted } from '../../adapters/kernels/sizes.js';
import { resolveAttributes, type Dims, type OpAdapter, type Sizes, type UnsizedNode } from '../../adapters/op.js';
import { sizeOf, toNumbers, type Tensor } from '../core/tensor.js';
import type { Node } from '../onnx/graph.js';
import { refuse } from './static.js';

/** What is known of a node's inputs. `dims` and `value` of a value are undefined while nobody has run what makes it. */
export interface Known {
  readonly dims: (name: string) => Dims | undefined;
  readonly value: (name: string) => Tensor | undefined;
}

/** Dims of the outputs, the first ones at least, and elements that the op holds besides them. */
export interface Extents {
  readonly outputs: readonly Dims[];
  readonly workspace: number;
}

/**
 * What a node of the dialect will make, by its adapter; undefined where that has no rule, where one of its inputs is not known yet, or where the
 * node makes no sense: whoever runs it refuses it then. Lengths may be Infinity. Throws a Refusal where the adapter refuses the node.
 */
export function extentsOf(node: Node, known: Known, adapter: OpAdapter | undefined): Extents | undefined {
  const rule = adapter?.size ?? (adapter?.broadcasts ? broadcasted : undefined);
  if (!adapter || !rule) return undefined;
  const sizes = asked((): Sizes => rule(unsized(node, known), resolveAttributes(adapter, node)));
  if (!sizes) return undefined;
  const found = 'outputs' in sizes ? sizes : { outputs: sizes, workspace: 0 };
  // A size that is no number: Infinity times nothing, as of a Col2Im of blocks without elements.
  const sound = found.outputs.every((dims) => dims.every((d) => d >= 0) && !Number.isNaN(sizeOf(dims)));
  return sound && !Number.isNaN(found.workspace) ? found : undefined;
}

/** Can this op make more elements than it is given? */
export const canGrow = (adapter: OpAdapter | undefined): boolean => Boolean(adapter?.grows ?? adapter?.broadcasts);

/** Do the shapes of this product fit `y`, the shape of its output, exactly? False also of what is no product, or not known yet. */
export const fitsExactly = (node: Node, known: Known, adapter: OpAdapter | undefined, y: Dims): boolean =>
  asked(() => adapter?.fits?.(unsized(node, known), resolveAttributes(adapter, node), y)) ?? false;

/** Ends a rule that asks for what is not known. */
class NotKnown extends Error {}

/** What a rule says; undefined where it asked for what is not known, or stumbled over ranks that make no sense. */
function asked<T>(rule: () => T): T | undefined {
  try {
    return rule();
  } catch (error) {
    if (error instanceof NotKnown || error instanceof TypeError || error instanceof RangeError) return undefined;
    throw error;
  }
}

function unsized(node: Node, known: Known): UnsizedNode {
  const must = <T>(value: T | undefined): T => {
    if (value === undefined) throw new NotKnown();
    return value;
  };
  const dims = (index: number): Dims => must(known.dims(node.inputs[index] ?? ''));
  return {
    node,
    has: (index) => (node.inputs[index] ?? '') !== '',
    dims,
    all: () => node.inputs.flatMap((name, i) => (name === '' ? [] : [dims(i)])),
    numbers: (index) => Array.from(toNumbers(must(known.value(node.inputs[index] ?? '')))),
    refuse: (reason, advice) => refuse(node, reason, advice),
  };
}

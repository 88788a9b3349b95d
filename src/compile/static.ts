// A node of a static graph with its types and constants at hand, as adapters receive it; and the table of adapters by op.
import type { OpAdapter, StaticNode } from '../../adapters/op.js';
import { LanError, type Problem } from '../core/errors.js';
import type { Tensor } from '../core/tensor.js';
import { nodeLabel, type Node, type ValueType } from '../onnx/graph.js';

type Find = (node: { op: string; domain: string }) => OpAdapter | undefined;

/** Every pass asks for the table of the same list: a model is opened with a dozen passes, and 230 ops take longer to list than a small graph to walk. */
const tables = new WeakMap<readonly OpAdapter[], Find>();

/** Adapters by domain and op. A later one replaces an earlier one, so a plug-in can override. */
export function adapterTable(adapters: readonly OpAdapter[]): Find {
  let find = tables.get(adapters);
  if (!find) {
    const table = new Map(adapters.map((a) => [`${a.domain ?? ''}:${a.op}`, a]));
    find = (node) => table.get(`${node.domain}:${node.op}`);
    tables.set(adapters, find);
  }
  return find;
}

/** What `refuse` throws; the passes collect these and report them together. */
export class Refusal extends LanError {
  constructor(
    /** As one of a list. */
    readonly as: Problem,
  ) {
    super('unsupported', `${as.problem}.`, as.advice);
  }
}

/** Throws a Refusal that names the node. `reason`: without a full stop; `advice`: a sentence. */
export function refuse(node: Node, reason: string, advice?: string): never {
  throw new Refusal({ problem: `${nodeLabel(node)}: ${reason}`, ...(advice === undefined ? {} : { advice }) });
}

interface Values {
  readonly types: ReadonlyMap<string, ValueType>;
  readonly constants: ReadonlyMap<string, Tensor>;
}

const SCALAR: ValueType = { type: 'float32', dims: [] };

/** The view of a node whose values have static types. */
export function staticNode(node: Node, values: Values): StaticNode {
  const typeOf = (name: string | undefined): ValueType => {
    if (!name) return SCALAR;
    return values.types.get(name) ?? values.constants.get(name) ?? refuse(node, `the shape of value '${name}' is not known`);
  };
  const x = new Proxy(node.inputs as string[], {
    get: (target, key) =>
      typeof key === 'string' && /^\d+$/.test(key) ? (target[Number(key)] ?? '') : (Reflect.get(target, key) as unknown),
  });
  return {
    node,
    x,
    y: node.outputs,
    type: (i) => typeOf(node.inputs[i]),
    outputType: (i) => typeOf(node.outputs[i]),
    constant: (i) => values.constants.get(node.inputs[i] ?? ''),
    refuse: (reason, advice) => refuse(node, reason, advice),
  };
}

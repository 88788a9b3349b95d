// Quantised values in a canonical graph: whole numbers carried in float32, so that a gradient passes where a file has int8 or uint8.
import { resolveAttributes, type Moves, type OpAdapter } from '../../adapters/op.js';
import type { DType } from '../core/tensor.js';
import { renameNode, type GraphBuilder } from '../onnx/builder.js';
import { reads, type Graph, type Node } from '../onnx/graph.js';
import { dtypeNumber, dtypeOf } from '../onnx/tensors.js';

/** Which values of the graph under construction carry whole numbers, and of which type. */
export class Carried {
  private readonly carried = new Map<string, DType>();
  private readonly known = new Map<string, DType>();
  private readonly cast = new Map<string, string>();

  constructor(
    private readonly g: GraphBuilder,
    graph: Graph,
  ) {
    for (const input of graph.inputs) if (input.type) this.known.set(input.name, input.type);
  }

  has = (value: string): boolean => this.carried.has(value);

  /** dtype of a value as the file has it, where it is known. */
  typeOf(value: string): DType | undefined {
    return this.carried.get(value) ?? this.g.constants.get(value)?.type ?? this.known.get(value);
  }

  set(value: string, type: DType): void {
    this.carried.set(value, type);
  }

  /** The value in its own dtype. */
  plain(value: string): string {
    const type = this.carried.get(value);
    if (type === undefined) return value;
    const made = this.cast.get(value) ?? this.g.cast(value, dtypeNumber(type));
    this.cast.set(value, made);
    return made;
  }

  /** The node with inputs that it can take; `moves`: the type that its outputs carry then. */
  taken(node: Node, adapter: OpAdapter | undefined): { node: Node; moves?: DType } {
    if (adapter?.carries || !reads(node).some(this.has)) return { node };
    const moves = movesOf(node, adapter)?.inputs ?? [];
    const shared = moves === 'all' ? node.inputs.map((_, i) => i) : moves;
    const type = shared.map((i) => this.carried.get(node.inputs[i]!)).find((t) => t !== undefined);
    if (type === undefined) return { node: renameNode(node, (name) => this.plain(name)) };
    const inputs = node.inputs.map((name, i) => {
      if (name === '' || !shared.includes(i)) return this.plain(name);
      return this.has(name) ? name : this.g.cast(name, dtypeNumber('float32'));
    });
    return { node: { ...node, inputs }, moves: type };
  }

  /** Notes what the outputs of a node hold, which moves whole numbers of type `moves`. */
  noteOutputs(node: Node, adapter: OpAdapter | undefined, outputs: readonly string[], moves: DType | undefined): void {
    const to = node.attributes['to']?.value;
    if (node.op === 'Cast' && typeof to === 'number') this.known.set(outputs[0]!, dtypeOf(to) ?? 'float32');
    if (!moves) return;
    const moved = movesOf(node, adapter)?.outputs === 'all' ? outputs : outputs.slice(0, 1);
    for (const name of moved) if (name !== '') this.set(name, moves);
  }

  /** Gives graph outputs their dtype back: what carried `name` gets another name, and a Cast writes `name`. */
  restore(name: string): void {
    const { g } = this;
    const type = this.carried.get(name);
    if (type === undefined) return;
    const inner = g.fresh(`${name}_carried`);
    for (let i = 0; i < g.nodes.length; i++) g.nodes[i] = renameNode(g.nodes[i]!, (n) => (n === name ? inner : n));
    g.append('Cast', [inner], [name], { to: dtypeNumber(type) });
  }
}

/** What an op hands on unchanged, by its adapter. All other ops get whole numbers in their own dtype. */
const movesOf = (node: Node, adapter: OpAdapter | undefined): Moves | undefined =>
  typeof adapter?.moves === 'function' ? adapter.moves(resolveAttributes(adapter, node)) : adapter?.moves;

/** The quantisers' Rounds of a canonical graph. A file's own Round is read by a Floor. */
function straightThrough({ nodes }: Graph): Set<Node> {
  const floored = new Set(nodes.filter((n) => n.op === 'Floor').map((n) => n.inputs[0]));
  return new Set(nodes.filter((n) => n.op === 'Round' && n.domain === '' && !floored.has(n.outputs[0])));
}

/** Does the canonical graph quantise values? */
export const isQuantised = (graph: Graph): boolean => straightThrough(graph).size > 0;

/**
 * The canonical graph with its quantisers' rounding left out; what saturates, saturates. The straight-through gradient is this function's
 * derivative, taken where rounding leads.
 */
export function withoutRounding(graph: Graph): Graph {
  const rounds = straightThrough(graph);
  return { ...graph, nodes: graph.nodes.map((n) => (rounds.has(n) ? { ...n, op: 'Identity' } : n)) };
}

// The in-memory form of an ONNX model: plain data, no classes, names as in the file.
import { LanError } from '../core/errors.js';
import type { DType, Tensor } from '../core/tensor.js';

/** An attribute with its ONNX kind, so that 1 (int) and 1.0 (float) stay apart. */
export type Attribute =
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'tensor'; readonly value: Tensor }
  | { readonly kind: 'graph'; readonly value: Graph }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  | { readonly kind: 'tensors'; readonly value: readonly Tensor[] }
  | { readonly kind: 'graphs'; readonly value: readonly Graph[] }
  /** `value` is the message as decoded: sparse tensors and type descriptions, carried through unread. */
  | { readonly kind: 'opaque'; readonly type: number; readonly value: unknown }
  /** Inside a function body: stands for the attribute of the calling node. */
  | { readonly kind: 'reference'; readonly type: number; readonly value: string };

/** One operation. An empty string among the inputs or outputs is an omitted one. */
export interface Node {
  readonly op: string;
  /** '' is the standard domain (ai.onnx). */
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A known dtype and static shape. */
export interface ValueType {
  readonly type: DType;
  readonly dims: readonly number[];
}

/** A graph input or output as declared: a dim may be a number, a symbol ("batch") or unknown (null). */
export interface ValueInfo {
  readonly name: string;
  readonly kind: 'tensor' | 'other';
  readonly type?: DType;
  readonly dims?: readonly (number | string | null)[];
}

/** Nodes in dependency order. `constants` are initialisers. `types` is complete on a static graph, else whatever is known. */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly nodes: readonly Node[];
  readonly constants: ReadonlyMap<string, Tensor>;
  readonly types: ReadonlyMap<string, ValueType>;
}

/** A model-local function: a named body whose attributes are given by its callers. */
export interface FunctionBody {
  readonly name: string;
  readonly domain: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly defaults: Readonly<Record<string, Attribute>>;
  readonly nodes: readonly Node[];
  readonly opsets: ReadonlyMap<string, number>;
}

/** A whole ONNX file. */
export interface Model {
  readonly irVersion: number;
  readonly producer: string;
  /** Version by domain; '' is ai.onnx. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly functions: readonly FunctionBody[];
  readonly graph: Graph;
}

/** How messages name a node: `Conv 'conv1'`, or by its first output where it has no name. */
export const nodeLabel = (node: Node): string =>
  `${node.domain ? `${node.domain}.` : ''}${node.op} '${node.name || node.outputs.find((o) => o) || '?'}'`;

/** Every graph that is an attribute of the node (bodies of If, Loop, Scan). */
export function subgraphs(node: Node): Graph[] {
  return Object.values(node.attributes).flatMap((a) =>
    a.kind === 'graph' ? [a.value] : a.kind === 'graphs' ? [...a.value] : [],
  );
}

/** Names that a node reads, values that its subgraphs capture from outside included. */
export function reads(node: Node): string[] {
  const names = node.inputs.filter((n) => n !== '');
  for (const graph of subgraphs(node)) names.push(...captured(graph));
  return names;
}

/** Names that a node writes; an output that is not wanted has none. */
export const writes = (node: Node): string[] => node.outputs.filter((n) => n !== '');

/** The node that writes each value. */
export const makersOf = (nodes: readonly Node[]): Map<string, Node> =>
  new Map(nodes.flatMap((n) => writes(n).map((o) => [o, n] as const)));

/** The nodes that read each value, each once, in their order. */
export function readersOf(nodes: readonly Node[]): Map<string, Node[]> {
  const readers = new Map<string, Node[]>();
  for (const node of nodes)
    for (const value of new Set(reads(node))) {
      const known = readers.get(value);
      if (known) known.push(node);
      else readers.set(value, [node]);
    }
  return readers;
}

function captured(graph: Graph): string[] {
  const own = new Set<string>([
    ...graph.inputs.map((i) => i.name),
    ...graph.constants.keys(),
    ...graph.nodes.flatMap((n) => n.outputs),
  ]);
  return [...graph.nodes.flatMap(reads), ...graph.outputs.map((o) => o.name)].filter((n) => !own.has(n));
}

/**
 * Nodes in dependency order, stable where the given order already is one.
 * Throws LanError naming the members of a cycle, a value written twice, or one that nothing produces.
 */
export function sortNodes(nodes: readonly Node[], known: Iterable<string>, where: string): Node[] {
  const producer = new Map<string, Node>();
  const given = new Set(known);
  for (const node of nodes) {
    for (const output of node.outputs) {
      if (output === '') continue;
      if (producer.has(output) || given.has(output)) {
        throw new LanError('model', `${where}: value '${output}' is written twice, the second time by ${nodeLabel(node)}.`);
      }
      producer.set(output, node);
    }
  }
  const done = new Set<Node>();
  const open = new Set<Node>();
  const sorted: Node[] = [];
  // An explicit stack: a hostile file may chain a million nodes.
  for (const root of nodes) {
    const stack: { node: Node; inputs: string[]; next: number }[] = [];
    const enter = (node: Node): void => {
      open.add(node);
      stack.push({ node, inputs: reads(node), next: 0 });
    };
    if (!done.has(root)) enter(root);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const name = top.inputs[top.next++];
      if (name === undefined) {
        stack.pop();
        open.delete(top.node);
        done.add(top.node);
        sorted.push(top.node);
        continue;
      }
      if (given.has(name)) continue;
      const from = producer.get(name);
      if (!from)
        throw new LanError(
          'model',
          `${where}: ${nodeLabel(top.node)} reads '${name}', which no node, input or initializer provides.`,
        );
      if (done.has(from)) continue;
      if (open.has(from)) {
        const cycle = stack.map((s) => s.node).slice(stack.findIndex((s) => s.node === from));
        const shown = cycle.length > 6 ? [...cycle.slice(0, 5), ...cycle.slice(-1)] : cycle;
        throw new LanError(
          'model',
          `${where}: the graph has a cycle of ${cycle.length} node(s): ${shown.map(nodeLabel).join(' -> ')} -> (first).`,
        );
      }
      enter(from);
    }
  }
  return sorted;
}

/** The graph without nodes and constants that no output needs. */
export function prune(graph: Graph): Graph {
  const needed = new Set(graph.outputs.map((o) => o.name));
  const nodes: Node[] = [];
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i]!;
    if (!node.outputs.some((o) => o !== '' && needed.has(o))) continue;
    for (const name of reads(node)) needed.add(name);
    nodes.push(node);
  }
  const constants = new Map([...graph.constants].filter(([name]) => needed.has(name)));
  // Inputs stay, so their types do: the gradient by one that nothing reads is zeros of its shape.
  const kept = new Set([...needed, ...graph.inputs.map((i) => i.name)]);
  const types = new Map([...graph.types].filter(([name]) => kept.has(name)));
  for (const node of nodes) for (const o of node.outputs) if (graph.types.has(o)) types.set(o, graph.types.get(o)!);
  return { ...graph, nodes: nodes.reverse(), constants, types };
}

// Sequences are lists of values that are known while compiling: each of their ops becomes plain nodes, or nothing.
import { int64 } from '../core/tensor.js';
import type { GraphBuilder } from '../onnx/builder.js';
import type { Graph, Node } from '../onnx/graph.js';
import { refuse } from './static.js';

/** What the walk over the graph (control.ts) gives the rules. */
export interface Walking {
  readonly g: GraphBuilder;
  /** Names of the tensors of each sequence, by its name. */
  readonly sequences: Map<string, readonly string[]>;
  /** Nodes to come next, in this order. */
  schedule(nodes: readonly Node[]): void;
  /** Numbers of a value; refuses the node, as `what`, where they depend on the input's values. */
  numbers(node: Node, name: string, what: string): Promise<number[]>;
  dims(node: Node, name: string): Promise<readonly number[]>;
  /** A body's nodes under fresh names, reading `feeds` in place of its inputs, and the names of its outputs. */
  copy(body: Graph, feeds: readonly string[]): { nodes: Node[]; outputs: string[] };
}

/** A node of the standard domain, named after its output. */
export const plain = (
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  ints: Record<string, number> = {},
): Node => ({
  op,
  domain: '',
  name: outputs[0]!,
  inputs,
  outputs,
  attributes: Object.fromEntries(Object.entries(ints).map(([name, value]) => [name, { kind: 'int' as const, value }])),
});

/** Identities that give values the names that are waited for. */
export const named = (values: readonly string[], wanted: readonly string[]): Node[] =>
  wanted.flatMap((name, i) => (name === '' ? [] : [plain('Identity', [values[i]!], [name])]));

/** Nodes that join values along a new axis. */
export function stacked(g: GraphBuilder, values: readonly string[], axis: number, as: string): Node[] {
  const rows = values.map((value) => g.fresh(`${value}_row`));
  const axes = g.ints([axis]);
  return [...values.map((value, i) => plain('Unsqueeze', [value, axes], [rows[i]!])), plain('Concat', rows, [as], { axis })];
}

/** Nodes that cut a value into parts of these lengths along an axis, and without that axis where it is to go. */
export function parted(
  g: GraphBuilder,
  value: string,
  lengths: readonly number[],
  axis: number,
  keep: boolean,
): { nodes: Node[]; parts: string[] } {
  const parts = lengths.map(() => g.fresh(`${value}_part`));
  const split = parts.length === 0 ? [] : [plain('Split', [value, g.ints(lengths)], parts, { axis })];
  if (keep) return { nodes: split, parts };
  const thin = parts.map((part) => g.fresh(`${part}_thin`));
  const axes = g.ints([axis]);
  return { nodes: [...split, ...parts.map((part, i) => plain('Squeeze', [part, axes], [thin[i]!]))], parts: thin };
}

type Rule = (node: Node, w: Walking) => void | Promise<void>;

const attribute = (node: Node, name: string, otherwise: number): number => Number(node.attributes[name]?.value ?? otherwise);

function listOf(node: Node, w: Walking): readonly string[] {
  return w.sequences.get(node.inputs[0]!) ?? refuse(node, `'${node.inputs[0]}' is no sequence`);
}

/** A position in a list, counted from the end where negative; at most `most`. */
async function positionOf(node: Node, w: Walking, index: number, length: number, most: number): Promise<number> {
  const name = node.inputs[index] ?? '';
  const [given] = name === '' ? [most] : await w.numbers(node, name, 'its position');
  const at = given! < 0 ? given! + length : given!;
  return at >= 0 && at <= most ? at : refuse(node, `position ${given} is outside of a sequence of ${length}`);
}

/** Lengths of SplitToSequence's parts (version 11): one each, chunks of one length with a shorter last, or as listed. */
async function lengthsOf(node: Node, w: Walking, length: number): Promise<number[]> {
  const split = node.inputs[1] ?? '';
  if (split === '') return new Array<number>(length).fill(1);
  const given = await w.numbers(node, split, 'its split');
  if ((await w.dims(node, split)).length > 0) return given;
  const chunk = given[0]!;
  if (!(chunk > 0)) return refuse(node, `it splits into chunks of ${chunk}`);
  return Array.from({ length: Math.ceil(length / chunk) }, (_, i) => Math.min(chunk, length - i * chunk));
}

const RULES: Readonly<Record<string, Rule>> = {
  SequenceEmpty: ({ outputs }, w) => void w.sequences.set(outputs[0]!, []),
  SequenceConstruct: ({ inputs, outputs }, w) => void w.sequences.set(outputs[0]!, inputs),
  SequenceInsert: async (node, w) => {
    const list = listOf(node, w);
    const at = await positionOf(node, w, 2, list.length, list.length);
    w.sequences.set(node.outputs[0]!, list.toSpliced(at, 0, node.inputs[1]!));
  },
  SequenceErase: async (node, w) => {
    const list = listOf(node, w);
    w.sequences.set(node.outputs[0]!, list.toSpliced(await positionOf(node, w, 1, list.length, list.length - 1), 1));
  },
  SequenceAt: async (node, w) => {
    const list = listOf(node, w);
    w.schedule(named([list[await positionOf(node, w, 1, list.length, list.length - 1)]!], node.outputs));
  },
  SequenceLength: (node, w) => w.schedule(named([w.g.constant(int64([listOf(node, w).length], []))], node.outputs)),
  ConcatFromSequence: (node, w) => {
    const list = listOf(node, w);
    if (list.length === 0) refuse(node, 'there is nothing in its sequence');
    const axis = attribute(node, 'axis', 0);
    const joins = attribute(node, 'new_axis', 0) === 0;
    w.schedule(joins ? [plain('Concat', list, node.outputs, { axis })] : stacked(w.g, list, axis, node.outputs[0]!));
  },
  SplitToSequence: async (node, w) => {
    const dims = await w.dims(node, node.inputs[0]!);
    const signed = attribute(node, 'axis', 0);
    const axis = signed < 0 ? signed + dims.length : signed;
    const lengths = await lengthsOf(node, w, dims[axis]!);
    // keepdims is ignored where split is given (SplitToSequence-11).
    const keep = (node.inputs[1] ?? '') !== '' || attribute(node, 'keepdims', 1) !== 0;
    const { nodes, parts } = parted(w.g, node.inputs[0]!, lengths, axis, keep);
    w.sequences.set(node.outputs[0]!, parts);
    w.schedule(nodes);
  },
  SequenceMap: (node, w) => {
    const body = node.attributes['body'];
    if (body?.kind !== 'graph') return refuse(node, 'it has no body');
    const made = listOf(node, w).map(
      (_, i) =>
      w.copy(body.value, node.inputs.map((name) => w.sequences.get(name)?.[i] ?? name)), // prettier-ignore
    );
    node.outputs.forEach((name, k) => w.sequences.set(name, made.map((m) => m.outputs[k]!))); // prettier-ignore
    w.schedule(made.flatMap((m) => m.nodes));
  },
};

/** Is the node an op of the standard domain that makes, changes or reads a sequence? Only such a node may go to `resolveSequence`. */
export const isSequenceOp = (node: Node): boolean => node.domain === '' && Object.hasOwn(RULES, node.op);

/** Resolves one node for which isSequenceOp holds. Refuses it where what it does depends on the input's values. */
export const resolveSequence = async (node: Node, w: Walking): Promise<void> => RULES[node.op]!(node, w);

// Appends nodes and constants to a graph under fresh names. The one way in which this project makes ONNX graphs.
import { LanError } from '../core/errors.js';
import { own } from '../core/own.js';
import { float32, int64, type DType, type Tensor } from '../core/tensor.js';
import { prune, type Attribute, type Graph, type Node, type ValueInfo, type ValueType } from './graph.js';

/** What `op` takes for an attribute: number is an int, number[] are ints; floats are marked with `float(...)`, `floats(...)`. */
export type AttributeInput = number | string | readonly number[] | readonly string[] | Attribute | undefined;

/** Marks a float attribute. */
export const float = (value: number): Attribute => ({ kind: 'float', value });

/** Marks a list of float attributes. */
export const floats = (value: readonly number[]): Attribute => ({ kind: 'floats', value });

/** A bare JavaScript value as an attribute of the kind that `AttributeInput` says. */
export function toAttribute(input: Exclude<AttributeInput, undefined>): Attribute {
  if (typeof input === 'number') return { kind: 'int', value: input };
  if (typeof input === 'string') return { kind: 'string', value: input };
  if (Array.isArray(input)) {
    return typeof input[0] === 'string'
      ? { kind: 'strings', value: input as string[] }
      : { kind: 'ints', value: input as number[] };
  }
  return input as Attribute;
}

/**
 * Builds one Graph. Values are names; every method returns the name of what it made.
 * @example const g = new GraphBuilder(); g.output(g.op('Relu', [g.input('x', 'float32', [1, 4])]), 'y'); const graph = g.build();
 */
export class GraphBuilder {
  readonly nodes: Node[] = [];
  readonly constants = new Map<string, Tensor>();
  readonly types = new Map<string, ValueType>();
  readonly inputs: ValueInfo[] = [];
  private readonly taken = new Set<string>();
  private readonly pool = new Map<string, string>();
  private outputs: ValueInfo[] = [];
  private counter = 0;

  constructor(readonly name = 'graph') {}

  /** A builder that goes on where `graph` ends: its nodes, constants, inputs and types are taken over, its outputs are not. */
  static from(graph: Graph): GraphBuilder {
    const g = new GraphBuilder(graph.name);
    g.inputs.push(...graph.inputs);
    g.nodes.push(...graph.nodes);
    for (const [k, v] of graph.constants) g.constants.set(k, v);
    for (const [k, v] of graph.types) g.types.set(k, v);
    g.reserve([...graph.inputs.map((i) => i.name), ...graph.constants.keys(), ...graph.nodes.flatMap((n) => n.outputs)]);
    return g;
  }

  /** Keeps names out of what `fresh` gives. */
  reserve(names: Iterable<string>): void {
    for (const name of names) this.taken.add(name);
  }

  /** An unused name that starts with `hint`. */
  fresh(hint: string): string {
    let name = hint;
    while (this.taken.has(name) || name === '') name = `${hint}_${++this.counter}`;
    this.taken.add(name);
    return name;
  }

  /**
   * Declares a graph input of this name; a value inside that has it steps aside. Throws LanError where an input or output has it already.
   */
  input(name: string, type: DType, dims?: readonly (number | string | null)[]): string {
    if (!this.stepAside(name)) throw new LanError('model', `The graph already has a value '${name}'.`);
    this.taken.add(name);
    this.inputs.push({ name, kind: 'tensor', type, dims });
    if (dims?.every((d) => typeof d === 'number')) this.types.set(name, { type, dims: dims });
    return name;
  }

  /** An input called `hint`, or with a number behind it where another input or an output is called so. */
  freeInput(hint: string, type: DType, dims?: readonly (number | string | null)[]): string {
    let name = hint;
    for (let i = 1; !this.stepAside(name); i++) name = `${hint}_${i}`;
    return this.input(name, type, dims);
  }

  /** Frees a name by renaming the value inside that has it; false where it is an input's or output's, which others know it by. */
  private stepAside(name: string): boolean {
    if (!this.taken.has(name)) return true;
    if (this.inputs.some((i) => i.name === name) || this.outputs.some((o) => o.name === name)) return false;
    const aside = this.fresh(name);
    const rename = (value: string): string => (value === name ? aside : value);
    this.nodes.splice(0, this.nodes.length, ...this.nodes.map((n) => renameNode(n, rename)));
    for (const map of [this.constants, this.types] as Map<string, unknown>[]) {
      if (!map.has(name)) continue;
      map.set(aside, map.get(name));
      map.delete(name);
    }
    for (const [key, value] of this.pool) if (value === name) this.pool.set(key, aside);
    this.taken.delete(name);
    return true;
  }

  /** A constant. Small equal ones are stored once. */
  constant(tensor: Tensor, hint = 'c'): string {
    const key =
      tensor.data.length <= 16
        ? `${tensor.type}[${tensor.dims.join()}]${Array.from(tensor.data as Float32Array, (v) => (Object.is(v, -0) ? '-0' : v)).join()}`
        : undefined;
    const known = key === undefined ? undefined : this.pool.get(key);
    if (known !== undefined) return known;
    const name = this.fresh(hint);
    this.constants.set(name, tensor);
    this.types.set(name, { type: tensor.type, dims: tensor.dims });
    if (key !== undefined) this.pool.set(key, name);
    return name;
  }

  /** A float32 scalar constant. */
  scalar(value: number): string {
    return this.constant(float32([value], []));
  }

  /** An int64 vector constant, as axes and shapes are given. */
  ints(values: readonly number[]): string {
    return this.constant(int64(values));
  }

  /** Appends a node with one output. `inputs` may hold '' for omitted ones; trailing ones are dropped. */
  op(op: string, inputs: readonly string[], attributes: Record<string, AttributeInput> = {}, domain = ''): string {
    return this.ops(op, inputs, 1, attributes, domain)[0]!;
  }

  /** Appends a node with `count` outputs. */
  ops(
    op: string,
    inputs: readonly string[],
    count: number,
    attributes: Record<string, AttributeInput> = {},
    domain = '',
  ): string[] {
    const outputs = Array.from({ length: count }, (_, i) => this.fresh(`${op}${count > 1 ? i : ''}_${this.nodes.length}`));
    this.append(op, inputs, outputs, attributes, domain);
    return outputs;
  }

  /** Appends a node whose output names are given ('' for an unused one). */
  append(
    op: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Record<string, AttributeInput> = {},
    domain = '',
    name = '',
  ): void {
    let last = inputs.length;
    while (last > 0 && inputs[last - 1] === '') last--;
    const entries = Object.entries(attributes).filter(
      (e): e is [string, Exclude<AttributeInput, undefined>] => e[1] !== undefined,
    );
    this.taken.add(outputs[0] ?? '');
    for (const o of outputs) this.taken.add(o);
    this.nodes.push({
      op,
      domain,
      name: name || outputs.find((o) => o) || '',
      inputs: inputs.slice(0, last),
      outputs,
      attributes: Object.fromEntries(entries.map(([k, v]) => [k, toAttribute(v)])),
    });
  }

  /** Dtype and dims of a value. Throws LanError when they are not known yet. */
  typeOf(value: string): ValueType {
    const type = this.types.get(value);
    if (!type) throw new LanError('model', `The shape of value '${value}' is not known.`);
    return type;
  }

  // Shorthands for the ops that rules use most.
  add = (a: string, b: string): string => this.op('Add', [a, b]);
  sub = (a: string, b: string): string => this.op('Sub', [a, b]);
  mul = (a: string, b: string): string => this.op('Mul', [a, b]);
  div = (a: string, b: string): string => this.op('Div', [a, b]);
  neg = (a: string): string => this.op('Neg', [a]);
  where = (condition: string, a: string, b: string): string => this.op('Where', [condition, a, b]);
  greater = (a: string, b: string): string => this.op('Greater', [a, b]);
  matMul = (a: string, b: string): string => this.op('MatMul', [a, b]);
  cast = (a: string, to: number): string => this.op('Cast', [a], { to });
  reshape = (a: string, dims: readonly number[]): string => this.op('Reshape', [a, this.ints(dims)]);
  transpose = (a: string, perm: readonly number[]): string => this.op('Transpose', [a], { perm: [...perm] });
  reduceSum = (a: string, axes: readonly number[], keepdims: boolean): string =>
    axes.length === 0 ? a : this.op('ReduceSum', [a, this.ints(axes)], { keepdims: keepdims ? 1 : 0 });
  /** steps default to 1; `ends` may be a huge number for "to the end". */
  slice = (
    a: string,
    starts: readonly number[],
    ends: readonly number[],
    axes: readonly number[],
    steps?: readonly number[],
  ): string => this.op('Slice', [a, this.ints(starts), this.ints(ends), this.ints(axes), steps ? this.ints(steps) : '']);
  get zero(): string {
    return this.scalar(0);
  }
  get one(): string {
    return this.scalar(1);
  }

  /**
   * Sums `value` of shape `from` down to shape `to`, the reverse of numpy broadcasting. A no-op when they are equal.
   */
  unbroadcast(value: string, from: readonly number[], to: readonly number[]): string {
    if (from.length === to.length && from.every((d, i) => d === to[i])) return value;
    const lead = from.length - to.length;
    const axes = from.flatMap((d, i) => (i < lead || (to[i - lead] === 1 && d !== 1) ? [i] : []));
    const sum = this.reduceSum(value, axes, true);
    return lead > 0 ? this.reshape(sum, to) : sum;
  }

  /**
   * Copies another graph in, reading `feeds` in place of its inputs (an input without a feed becomes an input here).
   * Names keep their spelling where free. Returns its outputs' names here. `shared` remembers where its constants went, so that a graph copied
   * in several times holds its weights once: pass the same map each time.
   */
  inline(graph: Graph, feeds: Readonly<Record<string, string>>, shared = new Map<string, string>()): Record<string, string> {
    const names = new Map<string, string>([['', '']]);
    for (const input of graph.inputs) {
      const feed = own(feeds, input.name);
      if (feed === undefined && !this.taken.has(input.name)) this.input(input.name, input.type ?? 'float32', input.dims);
      names.set(input.name, feed ?? input.name);
    }
    for (const [name, tensor] of graph.constants) {
      // Graphs of the same model at two batches share its weights, but not what was folded for one of the batches under the same name.
      const known = shared.get(name);
      const here = known !== undefined && this.constants.get(known) === tensor ? known : this.fresh(name);
      shared.set(name, here);
      names.set(name, here);
      this.constants.set(here, tensor);
      this.types.set(here, { type: tensor.type, dims: tensor.dims });
    }
    const rename = (name: string): string => names.get(name) ?? name;
    for (const node of graph.nodes) {
      for (const o of node.outputs) if (o !== '') names.set(o, this.fresh(o));
      this.nodes.push(renameNode(node, rename));
      for (const o of node.outputs) if (graph.types.has(o)) this.types.set(rename(o), graph.types.get(o)!);
    }
    return Object.fromEntries(graph.outputs.map((o) => [o.name, rename(o.name)]));
  }

  /**
   * Declares a value as a graph output under `name` and returns the name that it has there; an Identity is added where that differs from the value's
   * own. Another value inside that has the name steps aside; only where it is an input's or another output's, the output gets a fresh one. `info`: its
   * dtype and dims, open ones included; default: what is known of the value.
   */
  output(value: string, name = value, info?: Pick<ValueInfo, 'type' | 'dims'>): string {
    let made = value;
    if (name !== value || this.inputs.some((i) => i.name === value) || this.constants.has(value)) {
      made = name !== value && this.stepAside(name) ? name : this.fresh(name);
      this.append('Identity', [value], [made]);
      if (this.types.has(value)) this.types.set(made, this.types.get(value)!);
    }
    const type = this.types.get(made);
    this.outputs.push({ name: made, kind: 'tensor', ...(info ?? (type ? { type: type.type, dims: type.dims } : {})) });
    return made;
  }

  /** The graph, without what no output needs. Inputs stay even when unused. */
  build(): Graph {
    return prune({
      name: this.name,
      inputs: this.inputs,
      outputs: this.outputs,
      nodes: this.nodes,
      constants: this.constants,
      types: this.types,
    });
  }
}

/** The node with every name mapped, inside its subgraphs as well (names that a subgraph captures). */
export function renameNode(node: Node, rename: (name: string) => string): Node {
  const attributes = Object.fromEntries(
    Object.entries(node.attributes).map(([key, a]): [string, Attribute] => {
      if (a.kind === 'graph') return [key, { ...a, value: renameCaptured(a.value, rename) }];
      if (a.kind === 'graphs') return [key, { ...a, value: a.value.map((g) => renameCaptured(g, rename)) }];
      return [key, a];
    }),
  );
  return { ...node, name: node.name, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename), attributes };
}

function renameCaptured(graph: Graph, rename: (name: string) => string): Graph {
  const own = new Set([...graph.inputs.map((i) => i.name), ...graph.constants.keys(), ...graph.nodes.flatMap((n) => n.outputs)]);
  const inner = (name: string): string => (own.has(name) ? name : rename(name));
  return {
    ...graph,
    nodes: graph.nodes.map((n) => renameNode(n, inner)),
    outputs: graph.outputs.map((o) => ({ ...o, name: inner(o.name) })),
  };
}

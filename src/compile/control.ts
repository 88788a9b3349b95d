// If becomes the branch that is taken, Loop and Scan become their iterations, sequences their elements: no control flow is left to run.
import { LanErrors, withAdvice, type Problem } from '../core/errors.js';
import { int64, toIntegers, type Tensor } from '../core/tensor.js';
import { GraphBuilder } from '../onnx/builder.js';
import { nodeLabel, prune, reads, type Graph, type Node } from '../onnx/graph.js';
import { isSequenceOp, named, parted, resolveSequence, stacked, type Walking } from './sequences.js';
import { Refusal, refuse } from './static.js';

/** Iterations of one loop that are unrolled at most. */
export const MAX_ITERATIONS = 2000;
/** Nodes that a graph may have while its control flow is unrolled: those that are written and those that wait. */
export const MAX_UNROLLED = 200_000;

/** Values of at most this many elements are kept once they are known, so that a loop's counters are not computed from the start each time. */
const KEPT = 256;

const HEADING = 'The model has control flow that cannot be resolved:';
const WAY_OUT = 'Export the model by tracing, with fixed shapes, so that it is decided at export.';
const FEWER = 'Give a smaller input (`shapes`), or export the model with fewer iterations.';

const CONTROL = new Set(['If', 'Loop', 'Scan']);
/** Ops that `inlineControl` resolves; no adapter knows them. */
export const isControl = (node: Node): boolean => (node.domain === '' && CONTROL.has(node.op)) || isSequenceOp(node);

/** Ops whose output is random, so that nothing that depends on it is ever folded. */
const VOLATILE = new Set(['RandomNormal', 'RandomUniform', 'RandomNormalLike', 'RandomUniformLike', 'Multinomial', 'Bernoulli']);
/** Ops whose output depends on their input's shape alone. */
const SHAPE_ONLY = new Set(['Shape', 'Size']);

/** Does what the node makes depend on an input's value, `variable` being the values that do? */
export const isVariable = (node: Node, variable: ReadonlySet<string>): boolean =>
  !SHAPE_ONLY.has(node.op) && (VOLATILE.has(node.op) || reads(node).some((name) => variable.has(name)));

/** Runs a graph without control flow, and gives every value that it computes. */
export type Evaluate = (graph: Graph) => Promise<Map<string, Tensor>>;

/**
 * Replaces control flow and sequences by the nodes that run, in one walk in the graph's order: whatever decides a node has been resolved before
 * it, so that nothing but plain nodes is ever run to find out. Conditions, trip counts and positions must not depend on the input's values.
 * Throws LanErrors naming every node that does not comply, or that asks for more than MAX_ITERATIONS or MAX_UNROLLED.
 */
export async function inlineControl(graph: Graph, evaluate: Evaluate): Promise<Graph> {
  return graph.nodes.some(isControl) ? new Walk(graph, evaluate).run() : graph;
}

/** A loop of which some iterations are written out already. */
interface Rest {
  readonly done: number;
  /** Per scan output, what each iteration gave. */
  readonly pieces: readonly (readonly string[])[];
  /** Of a Scan, per scan input, what each iteration is given. */
  readonly slices: readonly (readonly string[])[];
}

class Walk implements Walking {
  readonly g: GraphBuilder;
  readonly sequences = new Map<string, readonly string[]>();
  /** Nodes still to come, the next one last. */
  private readonly todo: Node[];
  private readonly rests = new Map<Node, Rest>();
  private readonly variable: Set<string>;
  /** Graph outputs: what a node has to write. */
  private readonly written: Set<string>;
  /** What nobody can know, since it comes from a node that was refused. */
  private readonly lost = new Set<string>();
  private readonly problems: Problem[] = [];
  /** Where a constant of a body went: every iteration reads the same one. */
  private readonly shared = new Map<Tensor, string>();

  constructor(
    private readonly graph: Graph,
    private readonly evaluate: Evaluate,
  ) {
    this.g = GraphBuilder.from(graph);
    this.g.nodes.length = 0;
    this.todo = graph.nodes.toReversed();
    this.variable = new Set(graph.inputs.map((i) => i.name));
    this.written = new Set(graph.outputs.map((o) => o.name));
  }

  async run(): Promise<Graph> {
    for (let node = this.todo.pop(); node; node = this.todo.pop()) {
      if (this.g.nodes.length + this.todo.length > MAX_UNROLLED)
        throw new LanErrors('unsupported', HEADING, [
          { problem: `${nodeLabel(node)}: unrolled, the graph has more than ${MAX_UNROLLED} nodes`, advice: FEWER },
        ]);
      try {
        if (reads(node).some((name) => this.lost.has(name))) this.lose(node);
        else await this.visit(node);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        this.problems.push(error.as);
        this.lose(node);
      }
    }
    for (const { name } of this.graph.outputs)
      if (this.sequences.has(name))
        this.problems.push({
          problem: `Output '${name}' is a sequence`,
          advice: 'Export the model with tensors as its outputs.',
        });
    if (this.problems.length > 0)
      throw new LanErrors('unsupported', HEADING, [...new Map(this.problems.map((p) => [withAdvice(p), p])).values()]);
    return this.soFar();
  }

  private soFar(): Graph {
    return { ...this.graph, nodes: this.g.nodes, constants: this.g.constants, types: this.g.types };
  }

  private lose(node: Node): void {
    for (const o of node.outputs) if (o !== '') this.lost.add(o);
  }

  schedule(nodes: readonly Node[]): void {
    for (let i = nodes.length - 1; i >= 0; i--) this.todo.push(nodes[i]!);
  }

  async numbers(node: Node, name: string | undefined, what: string): Promise<number[]> {
    if (!name) refuse(node, `${what} is missing`);
    if (this.variable.has(name)) refuse(node, `${what} depends on the input's values`, WAY_OUT);
    const known = this.g.constants.get(name);
    if (known) return toIntegers(known);
    const values = await this.evaluate(prune({ ...this.soFar(), outputs: [{ name, kind: 'tensor' }] }));
    this.keep(values);
    return toIntegers(values.get(name)!);
  }

  async dims(node: Node, name: string): Promise<readonly number[]> {
    const known = this.g.constants.get(name) ?? this.g.types.get(name) ?? this.boundInput(name);
    return known?.dims ?? this.numbers(node, this.g.op('Shape', [name]), 'its shape');
  }

  private boundInput = (name: string): { dims: readonly number[] } | undefined =>
    this.graph.inputs.find((i) => i.name === name) as { dims: readonly number[] } | undefined;

  /** Small values take the place of the nodes that made them; graph outputs stay. */
  private keep(values: ReadonlyMap<string, Tensor>): void {
    const small = (name: string): boolean =>
      name === '' || ((values.get(name)?.data.length ?? Infinity) <= KEPT && !this.variable.has(name) && !this.written.has(name));
    const stay: Node[] = [];
    for (const node of this.g.nodes) {
      if (!node.outputs.every(small)) stay.push(node);
      else for (const o of node.outputs) if (o !== '') this.g.constants.set(o, values.get(o)!);
    }
    // Not a spread: there may be more nodes than arguments.
    this.g.nodes.length = 0;
    for (const node of stay) this.g.nodes.push(node);
  }

  private async visit(node: Node): Promise<void> {
    if (node.op === 'Identity' && this.handed(node.inputs[0]!, node.outputs[0]!)) return;
    if (!isControl(node)) {
      if (isVariable(node, this.variable)) for (const o of node.outputs) if (o !== '') this.variable.add(o);
      this.g.nodes.push(node);
    } else if (node.op === 'If') await this.branch(node);
    else if (node.op === 'Loop') await this.loop(node);
    else if (node.op === 'Scan') await this.scan(node);
    else await resolveSequence(node, this);
  }

  /** A sequence or a constant under another name needs no node: a loop's condition that is handed through is known at once. */
  private handed(from: string, to: string): boolean {
    const sequence = this.sequences.get(from);
    const constant = this.written.has(to) ? undefined : this.g.constants.get(from);
    if (sequence) this.sequences.set(to, sequence);
    if (constant) this.g.constants.set(to, constant);
    return sequence !== undefined || constant !== undefined;
  }

  private async branch(node: Node): Promise<void> {
    const [taken] = await this.numbers(node, node.inputs[0], 'its condition');
    const { nodes, outputs } = this.copy(bodyOf(node, taken ? 'then_branch' : 'else_branch'), []);
    this.schedule([...nodes, ...named(outputs, node.outputs)]);
  }

  /** Loop-11: writes out one iteration, and behind it the loop of the others, which is decided once that iteration is resolved. */
  private async loop(node: Node): Promise<void> {
    const body = bodyOf(node, 'body');
    const [limit = '', condition = '', ...carried] = node.inputs;
    const { done, pieces } = this.rests.get(node) ?? this.start(node, body, 2 + carried.length, 1 + carried.length);
    this.rests.delete(node);
    const trips = limit === '' ? Infinity : (await this.numbers(node, limit, 'its trip count'))[0]!;
    const goes = condition === '' || (await this.numbers(node, condition, 'its condition'))[0] !== 0;
    if (!goes || done >= trips) {
      this.finish(node, carried, pieces, () => 0);
      return;
    }
    if (done >= MAX_ITERATIONS || (trips > MAX_ITERATIONS && alwaysGoes(body))) this.tooMany(node, trips);
    const truth = this.g.constant({ type: 'bool', dims: [], data: Uint8Array.of(1) });
    const { nodes, outputs } = this.copy(body, [this.g.constant(int64([done], [])), truth, ...carried]);
    const [next, ...made] = outputs as [string, ...string[]];
    const others: Node = { ...node, inputs: [limit, next, ...made.slice(0, carried.length)] };
    this.rests.set(others, { done: done + 1, pieces: appended(pieces, made.slice(carried.length)), slices: [] });
    this.schedule([...nodes, others]);
  }

  /** Scan-9: the same, after the scan inputs are cut. */
  private async scan(node: Node): Promise<void> {
    const body = bodyOf(node, 'body');
    const list = (name: string, i: number): number => (node.attributes[name]?.value as number[] | undefined)?.[i] ?? 0;
    const stateCount = node.inputs.length - Number(node.attributes['num_scan_inputs']?.value ?? 0);
    const states = node.inputs.slice(0, stateCount);
    const rest = this.rests.get(node);
    this.rests.delete(node);
    if (!rest) {
      const cut: Node[] = [];
      const slices: string[][] = [];
      for (const [i, name] of node.inputs.slice(stateCount).entries()) {
        const dims = await this.dims(node, name);
        const signed = list('scan_input_axes', i);
        const axis = signed < 0 ? signed + dims.length : signed;
        const length = dims[axis] ?? refuse(node, `its scan input ${i} has no axis ${signed}`);
        if (length > MAX_ITERATIONS) this.tooMany(node, length);
        const { nodes, parts } = parted(this.g, name, new Array<number>(length).fill(1), axis, false);
        cut.push(...nodes);
        slices.push(list('scan_input_directions', i) ? parts.toReversed() : parts);
      }
      const lengths = [...new Set(slices.map((parts) => parts.length))];
      if (lengths.length !== 1) refuse(node, `its scan inputs have different lengths: ${lengths.join(', ')}`);
      const first: Node = { ...node };
      this.rests.set(first, { ...this.start(node, body, node.inputs.length, stateCount), slices });
      this.schedule([...cut, first]);
      return;
    }
    const { done, pieces, slices } = rest;
    if (done === slices[0]!.length) {
      const inOrder = pieces.map((each, i) => (list('scan_output_directions', i) ? each.toReversed() : each));
      this.finish(node, states, inOrder, (i) => list('scan_output_axes', i));
      return;
    }
    const { nodes, outputs } = this.copy(body, [...states, ...slices.map((parts) => parts[done]!)]);
    const others: Node = { ...node, inputs: [...outputs.slice(0, stateCount), ...node.inputs.slice(stateCount)] };
    this.rests.set(others, { done: done + 1, pieces: appended(pieces, outputs.slice(stateCount)), slices });
    this.schedule([...nodes, others]);
  }

  private start(node: Node, body: Graph, given: number, states: number): Rest {
    if (body.inputs.length !== given) refuse(node, `its body takes ${body.inputs.length} values, and is given ${given}`);
    return { done: 0, pieces: body.outputs.slice(states).map(() => []), slices: [] };
  }

  /** The outputs of a loop that has ended: its states, and what the iterations gave along a new axis. */
  private finish(
    node: Node,
    states: readonly string[],
    pieces: readonly (readonly string[])[],
    axis: (i: number) => number,
  ): void {
    pieces.forEach((each, i) => {
      const name = node.outputs[states.length + i] ?? '';
      if (name === '') return;
      if (each.length === 0) refuse(node, `it runs no iteration, so that the shape of '${name}' is not known`, WAY_OUT);
      this.schedule(stacked(this.g, each, axis(i), name));
    });
    this.schedule(named(states, node.outputs.slice(0, states.length)));
  }

  private tooMany(node: Node, trips: number): never {
    const count = Number.isSafeInteger(trips) ? trips : `more than ${MAX_ITERATIONS}`;
    return refuse(node, `it runs ${count} iterations; at most ${MAX_ITERATIONS} are unrolled`, FEWER);
  }

  copy(body: Graph, feeds: readonly string[]): { nodes: Node[]; outputs: string[] } {
    const known = new Map<string, string>();
    for (const [name, tensor] of body.constants) if (this.shared.has(tensor)) known.set(name, this.shared.get(tensor)!);
    const start = this.g.nodes.length;
    const made = this.g.inline(body, Object.fromEntries(body.inputs.map((input, i) => [input.name, feeds[i]!])), known);
    for (const [name, tensor] of body.constants) this.shared.set(tensor, known.get(name)!);
    return { nodes: this.g.nodes.splice(start), outputs: body.outputs.map((o) => made[o.name]!) };
  }
}

const appended = (lists: readonly (readonly string[])[], more: readonly string[]): string[][] =>
  lists.map((list, i) => [...list, more[i]!]);

/** Does the body hand its condition through? Then the trip count alone ends the loop. */
function alwaysGoes(body: Graph): boolean {
  const [next] = body.outputs;
  const maker = body.nodes.find((n) => n.outputs.includes(next!.name));
  const source = maker?.op === 'Identity' ? maker.inputs[0]! : next!.name;
  return source === body.inputs[1]!.name || Number(body.constants.get(source)?.data[0] ?? 0) !== 0;
}

function bodyOf(node: Node, name: string): Graph {
  const attribute = node.attributes[name];
  return attribute?.kind === 'graph' ? attribute.value : refuse(node, `it has no ${name}`);
}

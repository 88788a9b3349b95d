// Any opset to the dialect: one definition per op. The only pass that knows opset numbers.
import { NEWEST_OPSET, type OldNode, type OpAdapter } from '../../adapters/op.js';
import { LanErrors, type Problem } from '../core/errors.js';
import { float32, int64, type Tensor } from '../core/tensor.js';
import { GraphBuilder, renameNode } from '../onnx/builder.js';
import { inlineFunctions } from '../onnx/functions.js';
import { nodeLabel, prune, reads, type Attribute, type Graph, type Model, type Node, type ValueInfo } from '../onnx/graph.js';
import { checkAttributes } from './attributes.js';
import { Carried } from './carried.js';
import { isControl } from './control.js';
import { noTensors } from './no-tensor.js';
import { adapterTable, Refusal, refuse } from './static.js';
import { withCodes } from './strings.js';
import { widen } from './widen.js';

interface Context {
  readonly find: (node: { op: string; domain: string }) => OpAdapter | undefined;
  readonly opsets: ReadonlyMap<string, number>;
  readonly problems: Problem[];
}

/**
 * Rewrites every node of the model into the dialect (standard ONNX at DIALECT_OPSET, floats in float32); function bodies are inlined, Constant
 * nodes become initialisers. Value names are kept, so any value can be compared with the original's.
 * Throws LanErrors with every op, definition or attribute that no adapter understands.
 */
export const canonicalize = (model: Model, adapters: readonly OpAdapter[]): Graph => widen(rewrite(model, adapters));

/**
 * The first half of canonicalize: every node in the dialect, floats still in the types of the file. Outputs that are no numbers are left out,
 * and those that are no floats as well where that is what it takes: classical models give labels beside their scores.
 * `pictures`: inputs of whole numbers that become float32, so that a gradient reaches them.
 */
export function rewrite(model: Model, adapters: readonly OpAdapter[], pictures: ReadonlySet<string> = new Set<string>()): Graph {
  const flat = inlineFunctions(model);
  const attempt = (graph: Graph): { graph: Graph; problems: Problem[] } => {
    const context: Context = { find: adapterTable(adapters), opsets: flat.opsets, problems: [] };
    return { graph: canonicalGraph(graph, context, () => undefined, pictures), problems: context.problems };
  };
  const odd = noTensors(flat.graph);
  const numeric = withCodes(withOutputs(flat.graph, (o) => o.type !== 'string' && !odd.has(o.name)));
  const first = attempt(numeric);
  if (first.problems.length === 0) return first.graph;
  const floats = withOutputs(numeric, (o) => o.type === undefined || FLOATS.test(o.type));
  const second = floats === numeric ? first : attempt(floats);
  if (second.problems.length === 0) return second.graph;
  throw new LanErrors(
    'unsupported',
    `${first.problems.length} node(s) of the model are not supported:`,
    summarise(first.problems),
  );
}

const FLOATS = /^b?float/;

/** The graph with those of its outputs alone; the same graph where that leaves none out, or none at all. */
function withOutputs(graph: Graph, keep: (output: ValueInfo) => boolean): Graph {
  const outputs = graph.outputs.filter(keep);
  return outputs.length === 0 || outputs.length === graph.outputs.length ? graph : prune({ ...graph, outputs });
}

/** Equal reasons of many nodes on one line: `Foo 'a', 'b' and 40 more: reason`. */
function summarise(problems: readonly Problem[]): Problem[] {
  const groups = new Map<string, { op: string; reason: string; names: string[]; advice?: string }>();
  for (const { problem, advice } of problems) {
    const [, op = '', name = '', reason = problem] = /^(\S+) '(.*?)': (.*)$/s.exec(problem) ?? [];
    const key = JSON.stringify([op, reason, advice]);
    const group = groups.get(key);
    if (group) group.names.push(name);
    else groups.set(key, { op, reason, names: [name], advice });
  }
  return [...groups.values()].map(({ op, reason, names, advice }) => {
    const shown = names.slice(0, 3).map((n) => `'${n}'`);
    const more = names.length > 3 ? ` and ${names.length - 3} more` : '';
    return { problem: op ? `${op} ${shown.join(', ')}${more}: ${reason}` : reason, advice };
  });
}

/** The value of a constant that a subgraph captures, by name; asked, not copied: a file may have as many constants as nodes. */
type Captured = (name: string) => Tensor | undefined;

function canonicalGraph(
  graph: Graph,
  context: Context,
  outer: Captured,
  pictures: ReadonlySet<string> = new Set<string>(),
): Graph {
  const g = new GraphBuilder(graph.name);
  g.inputs.push(...graph.inputs.map((i) => (pictures.has(i.name) ? { ...i, type: 'float32' as const } : i)));
  // All names of the original are taken, so that nothing emitted collides with a value yet to come.
  g.reserve([
    ...graph.inputs.map((i) => i.name),
    ...graph.constants.keys(),
    ...graph.nodes.flatMap((n) => [...n.outputs, ...reads(n)]),
  ]);
  for (const [name, tensor] of graph.constants) g.constants.set(name, tensor);
  const visible: Captured = (name) => g.constants.get(name) ?? outer(name);
  const carried = new Carried(g, graph);
  for (const { name, type } of graph.inputs) if (type && pictures.has(name)) carried.set(name, type);
  const alias = new Map<string, string>();
  const rename = (name: string): string => alias.get(name) ?? name;
  const read = new Set([...graph.nodes.flatMap(reads), ...graph.outputs.map((o) => o.name)]);
  for (const original of graph.nodes) {
    const whole = withSubgraphs(renameNode(withoutUnread(original, read), rename), context, visible);
    const adapter = context.find(whole);
    const { node, moves } = carried.taken(whole, adapter);
    try {
      const constant = constantValue(node);
      if (constant) {
        g.constants.set(node.outputs[0]!, constant);
        continue;
      }
      const start = g.nodes.length;
      const outputs = canonicalNode(node, context, g, visible, carried);
      if (outputs) {
        settle(original, outputs, start, g, alias);
        outputs.forEach((made, i) => {
          if (carried.has(made) && original.outputs[i]) carried.set(rename(original.outputs[i]), carried.typeOf(made)!);
        });
      }
      carried.noteOutputs(node, adapter, node.outputs.map(rename), moves);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      context.problems.push(error.as);
    }
  }
  const made = new Set(g.nodes.flatMap((n) => n.outputs));
  for (const output of graph.outputs) {
    if (made.has(output.name)) {
      carried.restore(output.name);
      continue;
    }
    const source = carried.plain(rename(output.name));
    // A graph output that became another name's value, a constant or an input keeps its name through an Identity.
    if (source !== output.name) g.append('Identity', [source], [output.name]);
  }
  return {
    name: graph.name,
    inputs: g.inputs,
    outputs: graph.outputs,
    nodes: g.nodes,
    constants: g.constants,
    // What the file says about shapes is not believed: specialize finds out.
    types: new Map(),
  };
}

/** Old exporters name outputs that nobody reads (Dropout's mask, BatchNormalization's statistics): those count as omitted. */
const withoutUnread = (node: Node, read: ReadonlySet<string>): Node => ({
  ...node,
  outputs: node.outputs.map((o, i) => (i === 0 || read.has(o) ? o : '')),
});

function withSubgraphs(node: Node, context: Context, visible: Captured): Node {
  if (!Object.values(node.attributes).some((a) => a.kind === 'graph')) return node;
  const attributes = Object.fromEntries(
    Object.entries(node.attributes).map(([k, a]): [string, Attribute] => [
      k,
      a.kind === 'graph' ? { ...a, value: canonicalGraph(a.value, context, visible) } : a,
    ]),
  );
  return { ...node, attributes };
}

/** The value of a Constant node, in any of the ways it can be written. */
function constantValue(node: Node): Tensor | undefined {
  if (node.op !== 'Constant' || node.domain !== '') return undefined;
  const [name, attribute] = Object.entries(node.attributes)[0] ?? [];
  switch (attribute?.kind) {
    case 'tensor':
      return attribute.value;
    case 'float':
      return float32([attribute.value], []);
    case 'floats':
      return float32(attribute.value);
    case 'int':
      return int64([attribute.value], []);
    case 'ints':
      return int64(attribute.value);
    case 'string':
      return { type: 'string', dims: [], data: [attribute.value] };
    case 'strings':
      return { type: 'string', dims: [attribute.value.length], data: attribute.value };
    default:
      return refuse(node, `a Constant given as '${name ?? 'nothing'}' cannot be read`, 'Re-export it as a dense tensor.');
  }
}

/**
 * Scan-8 runs each sample of a batch by itself: a Scan of later versions over axis 0 of everything, whose body is the Scan over what was axis 1.
 * Refuses sequence_lens.
 */
function scanOfBatch(node: Node): Node {
  const [lengths, ...given] = node.inputs;
  if (lengths) return refuse(node, 'its sequence_lens are not supported', 'Export at opset 9 or later.');
  const { directions, ...kept } = node.attributes;
  // Numbered: a value may be given twice.
  const [into, out] = [given.map((name, i) => `${name}/sample${i}`), node.outputs.map((name) => name && `${name}/sample`)];
  const values = (names: readonly string[]): ValueInfo[] => names.map((name) => ({ name, kind: 'other' }));
  const scan: Node = {
    ...node,
    inputs: into,
    outputs: out,
    attributes: { ...kept, ...(directions ? { scan_input_directions: directions } : {}) },
  };
  const body: Graph = {
    name: `${node.name}/sample`,
    inputs: values(into),
    outputs: values(out.filter(Boolean)),
    nodes: [scan],
    constants: new Map(),
    types: new Map(),
  };
  const attributes = { body: { kind: 'graph', value: body }, num_scan_inputs: { kind: 'int', value: given.length } } as const;
  return { ...node, inputs: given, outputs: node.outputs.filter(Boolean), attributes };
}

/** The names that carry the node's outputs; undefined when the node was appended under its own output names. */
function canonicalNode(node: Node, context: Context, g: GraphBuilder, visible: Captured, carried: Carried): string[] | undefined {
  const adapter = context.find(node);
  const opset = context.opsets.get(node.domain);
  const control = isControl(node);
  if (!adapter && !control)
    return refuse(node, 'no adapter knows this op', 'Write one (docs/adding-an-op.md) or export the model without it.');
  if (opset === undefined) return refuse(node, `the file imports no opset for domain '${node.domain}'`);
  if (node.domain === '' && opset > NEWEST_OPSET) {
    return refuse(
      node,
      `its definition at opset ${opset} is newer than opset ${NEWEST_OPSET}, the newest that was read`,
      `Export at opset ${NEWEST_OPSET} or less.`,
    );
  }
  checkAttributes(node, control ? undefined : adapter);
  if (control || !adapter) {
    g.nodes.push(node.op === 'Scan' && opset < 9 ? scanOfBatch(node) : node);
    return undefined;
  }
  const version = adapter.versions.findLast((v) => v <= opset);
  if (version === undefined)
    return refuse(node, `it does not exist at opset ${opset}; it came with opset ${adapter.versions[0]}`);
  if (!adapter.canonicalize) {
    g.nodes.push(node);
    return undefined;
  }
  const old: OldNode = {
    node,
    version,
    x: Array.from({ length: Math.max(node.inputs.length, 8) }, (_, i) => node.inputs[i] ?? ''),
    attr: <T>(name: string) => node.attributes[name]?.value as T | undefined,
    constant: (i) => visible(node.inputs[i] ?? ''),
    outputs: node.outputs.findLastIndex((o) => o !== '') + 1,
    dtype: (i) => carried.typeOf(node.inputs[i] ?? '') ?? visible(node.inputs[i] ?? '')?.type,
    carried: (i) => carried.has(node.inputs[i] ?? ''),
    carry: (value, type) => {
      carried.set(value, type);
      return value;
    },
    refuse: (reason, advice) => refuse(node, reason, advice),
  };
  const made = adapter.canonicalize(old, g);
  if (made === undefined) {
    g.nodes.push(node);
    return undefined;
  }
  return typeof made === 'string' ? [made] : made;
}

/**
 * Gives emitted values the original output names: renamed where a node emitted since `start` makes them, aliased where the rule handed an
 * existing value through (Dropout).
 */
export function settle(
  original: Node,
  made: readonly string[],
  start: number,
  g: GraphBuilder,
  alias: Map<string, string>,
): void {
  original.outputs.forEach((wanted, i) => {
    const name = made[i];
    if (wanted === '' || name === undefined || name === wanted) return;
    const producer = g.nodes.slice(start).some((n) => n.outputs.includes(name));
    const handedTwice = made.slice(0, i).includes(name);
    if (!producer || handedTwice) {
      alias.set(wanted, handedTwice ? (original.outputs[made.indexOf(name)] ?? name) : name);
      return;
    }
    for (let k = start; k < g.nodes.length; k++) g.nodes[k] = renameNode(g.nodes[k]!, (n) => (n === name ? wanted : n));
    const type = g.types.get(name);
    if (type) g.types.set(wanted, type);
  });
}

/** Labels of the nodes, for tests and messages. */
export const labels = (graph: Graph): string[] => graph.nodes.map(nodeLabel);

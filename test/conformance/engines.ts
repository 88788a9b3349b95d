// Runs one conformance case: its model in the dialect, specialised, in onnxruntime and in tfjs.
import { adapters } from '../../adapters/index.js';
import { canonicalize } from '../../src/compile/canonicalize.js';
import { specialize } from '../../src/compile/specialize.js';
import { LanError, messageOf } from '../../src/core/errors.js';
import { toFloatType, type Tensor } from '../../src/core/tensor.js';
import { createOrtEngine, probe } from '../../src/engine/ort.js';
import { createTfEngine } from '../../src/engine/tf.js';
import type { Engine, Program } from '../../src/engine/engine.js';
import { reads, subgraphs, type Graph, type Model, type Node } from '../../src/onnx/graph.js';
import { difference } from './compare.js';
import type { ConformanceCase } from './cases.js';

export const ENGINES = ['onnxruntime', 'tfjs'] as const;
export type EngineName = (typeof ENGINES)[number];

/** 'refused' is an error that says what is not supported; 'failed' is a wrong value or anything else. */
export type Status = 'passed' | 'failed' | 'refused';
export interface Outcome {
  readonly status: Status;
  /** Why it is not passed. */
  readonly reason?: string;
}
export interface Result {
  readonly case: string;
  readonly op: string;
  /** Every node of the graph became a constant: its inputs are sizes and axes, which are bound before a model is explained. */
  readonly folded: boolean;
  readonly outcomes: Readonly<Record<EngineName, Outcome>>;
}

const engines: Readonly<Record<EngineName, Engine>> = {
  onnxruntime: createOrtEngine(adapters, { threads: 1 }),
  tfjs: await createTfEngine(adapters, { backend: 'cpu' }),
};

const outcomeOf = (error: unknown): Outcome => ({
  status: error instanceof LanError ? 'refused' : 'failed',
  reason: messageOf(error).split('\n').slice(0, 3).join(' '),
});
const both = (outcome: Outcome): Record<EngineName, Outcome> => ({ onnxruntime: outcome, tfjs: outcome });

/** Runs a case in both engines on all its sets of data. */
export async function runCase(one: ConformanceCase): Promise<Result> {
  const result = { case: `${one.group}/${one.name}`, op: '?', folded: false };
  let model: Model;
  try {
    model = one.model();
  } catch (error) {
    return { ...result, outcomes: both(outcomeOf(error)) };
  }
  const op = opOf(model, one.name);
  try {
    const other = [...model.graph.inputs, ...model.graph.outputs].find((v) => v.kind !== 'tensor');
    if (other)
      throw new LanError('usage', `'${other.name}' is a sequence, an optional or a map; inputs and outputs are tensors.`);
    let outcomes = both({ status: 'passed' });
    let folded = false;
    for (const { inputs, outputs } of one.sets(model)) {
      const feeds = Object.fromEntries(model.graph.inputs.flatMap((v, i) => (inputs[i] ? [[v.name, inputs[i]]] : [])));
      const wanted = Object.fromEntries(model.graph.outputs.flatMap((v, i) => (outputs[i] ? [[v.name, outputs[i]]] : [])));
      const graph = await staticGraph(model, feeds);
      folded = graph.nodes.every((n) => n.op === 'Identity');
      for (const name of ENGINES) {
        if (outcomes[name].status === 'passed')
          outcomes = { ...outcomes, [name]: await runOn(engines[name], graph, feeds, wanted) };
      }
    }
    return { ...result, op, folded, outcomes };
  } catch (error) {
    return { ...result, op, outcomes: both(outcomeOf(error)) };
  }
}

/** The op that a case is about: its only one, the one of a model of a few nodes that its name spells, else the most frequent. */
function opOf(model: Model, name: string): string {
  const nodes = [...model.graph.nodes, ...model.functions.flatMap((f) => f.nodes)].filter((n) => n.op !== 'Constant');
  const plain = name
    .replace(/^test_/, '')
    .replaceAll('_', '')
    .toLowerCase();
  const spelt = nodes.filter((n) => plain.startsWith(n.op.toLowerCase())).sort((a, b) => b.op.length - a.op.length)[0];
  if (nodes.length === 1 || spelt) return labelOf(spelt ?? nodes[0]!);
  if (name.includes('_expanded')) return '(functions written out)';
  return nodes.length === 0 ? 'Constant' : '(several)';
}

const labelOf = (node: Node): string => (node.domain ? `${node.domain}.${node.op}` : node.op);

/** The specialised graph; inputs that have to be constants are given as initialisers, every other one stays an input. */
async function staticGraph(model: Model, feeds: Record<string, Tensor>): Promise<Graph> {
  let bound = bind(model, feeds, constantInputs(model.graph));
  let canonical = canonicalize(bound, adapters);
  const more = constantInputs(canonical);
  if (more.size > 0) {
    bound = bind(bound, feeds, more);
    canonical = canonicalize(bound, adapters);
  }
  const shapes = Object.fromEntries(canonical.inputs.map((i) => [i.name, feeds[i.name]?.dims ?? []]));
  return specialize(canonical, shapes, probe, adapters);
}

function bind(model: Model, feeds: Record<string, Tensor>, names: ReadonlySet<string>): Model {
  const constants = new Map(model.graph.constants);
  for (const name of names) if (feeds[name]) constants.set(name, feeds[name]);
  const inputs = model.graph.inputs.filter((i) => !constants.has(i.name));
  return { ...model, graph: { ...model.graph, inputs, constants } };
}

/** Graph inputs from which a value flows to where an adapter asks for a constant, or to an If. Shapes of values do not count as values. */
function constantInputs(graph: Graph): Set<string> {
  const needed = new Set<string>();
  const visit = (nodes: readonly Node[]): void => {
    for (const node of nodes.toReversed()) {
      for (const inner of subgraphs(node)) visit(inner.nodes);
      const adapter = adapters.find((a) => a.op === node.op && (a.domain ?? '') === node.domain);
      for (const i of adapter?.constants ?? (node.op === 'If' ? [0] : [])) if (node.inputs[i]) needed.add(node.inputs[i]);
      if (node.op === 'Shape' || node.op === 'Size') continue;
      if (node.outputs.some((o) => needed.has(o))) for (const x of reads(node)) needed.add(x);
    }
  };
  visit(graph.nodes);
  return new Set(graph.inputs.map((i) => i.name).filter((name) => needed.has(name)));
}

async function runOn(
  engine: Engine,
  graph: Graph,
  feeds: Record<string, Tensor>,
  wanted: Record<string, Tensor>,
): Promise<Outcome> {
  let program: Program | undefined;
  try {
    program = await engine.compile(graph);
    const fed = Object.fromEntries(graph.inputs.map((i) => [i.name, inTypeOf(i.type, feeds[i.name]!)]));
    const outputs = await program.run(fed);
    for (const [name, expected] of Object.entries(wanted)) {
      const what = difference(outputs[name], expected);
      if (what) return { status: 'failed', reason: `${name}: ${what}` };
    }
    return { status: 'passed' };
  } catch (error) {
    return outcomeOf(error);
  } finally {
    await program?.dispose();
  }
}

/** canonicalize widens the float types of inputs; the data follows. */
const inTypeOf = (type: string | undefined, tensor: Tensor): Tensor =>
  type === 'float32' ? toFloatType(tensor, 'float32') : tensor;

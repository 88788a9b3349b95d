// inspect: what an ONNX file holds, and what this project can do with each of its ops.
import { resolveAttributes, type NoGradient, type OpAdapter, type Todo } from '../../adapters/op.js';
import { isControl } from '../compile/control.js';
import { footprint, type Footprint } from '../compile/footprint.js';
import { adapterTable, staticNode } from '../compile/static.js';
import { LanError, LanErrors, withAdvice, type ErrorCode } from '../core/errors.js';
import { isFloat, sizeOf, type DType } from '../core/tensor.js';
import { inlineFunctions } from '../onnx/functions.js';
import { subgraphs, type Graph, type Node } from '../onnx/graph.js';
import { allNodes, nameOf, traceOrigins } from './origins.js';
import { withTokens } from './open-tokens.js';
import { prepare, type PrepareOptions } from './prepare.js';
import { adaptersOf } from './plugged.js';
import { readModel, type ModelSource } from './source.js';
import { tryUnlessTrusted, type TrustOptions } from './trial.js';

/** What openModel takes to bind shapes; where an axis stays open, numbers that hang on it are missing, and a note says so. */
export interface InspectOptions extends PrepareOptions, TrustOptions {}

/** `yes`; `none: reason` (no derivative exists); `todo: reason`; `missing`; `-` where nothing is left to run (folded away). */
export type Support = string;

/** One op of a model: how often it is there, and what can be done with it. */
export interface OpReport {
  /** With its domain where it is not the standard one. */
  readonly op: string;
  readonly count: number;
  /** How many of them are folded to constants, or dropped as no-ops, once shapes are bound; undefined when the model could not be compiled. */
  readonly folded?: number;
  /** What is run in its place, where that is another op: `Resize`. */
  readonly becomes: readonly string[];
  readonly tfjsForward: Support;
  readonly tfjsGradient: Support;
  readonly onnxruntimeGradient: Support;
}

/** An input or output of a model. */
export interface ValueReport {
  readonly name: string;
  readonly type?: DType;
  /** As declared: numbers, symbols, or null where unknown. */
  readonly declared?: readonly (number | string | null)[];
  /** As bound. */
  readonly shape?: readonly number[];
}

/** What a file holds. Figures that hang on an axis which stays open are absent, and a note says so. */
export interface Inspection {
  readonly model: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly irVersion: number;
  /** Version by domain; ai.onnx is the standard one. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly producer: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly functions: number;
  readonly inputs: readonly ValueReport[];
  readonly outputs: readonly ValueReport[];
  readonly nodes: number;
  /** Nodes left to run once shapes are bound. */
  readonly compiledNodes?: number;
  /**
   * Elements of all initialisers and constants that are not int64 (those are shapes and axes), and of classical models the floats in the attributes
   * of their ops: support vectors, thresholds and leaves of trees, coefficients, scales.
   */
  readonly parameters: number;
  /** Multiply-accumulates for the bound shapes, additions of biases not counted: of Conv, ConvTranspose, Gemm, MatMul, and what else an adapter counts. */
  readonly macs?: number;
  /** Estimates for the bound shapes, in bytes. */
  readonly memory?: Footprint;
  readonly ops: readonly OpReport[];
  /** Why the model cannot be used: every unsupported node at once. Empty: it can. */
  readonly problems: readonly string[];
  /** What to give for the missing numbers, e.g. an open axis. */
  readonly notes: readonly string[];
}

/**
 * Reads a model and reports; nothing of it is run but its shape arithmetic.
 * Throws LanError for an unsound file. Unsupported ops are part of the result (`problems`), all of them.
 */
export async function inspect(from: string | Uint8Array, options: InspectOptions = {}): Promise<Inspection> {
  const adapters = adaptersOf(options);
  const source = await readModel(from, options);
  await tryUnlessTrusted(source, from, 'compile', { ...options });
  const flat = inlineFunctions(source.file ?? source.model);
  const { compiled, problems, notes } = await compiledFor(source, options);
  const nodes = allNodes(flat.graph);
  const bound = (name: string): readonly number[] | undefined =>
    (compiled?.inputs.find((i) => i.name === name)?.dims as number[] | undefined) ?? compiled?.types.get(name)?.dims;
  const describe = (v: Graph['inputs'][number]): ValueReport => ({
    name: v.name,
    type: v.type,
    declared: v.dims,
    shape: bound(v.name),
  });
  return {
    model: source.name,
    sha256: source.sha256,
    bytes: source.bytes.length,
    irVersion: source.model.irVersion,
    opsets: Object.fromEntries([...source.model.opsets].map(([domain, version]) => [domain || 'ai.onnx', version])),
    producer: source.model.producer,
    metadata: source.model.metadata,
    functions: source.model.functions.length,
    inputs: flat.graph.inputs.map(describe),
    outputs: flat.graph.outputs.map(describe),
    nodes: nodes.length,
    compiledNodes: compiled?.nodes.length,
    parameters: countParameters(flat.graph),
    macs: compiled ? countMacs(compiled, adapters) : undefined,
    memory: compiled ? footprint(compiled) : undefined,
    ops: reportOps(nodes, flat.graph, compiled, adapters),
    problems,
    notes,
  };
}

/** What only the caller can put right: it is thrown, and is no flaw of the model. */
const MISTAKES: ReadonlySet<ErrorCode> = new Set(['usage', 'input', 'data', 'install']);

async function compiledFor(
  source: ModelSource,
  options: InspectOptions,
): Promise<{ compiled?: Graph; problems: string[]; notes: string[] }> {
  try {
    const { made, notes } = await withTokens(source, options, (bound) => prepare(source, bound));
    return { compiled: made.graph, problems: [], notes: [...made.notes, ...notes] };
  } catch (error) {
    if (!(error instanceof LanError) || MISTAKES.has(error.code)) throw error;
    // An open axis is no flaw of the model: what needs no shapes is still told.
    if (error.code === 'shape') return { problems: [], notes: [error.message] };
    return { problems: error instanceof LanErrors ? error.each.map(withAdvice) : [error.message], notes: [] };
  }
}

function countParameters(graph: Graph): number {
  let total = 0;
  for (const t of graph.constants.values()) if (t.type !== 'int64' && t.type !== 'string') total += sizeOf(t.dims);
  for (const node of graph.nodes) {
    const value = node.op === 'Constant' ? node.attributes['value'] : undefined;
    if (value?.kind === 'tensor' && value.value.type !== 'int64' && value.value.type !== 'string')
      total += sizeOf(value.value.dims);
    if (node.domain === 'ai.onnx.ml') total += learned(node);
    for (const inner of subgraphs(node)) total += countParameters(inner);
  }
  return total;
}

/** Of classical ops, attributes of floats that were not learned. */
const NOT_LEARNED = new Set(['nodes_hitrates', 'nodes_hitrates_as_tensor', 'kernel_params']);

/** Numbers that a classical op has learned, which lie in its attributes: support vectors, thresholds and leaves of trees, coefficients, scales. */
function learned({ attributes }: Node): number {
  let total = 0;
  for (const [name, { kind, value }] of Object.entries(attributes)) {
    if (NOT_LEARNED.has(name)) continue;
    if (kind === 'floats') total += value.length;
    else if (kind === 'tensor' && isFloat(value.type)) total += sizeOf(value.dims);
  }
  return total;
}

/** Multiply-accumulates of a static graph, as far as its ops' adapters count them (`macs`). */
export function countMacs(graph: Graph, adapters: readonly OpAdapter[]): number {
  const find = adapterTable(adapters);
  let total = 0;
  for (const node of graph.nodes) {
    const adapter = find(node);
    if (adapter?.macs) total += adapter.macs(staticNode(node, graph), resolveAttributes(adapter, node));
  }
  return total;
}

function reportOps(
  nodes: readonly Node[],
  original: Graph,
  compiled: Graph | undefined,
  adapters: readonly OpAdapter[],
): OpReport[] {
  const find = adapterTable(adapters);
  const origin = compiled ? traceOrigins(original, compiled) : undefined;
  const groups = groupBy(nodes);
  return [...groups]
    .sort(([a, m], [b, n]) => n.length - m.length || (a < b ? -1 : 1))
    .map(([op, members]) => {
      const made = members.flatMap((n) => origin?.get(n) ?? []);
      const folded = origin && members.filter((n) => !origin.has(n)).length;
      const becomes = [...new Set(made.map(nameOf))].filter((o) => o !== op).sort();
      // With a compiled graph the ops that are really run answer; without one, the adapter of the op as written.
      const run = origin ? made : members.slice(0, 1);
      const worst = (of: (adapter: OpAdapter | undefined) => Support): Support => {
        if (run.length === 0 || isValue(run[0]!)) return '-';
        const all = run.map((n) => (origin === undefined && isControl(n) ? 'by rewriting' : of(find(n))));
        return (
          all.find((s) => s === 'missing') ?? all.find((s) => s.startsWith('todo')) ?? all.find((s) => s === 'yes') ?? all[0]!
        );
      };
      // Where a gradient ends in one of the nodes, as in a tree, those behind it have it in vain.
      const end = run.map((n) => find(n)?.vjp).find((rule) => rule && 'none' in rule && rule.jumps);
      const gradient = (of: (adapter: OpAdapter | undefined) => Support): Support => worst(end ? (a) => support(end, a) : of);
      return {
        op,
        count: members.length,
        folded,
        becomes,
        tfjsForward: worst((a) => support(a?.forward, a)),
        tfjsGradient: gradient((a) => (a?.vjp && 'none' in a.vjp ? support(a.vjp, a) : support(a?.forward, a))),
        onnxruntimeGradient: gradient((a) => support(a?.vjp, a)),
      };
    });
}

/** A value that stands in the file as a node: there is nothing to run. */
const isValue = ({ op, domain }: Node): boolean => op === 'Constant' && domain === '';

function groupBy(nodes: readonly Node[]): Map<string, Node[]> {
  const groups = new Map<string, Node[]>();
  for (const n of nodes) {
    const known = groups.get(nameOf(n));
    if (known) known.push(n);
    else groups.set(nameOf(n), [n]);
  }
  return groups;
}

function support(rule: ((...args: never[]) => unknown) | NoGradient | Todo | undefined, adapter: OpAdapter | undefined): Support {
  if (typeof rule === 'function') return 'yes';
  if (rule && 'none' in rule) return `none: ${rule.none}`;
  if (rule) return `todo: ${rule.todo}`;
  // An op that is always rewritten needs no rules of its own.
  return adapter?.canonicalize || adapter?.lower ? 'by rewriting' : 'missing';
}

// Which op's gradient is wrong: each node of the static graph alone, at the values it really sees, both engines against central differences.
import type { OpAdapter } from '../../adapters/op.js';
import { dependents, gradientPath } from '../compile/differentiate.js';
import { specialize } from '../compile/specialize.js';
import { LanError } from '../core/errors.js';
import { random, STREAMS } from '../core/random.js';
import { isFiniteTensor, sizeOf, toFloat32, toNumbers, type Tensor } from '../core/tensor.js';
import { gradientOf, type Engine, type Program } from '../engine/engine.js';
import { dialectModel, openModelSession, probe } from '../engine/ort.js';
import { GraphBuilder } from '../onnx/builder.js';
import { nodeLabel, type Graph, type Node } from '../onnx/graph.js';
import { cosine, difference } from './compare.js';
import { label, type CheckContext } from './context.js';
import type { Differentiable } from './differentiable.js';
import { finiteDifferenceErrors, type FiniteDifference } from './finite-differences.js';
import { asOutputs, inParts } from './intermediates.js';
import { objectiveOf } from './objective.js';
import { TOLERANCES } from './tolerances.js';

/** A node whose gradient is wrong by itself, at the values it sees in the model, and how that shows. */
export interface WrongGradient {
  /** The node of the compiled graph: `Relu 'relu1'`. */
  readonly node: string;
  readonly op: string;
  /** The first output of that node. */
  readonly value: string;
  /** The input by which the gradient is wrong. */
  readonly by: string;
  /** The engine whose gradient central differences contradict. */
  readonly engine: string;
  /** Relative error of that engine's derivative against them (FiniteDifference.error). */
  readonly derivativeError: number;
  /** Against the other engine, where both have a rule: the worst element. */
  readonly other?: { readonly engine: string; readonly index: number; readonly received: number; readonly expected: number };
}

/** What trying each node by itself found: neither field where every gradient is right. */
export interface Blame {
  /** The first node whose gradient central differences contradict. */
  readonly wrong?: WrongGradient;
  /** The first node whose own gradient is infinite or NaN in every engine at the values it sees, such as the root of 0: no mistake of a rule. */
  readonly notFinite?: string;
}

/**
 * The first node on the path to the objective on the output whose gradient, taken of a seeded combination of its outputs, is not
 * what central differences say; none where each is right by itself. Nodes that are alike (op, attributes, shapes) are tried once, at what
 * they see at the sample (default: the first). `apart`: the engines are known to differ from each other, so that nodes on which they do not need no differences,
 * which take the longest.
 */
export async function findWrongGradient(
  context: CheckContext,
  part: Differentiable,
  apart: boolean,
  sample: Differentiable['samples'][number] = part.samples[0]!,
): Promise<Blame> {
  const { engines, adapters } = context;
  const { wrt, output } = part;
  const objective = await objectiveOf(part.graph, output, adapters);
  const { graph, loss, cotangent } = objective;
  const feeds: Record<string, Tensor> = {
    ...sample.feeds,
    [cotangent]: objective.weights(sample.expected[output]!, 0, context.seed),
  };
  const variable = dependents(graph, wrt);
  const tried = new Set<string>();
  const path = gradientPath(graph, loss, wrt).filter((node) => {
    const kind = signature(graph, node);
    return tried.has(kind) ? false : tried.add(kind);
  });
  /** What a node has to be fed. */
  const given = (node: Node): string[] => [...new Set(node.inputs)].filter((n) => n !== '' && !graph.constants.has(n));
  const inner = path.flatMap(given).filter((n) => !(n in feeds));
  const session = await openModelSession(
    dialectModel({ ...graph, outputs: inner.length > 0 ? asOutputs(inner, graph.types) : graph.outputs }),
    { optimize: 'disabled' },
  );
  let notFinite: string | undefined;
  try {
    for (const part of inParts(path, (node) => graph.types.get(node.inputs[0]!))) {
      const wanted = [...new Set(part.flatMap(given))].filter((n) => !(n in feeds));
      const values = { ...feeds, ...(wanted.length > 0 ? await session.run(feeds, wanted) : {}) };
      for (const node of part) {
        const own = Object.fromEntries(given(node).map((n) => [n, values[n]!]));
        const by = given(node).filter((n) => variable.has(n) && own[n]!.type === 'float32');
        const found =
          by.length > 0 ? await repeated((draw) => judge(graph, node, own, by, engines, adapters, apart, draw)) : undefined;
        if (found === 'not finite') notFinite ??= nodeLabel(node);
        else if (found) return { wrong: found, notFinite };
      }
    }
    return { notFinite };
  } finally {
    await session.dispose();
  }
}

/** Further combinations of a node's outputs in which an error has to show again: of bends that lie on one path, and of noise, another knows nothing. */
const AGAIN = 2;

/** What `judge` finds at the first draw; a wrong gradient counts only where each of AGAIN more finds it in the same engine. */
export async function repeated(judge: (draw: number) => Promise<Judgement>): Promise<Judgement> {
  const first = await judge(0);
  if (typeof first !== 'object') return first;
  for (let draw = 1; draw <= AGAIN; draw++) {
    const again = await judge(draw);
    if (typeof again !== 'object' || again.engine !== first.engine) return undefined;
  }
  return first;
}

/** What makes two nodes alike for a rule. */
const signature = (graph: Graph, node: Node): string =>
  JSON.stringify(
    [
      node.domain,
      node.op,
      node.attributes,
      node.inputs.map((n) => [graph.constants.has(n), (graph.types.get(n) ?? graph.constants.get(n))?.dims]),
    ],
    // An attribute may be a tensor of 64-bit integers.
    (_, v: unknown) => (typeof v === 'bigint' ? String(v) : v),
  );

/** One node as a graph, with one more output, the last: the sum of its float outputs, weighted by constants of seeded normal values, others for each draw. */
async function alone(
  graph: Graph,
  node: Node,
  feeds: Record<string, Tensor>,
  adapters: readonly OpAdapter[],
  draw: number,
): Promise<Graph> {
  const own = new Set([...node.inputs, ...node.outputs].filter((n) => n !== ''));
  const g = GraphBuilder.from({
    name: 'node',
    nodes: [node],
    inputs: Object.entries(feeds).map(([name, t]) => ({ name, kind: 'tensor', type: t.type, dims: t.dims })),
    outputs: [],
    constants: new Map([...graph.constants].filter(([n]) => own.has(n))),
    types: new Map([...graph.types].filter(([n]) => own.has(n))),
  });
  const terms = floats(graph, node).map((o, i) => {
    const { dims } = g.typeOf(o);
    const data = random(0, STREAMS.check).normal(new Float32Array(sizeOf(dims)), 64 * draw + i);
    const product = g.mul(g.constant({ type: 'float32', dims, data }), o);
    return g.op('ReduceSum', [product], { keepdims: 0 });
  });
  for (const o of floats(graph, node)) g.output(o);
  g.output(
    terms.reduce((a, b) => g.add(a, b)),
    'weighted_sum',
  );
  return specialize(g.build(), {}, probe, adapters);
}

/** The float outputs of the node. */
const floats = (graph: Graph, node: Node): string[] => node.outputs.filter((o) => graph.types.get(o)?.type === 'float32');

const norm = (tensors: readonly Tensor[]): number =>
  Math.sqrt(tensors.reduce((sum, t) => sum + toFloat32(t).reduce((s, v) => s + v * v, 0), 0)) || 1;

interface Judged extends FiniteDifference {
  readonly engine: string;
  readonly gradients: Record<string, Tensor>;
}

/** What one try of a node found: a wrong gradient, one that is not finite in any engine, or nothing. */
export type Judgement = WrongGradient | 'not finite' | undefined;

/** The engine whose gradient of this node is wrong, 'not finite' where all of them are that, or undefined. `draw`: of the combination of its outputs. */
async function judge(
  graph: Graph,
  node: Node,
  feeds: Record<string, Tensor>,
  by: readonly string[],
  engines: readonly Engine[],
  adapters: readonly OpAdapter[],
  apart: boolean,
  draw: number,
): Promise<Judgement> {
  const single = await alone(graph, node, feeds, adapters, draw);
  const sum = single.outputs.at(-1)!.name;
  const open: { engine: string; program: Program; gradients: Record<string, Tensor> }[] = [];
  try {
    for (const engine of engines) {
      const program = await withRule(() => engine.gradient(single, sum, by));
      if (program) open.push({ engine: label(engine), program, gradients: await gradientsAt(program, feeds, by) });
    }
    if (open.length > 0 && open.every(({ gradients }) => !Object.values(gradients).every(isFiniteTensor))) return 'not finite';
    const [a, b] = open;
    if (apart && a && b && by.every((n) => alike(a.gradients[n]!, b.gradients[n]!))) return undefined;
    const reference = await openModelSession(dialectModel(single), { optimize: 'disabled' });
    try {
      const value = async (at: Record<string, Tensor>): Promise<number> => toNumbers((await reference.run(at, [sum]))[sum]!)[0]!;
      const scale = norm(Object.values(await reference.run(feeds, floats(single, node))));
      const claims = open.map(({ program, gradients }) => ({
        gradients,
        at: (near: Record<string, Tensor>) => gradientsAt(program, near, by),
      }));
      const found = await finiteDifferenceErrors({ f: value, feeds, scale }, claims);
      return verdict(
        node,
        by,
        open.map(({ engine, gradients }, i) => ({ engine, gradients, ...found[i]! })),
      );
    } finally {
      await reference.dispose();
    }
  } finally {
    for (const { program } of open) await program.dispose();
  }
}

const alike = (a: Tensor, b: Tensor): boolean =>
  difference(a, b, TOLERANCES.gradient).maxError <= TOLERANCES.gradient &&
  cosine(toFloat32(a), toFloat32(b)) >= TOLERANCES.cosine;

async function gradientsAt(
  program: Program,
  feeds: Readonly<Record<string, Tensor>>,
  by: readonly string[],
): Promise<Record<string, Tensor>> {
  const out = await program.run(feeds);
  return Object.fromEntries(by.map((n) => [n, out[gradientOf(n)]!]));
}

/** What `make` gives; undefined where an engine has no rule for the op, which is no mistake of a rule. */
async function withRule<T>(make: () => Promise<T>): Promise<T | undefined> {
  try {
    return await make();
  } catch (error) {
    if (error instanceof LanError) return undefined;
    throw error;
  }
}

/** How many times the error of the other engine's gradient counts as clearly more. */
const CLEARLY = 4;

function verdict(node: Node, by: readonly string[], results: readonly Judged[]): WrongGradient | undefined {
  // Where noise hides the derivative nothing is known.
  const [worst] = results.filter((r) => r.conclusive).toSorted((a, b) => b.error - a.error);
  const other = results.find((r) => r !== worst);
  // Of two engines that differ, the one that differences contradict clearly more is wrong, by however little.
  const least = other && worst && worst.error > CLEARLY * other.error ? TOLERANCES.gradient : TOLERANCES.finiteDifference;
  if (!worst || worst.error <= least) return undefined;
  // Of several inputs, the one by which the engines differ most.
  const apart = (n: string): number =>
    other ? difference(worst.gradients[n]!, other.gradients[n]!, TOLERANCES.gradient).maxError : 0;
  const name = by.reduce((a, b) => (apart(b) > apart(a) ? b : a));
  const element = other && difference(worst.gradients[name]!, other.gradients[name]!, TOLERANCES.gradient).worst;
  return {
    node: nodeLabel(node),
    op: node.op,
    value: node.outputs.find((o) => o !== '')!,
    by: name,
    engine: worst.engine,
    derivativeError: worst.error,
    ...(other && element
      ? { other: { engine: other.engine, index: element.index, received: element.value, expected: element.reference } }
      : {}),
  };
}

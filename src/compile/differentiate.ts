// Reverse-mode differentiation of a static dialect graph, by the adapters' rules: ONNX in, ONNX out.
import { resolveAttributes, type OpAdapter } from '../../adapters/op.js';
import { LanError, LanErrors, type Problem } from '../core/errors.js';
import { float32, isFloat, sizeOf } from '../core/tensor.js';
import { GraphBuilder } from '../onnx/builder.js';
import { nodeLabel, writes, type Graph, type Node } from '../onnx/graph.js';
import { hazardsOf } from './hazards.js';
import { logisticGradients, logistics } from './logistic.js';
import { poolBeforeConcat, poolBeforeRelu } from './commute.js';
import { adapterTable, Refusal, staticNode } from './static.js';

/** Name of the output that holds the gradient of an input. */
export const gradientOf = (input: string): string => `grad:${input}`;

/** Which derivatives `differentiate` adds: of one number, by any values of the graph. */
export interface Gradients {
  /** A value with one element, of which the gradient is taken. */
  readonly of: string;
  /** Inputs or constants, and the output names of their gradients. */
  readonly wrt: readonly { readonly name: string; readonly as: string }[];
}

/** Values that depend on one of `roots` through floats. */
export function dependents(graph: Graph, roots: Iterable<string>): Set<string> {
  const variable = new Set(roots);
  for (const node of graph.nodes) {
    if (node.inputs.some((n) => variable.has(n))) {
      for (const o of node.outputs) if (o !== '' && isFloat(graph.types.get(o)?.type ?? 'float32')) variable.add(o);
    }
  }
  return variable;
}

/** Nodes on a path from `wrt` to `of`, in order. */
export function gradientPath(graph: Graph, of: string, wrt: readonly string[]): Node[] {
  const variable = dependents(graph, wrt);
  const wanted = new Set([of]);
  const path: Node[] = [];
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i]!;
    if (!node.outputs.some((o) => wanted.has(o) && variable.has(o))) continue;
    path.push(node);
    for (const x of node.inputs) if (variable.has(x)) wanted.add(x);
  }
  return path.reverse();
}

/**
 * Where every path from `wrt` to `of` ends: nodes that no derivative passes, with their reasons. [] where a gradient reaches the inputs, or
 * where nothing says why none does.
 */
export function blockedBy(
  graph: Graph,
  { of, wrt }: { of: string; wrt: readonly string[] },
  adapters: readonly OpAdapter[],
): { readonly reason: string; readonly jumps: boolean }[] {
  const find = adapterTable(adapters);
  const reached = new Set(wrt);
  const ends: { reason: string; jumps: boolean }[] = [];
  for (const node of gradientPath(graph, of, wrt)) {
    if (!node.inputs.some((x) => reached.has(x))) continue;
    const rule = find(node)?.vjp;
    if (rule && 'none' in rule) ends.push({ reason: `${nodeLabel(node)}: ${rule.none}`, jumps: rule.jumps ?? false });
    else for (const o of writes(node)) reached.add(o);
  }
  return reached.has(of) ? [] : ends;
}

/**
 * The graph with backward nodes and one further output per `wrt` entry: d(of)/d(name), in the shape of the value, zeros where nothing
 * depends on it. Only nodes on a path between them are visited. Gradients of a value used several times are added.
 * Throws LanErrors naming every op on such a path whose rule is missing.
 *
 * @example
 * const backward = differentiate(graph, { of: 'loss', wrt: [{ name: 'x', as: 'x_grad' }] }, adapters);
 */
export function differentiate(original: Graph, { of, wrt }: Gradients, adapters: readonly OpAdapter[]): Graph {
  const graph = poolBeforeRelu(poolBeforeConcat(original));
  const find = adapterTable(adapters);
  const g = GraphBuilder.from(graph);
  const ofType = g.typeOf(of);
  if (sizeOf(ofType.dims) !== 1)
    throw new LanError('unsupported', `Gradients are taken of one number; '${of}' has shape [${ofType.dims.join(',')}].`);
  const adders = new Set(adapters.flatMap((a) => a.addGradients ?? []));
  const variable = dependents(
    graph,
    wrt.map((w) => w.name),
  );
  const path = gradientPath(
    graph,
    of,
    wrt.map((w) => w.name),
  );
  const cotangents = new Map<string, string[]>([[of, [g.constant(float32([1], ofType.dims), 'seed')]]]);
  const cotangent = (value: string): string | undefined => {
    const parts = cotangents.get(value);
    if (!parts || parts.length === 0) return undefined;
    // Two at a time: onnxruntime lets a convolution add what another one made.
    const sum = parts.reduce((a, b) => {
      for (const add of adders) {
        const made = add(g, a, b);
        if (made !== undefined) return made;
      }
      return g.add(a, b);
    });
    cotangents.set(value, [sum]);
    g.types.set(sum, g.typeOf(value));
    return sum;
  };
  const hazards = hazardsOf(graph, adapters);
  const fused = logistics(graph);
  const problems: (string | Problem)[] = [];
  for (const node of path.toReversed()) {
    const adapter = find(node);
    const dy = node.outputs.map((o) => (o === '' ? undefined : cotangent(o)));
    if (!dy.some(Boolean)) continue;
    const written = fused.get(node);
    if (written && variable.has(written.u)) {
      for (const [value, gradient] of logisticGradients(g, written, dy[0]!, node.outputs[0]!)) {
        if (!variable.has(value)) continue;
        g.types.set(gradient, g.typeOf(value));
        cotangents.set(value, [...(cotangents.get(value) ?? []), gradient]);
      }
      continue;
    }
    const rule = adapter?.vjp;
    if (typeof rule !== 'function') {
      if (rule && 'none' in rule) continue;
      problems.push(`${nodeLabel(node)}: ${rule ? `no gradient rule: ${rule.todo}` : 'no gradient rule'}`);
      // The walk goes on, with stand-ins of the right shape, so that every missing rule is named.
      for (const x of node.inputs) if (variable.has(x)) cotangents.set(x, [x]);
      continue;
    }
    try {
      const view = staticNode(node, g);
      // Not a spread: the view's accessors stay its own.
      const context = Object.assign(Object.create(view) as typeof view, {
        dy,
        needs: node.inputs.map((x) => variable.has(x)),
        steep: node.outputs.some((o) => hazards.steep.has(o)),
        replaced: node.outputs.some((o) => hazards.replaced.has(o)),
      });
      Object.assign(context, view);
      const gradients = rule(context, resolveAttributes(adapter!, node), g);
      node.inputs.forEach((x, i) => {
        const gradient = gradients[i];
        if (gradient === undefined || x === '' || !variable.has(x)) return;
        const shaped = adapter!.broadcasts ? g.unbroadcast(gradient, view.outputType(0).dims, view.type(i).dims) : gradient;
        g.types.set(shaped, g.typeOf(x));
        const parts = cotangents.get(x);
        if (parts) parts.push(shaped);
        else cotangents.set(x, [shaped]);
      });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      problems.push(error.as);
    }
  }
  if (problems.length > 0)
    throw new LanErrors(
      'unsupported',
      'No gradient can be derived in ONNX:',
      problems,
      "Choose `engine: 'tfjs'`, or write the rules (docs/adding-an-op.md).",
    );
  for (const output of graph.outputs) g.output(output.name);
  for (const { name, as } of wrt) {
    const dims = g.typeOf(name).dims;
    g.output(cotangent(name) ?? g.constant(float32(new Float32Array(sizeOf(dims)), dims), 'zeros'), as);
  }
  return g.build();
}

// Inputs whose values decide shapes or axes: they have to be constants once shapes are bound, whatever the op.
import type { OpAdapter } from '../../adapters/op.js';
import { LanError, LanErrors } from '../core/errors.js';
import { own } from '../core/own.js';
import { toNumbers, type Tensor } from '../core/tensor.js';
import { renameNode } from '../onnx/builder.js';
import { nodeLabel, reads, subgraphs, type Graph, type Node } from '../onnx/graph.js';
import { isVariable } from './control.js';
import { adapterTable } from './static.js';

/** An input of a node that has to be a constant, but depends on the values of `on`, inputs of the graph; none where it is drawn at random. */
interface Deciding {
  readonly node: Node;
  readonly index: number;
  readonly on: ReadonlySet<string>;
}

/** Control flow has no adapter: what decides its branches and trips. */
const CONTROL: Readonly<Record<string, readonly number[]>> = { If: [0], Loop: [0, 1] };

/** Every such input that is no constant, by the adapters' `constants`, in bodies of control flow as well. */
function decidingInputs(graph: Graph, adapters: readonly OpAdapter[]): Deciding[] {
  const find = adapterTable(adapters);
  const found: Deciding[] = [];
  const walk = (nodes: readonly Node[], on: Map<string, ReadonlySet<string>>): void => {
    const variable = { has: (name: string): boolean => on.has(name) } as ReadonlySet<string>;
    for (const node of nodes) {
      for (const index of find(node)?.constants ?? (node.domain === '' ? own(CONTROL, node.op) : undefined) ?? []) {
        const depends = on.get(node.inputs[index] ?? '');
        if (depends) found.push({ node, index, on: depends });
      }
      if (!isVariable(node, variable)) continue;
      // CastLike takes the type alone of its second input.
      const read = node.op === 'CastLike' ? node.inputs.slice(0, 1) : reads(node);
      if (node.op === 'CastLike' && !on.has(read[0]!)) continue;
      const all = union(read.flatMap((name) => on.get(name) ?? []));
      for (const body of subgraphs(node)) walk(body.nodes, new Map([...on, ...body.inputs.map((i) => [i.name, all] as const)]));
      for (const o of node.outputs) if (o !== '') on.set(o, all);
    }
  };
  walk(graph.nodes, new Map(graph.inputs.map((i) => [i.name, new Set([i.name])])));
  return found;
}

/** One of the sets where it holds all of the others, so that a deep graph does not copy them at each node. */
function union(sets: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  return sets.reduce((all, next) => {
    if (all === next || [...next].every((name) => all.has(name))) return all;
    return new Set([...all, ...next]);
  }, new Set<string>());
}

/**
 * The graph with the values that are given for inputs which decide shapes in place of those inputs. The inputs stay, read by nobody, so that
 * callers feed them as before; another value is then refused by refuseOtherValues.
 */
export function bindDeciding(graph: Graph, values: Readonly<Record<string, Tensor>>, adapters: readonly OpAdapter[]): Graph {
  const bound = new Map<string, string>();
  for (const { on } of decidingInputs(graph, adapters))
    for (const name of on) if (own(values, name)) bound.set(name, `${name} as given`);
  if (bound.size === 0) return graph;
  const constants = new Map(graph.constants);
  for (const [name, copy] of bound) constants.set(copy, values[name]!);
  return { ...graph, constants, nodes: graph.nodes.map((n) => renameNode(n, (name) => bound.get(name) ?? name)) };
}

/**
 * Throws LanError ('input') where an input that no node reads any more, since its value went into the shapes, is fed another value than `bound`, the
 * one that it was given then.
 */
export function refuseOtherValues(
  graph: Graph,
  bound: Readonly<Record<string, Tensor>>,
  feeds: Readonly<Record<string, Tensor>>,
): void {
  const asked = Object.keys(bound).filter((name) => feeds[name] && feeds[name] !== bound[name]);
  if (asked.length === 0) return;
  const read = new Set(graph.nodes.flatMap(reads));
  for (const name of asked.filter((n) => !read.has(n))) {
    const [expected, received] = [bound[name]!, feeds[name]!].map((t) => Array.from(toNumbers(t)).join(', '));
    if (expected === received) continue;
    throw new LanError(
      'input',
      `Input '${name}' decides shapes and was bound to [${expected}] when the model was opened; received [${received}].`,
      'Open the model again with that value in `feeds`.',
    );
  }
}

/**
 * Throws LanErrors ('input') naming every node whose shapes or axes depend on the value of a graph input. A probing run feeds zeros and would take
 * their shape for the shape.
 */
export function refuseDeciding(graph: Graph, adapters: readonly OpAdapter[]): void {
  const found = decidingInputs(graph, adapters);
  if (found.length === 0) return;
  const names = [...new Set(found.flatMap(({ on }) => [...on]))];
  throw new LanErrors(
    'input',
    `Nothing can be computed before the value of ${names.map((n) => `input '${n}'`).join(', ') || 'random numbers'} is known:`,
    found.map(
      ({ node, index, on }) =>
        `${nodeLabel(node)}: its input ${index} '${node.inputs[index]!}' must be constant, but depends on ${[...on].map((n) => `'${n}'`).join(', ') || 'random numbers'}`,
    ),
    names.length > 0
      ? `Give the value in \`feeds\`, for example { ${names[0]!}: 1 }, or export the model with it as a constant.`
      : undefined,
  );
}

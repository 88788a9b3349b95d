// Runs a graph once for all its values, no node before it is known how much it asks for.
import type { OpAdapter } from '../../adapters/op.js';
import { LanError } from '../core/errors.js';
import { own } from '../core/own.js';
import { sizeOf, type Tensor } from '../core/tensor.js';
import { nodeLabel, prune, reads, type Graph, type Node } from '../onnx/graph.js';
import { isControl } from './control.js';
import { canGrow, extentsOf, type Known } from './extents.js';
import { standIn } from './stand-in.js';
import { adapterTable } from './static.js';

/**
 * Runs a dialect graph on `feeds` and gives the wanted values; of those in `typesOnly` only type and shape matter. Onnxruntime does it
 * (engine/ort.ts); passed in, so that passes stay pure.
 */
export type Probe = (
  graph: Graph,
  feeds: Record<string, Tensor>,
  wanted: readonly string[],
  typesOnly?: ReadonlySet<string>,
) => Promise<Map<string, Tensor>>;

/** Bytes that one value may take. */
export const MAX_BYTES = 2 ** 31;
/** Bytes that all values of a graph may take together: about twice that is in use while they are handed over. */
export const MAX_TOTAL = 2 ** 32;
/** Most values are float32; of another type, the limit is a little off. */
const WIDTH = 4;

/** A number of bytes for messages, in GiB: one decimal, or two digits from a million GiB on. */
export const gibibytes = (bytes: number): string => {
  const size = bytes / 2 ** 30;
  return `${size < 1e6 ? size.toFixed(1) : size.toPrecision(2)} GiB`;
};

/**
 * All values of a static graph's nodes. Where a node's size depends on values that are not known yet (Expand by a computed shape), what comes
 * before it is run first, so most graphs are run in one piece and some in several.
 * Of the values in `typesOnly` the type and shape are right, the elements may be zeros: products with weights are not computed then.
 * Throws LanError ('memory') naming the node that asks for more than MAX_BYTES, or with which all values together pass MAX_TOTAL.
 */
export async function measure(
  graph: Graph,
  feeds: Record<string, Tensor>,
  probe: Probe,
  adapters: readonly OpAdapter[],
  typesOnly: ReadonlySet<string> = new Set(),
): Promise<Map<string, Tensor>> {
  const find = adapterTable(adapters);
  const results = new Map<string, Tensor>();
  const dims = new Map<string, readonly number[]>();
  for (const [name, t] of [...graph.constants, ...Object.entries(feeds)]) dims.set(name, t.dims);
  /** Elements at most, of values whose shape is not known. */
  const most = new Map<string, number>();
  const known: Known = {
    dims: (name) => dims.get(name),
    value: (name) => graph.constants.get(name) ?? results.get(name) ?? own(feeds, name),
  };
  let pending: Node[] = [];
  const shapes = new Map<string, Tensor>();
  let total = 0;
  const run = async (): Promise<void> => {
    const part = piece({ ...graph, constants: new Map([...graph.constants, ...shapes]) }, pending, results, feeds);
    pending = [];
    for (const [name, t] of await probe(part.graph, part.feeds, part.wanted, typesOnly)) {
      results.set(name, t);
      dims.set(name, t.dims);
    }
  };
  for (const node of graph.nodes) {
    // What runs inside is known to nobody; inlineControl has to come before.
    if (isControl(node)) throw new LanError('unsupported', `${nodeLabel(node)} cannot be measured before it is resolved.`);
    const adapter = find(node);
    let found = extentsOf(node, known, adapter);
    if (!found && canGrow(adapter) && pending.length > 0) {
      await run();
      found = extentsOf(node, known, adapter);
    }
    const outputs = found?.outputs ?? [];
    const size = (name: string): number => (dims.has(name) ? sizeOf(dims.get(name)!) : (most.get(name) ?? 0));
    // Without a rule: a part of the inputs, or a rearrangement.
    const bound = reads(node).reduce((sum, name) => sum + size(name), 0);
    node.outputs.forEach((name, i) => {
      if (name === '') return;
      if (outputs[i]) dims.set(name, outputs[i]);
      else most.set(name, i === 0 || !found ? bound : 0);
    });
    const workspace = found?.workspace ?? 0;
    const largest = Math.max(0, ...outputs.map(sizeOf), workspace) * WIDTH;
    if (!(largest <= MAX_BYTES))
      throw new LanError(
        'memory',
        `${nodeLabel(node)} asks for ${gibibytes(largest)}; at most ${MAX_BYTES / 2 ** 30} are allowed.`,
      );
    total += (workspace + (found ? node.outputs.reduce((sum, name) => sum + size(name), 0) : bound)) * WIDTH;
    if (!(total <= MAX_TOTAL))
      throw new LanError(
        'memory',
        `The values of the graph up to ${nodeLabel(node)} take ${gibibytes(total)}; at most ${MAX_TOTAL / 2 ** 30} are allowed.`,
        'Give a smaller input or batch (`shapes`).',
      );
    const weights = graph.constants.get(node.inputs[1] ?? '');
    const light = outputs[0] && typesOnly.has(node.outputs[0]!) ? standIn(node, outputs[0], known, weights, adapter) : undefined;
    if (light) shapes.set(...light.constant);
    pending.push(light?.node ?? node);
  }
  if (pending.length > 0) await run();
  return results;
}

/** The pending nodes as a graph of their own, that is fed what earlier pieces have computed. */
function piece(
  graph: Graph,
  nodes: readonly Node[],
  results: ReadonlyMap<string, Tensor>,
  feeds: Record<string, Tensor>,
): { graph: Graph; feeds: Record<string, Tensor>; wanted: string[] } {
  const given: Record<string, Tensor> = { ...feeds };
  for (const name of nodes.flatMap(reads)) {
    const value = results.get(name);
    if (value) given[name] = value;
  }
  const wanted = nodes.flatMap((n) => n.outputs.filter((o) => o !== ''));
  const earlier = Object.keys(given).filter((name) => !Object.hasOwn(feeds, name));
  const inputs = [
    ...graph.inputs,
    ...earlier.map((name) => ({ name, kind: 'tensor' as const, type: given[name]!.type, dims: given[name]!.dims })),
  ];
  const outputs = wanted.map((name) => ({ name, kind: 'tensor' as const }));
  return { graph: prune({ ...graph, inputs, nodes, outputs }), feeds: given, wanted };
}

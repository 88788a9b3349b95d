// The smallest piece of a model that still fails, as a model of its own at the original's opset, fed what the piece really sees.
import { rm } from 'node:fs/promises';
import { join, dirname } from 'node:path';
import { LanError } from '../core/errors.js';
import type { Tensor } from '../core/tensor.js';
import { writeAtomically } from '../data/files.js';
import { openModelSession } from '../engine/ort.js';
import { inOwnTypes } from '../model/float-types.js';
import { encodeModel } from '../onnx/codec.js';
import { makersOf, nodeLabel, reads, type Graph, type Model, type Node } from '../onnx/graph.js';
import { encodeTensorFile } from '../onnx/tensor-file.js';
import type { CheckContext } from './context.js';
import { tensorFiles } from './inputs.js';
import { asOutputs } from './intermediates.js';

/** Nodes that a cut may have. */
export const MOST_NODES = 3;

/** A piece of a model as a model of its own, of one to MOST_NODES nodes, with what it is fed and what it should give. */
export interface Cut {
  readonly model: Model;
  /** Inputs and outputs in the model's order, in the file's own types. */
  readonly inputs: readonly { readonly name: string; readonly tensor: Tensor }[];
  readonly outputs: readonly { readonly name: string; readonly tensor: Tensor }[];
  /** `Relu 'relu1'`, in order. */
  readonly nodes: readonly string[];
}

/**
 * Cuts the node that writes `value`, alone or with up to two of those before it, and gives the first such model that `fails`; undefined where
 * none does, since the difference builds up over more nodes. Initialisers and values that do not depend on an input's values (shapes) stay
 * constants; every other value that the piece reads becomes a graph input, with what onnxruntime computes for it at `feeds`.
 * Throws LanError where the node reads a value that has no name outside the model.
 */
export async function cutFailing(
  context: CheckContext,
  value: string,
  feeds: Readonly<Record<string, Tensor>>,
  fails: (cut: Cut) => Promise<boolean>,
): Promise<Cut | undefined> {
  const { source, reference, graph } = context;
  const maker = makersOf(source.model.graph.nodes);
  const last = maker.get(value);
  if (!last) return undefined;
  const varies = variableOf(source.model.graph, graph);
  for (const nodes of pieces(last, (n) => (varies.has(n) ? maker.get(n) : undefined))) {
    const inner = new Set(nodes.flatMap((n) => n.outputs));
    const outside = [...new Set(nodes.flatMap(reads))].filter((n) => !inner.has(n));
    const computed = outside.filter((n) => maker.has(n));
    const values = new Map<string, Tensor>([...source.model.graph.constants, ...Object.entries(inOwnTypes(feeds, source.model))]);
    for (const [name, tensor] of await valuesOf(reference.model, [...computed, value], feeds)) values.set(name, tensor);
    const missing = outside.find((n) => !values.has(n));
    if (missing !== undefined) throw new LanError('usage', `${nodeLabel(last)}: '${missing}' has no value outside the model.`);
    const fed = outside.filter((n) => varies.has(n)).map((name) => ({ name, tensor: values.get(name)! }));
    const model = modelOf(source.model, source.model.graph.nodes.filter((n) => nodes.includes(n)), fed, outside, values, value); // prettier-ignore
    const cut: Cut = {
      model,
      inputs: fed,
      outputs: [{ name: value, tensor: values.get(value)! }],
      nodes: model.graph.nodes.map(nodeLabel),
    };
    if (await fails(cut)) return cut;
  }
  return undefined;
}

/** The node alone, then with one of those before it, then with two. */
function* pieces(last: Node, makerOf: (value: string) => Node | undefined): Generator<readonly Node[]> {
  const before = (nodes: readonly Node[]): Node[] => {
    const makers = nodes.flatMap(reads).flatMap((n) => makerOf(n) ?? []);
    return [...new Set(makers)].filter((n) => !nodes.includes(n));
  };
  let level: (readonly Node[])[] = [[last]];
  for (let size = 1; size <= MOST_NODES; size++) {
    yield* level;
    level = level.flatMap((nodes) => before(nodes).map((n) => [...nodes, n]));
  }
}

/** Values that depend on what the inputs hold, not only on their shapes. */
function variableOf(original: Graph, compiled: Graph): Set<string> {
  const varies = new Set(original.inputs.map((i) => i.name));
  for (const node of original.nodes) {
    if (node.op === 'Shape' || node.op === 'Size' || !reads(node).some((n) => varies.has(n))) continue;
    for (const o of node.outputs) if (o !== '' && !compiled.constants.has(o)) varies.add(o);
  }
  return varies;
}

async function valuesOf(
  model: Model,
  names: readonly string[],
  feeds: Readonly<Record<string, Tensor>>,
): Promise<Map<string, Tensor>> {
  const session = await openModelSession(
    { ...model, graph: { ...model.graph, outputs: asOutputs(names) } },
    { optimize: 'disabled' },
  );
  try {
    return new Map(Object.entries(await session.run(inOwnTypes(feeds, model))));
  } finally {
    await session.dispose();
  }
}

function modelOf(
  original: Model,
  nodes: readonly Node[],
  fed: Cut['inputs'],
  outside: readonly string[],
  values: ReadonlyMap<string, Tensor>,
  value: string,
): Model {
  const inputs = fed.map(({ name, tensor }) => ({ name, kind: 'tensor' as const, type: tensor.type, dims: tensor.dims }));
  const constants = new Map(outside.filter((n) => !fed.some((f) => f.name === n)).map((n) => [n, values.get(n)!]));
  const functions = nodes.some((n) => original.functions.some((f) => f.name === n.op && f.domain === n.domain))
    ? original.functions
    : [];
  return {
    ...original,
    // Before IR 4, an initialiser had to be a graph input as well.
    irVersion: Math.max(original.irVersion, 4),
    functions,
    metadata: {},
    graph: { name: 'cut', nodes, inputs, outputs: asOutputs([value], values), constants, types: new Map() },
  };
}

/** What `writeCut` wrote: paths, and what is in the model. */
export interface Bisected {
  /** Where the model was written. */
  readonly model: string;
  /** The folder with its input_0.pb ... and output_0.pb, what onnxruntime computes. */
  readonly data: string;
  /** Its nodes: `Relu 'relu1'`, in order. */
  readonly nodes: readonly string[];
}

/** Writes the cut to `path`. Tensor files of an earlier case in the same folder are removed. Throws LanError where it cannot be written. */
export async function writeCut(path: string, cut: Cut): Promise<Bisected> {
  const data = join(dirname(path), 'test_data_set_0');
  await writeAtomically(path, encodeModel(cut.model));
  for (const file of tensorFiles(data)) await rm(join(data, file));
  for (const [role, tensors] of [
    ['input', cut.inputs],
    ['output', cut.outputs],
  ] as const)
    for (const [i, { name, tensor }] of tensors.entries())
      await writeAtomically(join(data, `${role}_${i}.pb`), encodeTensorFile(tensor, name));
  return { model: path, data, nodes: cut.nodes };
}

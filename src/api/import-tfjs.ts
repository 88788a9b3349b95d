// importTfjs: a tfjs-layers model as an ONNX file with its card.
import { existsSync } from 'node:fs';
import { LanError } from '../core/errors.js';
import { allocate, sizeOf, type Tensor } from '../core/tensor.js';
import { version } from '../core/version.js';
import { sha256, writeAtomically } from '../data/files.js';
import { prepareResults } from '../data/results.js';
import { dialectModel, openModelSession } from '../engine/ort.js';
import { openTfjs } from '../import/files.js';
import { kerasGraph, type ImportedGraph } from '../import/keras.js';
import { readTopology } from '../import/topology.js';
import { readWeights } from '../import/weights.js';
import { mergeCards, readCard, type InputCard, type OutputKind, type PartialCard } from '../model/card.js';
import { encodeModel } from '../onnx/codec.js';
import type { Graph, Model } from '../onnx/graph.js';
import { NAMES, refuseUnknown } from './option-names.js';

/** Options of `importTfjs`. */
export interface ImportTfjsOptions {
  /** Height and width, where the model leaves them open. */
  readonly size?: readonly [number, number];
  /** What a card says besides what the file does: values of pixels, labels. A file, or the card itself. */
  readonly card?: PartialCard | string;
}

/** An imported model, in memory. */
export interface ImportTfjsResult {
  /** The ONNX file: opset 18, float32, inputs and outputs with axes as Keras has them. */
  readonly bytes: Uint8Array;
  /** The card that goes beside it: what is known of it. */
  readonly card: PartialCard;
  readonly inputs: readonly { readonly name: string; readonly shape: readonly (number | string)[] }[];
  readonly outputs: readonly { readonly name: string; readonly shape: readonly (number | string)[] }[];
  /** Weights of the model, and nodes of the graph. */
  readonly parameters: number;
  readonly nodes: number;
  /** What the user has to know. */
  readonly notes: readonly string[];
  /**
   * Writes the file, and its card beside it as NAME.card.json; a card that is there already stays. Gives the paths that were written. Throws LanError (`write`,
   * and `usage` for a path that the model was read from).
   */
  save(path: string): Promise<{ readonly model: string; readonly card?: string }>;
  /** The document of the import, as a file at `path`. */
  toJSON(): object;
}

const OUTPUTS: Readonly<Record<string, OutputKind>> = { softmax: 'probabilities', logsoftmax: 'log-probabilities', sigmoid: 'sigmoid' }; // prettier-ignore

/**
 * Reads a tfjs-layers model: model.json with its weights (uint8, uint16 and float16 made whole), the folder that they lie in, or the same as JavaScript
 * modules (`model.min.js`), which are read and not run. Every layer that convolutional classifiers use is known, Sequential and Functional. The graph is tried
 * once in onnxruntime. Throws LanErrors (`unsupported`) naming all unknown layers, and LanError (`model`, `data`, `shape`, `memory`) for files that are damaged,
 * missing or contradict each other.
 *
 * @example
 * const imported = await importTfjs('nsfwjs/model.json', { card: { input: { channels: 'RGB', range: 1, mean: [0], std: [1] } } });
 * await imported.save('nsfwjs.onnx');
 */
export async function importTfjs(source: string, options: ImportTfjsOptions = {}): Promise<ImportTfjsResult> {
  refuseUnknown('importTfjs', options, NAMES.importTfjs);
  const { size, card } = options;
  const files = openTfjs(source);
  const network = readTopology(files.topology, files.where);
  const weights = await readWeights(files);
  const made = kerasGraph(network, weights, files.where, size);
  const model: Model = { ...dialectModel(made.graph), metadata: { source: `tfjs-layers, by lan-onnx ${version()}` } };
  await tryOnce(model, files.where);
  const bytes = encodeModel(model);
  const full = fullCard(made, typeof card === 'string' ? readCard(card) : card, files.where);
  const [inputs, outputs] = [shapesOf(made.graph.inputs), shapesOf(made.graph.outputs)];
  let parameters = 0;
  for (const { dims } of weights.values()) parameters += sizeOf(dims);
  const nodes = made.graph.nodes.length;
  const open = full.input && full.input.range === undefined && full.input.mean === undefined;
  const notes = [
    ...made.notes,
    ...(open
      ? ['the model does not say what becomes of pixels (`range`, `mean`, `std`): the usual conventions will be tried']
      : []),
  ];
  return {
    bytes,
    card: full,
    inputs,
    outputs,
    parameters,
    nodes,
    notes,
    async save(path) {
      const beside = `${path.replace(/\.onnx$/i, '')}.card.json`;
      const keep = existsSync(beside) && card === undefined;
      await prepareResults([path, ...(keep ? [] : [beside])], files.paths);
      if (!keep) await writeAtomically(beside, `${JSON.stringify(full, null, 2)}\n`);
      await writeAtomically(path, bytes);
      return { model: path, ...(keep ? {} : { card: beside }) };
    },
    toJSON: () => ({ schema: 'lan-onnx/import@1', bytes: bytes.length, sha256: sha256(bytes), inputs, outputs, parameters, nodes, card: full, notes }), // prettier-ignore
  };
}

const shapesOf = (values: Graph['inputs']) => values.map(({ name, dims = [] }) => ({ name, shape: dims.map((d) => d ?? '?') }));

/** One run on zeros: a graph that onnxruntime refuses, or whose outputs have other shapes than said, is not handed out. */
async function tryOnce(model: Model, where: string): Promise<void> {
  const program = await openModelSession(model, { threads: 1 });
  try {
    const one = (dims: Graph['inputs'][number]['dims'] = []): number[] => dims.map((d) => (typeof d === 'number' ? d : 1));
    const feeds = model.graph.inputs.map(({ name, dims }): [string, Tensor] => [name, { type: 'float32', dims: one(dims), data: allocate('float32', one(dims)) }]); // prettier-ignore
    const results = await program.run(Object.fromEntries(feeds));
    for (const { name, dims } of model.graph.outputs) {
      if (results[name]!.dims.join() !== one(dims).join())
        throw new LanError('disagreement', `${where}: output '${name}' is [${results[name]!.dims.join(', ')}] in onnxruntime, and [${one(dims).join(', ')}] by its layers.`); // prettier-ignore
    }
  } finally {
    await program.dispose();
  }
}

/** What the layers say, and over it what the caller does. */
function fullCard({ graph, lastActivation }: ImportedGraph, given: PartialCard | undefined, where: string): PartialCard {
  const [, height, width, channels] = graph.inputs[0]!.dims as (number | string)[];
  const picture = graph.inputs[0]!.dims!.length === 4 && (channels === 1 || channels === 3);
  const input: Partial<InputCard> = {
    layout: 'NHWC',
    size: [height as number, width as number],
    ...(channels === 1 ? { channels: 'GREY' as const } : {}),
  };
  const output = lastActivation === undefined ? undefined : OUTPUTS[lastActivation];
  const full = mergeCards({ ...(picture ? { input } : {}), ...(output ? { output } : {}) }, given);
  const classes = graph.outputs[0]!.dims!.at(-1);
  if (full.labels && full.labels.length !== classes)
    throw new LanError('usage', `${where}: has ${String(classes)} outputs, and \`labels\` names ${full.labels.length} classes.`);
  return full;
}

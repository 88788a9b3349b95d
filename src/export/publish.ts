// What an export is: a differentiated graph as one ONNX file, its values under names that readers know, their meaning in its metadata.
import { basename } from 'node:path';
import type { InputCard } from '../model/card.js';
import type { Classifier } from '../model/open.js';
import { LanError } from '../core/errors.js';
import type { DType } from '../core/tensor.js';
import { version } from '../core/version.js';
import { dialectModel } from '../engine/ort.js';
import { renameNode } from '../onnx/builder.js';
import { encodeModel } from '../onnx/codec.js';
import type { Graph, Model, Node, ValueInfo } from '../onnx/graph.js';
import { dtypeNumber } from '../onnx/tensors.js';

/** An input or output of the file. */
export interface ExportedValue {
  readonly name: string;
  readonly type: DType;
  readonly shape: readonly number[];
  /** One sentence. */
  readonly meaning: string;
}

/** An ONNX file in memory that any onnxruntime runs forward, without this project. Its shapes are fixed. */
export interface ExportedModel {
  readonly kind: 'gradient' | 'step' | 'explainer' | 'explained';
  /** The model that it was made of, without its folder. */
  readonly model: { readonly name: string; readonly sha256: string };
  readonly bytes: Uint8Array;
  readonly inputs: readonly ExportedValue[];
  readonly outputs: readonly ExportedValue[];
  /** Everything else that decided what the file computes. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** What was assumed, or is easily overlooked. */
  readonly notes: readonly string[];
}

/** A value of the graph on its way to the file. */
export interface Published {
  /** Its name in the graph. */
  readonly value: string;
  /** Its name in the file; one that is not the model's own gets a number where the model has taken it. */
  readonly as: string;
  readonly own?: boolean;
  /** One sentence; where it speaks of other values, made of their names in the file. */
  readonly meaning: string | ((named: (value: string) => string) => string);
  /** A type other than the graph's, to or from which the file casts. */
  readonly type?: DType;
}

/** All that is said in and about the file of a graph. */
export interface Publication extends Pick<ExportedModel, 'kind' | 'settings' | 'notes'> {
  /** All inputs of the graph, in the order of the file. */
  readonly inputs: readonly Published[];
  readonly outputs: readonly Published[];
}

/**
 * The graph as a file. metadata_props: `lan-onnx.version`, `lan-onnx.kind`, `lan-onnx.model` and `lan-onnx.sha256` (of the model), and as JSON
 * `lan-onnx.settings`, `lan-onnx.inputs` and `lan-onnx.outputs` (meaning by name). Throws LanError when the weights do not fit one ONNX file (2 GB).
 */
export function publish(classifier: Classifier, graph: Graph, publication: Publication): ExportedModel {
  const { kind, settings, notes } = publication;
  const { file, inputs, outputs } = named(graph, publication);
  const model = { name: basename(classifier.source.path ?? classifier.source.name), sha256: classifier.source.sha256 };
  const meanings = (values: readonly ExportedValue[]): string =>
    JSON.stringify(Object.fromEntries(values.map((v) => [v.name, v.meaning])));
  const metadata = {
    'lan-onnx.version': version(),
    'lan-onnx.kind': kind,
    'lan-onnx.model': model.name,
    'lan-onnx.sha256': model.sha256,
    'lan-onnx.settings': JSON.stringify(settings),
    'lan-onnx.inputs': meanings(inputs),
    'lan-onnx.outputs': meanings(outputs),
  };
  const whole = dialectModel(file);
  // Only the operator sets in use: a small runtime may not have the others.
  const domains = new Set(file.nodes.map((n) => n.domain));
  const opsets = new Map([...whole.opsets].filter(([domain]) => domain === '' || domains.has(domain)));
  return { kind, model, bytes: encode({ ...whole, opsets, metadata }, model.name), inputs, outputs, settings, notes };
}

/** The graph under the names of the file; values inside that have one of them step aside. */
function named(graph: Graph, publication: Publication): { file: Graph; inputs: ExportedValue[]; outputs: ExportedValue[] } {
  const taken = new Set([...publication.inputs, ...publication.outputs].flatMap((p) => (p.own ? [p.as] : [])));
  const claim = (wanted: string): string => {
    let name = wanted;
    for (let i = 2; taken.has(name); i++) name = `${wanted}_${i}`;
    taken.add(name);
    return name;
  };
  const names = new Map([...publication.inputs, ...publication.outputs].map((p) => [p, p.own ? p.as : claim(p.as)] as const));
  const nameOf = (value: string): string => [...names].find(([p]) => p.value === value)?.[1] ?? value;
  const describe = (p: Published): ExportedValue => {
    const { type, dims } = graph.types.get(p.value)!;
    const meaning = typeof p.meaning === 'string' ? p.meaning : p.meaning(nameOf);
    return { name: names.get(p)!, type: p.type ?? type, shape: dims, meaning };
  };
  const inputs = publication.inputs.map(describe);
  const outputs = publication.outputs.map(describe);

  const inside = new Map([['', '']]);
  const nodes: Node[] = [];
  const cast = (from: string, to: string, type: DType): Node => ({
    op: 'Cast',
    domain: '',
    name: to,
    inputs: [from],
    outputs: [to],
    attributes: { to: { kind: 'int', value: dtypeNumber(type) } },
  });
  /** The name of a published value within the graph: the file's, or that of what is cast. */
  const enter = (p: Published, { name, type }: ExportedValue): string => {
    const own = graph.types.get(p.value)!.type;
    const here = own === type ? name : claim(`${name}_${own}`);
    inside.set(p.value, here);
    return here;
  };
  publication.inputs.forEach((p, i) => {
    const { name } = inputs[i]!;
    const here = enter(p, inputs[i]!);
    if (here !== name) nodes.push(cast(name, here, graph.types.get(p.value)!.type));
  });
  const last: Node[] = [];
  publication.outputs.forEach((p, i) => {
    const { name, type } = outputs[i]!;
    const here = enter(p, outputs[i]!);
    if (here !== name) last.push(cast(here, name, type));
  });
  for (const value of [...graph.constants.keys(), ...graph.nodes.flatMap((n) => n.outputs)])
    if (!inside.has(value)) inside.set(value, claim(value));
  const rename = (value: string): string => inside.get(value)!;
  nodes.push(...graph.nodes.map((n) => renameNode(n, rename)), ...last);
  const info = ({ name, type, shape }: ExportedValue): ValueInfo => ({ name, kind: 'tensor', type, dims: shape });
  const constants = new Map([...graph.constants].map(([name, tensor]) => [rename(name), tensor]));
  const file = { name: graph.name, inputs: inputs.map(info), outputs: outputs.map(info), nodes, constants, types: new Map() };
  return { file, inputs, outputs };
}

function encode(model: Model, name: string): Uint8Array {
  try {
    return encodeModel(model);
  } catch (error) {
    if (!(error instanceof LanError)) throw error;
    throw new LanError(
      error.code,
      `${name} cannot be exported. ${error.problem}`,
      'The backward pass may keep weights a second time, transposed.',
    );
  }
}

/** What a picture in pixel space is. */
export const pictureMeaning = ({ channels, range }: InputCard): string =>
  `${channels === 'GREY' ? 'grey' : 'RGB'} pictures [N,C,H,W], values from 0 to ${range}; the model's preprocessing is inside`;

/** What samples are where the mask lies: pictures in pixel space, the model's own input where there is no card, or a value inside. */
export const sampleMeaning = ({ card, hookPoint }: Pick<Classifier, 'card' | 'hookPoint'>): string =>
  hookPoint ? `the value '${hookPoint.name}' inside the model` : card ? pictureMeaning(card) : "the model's own input";

/** What was assumed about pictures, for files that hold the preprocessing. */
export const cardNotes = (classifier: Classifier): string[] =>
  classifier.cardAssumed ? [`no model card: assumed ${JSON.stringify(classifier.card)}; say what it is with \`card\``] : [];

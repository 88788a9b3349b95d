// openModel: an ONNX file with its card and an engine behind one small interface.
import { adapters as builtIn } from '../../adapters/index.js';
import type { OpAdapter } from '../../adapters/op.js';
import { rewrite } from '../compile/canonicalize.js';
import { isQuantised } from '../compile/carried.js';
import { downstreamOf } from '../compile/cut.js';
import { specialize } from '../compile/specialize.js';
import { computedIn, widen } from '../compile/widen.js';
import { LanError } from '../core/errors.js';
import { toFloat32 } from '../core/tensor.js';
import { probe, type OrtProgram } from '../engine/ort.js';
import type { Graph, Model } from '../onnx/graph.js';
import { mergeCards, readCard, type OutputKind, type PartialCard } from './card.js';
import type { Classifier } from './classifier.js';
import { chooseEngine } from './engine-choice.js';
import { bindSymbols, readFeeds, shapeOfSample, shapesOfFeeds, tensorsOfFeeds } from './feeds.js';
import { chooseHookPoint, namedIn, hookPointNotes } from './hook-point.js';
import { labelNotes } from './maps.js';
import { OnnxClassifier } from './onnx-classifier.js';
import { guessOutputKind } from './probabilities.js';
import { randomFeeds } from './random-inputs.js';
import { openCutReference, openReferenceLater } from './reference.js';
import { chosenOutput, explainedInput, type SelectionOptions } from './selection.js';
import { readModel } from './source.js';
import { tryUnlessTrusted, type TrustOptions } from './trial.js';

export interface OpenOptions extends SelectionOptions, TrustOptions {
  /** Which engine differentiates. 'auto': onnxruntime where every op has a gradient rule, else tfjs. */
  readonly engine?: 'auto' | 'onnxruntime' | 'tfjs';
  /** tfjs backend (tensorflow, wasm, cpu) or onnxruntime execution provider. */
  readonly backend?: string;
  readonly threads?: number;
  /** Binds dynamic axes: full shapes by input name. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  /** Length of the batch axis: the first of the float input, and of every input that leaves it open. Default: the file's, or 1. */
  readonly batch?: number;
  /** A card, or the path of one. Later than what lies beside the model. */
  readonly card?: PartialCard | string;
  readonly adapters?: readonly OpAdapter[];
}

/**
 * Opens a classifier. Throws LanError when the file is unsound or a shape is missing, LanErrors with all ops that no adapter supports.
 * A model that onnxruntime itself refuses (opset below 7) is run in its canonical form, and a note says so.
 */
export async function openModel(from: string | Uint8Array, options: OpenOptions = {}): Promise<Classifier> {
  const source = await readModel(from);
  await tryUnlessTrusted(source, from, 'run', { ...options });
  const adapters = options.adapters ?? builtIn;
  const rewritten = rewrite(source.model, adapters);
  const canonical = widen(rewritten);
  const card = mergeCards(source.card, typeof options.card === 'string' ? readCard(options.card) : options.card);
  const fed = await readFeeds(options.feeds);
  const explained = explainedInput(canonical.inputs, options.input, source.name);
  const sample = shapeOfSample(explained, options.sample);
  const known = { ...sample, ...shapesOfFeeds(canonical.inputs, fed), ...shapesOfCard(canonical, card), ...options.shapes };
  const shapes = withBatch(canonical, bindSymbols(canonical.inputs, known), options, source.name);
  const graph = await specialize(canonical, shapes, probe, adapters);
  const notes = labelNotes(source.model, canonical);
  const input = explainedInput(graph.inputs, options.input, source.name);
  const output = chosenOutput(graph.outputs, options.output, source.name);
  if (!input || !output)
    throw new LanError(
      'input',
      `${source.name}: needs an input of numbers and a float output; inputs are ${graph.inputs.map((i) => `${i.name}: ${i.type}`).join(', ')}.`,
    );
  const hookPoint = chooseHookPoint(graph, input, output.name, options.at, namedIn(source.model), source.name);
  if (hookPoint) notes.push(...hookPointNotes(hookPoint, input.name, options.at));
  const feeds = tensorsOfFeeds(graph.inputs, fed);
  const way = hookPoint ? downstreamOf(graph, hookPoint.name, { type: 'float32', dims: hookPoint.dims }, [output.name]) : graph;
  const engine = await chooseEngine(options, adapters, way, notes);
  const session = { threads: options.threads };
  const cut = hookPoint ? await openCutReference(source, canonical, session, hookPoint.name, output.name) : undefined;
  const tell = (reason: string): unknown => notes.push(`${reason} Its canonical form is run instead.`);
  const { program: reference, refused } = cut?.downstream ?? (await openReferenceLater(source, canonical, session, tell));
  if (refused) tell(refused);
  const precision = isQuantised(graph) ? 'quantised' : computedIn(rewritten).has('float16') && !refused ? 'float16' : 'float32';
  if (precision === 'quantised')
    notes.push(
      'the model is quantised; its gradient is straight-through: as if nothing was rounded, zero where a number saturates',
    );
  if (precision === 'float16') notes.push('the model computes in float16; converted it computes in float32, gradients included');
  const upstream = cut?.upstream;
  const kind = card.output ?? (hookPoint ? undefined : await probabilitiesOf(source.model, graph, reference));
  const said = kind ? { ...card, output: kind } : card;
  return new OnnxClassifier({ source, canonical, graph, engine, adapters, reference, upstream, precision, card: said, notes, input, output, hookPoint, feeds }); // prettier-ignore
}

/**
 * Classical models end in whatever makes probabilities, which their last op does not tell: asked at a random input, rows that add up to 1 do.
 * Undefined where the output is no such, or tells itself.
 */
async function probabilitiesOf({ graph: file }: Model, graph: Graph, reference: OrtProgram): Promise<OutputKind | undefined> {
  const output = graph.outputs.find((o) => o.type?.startsWith('float'));
  const classical = file.nodes.some((n) => n.domain === 'ai.onnx.ml');
  if (!classical || !output || guessOutputKind(graph, output.name) !== 'logits') return undefined;
  let values: Float32Array;
  try {
    values = toFloat32((await reference.run(randomFeeds(graph, 0, 0), [output.name]))[output.name]!);
  } catch {
    // A file of fixed batch may have been opened at another one, which whoever runs it is told.
    return undefined;
  }
  const k = values.length / ((output.dims?.[0] as number) || 1);
  const inside = values.every((v) => v >= 0 && v <= 1);
  const sums = Array.from({ length: values.length / k }, (_, i) =>
    values.subarray(i * k, (i + 1) * k).reduce((a, b) => a + b, 0),
  );
  return k > 1 && inside && sums.every((s) => Math.abs(s - 1) < 1e-3) ? 'probabilities' : undefined;
}

/** Height and width that the card gives where the file leaves them open. */
function shapesOfCard({ inputs }: Graph, { input: card }: PartialCard): Record<string, number[]> {
  const input = inputs.find((i) => i.type?.startsWith('float'));
  if (!card?.size || input?.dims?.length !== 4) return {};
  const [height, width] = card.size;
  const channels = card.channels === 'GREY' ? 1 : 3;
  const wanted = card.layout === 'NHWC' ? [1, height, width, channels] : [1, channels, height, width];
  const bound = input.dims.map((d, i) => (typeof d === 'number' && d > 0 ? d : wanted[i]!));
  return { [input.name]: bound };
}

/** The shapes with the batch axis bound, and the axes that the file itself gives. */
function withBatch(
  { inputs }: Graph,
  shapes: Readonly<Record<string, readonly number[]>>,
  { batch, shapes: given, input: name }: OpenOptions,
  model: string,
): Readonly<Record<string, readonly number[]>> {
  if (batch === undefined) return shapes;
  const bound = { ...shapes };
  const first = explainedInput(inputs, name, model);
  for (const input of inputs) {
    const open = typeof input.dims?.[0] !== 'number' || input.dims[0] <= 0;
    const said = given?.[input.name]?.[0];
    if ((input !== first && !open) || input.dims?.length === 0) continue;
    if (said !== undefined && said !== batch)
      throw new LanError(
        'input',
        `Input '${input.name}': a batch of ${batch} and a shape [${given![input.name]!.join(',')}] contradict each other.`,
      );
    const dims = shapes[input.name] ?? input.dims;
    // An axis that stays open is left to specialize, which says how to bind it.
    if (dims?.slice(1).every((d) => typeof d === 'number' && d > 0)) bound[input.name] = [batch, ...(dims.slice(1) as number[])];
  }
  return bound;
}

export type { Classifier };

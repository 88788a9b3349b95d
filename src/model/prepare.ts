// From a file to a static graph: read, rewritten, widened, its shapes bound, its feeds as tensors. The same for openModel, check and inspect.
import { adapters as builtIn } from '../../adapters/index.js';
import type { OpAdapter } from '../../adapters/op.js';
import { rewrite } from '../compile/canonicalize.js';
import { specialize } from '../compile/specialize.js';
import { isQuantised } from '../compile/carried.js';
import { computedIn, widen } from '../compile/widen.js';
import { LanError } from '../core/errors.js';
import { own } from '../core/own.js';
import type { Tensor } from '../core/tensor.js';
import { probe } from '../engine/ort.js';
import type { Graph, ValueInfo } from '../onnx/graph.js';
import { mergeCards, readCard, type PartialCard } from './card.js';
import { bindSymbols, readFeeds, shapeOfSample, shapesOfFeeds, tensorsOfFeeds } from './feeds.js';
import { labelNotes } from './maps.js';
import { selectInput } from './score-output.js';
import type { SelectionOptions } from './selection.js';
import type { ModelSource } from './source.js';

/** What binds a model's shapes, and what its other inputs are fed. */
export interface PrepareOptions extends SelectionOptions {
  /** Binds dynamic axes: full shapes by input name. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  /** Length of the batch axis: the first of the explained input, and of every input that leaves it open. Default: the file's, or 1. */
  readonly batch?: number;
  /** A card, or the path of one. Later than what lies beside the model. */
  readonly card?: PartialCard | string;
  /** The ops that the model may hold. Default: those that come with the package. */
  readonly adapters?: readonly OpAdapter[];
}

/** A model whose shapes are bound. */
export interface PreparedModel {
  readonly source: ModelSource;
  readonly adapters: readonly OpAdapter[];
  /** In the file's ops or simpler ones, in float32, shapes open. */
  readonly canonical: Graph;
  /** Static: every value has a type and a shape, constants are folded. */
  readonly graph: Graph;
  /** What the model's folder and the caller say, the caller's word last. */
  readonly card: PartialCard;
  /** What the other inputs are fed, in their static shapes and types. */
  readonly feeds: Readonly<Record<string, Tensor>>;
  /** What the file itself computes in. */
  readonly precision: 'float32' | 'float16' | 'quantised';
  /** Sentences for the user on outputs that were left out or changed. */
  readonly notes: string[];
}

/**
 * Prepares a model for `options`. Throws LanErrors with all ops that no adapter supports, LanError with code 'shape' where an axis stays open, and
 * with 'input' or 'usage' where an option does not fit the model.
 */
export async function prepare(source: ModelSource, options: PrepareOptions = {}): Promise<PreparedModel> {
  const adapters = options.adapters ?? builtIn;
  const rewritten = rewrite(source.model, adapters);
  const canonical = widen(rewritten);
  const card = mergeCards(source.card, typeof options.card === 'string' ? readCard(options.card) : options.card);
  const fed = await readFeeds(options.feeds);
  const shapes = shapesFor(canonical, fed, card, options, source.name);
  const graph = await specialize(canonical, shapes, probe, adapters, (inputs) => tensorsOfFeeds(inputs, fed));
  const half = computedIn(rewritten).has('float16');
  return {
    source,
    adapters,
    canonical,
    graph,
    card,
    feeds: tensorsOfFeeds(graph.inputs, fed),
    precision: isQuantised(graph) ? 'quantised' : half ? 'float16' : 'float32',
    notes: [...labelNotes(source.model, canonical), ...(card.notes ?? [])],
  };
}

/** How many classes the labels name; undefined where none are given. */
export const labelCount = ({ labels }: PartialCard): number | undefined => (Array.isArray(labels) ? labels.length : undefined);

/** Shapes by input, from every source that tells one; the later win: the sample to come, the feeds, the card's size, `shapes` itself; then the batch. */
function shapesFor(
  canonical: Graph,
  fed: Readonly<Record<string, Tensor | number>>,
  card: PartialCard,
  options: PrepareOptions,
  model: string,
): Readonly<Record<string, readonly number[]>> {
  const { inputs } = canonical;
  const explained = selectInput(canonical, options, labelCount(card), model);
  const known = {
    ...shapeOfSample(explained, options.sample),
    ...shapesOfFeeds(inputs, fed),
    ...shapeOfCard(explained, card),
    ...options.shapes,
  };
  return withBatch(inputs, explained, bindSymbols(inputs, known), options);
}

/** Height and width that the card gives where the file leaves them open. */
function shapeOfCard(input: ValueInfo | undefined, { input: card }: PartialCard): Record<string, number[]> {
  if (!card?.size || !input?.type?.startsWith('float') || input.dims?.length !== 4) return {};
  const [height, width] = card.size;
  const channels = card.channels === 'GREY' ? 1 : 3;
  const wanted = card.layout === 'NHWC' ? [1, height, width, channels] : [1, channels, height, width];
  return { [input.name]: input.dims.map((d, i) => (typeof d === 'number' && d > 0 ? d : wanted[i]!)) };
}

/** The shapes with the batch axis bound, and the axes that the file itself gives. */
function withBatch(
  inputs: readonly ValueInfo[],
  explained: ValueInfo | undefined,
  shapes: Readonly<Record<string, readonly number[]>>,
  { batch, shapes: wanted }: PrepareOptions,
): Readonly<Record<string, readonly number[]>> {
  if (batch === undefined) return shapes;
  const bound = { ...shapes };
  for (const input of inputs) {
    const open = typeof input.dims?.[0] !== 'number' || input.dims[0] <= 0;
    const said = wanted?.[input.name]?.[0];
    if ((input !== explained && !open) || input.dims?.length === 0) continue;
    if (said !== undefined && said !== batch)
      throw new LanError(
        'usage',
        `Input '${input.name}': a batch of ${batch} and a shape [${wanted![input.name]!.join(',')}] contradict each other.`,
        'Give one of `batch` and `shapes`.',
      );
    const dims = own(shapes, input.name) ?? input.dims;
    // An axis that stays open is left to specialize, which says how to bind it.
    if (dims?.slice(1).every((d) => typeof d === 'number' && d > 0)) bound[input.name] = [batch, ...(dims.slice(1) as number[])];
  }
  return bound;
}

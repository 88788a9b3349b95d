// From a file to a static graph: read, rewritten, widened, its shapes bound, its feeds as tensors. The same for openModel, check and inspect.
import type { OpAdapter } from '../../adapters/op.js';
import { batchAxis } from '../compile/batch-axis.js';
import { rewrite } from '../compile/canonicalize.js';
import { exampleShape, specialize } from '../compile/specialize.js';
import { isQuantised } from '../compile/carried.js';
import { computedIn, widen } from '../compile/widen.js';
import { LanError } from '../core/errors.js';
import { own } from '../core/own.js';
import type { PluginLike } from '../core/plugin.js';
import { isFloat, type DType, type Tensor } from '../core/tensor.js';
import { probe } from '../engine/ort.js';
import type { Graph, ValueInfo } from '../onnx/graph.js';
import { mergeCards, readCard, type InputCard, type PartialCard } from './card.js';
import { columnName } from './columns.js';
import { refuseUnused } from './conventions.js';
import { columnNotes } from './features-read.js';
import { bindSymbols, readFeeds, shapeOfSample, shapesOfFeeds, tensorsOfFeeds } from './feeds.js';
import { imageMetadata } from './image-metadata.js';
import { wantsSixteenBits } from './inside.js';
import { labelNotes } from './maps.js';
import { adaptersOf, pluginNotes } from './plugged.js';
import { boundPicture, holdsPixels, integerCard, pictureIn } from './picture.js';
import { rowsOf } from './random-inputs.js';
import { selectInput } from './score-output.js';
import type { SelectionOptions } from './selection.js';
import type { ModelSource, SourceOptions } from './source.js';

/** What binds a model's shapes, and what its other inputs are fed. */
export interface PrepareOptions extends SelectionOptions, SourceOptions {
  /** Binds dynamic axes: full shapes by input name. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  /** Length of the batch axis: the first of the explained input, and of every input that leaves it open. Default: the file's, or 1. */
  readonly batch?: number;
  /** A card, or the path of one. Later than what lies beside the model. */
  readonly card?: PartialCard | string;
  /** The ops that the model may hold. Default: those that come with the package. */
  readonly adapters?: readonly OpAdapter[];
  /** Plug-ins (see definePlugin): their ops beside those, and what else they hold where it is asked for by name. */
  readonly plugins?: readonly PluginLike[];
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
  /** The file's type of the explained input where that is a picture in whole numbers; in both graphs it is float32. */
  readonly integers?: DType;
  /** What the file itself computes in. */
  readonly precision: 'float32' | 'float16' | 'quantised';
  /** Sentences for the user on outputs that were left out or changed. */
  readonly notes: string[];
}

/**
 * Prepares a model for `options`. Throws LanErrors with all ops that no adapter supports, LanError with code 'shape' where an axis stays open, and
 * with 'input' or 'usage' where an option does not fit the model.
 */
export async function prepare(
  source: ModelSource,
  options: PrepareOptions = {},
  { gradients = false }: { readonly gradients?: boolean } = {},
): Promise<PreparedModel> {
  const adapters = adaptersOf(options);
  const said = typeof options.card === 'string' ? readCard(options.card) : options.card;
  const outside = mergeCards(source.card, said);
  const asItIs = rewrite(source.model, adapters);
  const wide = widen(asItIs);
  const declared = selectInput(wide, options, labelCount(outside), source.name);
  const inside = imageMetadata(source.model, declared, outside.input, declared && isFloat(declared.type));
  const along = batchAxis(declared?.dims ?? [], wide.outputs);
  // What is a batch of pictures with the samples along another axis would be taken for pictures along axis 0.
  const given = { ...mergeCards(inside, outside), ...(along > 0 ? { picture: false as const } : {}) };
  const noPicture = options.axes !== undefined || given.picture === false;
  const found = noPicture ? undefined : pictureInIntegers(wide, given, options, source.name);
  const pixels = found && gradients ? found : undefined;
  const rewritten = pixels ? rewrite(source.model, adapters, new Set([pixels.name])) : asItIs;
  const canonical = widen(rewritten);
  const card = found ? { ...given, input: integerCard(given.input ?? {}, found.type, source.name, found.sixteen) } : given;
  const fed = await readFeeds({ ...named(options.conventional, canonical.inputs), ...options.feeds });
  const shapes = shapesFor(canonical, fed, card, options, source.name, found && { [found.name]: found.dims });
  const asked = selectInput(canonical, options, labelCount(card), source.name);
  refuseOpenBeside(canonical.inputs, asked, shapes);
  const unread = columnNotes(source.model, asked, asked && own(shapes, asked.name), source.name);
  const graph = await specialize(canonical, shapes, probe, adapters, (inputs) => tensorsOfFeeds(inputs, fed)).catch(
    (error: unknown) => {
      throw unfitting(error, asked, options.sample, source.name);
    },
  );
  const explained = selectInput(graph, options, labelCount(card), source.name);
  const holdsPicture = explained && (isFloat(explained.type) || explained.name === found?.name);
  const picture = holdsPicture && !noPicture ? pictureIn(explained.dims as number[], card.input, found?.type) : undefined;
  refuseUnused(said, picture, explained, source.name);
  const half = computedIn(rewritten).has('float16');
  return {
    source,
    adapters,
    canonical,
    graph,
    card,
    feeds: tensorsOfFeeds(graph.inputs, fed),
    integers: pixels?.type,
    precision: isQuantised(graph) ? 'quantised' : half ? 'float16' : 'float32',
    notes: [
      ...pluginNotes(options.plugins),
      ...joinedNotes(source),
      ...(along > 0
        ? [
            `samples lie along axis ${along} of '${declared!.name}' [${shownDims(declared!)}], as the name of the output's first axis says: one goes in at a time`,
          ]
        : []),
      ...unread,
      ...labelNotes(source.model, canonical),
      ...(card.notes ?? []),
      ...(found?.notes ?? []),
    ],
  };
}

/**
 * Throws LanError (`shape`) for an input beside the explained one that leaves an axis open: what goes into it has to be said as well, and binds it. Its shape alone
 * would only lead to that question.
 */
function refuseOpenBeside(
  inputs: readonly ValueInfo[],
  explained: ValueInfo | undefined,
  shapes: Readonly<Record<string, readonly number[]>>,
): void {
  for (const { name, dims, kind, type } of inputs) {
    if (name === explained?.name || !dims || kind !== 'tensor' || type === 'string') continue;
    // What the explained input has as well is bound with it.
    const bound = (d: (typeof dims)[number]): boolean => (typeof d === 'number' ? d > 0 : !!d && !!explained?.dims?.includes(d));
    const axis = dims.findIndex((d, i) => i > 0 && !bound(d));
    // A shape that does not fit is refused as what it is.
    if (axis < 0 || own(shapes, name)) continue;
    throw new LanError(
      'shape',
      `Input '${name}' leaves axis ${axis} open: [${dims.map((d) => d ?? '?').join(',')}].`,
      `Say what goes into it, which binds it: \`feeds\` ${name}=${name.replace(/[^\w.-]+/g, '_')}.npy. Where its shape is enough, as for \`check\`: ${exampleShape(name, dims)}.`,
    );
  }
}

/** An error of onnxruntime's where a sample has bound an open axis: it is the sample that does not fit. Others as they are. */
function unfitting(error: unknown, input: ValueInfo | undefined, sample: readonly number[] | undefined, model: string): unknown {
  const open = input?.dims?.slice(1).some((d) => typeof d !== 'number');
  if (!open || !sample || !(error instanceof LanError && error.code === 'runtime')) return error;
  const dims = shownDims(input!);
  const short = error.problem.length > 160 ? `${error.problem.slice(0, 160)}...` : error.problem;
  return new LanError(
    'input',
    `${model}: a sample [${sample.join(',')}] does not go into its input '${input!.name}' [${dims}], whose open axes it binds (${short}).`,
    'Give as many numbers as it was trained on; those of a table are chosen, in its order, by `columns`. Of a text, config.json beside the model says how many tokens go in (max_position_embeddings).',
  );
}

const shownDims = ({ dims = [] }: ValueInfo): string => dims.map((d) => d ?? '?').join(',');

/** What was made of a model that takes each column of a table by an input of its own. */
const joinedNotes = ({ columns }: ModelSource): string[] =>
  columns ? [`its inputs are taken as one, a row of a table: ${columns.map(columnName).join(', ')}`] : [];

/** Those of `feeds` that are for inputs of the model. */
const named = (feeds: SelectionOptions['feeds'] = {}, inputs: readonly ValueInfo[]): SelectionOptions['feeds'] =>
  Object.fromEntries(Object.entries(feeds).filter(([name]) => inputs.some((i) => i.name === name)));

/** A picture that the file takes in whole numbers. */
interface IntegerPicture {
  readonly name: string;
  readonly type: DType;
  readonly dims: readonly number[];
  /** The file's first nodes take pixels of 0..65535. */
  readonly sixteen: boolean;
  readonly notes: readonly string[];
}

/**
 * The explained input where it takes a picture in whole numbers, so that its preprocessing is inside the file: with 1 or 3 channels, not the numbers
 * of rows of a table. Its open sides are bound by the shape that is asked for, the card, or the first picture, which is noted.
 */
function pictureInIntegers(
  canonical: Graph,
  card: PartialCard,
  options: PrepareOptions,
  model: string,
): IntegerPicture | undefined {
  const { name, type, dims } = selectInput(canonical, options, labelCount(card), model) ?? {};
  if (name === undefined || type === undefined || !dims || !holdsPixels(type) || options.at !== undefined) return undefined;
  if (rowsOf(canonical, name) !== undefined) return undefined;
  const { input = {} } = card;
  const said = input.size ?? sidesOf(options.sample, input);
  const size = said ?? options.pictureSize;
  const bound = options.shapes?.[name] ?? boundPicture(dims, input, size);
  const picture = bound && pictureIn(bound, input, type);
  if (!picture) return undefined;
  const [height, width] = picture.size;
  const open = bound.some((d, i) => dims[i] !== d && !(i === 0 && picture.batched)) && options.shapes?.[name] === undefined;
  const order = input.channels !== undefined || picture.channels === 1 ? '' : ', RGB (assumed; say otherwise with `channels`)';
  const sixteen = ['uint16', 'int32', 'uint32'].includes(type) && !input.std && wantsSixteenBits(canonical, name);
  const how = type === 'int8' ? 'less 128' : sixteen ? 'times 257, as its first nodes take 0..65535' : 'as they are';
  const notes = [
    `'${name}' takes pictures in whole numbers, ${type} [${bound.join(',')}]: pixels of 0..255 go in ${how}${order}; preprocessing is inside`,
    ...(open && !said
      ? [`'${name}' leaves height and width open: ${height} x ${width}, those of the first picture; say others with \`size\``]
      : []),
  ];
  return { name, type, dims: bound, sixteen, notes };
}

/** Height and width of a sample of a picture, with or without a batch. */
function sidesOf(sample: readonly number[] | undefined, card: Partial<InputCard>): readonly [number, number] | undefined {
  return sample && pictureIn(sample.length === 4 ? sample.slice(1) : sample, card, 'uint8')?.size;
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
  picture: Readonly<Record<string, readonly number[]>> | undefined,
): Readonly<Record<string, readonly number[]>> {
  const { inputs } = canonical;
  const explained = selectInput(canonical, options, labelCount(card), model);
  const known = {
    ...shapeOfSample(explained, options.sample, canonical.outputs),
    ...shapesOfFeeds(inputs, fed),
    ...(picture ?? shapeOfCard(explained, card)),
    ...options.shapes,
  };
  return withBatch(inputs, explained, bindSymbols(inputs, known), options);
}

/** Height and width that the card gives where the file leaves them open. */
function shapeOfCard(input: ValueInfo | undefined, { input: card }: PartialCard): Record<string, number[]> {
  const bound = card?.size && input && isFloat(input.type) ? boundPicture(input.dims ?? [], card, card.size) : undefined;
  return bound ? { [input!.name]: bound } : {};
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

// What every call does first: take a model as it comes, opened or to be opened, and give back what it opened.
import { LanError } from '../core/errors.js';
import { checkPlugins, type PluginLike } from '../core/plugin.js';
import type { EngineInfo } from '../engine/engine.js';
import { openModel as open, type Classifier as Opened, type OpenOptions } from '../model/open.js';
import { NAMES, OPENING, refuseUnknown } from './option-names.js';

/** What a caller has no use for: the parts that the calls of this package work with. */
type Internal =
  | 'source'
  | 'engine'
  | 'adapters'
  | 'plugins'
  | 'cardAssumed'
  | 'cardGiven'
  | 'picture'
  | 'integers'
  | 'batched'
  | 'feeds'
  | 'precision'
  | 'graph'
  | 'locate'
  | 'randomTokens'
  | 'requireFeeds'
  | 'logProbabilities'
  | 'specialize'
  | 'withCard';

/**
 * An opened model. It holds sessions of onnxruntime, which `dispose` (or `await using`) gives back.
 *
 * @example
 * const model = await openModel('model.onnx');
 * const { logits } = await model.run({ x });
 * await model.dispose();
 */
export interface Classifier extends Omit<Opened, Internal> {
  /** Where it came from. */
  readonly source: { readonly name: string; readonly path?: string; readonly sha256: string };
  /** What differentiates it. */
  readonly engine: { readonly info: EngineInfo };
  /** The same model with another card of the same size, on the same sessions. */
  withCard(card: NonNullable<Opened['card']>): Classifier;
}

/**
 * Opens an ONNX file (path or bytes), a Hugging Face folder or a model that comes with the package.
 * Throws LanError where the file is unsound, a shape is missing or an option does not fit; LanErrors with every op that is not supported.
 *
 * @example
 * const model = await openModel('squeezenet.onnx', { card: 'squeezenet.card.json' });
 */
export async function openModel(source: string | Uint8Array, options: OpenOptions = {}): Promise<Classifier> {
  refuseUnknown('openModel', options, NAMES.openModel);
  return open(source, options);
}

/** A model as the calls take it: opened (it stays the caller's), or a path, a folder, the name of a packaged model, or the file's bytes. */
export type ModelLike = Classifier | string | Uint8Array;

/** What decides how a model is opened; everything else in a call's options is the call's own. */
const DECIDES: ReadonlySet<string> = new Set(OPENING);

/** Is it where a model lies, and not an opened one? */
export const isFile = (model: ModelLike): model is string | Uint8Array => typeof model === 'string' || ArrayBuffer.isView(model);

/** An opened model with its parts. Throws LanError `usage` for an object that openModel has not made. */
export function internals(model: Classifier): Opened {
  if (!('logProbabilities' in model)) throw new LanError('usage', 'The model was not opened by openModel of this package.');
  return model as Opened;
}

/** The plug-ins of a call: those that an opened model came with, or that its options name. Throws LanError (`plugin`) for what is none. */
export function pluginsOf(model: ModelLike, { plugins = [] }: Pick<OpenOptions, 'plugins'>): readonly PluginLike[] {
  if (!isFile(model)) return internals(model).plugins;
  checkPlugins(plugins);
  return plugins;
}

/** Those of a call's options that say how the model is opened. */
export const openingOf = (options: OpenOptions): OpenOptions =>
  Object.fromEntries(Object.entries(options).filter(([key, value]) => DECIDES.has(key) && value !== undefined));

/**
 * Runs with the model: the opened one, or one that is opened here with `options` and disposed of afterwards, whatever happens. Throws LanError
 * (`usage`) where options of opening come with an opened model, for which they would be without effect; and as openModel does. `signal`: of calls that have no
 * result of what they did before it, and so end at once.
 */
export async function withModel<T>(
  model: ModelLike,
  options: OpenOptions,
  run: (classifier: Opened) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  if (!isFile(model)) {
    refuseOpening(internals(model), options);
    return run(internals(model));
  }
  const classifier = await open(model, { ...openingOf(options), ...(signal && { signal }) });
  try {
    return await run(classifier);
  } finally {
    await classifier.dispose();
  }
}

/** Throws LanError where `options` hold what only openModel can heed. */
export function refuseOpening(classifier: Opened, options: OpenOptions): void {
  const late = Object.keys(openingOf(options));
  if (late.length > 0)
    throw new LanError(
      'usage',
      `${classifier.source.name} is open already, so ${late.map((key) => `\`${key}\``).join(', ')} would be without effect.`,
      'Give it to openModel, or give the path in place of the opened model.',
    );
}

/** What a model has said of itself since `told` was told: some things show only when it is run, such as samples that change each other's answers. */
export const laterNotes = ({ notes }: { readonly notes: readonly string[] }, told: readonly string[]): readonly string[] =>
  notes.filter((note) => !told.includes(note));

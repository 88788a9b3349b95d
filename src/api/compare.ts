// compare(model, input): what each attribution method finds in one input, and what its finding is worth, from paths to files.
import { basename } from 'node:path';
import { methodNamed, methodsWith } from '../attribution/methods.js';
import type { AttributionMethod } from '../attribution/method.js';
import { METHODS, type MethodName } from '../attribution/names.js';
import { asyncDispose } from '../core/dispose.js';
import { LanError } from '../core/errors.js';
import type { PluginLike } from '../core/plugin.js';
import type { Tensor } from '../core/tensor.js';
import { version } from '../core/version.js';
import type { Tokenizer } from '../data/tokenizer.js';
import { compare as measure, Compiled, LAN, type Compared, type Comparison, type Contender } from '../explain/compare.js';
import { noiseParts } from '../lan/noise.js';
import { settled } from '../model/guess.js';
import { openModel, type Classifier } from '../model/open.js';
import { resolveQuestion } from '../model/question.js';
import { answerText } from '../report/claims.js';
import { compareCsv, compareDocument, writeCompare, type CompareDocument } from '../report/compare-files.js';
import { compareRows, type CompareRow } from '../report/compare-rows.js';
import { refuseWithin, refuseWithoutLan } from './audit-method.js';
import { settingsOf, type AuditOptions } from './audit-options.js';
import { firstOf, namesIn } from './elements.js';
import { inRange, readInput, type AuditInput, type Expected } from './inputs.js';
import { isNamed, readNamed, type NamedInputs } from './named-inputs.js';
import { learnedSamples, noiseSamples, oneRangeNote } from './noise-samples.js';
import { internals, isFile, laterNotes, openingOf, refuseOpening, type ModelLike, pluginsOf } from './opened.js';
import { NAMES, refuseUnknown } from './option-names.js';
import { readingFor, shapesFor, tokenizerFor, type Words } from './reading.js';
import { lengthOfText, openForText } from './text-length.js';

export type { Compared };

/** Options of `compare`: those of `audit` for LAN, noise, question and evidence, and which methods take part. */
export interface CompareOptions extends Omit<
  AuditOptions,
  'lan' | 'method' | 'find' | 'groundTruth' | 'onProgress' | 'sanity' | 'compare' | 'startFrom' | 'watch'
> {
  /** Names, or methods of your own; default: LAN and all that come with the package. */
  readonly methods?: readonly (typeof LAN | MethodName | AttributionMethod)[];
  /** Wall-clock seconds for each method, compiling and evidence not counted. Default: as long as its own settings take. */
  readonly budget?: number;
  /** What the input has to be, where the caller knows. */
  readonly expected?: Expected;
  /** Told at the start of each phase, in words. */
  readonly onPhase?: (phase: string) => void;
}

/** What each method found in one input. */
export interface CompareResult extends Comparison {
  readonly notes: readonly string[];
  /** The table, best claim first. */
  readonly rows: readonly CompareRow[];
  /** The document of compare.json (docs/methods.md). */
  toJSON(): CompareDocument;
  /** The table as CSV. */
  toCsv(): string;
  /** Writes report.html, compare.json, table.csv, sheet.png where the input is a picture, and each map as .npy; gives their paths. Throws LanError (`write`). */
  save(folder: string): Promise<string[]>;
}

/**
 * Explains one input by several methods, each within the same time, and measures what each claims by the same evidence (docs/methods.md). A method that the
 * model or the time does not allow is listed with the reason, and the others go on.
 *
 * Throws LanError `usage` for a method that does not exist or an impossible budget, LanErrors where no method is left, and what `audit` throws.
 *
 * @example
 * const { rows, save } = await compare('squeezenet.onnx', 'cat.jpg', { methods: ['lan', 'gradcam', 'rise'], budget: 60 });
 * for (const { title, hard } of rows) console.log(title, hard?.fraction);
 * await save('out/cat');
 */
export async function compare(
  model: ModelLike,
  input: AuditInput | NamedInputs,
  options: CompareOptions = {},
): Promise<CompareResult> {
  refuseUnknown('compare', options, NAMES.compare);
  const opening = isFile(model) ? await shapesFor(model, input, options) : {};
  const comparer = await createComparer(model, { ...opening, ...options });
  try {
    return await comparer.compare(input, options.expected);
  } finally {
    await comparer.dispose();
  }
}

/** A model for comparisons of any number of inputs, whose methods are compiled once. */
export interface Comparer extends AsyncDisposable {
  /** Compares the methods on one input, a picture or an array where the caller knows which; texts are compiled for as many tokens as they have. Throws as `compare`. */
  compare(input: AuditInput | NamedInputs, expected?: Expected): Promise<CompareResult>;
  dispose(): Promise<void>;
}

/**
 * Prepares comparisons of many inputs. Throws LanError as `compare` does: for options here, for inputs on `compare`.
 *
 * @example
 * await using comparer = await createComparer('squeezenet.onnx', { methods: ['lan', 'gradcam'], budget: 60 });
 * for (const path of ['cat.jpg', 'dog.jpg']) await (await comparer.compare(path)).save(`out/${path}`);
 */
export async function createComparer(model: ModelLike, options: CompareOptions = {}): Promise<Comparer> {
  refuseUnknown('createComparer', options, NAMES.compare);
  const checked = checkedOf(model, options);
  const tokenizer = isFile(model) ? await tokenizerFor(model, options.tokenizer) : undefined;
  if (isFile(model) && tokenizer) return new TextComparer(model, tokenizer, options, checked);
  const { sample, pictureSize, ...said } = options;
  if (!isFile(model)) refuseOpening(internals(model), said);
  const opened = isFile(model) ? await openModel(model, openingOf({ ...said, sample, pictureSize })) : internals(model);
  return ModelComparer.of(opened, options, checked, isFile(model));
}

/** What is known to be sound before a model is opened. */
interface Checked {
  readonly contenders: readonly Contender[];
  readonly settings: ReturnType<typeof settingsOf>;
}

function checkedOf(model: ModelLike, options: CompareOptions): Checked {
  const contenders = contendersOf(options.methods ?? [LAN, ...METHODS], pluginsOf(model, options));
  const settings = settingsOf(options);
  if (settings.betaPath || (settings.betas && settings.betas.length > 1))
    throw new LanError('usage', '`beta`: a comparison has one mask of LAN, so it takes one number.');
  if (settings.find === 'delete')
    throw new LanError('usage', "`find: 'delete'`: methods are compared by what is enough.", 'Leave `find` out.');
  if (!contenders.includes(LAN)) refuseWithoutLan(options);
  return { contenders, settings };
}

/** Opens the model anew for each number of tokens, as texts come; inputs that are no texts go to one that is opened for the first of them. */
class TextComparer implements Comparer {
  [asyncDispose] = (): Promise<void> => this.dispose();
  private inner?: Comparer;
  private length?: number;

  constructor(
    private readonly model: string | Uint8Array,
    private readonly tokenizer: Tokenizer,
    private readonly options: CompareOptions,
    private readonly checked: Checked,
  ) {}

  async compare(input: AuditInput | NamedInputs, expected?: Expected): Promise<CompareResult> {
    const { tokenizer, options, checked, model } = this;
    const length = isNamed(input) && 'text' in input ? lengthOfText(tokenizer, input.text) : undefined;
    if (!this.inner || this.length !== length) {
      await this.inner?.dispose();
      delete this.inner;
      const opening = { ...openingOf(options), ...(this.length === undefined ? {} : { trust: true }) };
      const opened = await (length === undefined
        ? openModel(model, { ...opening, ...(options.sample ? {} : await shapesFor(model, input, options)) })
        : openForText(model, length, opening));
      this.inner = await ModelComparer.of(opened, options, checked, true);
      this.length = length;
    }
    return this.inner.compare(input, expected);
  }

  async dispose(): Promise<void> {
    await this.inner?.dispose();
  }
}

/** Inputs of one shape, on an opened model. */
class ModelComparer implements Comparer {
  [asyncDispose] = (): Promise<void> => this.dispose();
  private readonly compiled = new Compiled();
  private chosen?: ReturnType<typeof settled>;

  private constructor(
    private readonly opened: Classifier,
    private readonly options: CompareOptions,
    private readonly checked: Checked,
    private readonly words: Words,
    private readonly own: boolean,
  ) {}

  static async of(opened: Classifier, options: CompareOptions, checked: Checked, own: boolean): Promise<ModelComparer> {
    try {
      refuseWithin(options, opened.task);
      return new ModelComparer(opened, options, checked, await readingFor(opened, options), own);
    } catch (error) {
      if (own) await opened.dispose();
      throw error;
    }
  }

  async compare(input: AuditInput | NamedInputs, expected?: Expected): Promise<CompareResult> {
    const { opened, options, words } = this;
    const notes: string[] = [];
    const say = (note: string): void => {
      notes.push(note);
      options.onNote?.(note);
    };
    for (const note of opened.notes) say(note);
    const question = resolveQuestion(opened, options);
    const sample = isNamed(input) ? await readNamed(opened, input, words.reading) : await readInput(opened, input, expected);
    // How pictures go in is chosen by the first of them, where no card says.
    const { classifier, preprocessing, note } = await (this.chosen ??= settled(opened, sample.pixels ? [sample.pixels] : []));
    for (const text of [...sample.notes, ...(note === undefined ? [] : [note])]) say(text);
    const names = namesIn(classifier, sample, words);
    const x = sample.pixels && sample.range !== classifier.card!.range ? inRange(sample.pixels, classifier) : sample.x;
    const settings = { ...this.checked.settings, noise: this.checked.settings.noise ?? sample.noise };
    const samples = await this.samplesOf(classifier, settings, sample.noise, say);
    const { source, engine, card, hookPoint } = classifier;
    const { preset, within, evidenceDraws, onPhase, signal } = options;
    const asked = { methods: this.checked.contenders, preset, settings, question, within, evidenceDraws, samples, onPhase, signal }; // prettier-ignore
    const measured = await measure(classifier, x, asked, hookPoint?.hasSkipPath ? undefined : this.compiled);
    const comparison = names ? { ...measured, methods: measured.methods.map((m) => naming(m, names)) } : measured;
    for (const text of laterNotes(classifier, notes)) say(text);
    const context = {
      title: `${sample.title}: ${answerText(comparison.answer)} by ${basename(source.name)}`,
      model: { path: source.name, sha256: source.sha256 },
      input: { path: sample.path, sha256: sample.sha256 },
      engine: engine.info,
      preprocessing,
      notes,
      version: version(),
      seed: settings.seed ?? 0,
      budget: settings.budget,
      range: hookPoint ? undefined : card?.range,
      repeat: options.repeat,
      colormap: options.colormap,
    };
    return {
      ...comparison,
      notes,
      rows: compareRows(comparison),
      toJSON: () => compareDocument(comparison, context),
      toCsv: () => compareCsv(comparison),
      save: (folder) => writeCompare(folder, x, comparison, context),
    };
  }

  /** What noise is drawn from, [n,...sampleShape]; undefined where it needs nothing. */
  private async samplesOf(
    classifier: Classifier,
    { noise = '', seed = 0 }: Checked['settings'],
    own: string | undefined,
    say: (note: string) => void,
  ): Promise<Tensor | undefined> {
    const known = this.options.noiseSamples;
    const read = !known
      ? await noiseSamples(noise, classifier, this.words.reading, seed, own)
      : noiseParts(noise)[0] === 'learned'
        ? await learnedSamples(known, classifier, seed)
        : { samples: known, notes: [] };
    const oneRange = read ? undefined : oneRangeNote(noise, classifier);
    for (const text of [...(read?.notes ?? []), ...(oneRange === undefined ? [] : [oneRange])]) say(text);
    return read?.samples;
  }

  async dispose(): Promise<void> {
    await this.compiled.dispose();
    if (this.own) await this.opened.dispose();
  }
}

/** A finding with the names of what it puts first. */
const naming = (compared: Compared, names: readonly string[]): Compared =>
  compared.found ? { ...compared, found: { ...compared.found, needed: firstOf(compared.found.need, names) } } : compared;

/** Methods from their names. Throws LanError (`usage`) for one that is not there, or twice, or for none. */
function contendersOf(given: NonNullable<CompareOptions['methods']>, plugins: readonly PluginLike[]): Contender[] {
  if (given.length === 0) throw new LanError('usage', '`methods`: give at least one.');
  const names = given.map((m) => (typeof m === 'string' ? m : m.name));
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new LanError('usage', `\`methods\`: '${twice}' is given twice.`);
  return given.map((m) => (typeof m !== 'string' ? m : m === LAN ? LAN : methodNamed(m, methodsWith(plugins), [LAN])));
}

// compare(model, input): what each attribution method finds in one input, and what its finding is worth, from paths to files.
import { basename } from 'node:path';
import { methodNamed, methodsWith } from '../attribution/methods.js';
import type { AttributionMethod } from '../attribution/method.js';
import { METHODS, type MethodName } from '../attribution/names.js';
import { asyncDispose } from '../core/dispose.js';
import { LanError } from '../core/errors.js';
import type { PluginLike } from '../core/plugin.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import { version } from '../core/version.js';
import { readWithin } from '../evidence/answer.js';
import { bootstrapSamples } from '../explain/bootstrap-noise.js';
import { compare as measure, Compiled, LAN, type Compared, type Comparison, type Contender } from '../explain/compare.js';
import { noiseParts } from '../lan/noise.js';
import { settled } from '../model/guess.js';
import { openModel, type Classifier } from '../model/open.js';
import { resolveQuestion } from '../model/question.js';
import { answerText } from '../report/claims.js';
import { compareCsv, compareDocument, writeCompare, type CompareDocument } from '../report/compare-files.js';
import { compareRows, type CompareRow } from '../report/compare-rows.js';
import { settingsOf, type AuditOptions } from './audit-options.js';
import { readInput, shapeOf, sizeOfPicture, type AuditInput, type Expected } from './inputs.js';
import { learnedSamples } from './noise-samples.js';
import { internals, isFile, laterNotes, openingOf, refuseOpening, type ModelLike, pluginsOf } from './opened.js';

export type { Compared };

/** Options of `compare`: those of `audit` for LAN, noise, question and evidence, and which methods take part. */
export interface CompareOptions extends Omit<
  AuditOptions,
  'lan' | 'method' | 'find' | 'vocabulary' | 'groundTruth' | 'onProgress'
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
export async function compare(model: ModelLike, input: AuditInput, options: CompareOptions = {}): Promise<CompareResult> {
  const opening = isFile(model)
    ? { sample: await shapeOf(input, options.expected), pictureSize: await sizeOfPicture(input) }
    : {};
  const comparer = await createComparer(model, { ...opening, ...options });
  try {
    return await comparer.compare(input, options.expected);
  } finally {
    await comparer.dispose();
  }
}

/** A model for comparisons of any number of inputs, whose methods are compiled once. */
export interface Comparer extends AsyncDisposable {
  /** Compares the methods on one input, a picture or an array where the caller knows which. Throws as `compare`. */
  compare(input: AuditInput, expected?: Expected): Promise<CompareResult>;
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
  const { methods = [LAN, ...METHODS], expected: _, noiseSamples, within, target, against, evidenceDraws, onNote, onPhase, signal } = options; // prettier-ignore
  const contenders = contendersOf(methods, pluginsOf(model, options));
  const settings = settingsOf(options);
  if (settings.betaPath || (settings.betas && settings.betas.length > 1))
    throw new LanError('usage', '`beta`: a comparison has one mask of LAN, so it takes one number.');
  if (settings.find === 'delete')
    throw new LanError('usage', "`find: 'delete'`: methods are compared by what is enough.", 'Leave `find` out.');
  if (within !== undefined) readWithin(within);
  const { sample: shape, pictureSize, ...said } = options;
  const opened = isFile(model) ? await openModel(model, openingOf({ ...said, sample: shape, pictureSize })) : internals(model);
  if (!isFile(model)) refuseOpening(opened, said);
  const compiled = new Compiled();
  let chosen: ReturnType<typeof settled> | undefined;
  const dispose = async (): Promise<void> => {
    await compiled.dispose();
    if (isFile(model)) await opened.dispose();
  };
  return {
    dispose,
    [asyncDispose]: dispose,
    async compare(input, expected) {
      const notes: string[] = [];
      const say = (note: string): void => {
        notes.push(note);
        onNote?.(note);
      };
      for (const note of opened.notes) say(note);
      const question = resolveQuestion(opened, { target, against });
      const sample = await readInput(opened, input, expected);
      // How pictures go in is chosen by the first of them, where no card says.
      const { classifier, preprocessing, note } = await (chosen ??= settled(opened, sample.pixels ? [sample.pixels] : []));
      for (const text of [...sample.notes, ...(note === undefined ? [] : [note])]) say(text);
      const x = sample.pixels && sample.range !== classifier.card!.range ? inRange(sample.pixels, classifier) : sample.x;
      const [family, path] = noiseParts(settings.noise ?? '');
      const { seed = 0 } = settings;
      const fromData = path !== undefined && ['bootstrap', 'learned'].includes(family);
      const read = noiseSamples || !fromData ? undefined : await bootstrapSamples(path, classifier, seed);
      const known = noiseSamples ?? read?.samples;
      const learned = known && family === 'learned' ? await learnedSamples(known, classifier, seed) : undefined;
      for (const text of [...(read?.notes ?? []), ...(learned?.notes ?? [])]) say(text);
      const samples = learned?.samples ?? known;
      const { source, engine, card, hookPoint } = classifier;
      const asked = { methods: contenders, preset: options.preset, settings, question, within, evidenceDraws, samples, onPhase, signal }; // prettier-ignore
      const comparison = await measure(classifier, x, asked, hookPoint?.hasSkipPath ? undefined : compiled);
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
    },
  };
}

/** Methods from their names. Throws LanError (`usage`) for one that is not there, or twice, or for none. */
function contendersOf(given: NonNullable<CompareOptions['methods']>, plugins: readonly PluginLike[]): Contender[] {
  if (given.length === 0) throw new LanError('usage', '`methods`: give at least one.');
  const names = given.map((m) => (typeof m === 'string' ? m : m.name));
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new LanError('usage', `\`methods\`: '${twice}' is given twice.`);
  return given.map((m) => (typeof m !== 'string' ? m : m === LAN ? LAN : methodNamed(m, methodsWith(plugins), [LAN])));
}

function inRange(pixels: Tensor, { card }: Classifier): Tensor {
  return card!.range === 255 ? pixels : { ...pixels, data: toFloat32(pixels).map((v) => v / 255) };
}

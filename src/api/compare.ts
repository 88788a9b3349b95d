// compare(model, input): what each attribution method finds in one input, and what its finding is worth, from paths to files.
import { basename } from 'node:path';
import { methodNamed, methods as builtIn } from '../attribution/methods.js';
import type { AttributionMethod } from '../attribution/method.js';
import { METHODS, type MethodName } from '../attribution/names.js';
import { LanError } from '../core/errors.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import { version } from '../core/version.js';
import { readWithin } from '../evidence/answer.js';
import { bootstrapSamples } from '../explain/bootstrap-noise.js';
import { compare as measure, LAN, type Compared, type Comparison, type Contender } from '../explain/compare.js';
import { bootstrapPath } from '../lan/noise.js';
import { settled } from '../model/guess.js';
import type { Classifier } from '../model/open.js';
import { resolveQuestion } from '../model/question.js';
import { answerText } from '../report/claims.js';
import { compareCsv, compareDocument, writeCompare, type CompareDocument } from '../report/compare-files.js';
import { compareRows, type CompareRow } from '../report/compare-rows.js';
import { settingsOf, type AuditOptions } from './audit-options.js';
import { readInput, shapeOf, sizeOfPicture, type AuditInput, type Expected } from './inputs.js';
import { isFile, openingOf, withModel, type ModelLike } from './opened.js';

export type { Compared };

/** Options of `compare`: those of `audit` for LAN, noise, question and evidence, and which methods take part. */
export interface CompareOptions extends Omit<AuditOptions, 'lan' | 'vocabulary' | 'groundTruth' | 'onProgress'> {
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
  const { methods = [LAN, ...METHODS], expected, noiseSamples, within, target, against, evidenceDraws, onNote, onPhase, signal } = options; // prettier-ignore
  const contenders = contendersOf(methods);
  const settings = settingsOf(options);
  if (settings.betaPath || (settings.betas && settings.betas.length > 1))
    throw new LanError('usage', '`beta`: a comparison has one mask of LAN, so it takes one number.');
  if (settings.find === 'delete')
    throw new LanError('usage', "`find: 'delete'`: methods are compared by what is enough.", 'Leave `find` out.');
  if (within !== undefined) readWithin(within);
  const opening = isFile(model)
    ? { sample: await shapeOf(input, expected), pictureSize: await sizeOfPicture(input), ...openingOf(options) }
    : openingOf(options);
  return withModel(model, opening, async (opened) => {
    const notes: string[] = [];
    const say = (note: string): void => {
      notes.push(note);
      onNote?.(note);
    };
    for (const note of opened.notes) say(note);
    const question = resolveQuestion(opened, { target, against });
    const sample = await readInput(opened, input, expected);
    const { classifier, preprocessing, note } = await settled(opened, sample.pixels ? [sample.pixels] : []);
    for (const text of [...sample.notes, ...(note === undefined ? [] : [note])]) say(text);
    const x = sample.pixels && sample.range !== classifier.card!.range ? inRange(sample.pixels, classifier) : sample.x;
    const path = noiseSamples ? undefined : bootstrapPath(settings.noise ?? '');
    const drawn = path === undefined ? undefined : await bootstrapSamples(path, classifier, settings.seed ?? 0);
    for (const text of drawn?.notes ?? []) say(text);
    const comparison = await measure(classifier, x, {
      methods: contenders,
      preset: options.preset,
      settings,
      question,
      within,
      evidenceDraws,
      samples: noiseSamples ?? drawn?.samples,
      onPhase,
      signal,
    });
    const { source, engine, card, hookPoint } = classifier;
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
  });
}

/** Methods from their names. Throws LanError (`usage`) for one that is not there, or twice, or for none. */
function contendersOf(given: NonNullable<CompareOptions['methods']>): Contender[] {
  if (given.length === 0) throw new LanError('usage', '`methods`: give at least one.');
  const names = given.map((m) => (typeof m === 'string' ? m : m.name));
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new LanError('usage', `\`methods\`: '${twice}' is given twice.`);
  return given.map((m) => (typeof m !== 'string' ? m : m === LAN ? LAN : methodNamed(m, builtIn, [LAN])));
}

function inRange(pixels: Tensor, { card }: Classifier): Tensor {
  return card!.range === 255 ? pixels : { ...pixels, data: toFloat32(pixels).map((v) => v / 255) };
}

// exportGradient and exportStep: a graph of a model to hand out, as a file that plain onnxruntime runs.
import { LanError } from '../core/errors.js';
import { exportGradient as makeGradient, type ExportGradientOptions as GradientOptions } from '../export/gradient.js';
import type { ExportedModel } from '../export/publish.js';
import { exportStep as makeStep } from '../export/step.js';
import { refuseAborted, type Classifier, type OpenOptions } from '../model/open.js';
import { resolveQuestion, type ClassName } from '../model/question.js';
import { exportDocument, writeExport, type ExportDocument } from '../report/exported.js';
import { settingsOf, type MaskOptions } from './audit-options.js';
import { isFile, withModel, type ModelLike } from './opened.js';
import { NAMES, refuseUnknown } from './option-names.js';

/** A model of one's own making in memory, its shapes fixed. */
export interface ExportResult extends ExportedModel {
  /** The document about the file at `path`: schema `lan-onnx/export@1`. */
  document(path: string): ExportDocument;
  /** Writes the file whole or not at all. Throws LanError (`write`, and `usage` for a path that is the model itself). */
  save(path: string): Promise<void>;
}

/** Options of `exportGradient`, flat: those of the model count where it is opened here; `batch` is the file's. */
export interface ExportGradientOptions extends GradientOptions, OpenOptions {}

/** Options of `exportStep`, flat: those of the model count where it is opened here. */
export interface ExportStepOptions extends MaskOptions, OpenOptions {
  /** Which class the step explains, in place of the answer; a name or an index, as in `audit`. The file's `target` is then yes and no, [1,2]. */
  readonly target?: ClassName;
  /** With `target`: against which other class. */
  readonly against?: ClassName;
}

/**
 * The model with its loss and the loss's gradient by the input, as one ONNX file. Inputs: the model's own, or with `pixels` `x` (RGB [N,C,H,W] in
 * 0..card.range), and `target` [N,K]. Outputs: the model's own, `loss` [] and `<input>_grad`.
 *
 * Throws LanError (`gradient`, `unsupported`) naming every op without a gradient rule, (`shape`) for a batch that the model does not take, (`usage`)
 * for fields of a card that say what becomes of pixels, where there are none.
 *
 * @example
 * const exported = await exportGradient('tank', { pixels: true, batch: 8 });
 * await exported.save('grad.onnx');
 */
export async function exportGradient(model: ModelLike, options: ExportGradientOptions = {}): Promise<ExportResult> {
  refuseUnknown('exportGradient', options, NAMES.exportGradient);
  const { pixels, signal, ...opening } = options;
  if (!pixels) refusePreprocessing(opening.card);
  const make = async (classifier: Classifier): Promise<ExportResult> => {
    refuseAborted(signal, classifier.source.name, 'the gradient');
    return resultOf(classifier, await makeGradient(classifier, { pixels }));
  };
  return withModel(model, byRules(model, opening), make, signal);
}

/**
 * One whole step of learning a mask (noise, model, loss, backward pass and Adam) as one ONNX file: feed each `<name>_next` back as `<name>`.
 *
 * Throws LanError (`gradient`, `unsupported`) naming every op without a gradient rule.
 *
 * @example
 * const exported = await exportStep('tank', { draws: 8, maskGrids: [16] });
 * await exported.save('step.onnx');
 */
export async function exportStep(model: ModelLike, options: ExportStepOptions = {}): Promise<ExportResult> {
  refuseUnknown('exportStep', options, NAMES.exportStep);
  const { preset, beta, draws, maskShape, maskValues, maskGrids, outputLoss, iterations, learningRate, schedule, sharpen, start, patience, seed, target, against, signal, ...opening } = options; // prettier-ignore
  if (beta === 'auto')
    throw new LanError(
      'usage',
      "`beta: 'auto'` belongs to audits: beta is an input of the file.",
      'Leave `beta` out, or give a number.',
    );
  const settings = settingsOf({ beta, draws, maskShape, maskValues, maskGrids, outputLoss, iterations, learningRate, schedule, sharpen, start, patience, seed }); // prettier-ignore
  const make = async (classifier: Classifier): Promise<ExportResult> => {
    refuseAborted(signal, classifier.source.name, 'the step');
    const question = resolveQuestion(classifier, { target, against });
    return resultOf(classifier, await makeStep(classifier, { preset, settings, question }));
  };
  return withModel(model, byRules(model, opening), make, signal);
}

/** What a card says of pixels; its size and layout bind axes, and its output decides the loss. */
const OF_PIXELS = ['channels', 'range', 'mean', 'std', 'resize', 'crop', 'resample', 'preprocessing'] as const;

/** A file that is named is about the model, and may say more than is needed here; fields that are given one by one are meant. */
function refusePreprocessing(card: OpenOptions['card']): void {
  if (typeof card === 'string') return;
  const given = OF_PIXELS.filter((field) => card?.input?.[field] !== undefined).map((field) => `\`${field}\``);
  if (given.length > 0)
    throw new LanError(
      'usage',
      `The exported file begins with the model's own input, where ${given.join(', ')} would be without effect.`,
      'Leave it out, or put the preprocessing inside with `pixels`.',
    );
}

/** Only gradient rules in ONNX can be exported, so that a model is opened for onnxruntime. */
const byRules = (model: ModelLike, opening: OpenOptions): OpenOptions =>
  !isFile(model) ? opening : { ...opening, engine: 'onnxruntime' };

function resultOf(classifier: Classifier, exported: ExportedModel): ExportResult {
  const { path } = classifier.source;
  return {
    ...exported,
    notes: [...classifier.notes, ...exported.notes],
    document: (at) => exportDocument(at, exported),
    save: (at) => writeExport(at, exported, path),
  };
}

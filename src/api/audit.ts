// audit(model, input): which parts of an input the classifier needed, with evidence, from the path of a file to the files of a result.
import type { AttributionMethod } from '../attribution/method.js';
import { asyncDispose } from '../core/dispose.js';
import type { Tensor } from '../core/tensor.js';
import {
  createAuditor as prepareAuditor,
  type AuditOptions as ExplainOptions,
  type Auditor as Prepared,
} from '../explain/audit.js';
import { Compiled } from '../explain/compare.js';
import { openExplainer, questionFor, type OpenedExplainer } from '../explain/explainer.js';
import { noiseParts } from '../lan/noise.js';
import { settled, type Preprocessing } from '../model/guess.js';
import { openModel, type Classifier } from '../model/open.js';
import { resolveQuestion, type Question } from '../model/question.js';
import { requireClasses } from '../model/task.js';
import type { AuditDocument } from '../report/audit-files.js';
import { finishedResult } from '../report/earlier.js';
import type { Auditor } from './auditor.js';
import { asTrained } from './as-trained.js';
import { resultOf, type AuditResult, type Finding } from './audit-result.js';
import { runOf } from './audit-run.js';
import { methodOf, refuseLearning, refuseWithin } from './audit-method.js';
import { besideOf, methodsBeside } from './beside.js';
import { settingsOf, type AuditOptions } from './audit-options.js';
import { withSanity } from './sanity.js';
import { TextAuditor } from './text-auditor.js';
import { groundTruthOf } from './ground-truth.js';
import { startNotes, startOf } from './start-from.js';
import { inRange, readInput, type AuditInput, type Expected, type Sample } from './inputs.js';
import { isNamed, readNamed, type NamedInputs } from './named-inputs.js';
import { learnedSamples, noiseSamples, oneRangeNote } from './noise-samples.js';
import { featuresIn, tokensIn } from './elements.js';
import { readingFor, shapesFor, tokenizerFor, type Words } from './reading.js';
import { internals, isFile, laterNotes, openingOf, refuseOpening, type ModelLike } from './opened.js';
import { NAMES, refuseUnknown } from './option-names.js';

export type { AuditResult, Auditor, Finding };

/**
 * Learns which parts of an input the classifier needed, and measures the claim on fresh noise. `input`: the path or bytes of a picture or an .npy
 * file, a Tensor of one sample (pictures in 0..card.range), or ids of tokens. An opened model stays open; a path is opened and disposed of.
 *
 * Throws LanError: `data` for an input that does not fit or cannot be read, `disagreement` when the converted model differs from onnxruntime
 * on the original file, `gradient` when no gradient reaches the input, `numbers` for NaN, `usage` for options that contradict each other.
 *
 * @example
 * const result = await audit('tank', 'forest.png', { beta: 10, budget: 30 });
 * console.log(result.betas[0].claims[0]);
 * await result.save('out/forest');
 */
export async function audit(model: ModelLike, input: AuditInput | NamedInputs, options: AuditOptions = {}): Promise<AuditResult> {
  refuseUnknown('audit', options, NAMES.audit);
  const opening = isFile(model) ? await shapesFor(model, input, options) : {};
  await using auditor = await createAuditor(model, { ...opening, ...options });
  return await auditor.audit(input);
}

/**
 * Prepares audits of many inputs, compiling once. Throws LanError as `audit` does: for options here, for inputs on `audit`.
 *
 * @example
 * const auditor = await createAuditor('model.onnx', { noise: 'bootstrap:photos/' });
 * for (const path of ['cat.jpg', 'dog.jpg']) await (await auditor.audit(path)).save(`out/${path}`);
 * await auditor.dispose();
 */
export async function createAuditor(model: ModelLike, options: AuditOptions = {}): Promise<Auditor> {
  refuseUnknown('createAuditor', options, NAMES.audit);
  const tokenizer = isFile(model) ? await tokenizerFor(model, options.tokenizer) : undefined;
  if (tokenizer) return TextAuditor.open(tokenizer, options, (own) => compiled(model, own));
  return compiled(model, options);
}

/** An auditor of inputs of one shape. */
async function compiled(model: ModelLike, options: AuditOptions): Promise<Auditor> {
  const { sample, pictureSize, ...said } = options;
  if (!isFile(model)) refuseOpening(internals(model), said);
  const classifier = !isFile(model) ? internals(model) : await openModel(model, openingOf({ ...said, sample, pictureSize }));
  try {
    return await CompiledAuditor.make(classifier, options, isFile(model));
  } catch (error) {
    if (isFile(model)) await classifier.dispose();
    throw error;
  }
}

class CompiledAuditor implements Auditor {
  private prepared?: Promise<Prepared>;
  private chosen?: Promise<void>;
  private preprocessing: Preprocessing | undefined;
  noise: Auditor['noise'];
  /** The noise that suits the first input. */
  private suits: string | undefined;
  private readonly notes: string[] = [];
  private readonly compiled = new Compiled();
  [asyncDispose] = (): Promise<void> => this.dispose();

  private constructor(
    /** Becomes the one with the convention that was chosen, on the same sessions. */
    private classifier: Classifier,
    private readonly options: AuditOptions,
    /** Becomes those with the noise that suits the input, where none was asked for. */
    private settings: ReturnType<typeof settingsOf>,
    private readonly explainer: OpenedExplainer | undefined,
    private readonly words: Words,
    private readonly question: Question | undefined,
    private readonly own: boolean,
    private readonly method: AttributionMethod | undefined,
    private readonly beside: readonly AttributionMethod[],
  ) {
    this.noise = options.noiseSamples && { samples: options.noiseSamples, notes: options.noiseNotes ?? [] };
    for (const note of classifier.notes) this.say(note);
  }

  static async make(classifier: Classifier, options: AuditOptions, own: boolean): Promise<CompiledAuditor> {
    const { lan } = options;
    const settings = settingsOf(options);
    const method = methodOf(options, classifier.plugins);
    const beside = methodsBeside(options, classifier.plugins);
    refuseLearning(options);
    refuseWithin(options, classifier.task);
    if (lan !== undefined) requireClasses(classifier, 'A LAN is trained for answers in classes');
    const words = await readingFor(classifier, options);
    const explainer = lan === undefined ? undefined : await openExplainer(lan, classifier, { threads: options.threads });
    const noise = settings.noise ?? (explainer && noiseOf(explainer));
    const as = explainer ? asTrained(classifier, explainer) : { classifier };
    const question = questionFor(resolveQuestion(as.classifier, options), explainer);
    const auditor = new CompiledAuditor(
      as.classifier,
      options,
      { ...settings, noise },
      explainer,
      words,
      question,
      own,
      method,
      beside,
    );
    auditor.preprocessing = as.preprocessing;
    if (as.note !== undefined) auditor.say(as.note);
    return auditor;
  }

  get model(): Classifier {
    return this.classifier;
  }

  read(input: AuditInput | NamedInputs, expected?: Expected): Promise<Sample> {
    if (isNamed(input)) return readNamed(this.classifier, input, this.words.reading);
    return readInput(this.classifier, input, expected);
  }

  async prepare(...inputs: readonly (AuditInput | NamedInputs | Sample)[]): Promise<void> {
    const samples: Sample[] = [];
    for (const input of inputs) samples.push(isSample(input) ? input : await this.read(input));
    for (const sample of samples) tokensIn(this.classifier, sample, this.words);
    await (this.chosen ??= this.choose(samples));
  }

  async audit(input: AuditInput | NamedInputs | Sample): Promise<AuditResult> {
    let sample = isSample(input) ? input : await this.read(input);
    const tokens = tokensIn(this.classifier, sample, this.words);
    await (this.chosen ??= this.choose([sample]));
    // A convention of another range was chosen after this picture was read: its pixels are rescaled.
    if (sample.pixels && sample.range !== this.classifier.card!.range)
      sample = { ...sample, x: inRange(sample.pixels, this.classifier), range: this.classifier.card!.range };
    for (const note of sample.notes) this.options.onNote?.(note);
    const { classifier, options } = this;
    const explaining = this.explaining();
    this.prepared ??= prepareAuditor(classifier, explaining);
    const truth = await groundTruthOf(classifier, options.groundTruth, sample);
    const from = await startOf(options.startFrom, sample);
    const alone = await (await this.prepared).audit(sample.x, truth, from?.mask);
    const told = startNotes(from, sample.title, alone.betas.map(({ learned }) => learned)); // prettier-ignore
    for (const note of told) options.onNote?.(note);
    for (const note of laterNotes(classifier, this.notes)) this.say(note);
    const measured = options.sanity ? await withSanity(classifier, sample.x, alone, explaining) : alone;
    const others = await besideOf(classifier, sample.x, this.beside, explaining, this.compiled);
    return resultOf(
      classifier,
      measured,
      sample,
      [...this.notes, ...sample.notes, ...told],
      { tokens, features: featuresIn(this.classifier, sample, this.words) },
      this.runOf(sample, truth, from?.mask),
      this.preprocessing,
      { repeat: options.repeat, colormap: options.colormap, others },
    );
  }

  /** The options as the audit of one sample takes them. */
  private explaining(): ExplainOptions {
    const { options, settings } = this;
    return {
      preset: options.preset,
      settings,
      evidenceDraws: options.evidenceDraws,
      coversEvidence: true,
      startsFrom: options.startFrom !== undefined,
      within: options.within,
      question: this.question,
      explainer: this.explainer,
      method: this.method && { method: this.method },
      samples: this.noise?.samples,
      samplesFor: async (noise) => (await this.samplesFor(noise))?.samples,
      signal: options.signal,
      watch: options.watch,
      onAgreement: options.onAgreement,
      onPhase: (phase) => options.onProgress?.({ phase }),
      onStep: (beta, { step, loss, maskMean }, iterations) =>
        options.onProgress?.({ phase: `learning the mask, beta ${beta}`, step: step + 1, iterations, loss, maskMean }),
    };
  }

  async finished(input: AuditInput | NamedInputs | Sample, folder: string): Promise<AuditDocument | undefined> {
    const sample = isSample(input) ? input : await this.read(input);
    await this.prepare(sample);
    const truth = await groundTruthOf(this.classifier, this.options.groundTruth, sample);
    const from = await startOf(this.options.startFrom, sample);
    return (await finishedResult(folder, this.runOf(sample, truth, from?.mask))) as AuditDocument | undefined;
  }

  private runOf({ sha256 }: Sample, groundTruth: Tensor | undefined, from: Tensor | undefined): string {
    const { classifier, options, settings, explainer, noise, words, question, method } = this;
    const { vocabulary, reading } = words;
    const tokenizer = reading.tokenizer?.sha256;
    const parts = {
      classifier,
      options,
      settings,
      explainer: explainer?.sha256,
      method: method?.name,
      compare: this.beside.map((m) => m.name),
      samples: noise?.samples,
      vocabulary,
      tokenizer,
      groundTruth,
      from,
      question,
    };
    return runOf(parts, sha256);
  }

  async dispose(): Promise<void> {
    const prepared = await this.prepared?.catch(() => undefined);
    await Promise.all([prepared?.dispose(), this.explainer?.dispose(), this.compiled.dispose()]);
    if (this.own) await this.classifier.dispose();
  }

  private samplesFor(noise: string): ReturnType<typeof noiseSamples> {
    return noiseSamples(noise, this.classifier, this.words.reading, this.settings.seed ?? 0, this.suits);
  }

  private say(note: string): void {
    this.notes.push(note);
    this.options.onNote?.(note);
  }

  /** Chooses a convention for pictures by these where no card says, then reads what the noise is made of. */
  private async choose(inputs: readonly Sample[]): Promise<void> {
    const { settings } = this;
    const chosen = await settled(
      this.classifier,
      inputs.flatMap(({ pixels }) => pixels ?? []),
    );
    this.classifier = chosen.classifier;
    this.preprocessing ??= chosen.preprocessing;
    if (chosen.note !== undefined) this.say(chosen.note);
    // What suits the first input suits those that come with it.
    this.suits = inputs.find(({ noise }) => noise !== undefined)?.noise;
    if (settings.noise === undefined) this.settings = { ...settings, noise: this.suits };
    const { noise = '' } = this.settings;
    // Samples that are given without notes are data to learn from, with notes they are draws already.
    const data = noiseParts(noise)[0] === 'learned' && !this.options.noiseNotes ? this.noise?.samples : undefined;
    if (data) this.noise = await learnedSamples(data, this.classifier, settings.seed ?? 0);
    this.noise ??= await this.samplesFor(noise);
    const note = this.noise || this.explainer ? undefined : oneRangeNote(noise, this.classifier);
    if (note !== undefined) this.say(note);
    for (const note of this.noise?.notes ?? []) this.say(note);
  }
}

const isSample = (input: AuditInput | NamedInputs | Sample): input is Sample => typeof input === 'object' && 'sha256' in input;

/** The noise that an explainer was trained with, where it needs no samples; else the default. */
const noiseOf = ({ settings }: OpenedExplainer): string | undefined =>
  /^(bootstrap|learned)/.test(settings.noise) ? undefined : settings.noise;

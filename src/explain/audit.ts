// audit(classifier, x): check the conversion, learn a mask for each beta, and measure what the masks claim.
import type { Classifier } from '../model/open.js';
import type { Question } from '../model/question.js';
import { LanError } from '../core/errors.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import type { Program } from '../engine/engine.js';
import { createLearner, orderOf, type LearnedMask } from '../lan/learn.js';
import type { Noise } from '../lan/noise.js';
import type { Preset } from '../lan/choices.js';
import type { LanSettings } from '../lan/settings.js';
import type { Attribution, AttributionMethod } from '../attribution/method.js';
import { attributed, claimedMask, notNeeded, type MethodChoice } from './attributed.js';
import { agreementOf, inquire } from './inquiry.js';
import { noisesFor, rangeOf, tokenPool } from './plausible.js';
import { judgeOf, type Answer, type Judge, type Within } from '../evidence/answer.js';
import { predictionOf, topPredictions, type Prediction } from './predictions.js';
import type { OpenedExplainer } from './explainer.js';
import { byForwardPasses } from './forward.js';
import { previewer } from './live.js';
import { classifyOnce, objectiveOf, settingsFor } from './objective.js';
import { explained, learned, requireLearned, type MaskProgress, type Masks } from './masks.js';
import { drawsOf, sharesBudget, timeLeft, whileLearning } from './time-left.js';
import { corruptOnce } from '../evidence/corrupt.js';
import { measureAll, needOf, NOTHING_FURTHER, type Further } from '../evidence/measure.js';
import type { Found } from '../evidence/search.js';
import type { EvidenceDraws } from '../evidence/trials.js';
import { walk, type PathPoint } from './path.js';
import { replaceability, type Replaceability } from '../evidence/replaceability.js';
import { drawsToShow, stepsOf, type ShownSteps } from './shown.js';

/** How createAuditor explains: settings of the mask, evidence and noise. */
export interface AuditOptions extends MaskProgress {
  /** Does the budget cover the evidence as well? Default: it is the time in which a mask is learned. */
  readonly coversEvidence?: boolean;
  /** Are masks to be learned from earlier ones, which `audit` is given where there are any? */
  readonly startsFrom?: boolean;
  readonly preset?: Preset;
  readonly settings?: { readonly [K in keyof LanSettings]?: LanSettings[K] | undefined };
  /** Fresh noise draws for the evidence; default 256. 'auto': until the claim is decided, at most as many. */
  readonly evidenceDraws?: EvidenceDraws;
  /** Of a regression: by how much its value may move and still counts as kept; absolute, or a part of it. Default '10%'. */
  readonly within?: Within;
  /** Which class is explained; absent: the model's answer. */
  readonly question?: Question;
  /** A trained LAN that gives the mask (Eq. 3), in place of one learned for each input; its beta is the only one. */
  readonly explainer?: OpenedExplainer;
  /** Another method, whose order is the mask, in place of one learned; there is one result, whose `beta` is 0. */
  readonly method?: MethodChoice;
  /** Samples [n,...sample] for bootstrapped noise. */
  readonly samples?: Tensor;
  /** The same of noise that it is changed to while it is learned. */
  readonly samplesFor?: (noise: string) => Promise<Tensor | undefined>;
}

/** What was found at one weight of the mask mean: the mask, and what it proves. Times in seconds. */
export interface BetaResult extends Further {
  readonly beta: number;
  readonly learned: LearnedMask;
  /** Where another method gave the mask: what it found. */
  readonly attribution?: Attribution;
  readonly evidence: Replaceability;
  /** Why nothing was measured besides the claim: there was no time left, or a first look was asked for. */
  readonly leftOut?: 'budget' | 'quick';
  readonly evidenceSeconds: number;
  /** The path of betas that it was taken from, where one was walked. */
  readonly path?: readonly PathPoint[];
  /** One corrupted input, as the classifier saw it, and what it answered. */
  readonly example: { readonly corrupted: Tensor; readonly prediction: readonly Prediction[]; readonly value?: number };
  /** The input replaced step by step; absent with `curvesOnly`. */
  readonly replaced?: ShownSteps;
}

/** What one input needed: the answer, and a mask with its evidence for each beta. */
export interface AuditResult {
  /** What the evidence says is kept. */
  readonly answer: Answer;
  /** Where another method gave the masks: which one. */
  readonly method?: Pick<AttributionMethod, 'name' | 'title' | 'reference'>;
  /** The five most probable classes, and those asked about; of several labels all that were given, if those are more. Of a regression none. */
  readonly prediction: readonly Prediction[];
  readonly settings: LanSettings;
  readonly noise: string;
  /** Largest difference of a probability (of a regression: of its value) between the converted graph and onnxruntime on the original file, at x. */
  readonly agreement: number;
  readonly compileSeconds: number;
  readonly betas: readonly BetaResult[];
  /** The draws of noise of `replaced`, [n,...sample]; absent with `curvesOnly`. */
  readonly shownDraws?: Tensor;
}

/** A prepared audit: one compilation serves any number of inputs. */
export interface Auditor {
  /**
   * x: one sample [1,...inputShape] of the input (pixel space for pictures), also where the mask lies on a value inside. `groundTruth`: what a person has
   * marked as needed, of the size of the mask (see `marked`). `from`: values in [0,1] of the shape of the mask, which learning goes on from (see Learner.learn).
   */
  audit(x: Tensor, groundTruth?: Tensor, from?: Tensor): Promise<AuditResult>;
  dispose(): Promise<void>;
}

/** One input, compiled for it alone. See createAuditor for errors. */
export async function audit(classifier: Classifier, x: Tensor, options: AuditOptions = {}): Promise<AuditResult> {
  const auditor = await createAuditor(classifier, options);
  try {
    return await auditor.audit(x);
  } finally {
    await auditor.dispose();
  }
}

/**
 * Compiles the objective of Eq. 4 for this classifier. Throws LanErrors when an op has no gradient on the engine, and (on `audit`) LanError when
 * the converted graph disagrees with onnxruntime on the original file.
 */
export async function createAuditor(classifier: Classifier, options: AuditOptions = {}): Promise<Auditor> {
  const settings = settingsFor(classifier, options.preset, options.settings, options.question);
  if (settings.find === 'delete' && options.explainer)
    throw new LanError('usage', "`find: 'delete'` and `lan` contradict each other: an explainer was trained for what is enough.", 'Leave one of them out.'); // prettier-ignore
  if (settings.betaPath && (options.explainer || options.method))
    throw new LanError('usage', "`beta: 'auto'` learns a mask for each beta, and here none is learned.", 'Leave `beta` out.');
  if (options.startsFrom) requireLearned(settings, options, classifier.forwardOnly);
  options.onPhase?.('compiling');
  // Where a path skips the hook point, each sample has an objective of its own.
  const shared = classifier.hookPoint?.hasSkipPath ? undefined : await prepare(classifier, settings, options);
  let pool: Promise<Tensor> | undefined;
  const tokens = (): Promise<Tensor> => (pool ??= tokenPool(classifier, settings));
  return {
    async audit(sample, groundTruth, from) {
      const inquiry = await inquire(classifier, sample, options);
      const { x, classifier: bound, p, answer } = inquiry;
      const prepared = shared ?? (await prepare(bound, settings, options));
      try {
        if (settings.find === 'delete') requireAnswer(answer);
        const agreement = await agreementOf(inquiry, prepared.forward);
        options.onAgreement?.(agreement);
        const noiseOf = noisesFor(classifier, x, { ...options, first: settings.noise, tokens });
        let noise = await noiseOf(settings.noise);
        let shown = drawsToShow(x, noise, settings.seed, options);
        const top = (row: Tensor): Prediction[] =>
          answer.task === 'value' ? [] : topPredictions(row, classifier.labels, 3, options.question);
        const betas: BetaResult[] = [];
        const asked = { x, p, answer, noiseOf, preview: previewer(bound, x, top, settings.seed) };
        const walked = settings.betaPath
          ? await walk({
              ...asked,
              noise,
              classifier: bound,
              masks: prepared.masks,
              judge: judging(bound, answer),
              settings,
              signal: options.signal,
            })
          : undefined;
        const only = walked?.beta ?? (options.method ? 0 : options.explainer?.settings.beta);
        const wanted = only === undefined ? settings.betas : [only];
        for (const beta of wanted) {
          if (options.signal?.aborted && betas.length > 0) break;
          const start = performance.now();
          const { attribution, changed, ...mask }: Awaited<ReturnType<Masks['of']>> =
            walked?.mask ?? (await prepared.masks.of({ ...asked, noise, beta, from }));
          if (changed) shown = drawsToShow(x, (noise = changed.noise), settings.seed, options);
          const last = changed?.beta ?? beta;
          const result = await measured(
            bound,
            x,
            answer,
            mask,
            noise,
            last,
            settings,
            options,
            groundTruth,
            start,
            walked?.found,
          );
          const replaced = shown && (await stepsOf(bound, x, { p, answer, mask, shown, claim: result.evidence }, top));
          const path = walked && { path: walked.points };
          betas.push({ beta: last, ...result, ...(attribution && { attribution }), ...path, ...(replaced && { replaced }) });
        }
        const prediction = predictionOf(inquiry, options.question);
        const resolved = { ...settings, betas: wanted };
        const { name, title, reference } = options.method?.method ?? {};
        const method = name === undefined ? {} : { method: { name, title: title!, reference: reference! } };
        return {
          answer,
          ...method,
          prediction,
          settings: resolved,
          noise: noise.name,
          agreement,
          compileSeconds: prepared.seconds,
          betas,
          ...(shown && { shownDraws: shown }),
        };
      } finally {
        if (!shared) await prepared.dispose();
      }
    },
    dispose: async () => shared?.dispose(),
  };
}

interface Prepared {
  readonly masks: Masks;
  readonly forward: Program;
  readonly seconds: number;
  dispose(): Promise<void>;
}

async function prepare(classifier: Classifier, settings: LanSettings, options: AuditOptions): Promise<Prepared> {
  const start = performance.now();
  const classify = classifyOnce(classifier);
  const learning = whileLearning(options, settings);
  const masks = options.method
    ? attributed(options.method, classifier, settings, options)
    : options.explainer
      ? explained(options.explainer)
      : classifier.forwardOnly
        ? byForwardPasses(classifier, learning, options)
        : learned(
            await createLearner(
              classifier.engine,
              await objectiveOf(classifier, settings, options.question, classify),
              classifier.adapters,
              options.watch !== undefined,
            ),
            learning,
            options,
          );
  const forward = await classifier.engine.compile(await classify(1));
  const seconds = (performance.now() - start) / 1000;
  return { masks, forward, seconds, dispose: async () => void (await Promise.all([masks.dispose(), forward.dispose()])) };
}

/** How answers to noise are held against the one that was given. */
const judging =
  (classifier: Classifier, answer: Answer) =>
  (p: Tensor): Judge =>
    judgeOf(answer, p, classifier.severalLabels);

async function measured(
  classifier: Classifier,
  x: Tensor,
  answer: Answer,
  mask: LearnedMask,
  noise: Noise,
  beta: number,
  settings: LanSettings,
  options: AuditOptions,
  groundTruth: Tensor | undefined,
  began: number,
  found: Found | undefined,
): Promise<Omit<BetaResult, 'beta'>> {
  options.onPhase?.(options.method ? `measuring evidence of ${options.method.method.title}` : `measuring evidence, beta ${beta}`);
  const start = performance.now();
  const predict = (samples: Tensor): Promise<Tensor> => classifier.predict(samples);
  const judge = judging(classifier, answer);
  const { order } = mask;
  const quick = options.preset === 'quick';
  const budget = sharesBudget(options, settings) && classifier.batched ? settings.budget : undefined;
  const time = await timeLeft(budget, began, { predict, x, wanted: drawsOf(options) });
  const evidence = await replaceability(predict, x, mask.mask, noise, {
    draws: time.draws,
    sequential: options.evidenceDraws === 'auto',
    seed: settings.seed,
    judge,
    ...(order && { order }),
    find: settings.find,
    ...(found && { found }),
    least: settings.keep === undefined || settings.find === 'delete' ? undefined : settings.keep,
  });
  // Another method gives an order alone: what its claim replaces is its mask.
  const shown = options.method ? { ...mask, ...claimedMask(mask.mask, notNeeded(evidence, settings.find)) } : mask;
  const range = rangeOf(classifier, x, options.samples);
  const claimed = { x, mask: orderOf(mask), answer, judge, noise, claim: evidence, ...range, groundTruth, seed: settings.seed, plugins: classifier.plugins }; // prettier-ignore
  const leftOut = quick ? 'quick' : time.further() ? undefined : 'budget';
  const further = leftOut ? NOTHING_FURTHER : await measureAll(predict, claimed);
  // What was found is shown at work: the part that is not needed replaced, or the one that is.
  const replaced = settings.find === 'delete' ? needOf(shown.mask) : shown.mask;
  const corrupted = corruptOnce(x, replaced, noise, settings.seed);
  const seen = await predict(corrupted);
  const example =
    answer.task === 'value'
      ? { corrupted, prediction: [], value: toFloat32(seen)[0]! }
      : { corrupted, prediction: topPredictions(seen, classifier.labels, 5, options.question) };
  const evidenceSeconds = (performance.now() - start) / 1000;
  return { learned: shown, evidence, ...further, ...(leftOut && { leftOut }), evidenceSeconds, example };
}

/** Throws LanError for a class that was asked about and is not the answer: there is nothing to lose. */
function requireAnswer(answer: Answer): void {
  if (answer.task === 'target' && !answer.leads)
    throw new LanError(
      'usage',
      `'${answer.label}' is not ${answer.against ? `ahead of '${answer.against.label}'` : 'the answer'} in the input, so no part of it is needed for that.`,
      "Leave `find: 'delete'` out, or ask about the model's answer.",
    );
}

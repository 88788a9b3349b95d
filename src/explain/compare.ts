// LAN beside other methods on one input: the same answer, noise and time for each, and the same evidence of what each found.
import type { Attribution, AttributionMethod, Passes } from '../attribution/method.js';
import { LanError, LanErrors, type ErrorCode } from '../core/errors.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import { judgeOf } from '../evidence/answer.js';
import { deletionAndInsertion } from '../evidence/curves.js';
import { needOf } from '../evidence/measure.js';
import type { Metric } from '../evidence/metric.js';
import { hardClaimOf, noiseAlone, type HardReplaceability, type Kept } from '../evidence/replaceability.js';
import { scoreOf, type Subject } from '../evidence/subject.js';
import { createTrials, type Trials } from '../evidence/trials.js';
import { createLearner, orderOf, type LearnedMask, type Learner } from '../lan/learn.js';
import { createNoise, type Noise } from '../lan/noise.js';
import { maskShapeOf } from '../lan/objective.js';
import type { LanSettings } from '../lan/settings.js';
import type { Classifier } from '../model/classifier.js';
import { attributed, Scorers } from './attributed.js';
import type { AuditOptions, AuditResult } from './audit.js';
import { predictionOf } from './predictions.js';
import { agreementOf, inquire, type Inquiry } from './inquiry.js';
import { learned } from './masks.js';
import { classifyOnce, objectiveOf, settingsFor } from './objective.js';
import { rangeOf, tokenPool } from './plausible.js';
import { drawsOf } from './time-left.js';

/** The name of the method of this project: a mask learned by descent (Eq. 4). */
export const LAN = 'lan';

/** Who takes part: `lan`, or a method. */
export type Contender = typeof LAN | AttributionMethod;

/** What is compared, and how. */
export interface CompareOptions extends Omit<AuditOptions, 'method' | 'explainer' | 'onStep'> {
  readonly methods: readonly Contender[];
  /** Are all refusals listed, too? Default: where none is left, they are thrown. */
  readonly beside?: boolean;
}

/** What one method found, or why it could not. */
export interface Compared {
  readonly name: string;
  readonly title: string;
  readonly reference: string;
  /** Why the model or the time does not allow it, in one sentence; nothing else is there then. */
  readonly refused?: string;
  readonly found?: {
    /** Of mask shape, higher = needed more. */
    readonly need: Tensor;
    /** The hard claim of its order. */
    readonly claim: HardReplaceability;
    readonly metrics: readonly Metric[];
    readonly passes: Passes;
    /** Of explaining; compiling and evidence not counted. */
    readonly seconds: number;
    readonly details: Attribution['details'];
    /** Of an input whose elements have names: those that the need puts first, most needed first. */
    readonly needed?: readonly { readonly index: number; readonly name: string }[];
  };
}

/** All methods on one input. */
export interface Comparison extends Pick<AuditResult, 'answer' | 'prediction' | 'noise'> {
  /** How often the answer comes from noise alone: no claim means much where this is high. */
  readonly noiseAlone: Kept;
  readonly methods: readonly Compared[];
}

/** What a comparison of many inputs compiles once: programs of the classifiers that its methods run. */
export class Compiled {
  readonly scorers = new Scorers();
  private readonly learners = new Map<string, { readonly of: Classifier; readonly learner: Promise<Learner> }>();
  private readonly checked = new Map<Classifier, ReturnType<typeof forwardOf>>();

  /** What learns masks of a classifier with these options. Throws LanErrors (`gradient`) where none can be. */
  async learner(classifier: Classifier, settings: LanSettings, { question }: Pick<CompareOptions, 'question'>): Promise<Learner> {
    const key = JSON.stringify([settings, question]);
    const known = this.learners.get(key);
    if (known?.of === classifier) return known.learner;
    await known?.learner.then((l) => l.dispose()).catch(() => undefined);
    const { classify } = await this.forward(classifier);
    const learner = objectiveOf(classifier, settings, question, classify).then((objective) =>
      createLearner(classifier.engine, objective, classifier.adapters),
    );
    this.learners.set(key, { of: classifier, learner });
    return learner;
  }

  /** The converted graph, once for each classifier. */
  forward(classifier: Classifier): ReturnType<typeof forwardOf> {
    let made = this.checked.get(classifier);
    if (!made) this.checked.set(classifier, (made = forwardOf(classifier)));
    return made;
  }

  /** Frees all programs. */
  async dispose(): Promise<void> {
    const learners = await Promise.allSettled([...this.learners.values()].map(({ learner }) => learner));
    const forwards = await Promise.allSettled(this.checked.values());
    for (const l of learners) if (l.status === 'fulfilled') await l.value.dispose();
    for (const f of forwards) if (f.status === 'fulfilled') await f.value.program.dispose();
    await this.scorers.dispose();
  }
}

async function forwardOf(classifier: Classifier) {
  const classify = classifyOnce(classifier);
  return { classify, program: await classifier.engine.compile(await classify(1)) };
}

/** Failures that are about one method; any other would come again with the next one. */
const OF_ONE_METHOD: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['gradient', 'unsupported', 'usage', 'memory']);

/** What all methods of one input share. */
interface Field {
  readonly inquiry: Inquiry;
  readonly noise: Noise;
  readonly settings: LanSettings;
  readonly trials: Trials;
  readonly subject: Subject;
}

/**
 * Explains one input by each method in turn and measures what each claims on the same draws: the hard claim of its order, and the curves of deletion and
 * insertion. `settings.budget` holds for each of them; `compiled` is what was compiled for other inputs. One method that the model or the time does not
 * allow is listed as refused. Throws LanErrors where none is left; what is about all of them (`data`, `disagreement`, `numbers`) as an audit does;
 * `interrupted` where a signal stops it before the first result.
 */
export async function compare(
  classifier: Classifier,
  sample: Tensor,
  options: CompareOptions,
  compiled?: Compiled,
): Promise<Comparison> {
  const own = compiled ?? new Compiled();
  try {
    return await within(classifier, sample, options, own);
  } finally {
    if (!compiled) await own.dispose();
  }
}

async function within(classifier: Classifier, sample: Tensor, options: CompareOptions, compiled: Compiled): Promise<Comparison> {
  const { methods, question } = options;
  const settings = settingsFor(classifier, options.preset, options.settings, question);
  const field = await fieldOf(classifier, sample, settings, options, compiled);
  const compared: Compared[] = [];
  const refusals: LanError[] = [];
  for (const contender of methods) {
    if (options.signal?.aborted && compared.length > refusals.length) break;
    const words = wordsOf(contender);
    try {
      const mask = await maskOf(contender, field, options, compiled);
      options.onPhase?.(`measuring evidence of ${words.title}`);
      compared.push({ ...words, found: await foundBy(mask, field) });
    } catch (error) {
      if (!(error instanceof LanError) || !OF_ONE_METHOD.has(error.code)) throw error;
      refusals.push(error);
      compared.push({ ...words, refused: sentence(error) });
    }
  }
  if (compared.length === refusals.length && !options.beside)
    throw refusals.length === 1
      ? refusals[0]!
      : new LanErrors('unsupported', `None of ${refusals.length} methods can explain this input:`, compared.map((c) => `${c.title}: ${c.refused!.replace(/\.$/, '')}`)); // prettier-ignore
  const { inquiry, noise, trials } = field;
  const alone = await noiseAlone(trials, inquiry.x.data.length);
  return {
    answer: inquiry.answer,
    prediction: predictionOf(inquiry, question),
    noise: noise.name,
    noiseAlone: alone,
    methods: compared,
  };
}

async function fieldOf(
  classifier: Classifier,
  sample: Tensor,
  settings: LanSettings,
  options: CompareOptions,
  compiled: Compiled,
): Promise<Field> {
  const inquiry = await inquire(classifier, sample, options);
  const { x, classifier: bound, answer } = inquiry;
  await agreementOf(inquiry, (await compiled.forward(bound)).program);
  const tokens = classifier.hookPoint?.tokens && settings.noise === 'tokens' ? await tokenPool(classifier, settings) : undefined;
  const range = rangeOf(classifier, x, options.samples);
  const noise = createNoise(settings.noise, { x, ...range, samples: options.samples, tokens, plugins: classifier.plugins });
  const predict = (samples: Tensor): Promise<Tensor> => bound.predict(samples);
  const { seed } = settings;
  const judge = (p: Tensor) => judgeOf(answer, p, classifier.severalLabels);
  const maskDims = [1, ...maskShapeOf(settings.maskShape, bound.sampleShape)];
  const trials = await createTrials(predict, x, maskDims, noise, {
    draws: drawsOf({ evidenceDraws: options.evidenceDraws }),
    sequential: options.evidenceDraws === 'auto',
    seed,
    judge,
  });
  return { inquiry, noise, settings, trials, subject: { x, noise, seed, predict, score: scoreOf(answer) } };
}

/** What one of them finds within the budget. */
async function maskOf(
  contender: Contender,
  { inquiry, noise, settings }: Field,
  options: CompareOptions,
  compiled: Compiled,
): Promise<LearnedMask & { readonly attribution?: Attribution }> {
  const { classifier, x, p, answer } = inquiry;
  const { signal, onPhase, question } = options;
  const beta = settings.betas[0]!;
  if (contender !== LAN)
    return attributed({ method: contender, scorers: compiled.scorers }, classifier, settings, { onPhase, signal }).of({ x, answer, noise }); // prettier-ignore
  const learner = await compiled.learner(classifier, settings, { question });
  const mask = await learned(learner, settings, { onPhase, signal }).of({ x, p, answer, noise, beta });
  const { budget } = settings;
  if (budget !== undefined && mask.history.length < 2 && mask.seconds > budget)
    throw new LanError('usage', `\`budget\`: ${budget} s are shorter than two steps of learning a mask (${mask.seconds.toPrecision(2)} s).`); // prettier-ignore
  return mask;
}

/** Its order as a need, and what that is worth. Beside other methods a binary mask is an order like theirs, and starts at no fraction of its own. */
async function foundBy(
  mask: LearnedMask & { readonly attribution?: Attribution },
  { trials, subject, settings }: Field,
): Promise<Compared['found']> {
  const order = orderOf(mask);
  const measured = {
    claim: await hardClaimOf(trials, toFloat32(order)),
    metrics: await deletionAndInsertion(subject, needOf(order)),
  };
  const { attribution, seconds } = mask;
  if (attribution) {
    const { need, passes, details } = attribution;
    return { need, passes, seconds, details, ...measured };
  }
  const steps = mask.history.length;
  const passes = { forward: steps * settings.draws, backward: steps * settings.draws };
  return { need: needOf(order), passes, seconds, details: { steps, stopped: mask.stopped }, ...measured };
}

const wordsOf = (contender: Contender): Omit<Compared, 'found' | 'refused'> => {
  if (contender === LAN) return { name: LAN, title: 'LAN', reference: 'Modeling Latent Attention Within Neural Networks, 2018' };
  const { name, title, reference } = contender;
  return { name, title, reference };
};

/** The error as one line: of several problems all, behind the heading. */
const sentence = (error: LanError): string =>
  error instanceof LanErrors
    ? `${error.message.split('\n')[0]!} ${error.problems.join('; ')}.`
    : error.message.replaceAll('\n', ' ');

// trainLan: an explainer for a classifier, learned over a dataset (Eq. 3).
import { LanError } from '../core/errors.js';
import { pluginIdentity } from '../core/plugin.js';
import { float32, sizeOf } from '../core/tensor.js';
import { createExplainer, trainExplainer, type AmortisedSettings, type Explainer } from '../lan/amortised.js';
import { createGenerator, type Generator } from '../lan/generator.js';
import { refuseUnknownLoss } from '../lan/losses.js';
import { createNoise } from '../lan/noise.js';
import type { MaskShape } from '../lan/choices.js';
import type { Samples } from '../lan/samples.js';
import { defaultBeta, defaultMaskValues } from '../lan/settings.js';
import type { TrainJob, TrainResult } from '../lan/train.js';
import type { Classifier } from '../model/open.js';
import type { Question } from '../model/question.js';
import { requireClasses } from '../model/task.js';
import type { ExplainerSettings } from './explainer.js';
import { asked, classifyOnce } from './objective.js';

/** What network is trained, on which noise, and how. */
export interface TrainLanOptions extends Pick<TrainJob, 'files' | 'onStep' | 'signal'> {
  /** A name of LANS, or the paper's notation. Default 'paper': FC(100, lrelu), FC(mask, sigmoid). */
  readonly lan?: string;
  readonly maskShape?: MaskShape;
  /** 'bootstrap' (other samples, the default), 'learned' (a generator that stays near the samples), or any family of createNoise that needs no folder. */
  readonly noise?: string;
  readonly settings?: { readonly [K in keyof AmortisedSettings]?: AmortisedSettings[K] | undefined };
  /** Held-out samples, on which the objective is reported. */
  readonly validation?: Samples;
  /** Which class the masks are for; absent: each sample's answer. */
  readonly question?: Question;
  /** Names the data in checkpoints and in the explainer's metadata. */
  readonly data: string;
}

/** A trained explainer: its graph, its parameters by name, and the settings that made it. */
export interface TrainedLan extends TrainResult {
  readonly explainer: Explainer;
  /** Those of `generator` among them. */
  readonly parameters: Readonly<Record<string, Float32Array>>;
  /** Where noise was learned: what its draws are made by (see drawsOf). */
  readonly generator?: Generator;
  readonly settings: ExplainerSettings;
}

/** Appendix A's learning rate and iterations are 1e-4 and 100,000; these defaults reach its objective in fewer steps (docs/performance.md). */
const DEFAULTS: Omit<AmortisedSettings, 'beta' | 'maskValues'> = {
  iterations: 20_000,
  learningRate: 5e-4,
  schedule: 'cosine',
  batch: 32,
  draws: 1,
  outputLoss: 'cross-entropy',
  seed: 0,
};

/**
 * Trains A of Eq. 3 for the frozen classifier on `samples` (in pixel space, or the model's own input; values at the hook point where there is one, see samplesAtHookPoint). Throws LanErrors naming ops without a
 * gradient rule, LanError where samples, LAN or a checkpoint do not fit, and as `train` does.
 */
export async function trainLan(classifier: Classifier, samples: Samples, options: TrainLanOptions): Promise<TrainedLan> {
  const { sampleShape, card, source, hookPoint } = classifier;
  requireClasses(classifier, 'A LAN is trained for answers in classes');
  if (hookPoint?.hasSkipPath)
    throw new LanError(
      'unsupported',
      `${source.name}: a path goes round the value '${hookPoint.name}' on which the mask lies, so that what follows is another network for each input.`,
      'Use audit, which learns a mask for each input.',
    );
  for (const s of [samples, options.validation])
    if (s && s.shape.join() !== sampleShape.join())
      throw new LanError(
        'data',
        `${source.name}: takes samples of [${sampleShape.join(',')}], the data has [${s.shape.join(',')}].`,
      );
  const given = Object.fromEntries(
    Object.entries(options.settings ?? {}).filter(([, v]) => v !== undefined),
  ) as Partial<AmortisedSettings>;
  const { question } = options;
  const classes = question?.against === undefined ? classifier.output.shape.slice(1).reduce((a, b) => a * b, 1) : 2;
  const { outputLoss } = given;
  if (outputLoss !== undefined) refuseUnknownLoss(outputLoss, classifier.plugins);
  const settings: AmortisedSettings = {
    beta: defaultBeta(classes, outputLoss),
    maskValues: defaultMaskValues(outputLoss),
    ...DEFAULTS,
    ...given,
  };
  const scaling = card ? { offset: 0, factor: 1 / card.range } : await scalingOf(samples);
  const lan = options.lan ?? 'paper';
  const explainer = createExplainer(
    lan,
    sampleShape,
    options.maskShape ?? (hookPoint?.tokens ? 'token' : 'pixel'),
    scaling,
    classifier.plugins,
  );
  const noise = options.noise ?? 'bootstrap';
  const range = card
    ? { low: 0, high: card.range }
    : { low: -1 / scaling.factor + scaling.offset, high: 1 / scaling.factor + scaling.offset };
  if (noise === 'learned' && settings.batch * settings.draws < 2)
    throw new LanError('usage', "`noise` 'learned': its draws are held against each other, which takes two a step.", 'Raise `batch` or `draws`.'); // prettier-ignore
  const generator = noise === 'learned' ? await createGenerator(samples, settings.seed) : undefined;
  const family =
    noise === 'bootstrap' || generator
      ? undefined
      : createNoise(noise, {
          x: float32(new Float32Array(sizeOf(sampleShape)), [1, ...sampleShape]),
          ...range,
          plugins: classifier.plugins,
        });
  const name = family?.name ?? noise;
  const result = await trainExplainer({
    engine: classifier.engine,
    adapters: classifier.adapters,
    plugins: classifier.plugins,
    classifier: asked(classifyOnce(classifier), classifier, question),
    specialize: (graph) => classifier.specialize(graph),
    explainer,
    samples,
    validation: options.validation,
    noise: family,
    generator,
    settings,
    identity: {
      model: source.sha256,
      plugins: pluginIdentity(classifier.plugins),
      card,
      data: options.data,
      noise: name,
      engine: classifier.engine.info.name,
      ...question,
    },
    files: options.files,
    onStep: options.onStep,
    signal: options.signal,
  });
  const resolved: ExplainerSettings = {
    lan: explainer.network.text,
    noise: name,
    data: options.data,
    samples: samples.count,
    steps: result.steps,
    ...question,
    ...settings,
  };
  return {
    ...result,
    explainer,
    ...(generator && { generator }),
    settings: resolved,
  };
}

/** Mean and deviation of up to 1,000 samples' elements, for inputs that are no pictures. */
async function scalingOf(samples: Samples): Promise<{ offset: number; factor: number }> {
  const count = Math.min(1000, samples.count);
  const step = Math.floor(samples.count / count);
  const values = await samples.read(Uint32Array.from({ length: count }, (_, i) => i * step), 0); // prettier-ignore
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
  return { offset: mean, factor: variance > 0 ? 1 / Math.sqrt(variance) : 1 };
}

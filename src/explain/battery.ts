// The whole self-deception battery of one audit: masks learned again with another seed, noise, input and model, and what they say about the first one.
import { float32, toFloat32, type Tensor } from '../core/tensor.js';
import { judgeOf } from '../evidence/answer.js';
import { agreementTest, changeTest, edgeTest, leakTest, seedTest, unrelated } from '../evidence/battery.js';
import { edges } from '../evidence/controls.js';
import { claimedFraction, needOf } from '../evidence/measure.js';
import type { Metric } from '../evidence/metric.js';
import { otherNoises } from '../evidence/other-noise.js';
import { sanityOf, type SanityTest } from '../evidence/sanity.js';
import { maxSensitivity } from '../evidence/sensitivity.js';
import { alike, similarity } from '../evidence/similarity.js';
import { orderOf } from '../lan/learn.js';
import { createNoise } from '../lan/noise.js';
import type { Classifier } from '../model/open.js';
import type { AuditOptions, AuditResult, BetaResult } from './audit.js';
import { rangeOf, tokenPool } from './plausible.js';
import { randomised, weightsFromTop } from './randomise.js';
import { createRelearner, type Located, type Relearner } from './relearn.js';

/** Inputs are moved by up to this part of their range for max-sensitivity. */
const MOVED = 0.02;

/** What the battery needs besides the audit's own options. */
export interface BatteryOptions extends AuditOptions {
  /** Opens a changed model as the audited one was opened. */
  readonly reopen: (bytes: Uint8Array) => Promise<Classifier>;
}

/**
 * The result with the whole battery (docs/evidence.md) for its first beta, and max-sensitivity among the metrics. `sample` [1,...inputShape] is what was audited.
 * It makes nine masks more, three with an explainer. After an abort the tests that are done stand. Masks of another method are made by it again.
 */
export async function withBattery(
  classifier: Classifier,
  sample: Tensor,
  result: AuditResult,
  options: BatteryOptions,
): Promise<AuditResult> {
  const [first, ...rest] = result.betas as [BetaResult, ...BetaResult[]];
  // The masks that it is compared with have its own beta, which an explainer brings along.
  const settings = { ...options.settings, betas: [first.beta], seed: result.settings.seed, noise: result.settings.noise };
  const relearner = await createRelearner(classifier, { ...options, settings });
  try {
    const battery = new Battery(classifier, sample, result, first, { ...options, settings }, relearner);
    const { tests, metrics } = await battery.run();
    const sanity = sanityOf([...first.sanity.tests, ...tests]);
    return { ...result, betas: [{ ...first, sanity, metrics: [...first.metrics, ...metrics] }, ...rest] };
  } finally {
    await relearner.dispose();
  }
}

class Battery {
  private readonly need: Tensor;

  constructor(
    private readonly classifier: Classifier,
    private readonly sample: Tensor,
    private readonly result: AuditResult,
    private readonly beta: BetaResult,
    private readonly options: BatteryOptions,
    private readonly relearner: Relearner,
  ) {
    this.need = needOf(orderOf(beta.learned));
  }

  async run(): Promise<{ tests: SanityTest[]; metrics: Metric[] }> {
    const { options, need, relearner, sample, classifier } = this;
    const { seed } = this.result.settings;
    const explainer = options.explainer;
    const tests: SanityTest[] = [];
    const metrics: Metric[] = [];
    const located = await classifier.locate(sample);
    const { x } = located;
    const range = rangeOf(classifier, x, this.options.samples);
    const strength = edges(x, need);
    if (strength) tests.push(edgeTest(similarity(need, float32(strength, need.dims))));
    tests.push(await this.leak(located));
    // How alike two seeds are is how alike anything can be; a network gives the same map each time.
    const fresh = await this.step(explainer ? 'a mask learned for this input' : 'another seed', async () =>
      needOf((await relearner.mask(sample, { seed: seed + 1 })).order),
    );
    if (!fresh) return { tests, metrics };
    let floor: number | undefined;
    if (explainer) {
      tests.push(agreementTest('amortised', "the network's map beside one learned for this input", similarity(need, fresh), 1));
    } else {
      const seeds = similarity(need, fresh);
      floor = Math.max(0, alike(seeds));
      tests.push(seedTest(seeds));
    }
    tests.push(...(await this.otherInput(located, range, floor)));
    if (floor !== undefined) {
      tests.push(...(await this.otherNoise(x, range, floor)));
      tests.push(...(await this.weights(floor)));
    }
    const moved = await this.step(classifier.hookPoint ? `moved values of '${classifier.hookPoint.name}'` : 'moved inputs', () => this.sensitivity(located, range)); // prettier-ignore
    if (moved) metrics.push(moved);
    return { tests, metrics };
  }

  /** Unless it was interrupted. */
  private async step<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    if (this.options.signal?.aborted) return undefined;
    this.options.onPhase?.(`self-deception battery: ${what}`);
    const done = await work();
    // A mask that was cut short is no evidence.
    return this.options.signal?.aborted ? undefined : done;
  }

  private async leak({ x, classifier }: Located): Promise<SanityTest> {
    const { settings } = this.result;
    const { tokens, hosts } = await this.otherTokens(classifier, x);
    const range = rangeOf(classifier, x, this.options.samples);
    return leakTest({
      predict: (samples) => classifier.predict(samples),
      x,
      need: this.need,
      noise: createNoise(settings.noise, { x, ...range, samples: this.options.samples, tokens, plugins: classifier.plugins }),
      judge: judgeOf(this.result.answer, await classifier.predict(x), classifier.severalLabels),
      ...range,
      fraction: claimedFraction(this.beta.evidence),
      seed: settings.seed,
      hosts,
    });
  }

  /** Where the mask lies on tokens: others, one input after the other. Numbers within the range of their vectors are no words. */
  private async otherTokens(classifier: Classifier, x: Tensor): Promise<{ tokens?: Tensor; hosts?: Float32Array[] }> {
    if (!classifier.hookPoint?.tokens) return {};
    const tokens = await tokenPool(classifier, this.result.settings);
    const per = x.data.length;
    const hosts = Array.from({ length: tokens.dims[0]! }, (_, i) => toFloat32(tokens).subarray(i * per, (i + 1) * per));
    return { tokens, hosts };
  }

  /** The map of an input that has nothing to do with this one. */
  private async otherInput(
    at: Located,
    { low, high }: { low: number; high: number },
    floor: number | undefined,
  ): Promise<SanityTest[]> {
    const { settings } = this.result;
    const need = await this.step('another input', async () => {
      const { hosts } = await this.otherTokens(at.classifier, at.x);
      const values = hosts?.[0]?.slice() ?? unrelated(at.x, low, high, settings.seed, 0);
      return this.explain({ ...at, x: float32(values, at.x.dims) });
    });
    return need ? [changeTest('input', 'of an unrelated input', similarity(this.need, need), floor)] : [];
  }

  private async otherNoise(x: Tensor, range: { low: number; high: number }, floor: number): Promise<SanityTest[]> {
    const [noise] = otherNoises(this.result.noise, { x, ...range });
    const { relearner, sample } = this;
    const again = await this.step('another noise', () => relearner.mask(sample, { noise: noise!.name }));
    if (!again) return [];
    const what = `${this.options.method ? 'with' : 'learned on'} ${noise!.name.split(':')[0]} noise`;
    return [agreementTest('noise', what, similarity(this.need, needOf(again.order)), floor)];
  }

  /** The last layer of weights shuffled, the upper half, and all. */
  private async weights(floor: number): Promise<SanityTest[]> {
    const { classifier, options, result, sample } = this;
    const { model } = classifier.source;
    const layers = weightsFromTop(model).length;
    if (layers === 0) return [];
    const tests: SanityTest[] = [];
    for (const count of new Set([1, Math.ceil(layers / 2), layers])) {
      const need = await this.step(`${count} of ${layers} layers shuffled`, async () => {
        const changed = await options.reopen(randomised(model, count, result.settings.seed));
        try {
          const relearner = await createRelearner(changed, options);
          try {
            return needOf((await relearner.mask(sample)).order);
          } finally {
            await relearner.dispose();
          }
        } finally {
          await changed.dispose();
        }
      });
      if (!need) break;
      const what = `with the weights of ${count === layers ? `all ${layers}` : `the last ${count} of ${layers}`} layers shuffled`;
      // The last layers say which class it is; what they read is still there where they are shuffled.
      tests.push(changeTest(`weights ${count}/${layers}`, what, similarity(this.need, need), floor, count < layers));
    }
    return tests;
  }

  /** The need of another x at the same place. */
  private async explain(at: Located): Promise<Tensor> {
    const { explainer } = this.options;
    return needOf(explainer ? await explainer.explain(at.x) : (await this.relearner.maskAt(at)).order);
  }

  /** Where the mask lies on a value inside the model, it is that value which is moved. */
  private async sensitivity(at: Located, { low, high }: { low: number; high: number }): Promise<Metric | undefined> {
    const { result } = this;
    const judge = judgeOf(result.answer, await at.classifier.predict(at.x), at.classifier.severalLabels);
    return maxSensitivity(
      at.x,
      this.need,
      async (moved) => {
        if (this.options.signal?.aborted || !judge.kept(toFloat32(await at.classifier.predict(moved)))) return undefined;
        return this.explain({ ...at, x: moved });
      },
      { radius: MOVED * (high - low), seed: result.settings.seed },
    );
  }
}

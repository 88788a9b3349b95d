// The settings of a sample-specific mask, resolved from a preset and what the user gave.
import { sizeOf } from '../core/tensor.js';
import type { LearnSettings } from './learn.js';
import type { Find, MaskShape, MaskValues, OutputLoss, Preset } from './choices.js';

/** Everything that decides a mask by Eq. 4 and its evidence. `betas`: weights of the mask mean, a mask for each; `draws`: noise draws a step. */
export interface LanSettings extends Omit<LearnSettings, 'beta' | 'binary' | 'fixed'> {
  readonly betas: readonly number[];
  readonly noise: string;
  readonly draws: number;
  /** Walk a path of betas from the first of `betas`, and take the one whose hard claim goes furthest. */
  readonly betaPath: boolean;
  readonly find: Find;
  readonly maskShape: MaskShape;
  readonly maskValues: MaskValues;
  /** Grids whose logits are summed, [rows, columns] each; [] is one logit per mask element. */
  readonly maskGrids: readonly (readonly [number, number])[];
  readonly outputLoss: OutputLoss;
  /** The target F(x) is sharpened until its top class has this probability (see `sharpened`); 0: never. */
  readonly sharpen: number;
}

/** How many times fewer steps a first look takes. */
const QUICKER = 4;

/** Elements of an input that counts as small: 64x64 pixels in three channels. */
const SMALL = 3 * 64 * 64;

/**
 * All settings for an input of `sampleShape`; what `given` leaves undefined comes from the preset.
 * The paper states beta (1.5, 3, 5 on ImageNet), 10,000 iterations and the learning rate 0.05, and leaves open the number of draws (here 1), the
 * parametrisation of the mask (sigmoid) and its schedule (constant).
 */
export function resolveSettings(
  preset: Preset,
  sampleShape: readonly number[],
  classes: number,
  given: { readonly [K in keyof LanSettings]?: LanSettings[K] | undefined } = {},
): LanSettings {
  const picture = sampleShape.length === 3;
  // One draw of a few thousand elements says little about the expectation over noise, and costs little.
  const small = sizeOf(sampleShape) <= SMALL;
  const maskValues = given.maskValues ?? defaultMaskValues(given.outputLoss);
  const base: LanSettings =
    preset === 'paper'
      ? {
          betas: [1.5, 3, 5],
          iterations: 10_000,
          learningRate: 0.05,
          schedule: 'constant',
          seed: 0,
          start: 0.5,
          patience: 0,
          noise: 'uniform',
          draws: 1,
          betaPath: false,
          find: 'keep',
          maskShape: 'full',
          maskValues: 'soft',
          maskGrids: [],
          outputLoss: 'cross-entropy',
          sharpen: 0,
        }
      : {
          betas: [defaultBeta(classes, given.outputLoss)],
          // Binary masks are settled sooner (docs/performance.md): each pixel is in or out, and the third decimal of a mean says nothing.
          iterations: (maskValues === 'soft' ? 500 : 200) / (preset === 'quick' ? QUICKER : 1),
          learningRate: 0.2,
          schedule: 'cosine',
          seed: 0,
          // The gradient of squared error vanishes where the answer is lost, so that it must not be lost at first.
          start: small && given.outputLoss !== 'squared-error' ? 0.3 : 0.1,
          patience: 100,
          noise: 'uniform',
          draws: small ? 32 : 2,
          betaPath: false,
          find: 'keep',
          maskShape: 'pixel',
          maskValues,
          maskGrids: picture ? defaultGrids(sampleShape) : [],
          outputLoss: 'cross-entropy',
          sharpen: 0.9,
        };
  return { ...base, ...(Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined)) as Partial<LanSettings>) };
}

/**
 * 1.5 ln K, to two digits: guessing costs ln K nats, so that the reward for noise everywhere outweighs the answer only a little whatever the
 * number of classes K (10 for 1,000 classes, 1 for two). Squared error costs about 1 for a lost answer, whatever K.
 */
export const defaultBeta = (classes: number, loss: OutputLoss = 'cross-entropy'): number =>
  loss === 'squared-error' ? 1 : Number((1.5 * Math.log(Math.max(2, classes))).toPrecision(2));

/** Binary, but for squared error, which has no gradient where a rounded mask has lost the answer. */
export const defaultMaskValues = (loss: OutputLoss = 'cross-entropy'): MaskValues =>
  loss === 'squared-error' ? 'soft' : 'binary';

/** Coarse to fine, down to the pixels themselves, so that large parts move fast and edges stay sharp. */
function defaultGrids(sampleShape: readonly number[]): [number, number][] {
  const [, h, w] = sampleShape as [number, number, number];
  const part = (n: number): [number, number] => [Math.max(1, Math.ceil(h / n)), Math.max(1, Math.ceil(w / n))];
  return 3 * h * w <= SMALL ? [part(4), part(1)] : [part(16), part(4), part(1)];
}

// The settings of the CIFAR-10 experiment (Section 5.2 and 5.4, Appendix B, D and E).
import type { TrainSettings } from '../lan/train.js';
import { above, amount, beta, limit, list, mask, MOST, network, section, specific, train, whole } from './fields.js';
import type { Augmentation } from './data/augmented.js';

/** Masks learned for single samples (Eq. 4), `samples` of them, `draws` noise draws a step for each. */
export interface SpecificConfig extends TrainSettings {
  readonly samples: number;
  readonly draws: number;
}

/** LANs over the dataset (Eq. 3), one for each beta. */
export interface ExplainersConfig extends TrainSettings {
  readonly lan: string;
  readonly betas: readonly number[];
  readonly batch: number;
  readonly draws: number;
  /** Samples whose masks are compared. */
  readonly masks: number;
}

/** CIFAR-10: noise is bootstrapped throughout. */
export interface CifarConfig {
  readonly kind: 'cifar';
  readonly title: string;
  /** At most so many pictures. */
  readonly data: { readonly train: number; readonly test: number };
  readonly augmentation: Augmentation;
  readonly classifier: TrainSettings & { readonly network: string; readonly batch: number };
  readonly explainer: ExplainersConfig;
  readonly masks: SpecificConfig & { readonly beta: number };
  /** Appendix E: some pictures, each at all betas, ascending. */
  readonly betas: SpecificConfig & { readonly values: readonly number[] };
  readonly limits: Readonly<Record<string, number>>;
}

/** What such a config has to have, and all that it may have. */
export const cifarFields = section({
  data: section({ train: whole(20, MOST), test: whole(20, MOST) }),
  augmentation: section({ turn: amount(0, 180), scale: amount(0, 0.9), shift: amount(0, 16) }),
  classifier: section({ network, ...train }),
  explainer: section({ lan: mask, betas: list(beta), draws: whole(1, 64), masks: whole(20, MOST), ...train }),
  masks: section({ beta, ...specific }),
  betas: section({ values: list(above(0, 1e6)), ...specific }),
  limits: section({ accuracy: limit, alike: limit, subject: limit }),
});

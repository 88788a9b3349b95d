// The settings of the comparison of learned noise with other noise (Section 6).
import type { TrainSettings } from '../lan/train.js';
import { amount, beta, CANVAS, limit, MOST, network, section, train, whole } from './fields.js';

/** One F a seed, and a LAN for each kind of noise, on translated digits. */
export interface LearnedNoiseConfig {
  readonly kind: 'learned-noise';
  readonly title: string;
  readonly repeats: { readonly seeds: number };
  readonly data: { readonly digit: number };
  readonly classifier: TrainSettings & { readonly network: string; readonly batch: number };
  readonly explainer: TrainSettings & {
    readonly lan: string;
    readonly beta: number;
    readonly batch: number;
    readonly draws: number;
  };
  /** Held-out digits whose masks are put to the test, and the part of the pixels that each mask replaces where masks are compared at an equal share. */
  readonly evidence: { readonly samples: number; readonly share: number };
  readonly limits: Readonly<Record<string, number>>;
}

/** What a config has to have, and all that it may have. */
export const learnedNoiseFields = section({
  repeats: section({ seeds: whole(1, 100) }),
  data: section({ digit: whole(1, CANVAS) }),
  classifier: section({ network, ...train }),
  explainer: section({ lan: network, beta, draws: whole(1, 1024), ...train }),
  evidence: section({ samples: whole(2, MOST), share: amount(0, 1) }),
  limits: section({ distance: limit, kept: limit }),
});

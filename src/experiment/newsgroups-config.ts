// The settings of the 20 Newsgroups experiment (Section 5.3 and 5.4, Appendix C and D).
import { z } from 'zod';
import type { TrainSettings } from '../lan/train.js';
import type { SpecificConfig } from './cifar-config.js';
import { beta, limit, mask, MOST, network, noise, section, specific, train, whole } from './fields.js';

/** 20 Newsgroups. */
export interface NewsgroupsConfig {
  readonly kind: 'newsgroups';
  readonly title: string;
  /** See TextChoices; `headers` with spaces between them. */
  readonly data: { readonly headers: string; readonly shortest: number; readonly vocabulary: number; readonly documents: number };
  readonly classifier: TrainSettings & { readonly network: string; readonly batch: number };
  readonly explainer: TrainSettings & {
    readonly lan: string;
    readonly beta: number;
    readonly noise: string;
    readonly batch: number;
    readonly draws: number;
  };
  /** Noise is bootstrapped; `samples`: documents whose words are counted, of masks of both kinds. */
  readonly masks: SpecificConfig & { readonly beta: number };
  /** `top`: words that count as important; `strong`: those of each group by chi-square that count as its own. */
  readonly words: { readonly top: number; readonly strong: number };
  readonly limits: Readonly<Record<string, number>>;
}

/** What such a config has to have, and all that it may have. */
export const newsgroupsFields = section({
  data: section({
    headers: z.string({ error: 'must be a text' }),
    shortest: whole(1, 100),
    vocabulary: whole(2, MOST),
    documents: whole(1, MOST),
  }),
  classifier: section({ network, ...train }),
  explainer: section({ lan: mask, beta, noise, draws: whole(1, 64), ...train }),
  masks: section({ beta, ...specific }),
  words: section({ top: whole(1, 1000), strong: whole(1, MOST) }),
  limits: section({ accuracy: limit, ratio: limit, strong: limit }),
});

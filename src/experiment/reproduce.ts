// Runs an experiment by its kind.
import { adversaries } from './adversary.js';
import { cifar } from './cifar.js';
import type { ExperimentConfig } from './kinds.js';
import { newsgroups } from './newsgroups.js';
import type { Findings, RunOptions } from './run.js';
import { boostedTrees } from './boosted-trees.js';
import { imagenet, type Subject } from './imagenet.js';
import { knownFeatures } from './known-features.js';
import { spam } from './spam.js';
import { tanks } from './tank.js';
import { translatedMnist } from './translated-digits.js';

/** `data`: the real dataset's folder, where the experiment has one; `subject`: the network and the photos of one that is brought. Throws LanError, and Interrupted where `run.signal` ended it. */
export function reproduce(
  config: ExperimentConfig,
  data: string | undefined,
  run: RunOptions,
  subject: Subject = {},
): Promise<Findings> {
  switch (config.kind) {
    case 'adversary':
      return adversaries(config, data, run);
    case 'spam':
      return spam(config, data, run);
    case 'boosted-trees':
      return boostedTrees(config, data, run);
    case 'imagenet':
      return imagenet(config, subject, run);
    case 'tank':
      return tanks(config, data, run);
    case 'known-features':
      return knownFeatures(config, data, run);
    case 'cifar':
      return cifar(config, data, run);
    case 'newsgroups':
      return newsgroups(config, data, run);
    case 'translated-digits':
      return translatedMnist(config, data, run);
  }
}

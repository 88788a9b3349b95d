// Runs an experiment by its kind.
import { cifar } from './cifar.js';
import type { ExperimentConfig } from './config.js';
import { newsgroups } from './newsgroups.js';
import type { Findings, RunOptions } from './run.js';
import { knownFeatures } from './known-features.js';
import { tanks } from './tank.js';
import { translatedMnist } from './translated-digits.js';

/** `data`: the real dataset's folder, where the experiment has one. Throws LanError, and Interrupted where `run.signal` ended it. */
export const reproduce = (config: ExperimentConfig, data: string | undefined, run: RunOptions): Promise<Findings> =>
  config.kind === 'tank'
    ? tanks(config, data, run)
    : config.kind === 'known-features'
      ? knownFeatures(config, data, run)
      : config.kind === 'cifar'
        ? cifar(config, data, run)
        : config.kind === 'newsgroups'
          ? newsgroups(config, data, run)
          : translatedMnist(config, data, run);

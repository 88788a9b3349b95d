// What can be chosen about masks and their learning, by name; imports nothing, so that help and the command line's tables load no engine.

/**
 * `default` is justified by the curves in docs/performance.md; `quick`, a first look, is the same in fewer steps, with 64 draws of evidence and no further
 * figures; `paper` is Appendix E and the paper's sample-specific CIFAR settings.
 */
export const PRESETS = ['default', 'quick', 'paper'] as const;

/** A named set of settings. */
export type Preset = (typeof PRESETS)[number];

/** L_F: how the corrupted output is compared with the original. */
export const OUTPUT_LOSSES = ['cross-entropy', 'kl', 'squared-error'] as const;

/** One of OUTPUT_LOSSES, or the name of a plug-in's. */
export type OutputLoss = (typeof OUTPUT_LOSSES)[number] | (string & {});

/** Which elements share a mask value: one per pixel (channels share), one per token (all of its vector), or every element its own. */
export const MASK_SHAPES = ['pixel', 'token', 'full'] as const;

/** One of MASK_SHAPES. */
export type MaskShape = (typeof MASK_SHAPES)[number];

/**
 * What a mask consists of. 'binary': each element is kept or replaced entirely; 'soft': a value in [0,1] mixes input and noise (Eq. 2 as the paper
 * has it), of which the network may still read the little that is left in everywhere.
 */
export const MASK_VALUES = ['binary', 'soft'] as const;

/** One of MASK_VALUES. */
export type MaskValues = (typeof MASK_VALUES)[number];

/**
 * What is looked for. 'keep': the smallest part that is enough, with everything else replaced; 'delete': the smallest part whose loss changes the answer, with
 * everything else left as it is.
 */
export const FINDS = ['keep', 'delete'] as const;

/** One of FINDS. */
export type Find = (typeof FINDS)[number];

/** The learning rate over a run. 'constant'; 'cosine': along half a cosine down to a hundredth; 'linear': straight down to nothing. */
export const SCHEDULES = ['constant', 'cosine', 'linear'] as const;

/** One of SCHEDULES. */
export type Schedule = (typeof SCHEDULES)[number];

/** The families of noise, as `noise` takes them. */
export const NOISE_HELP =
  'uniform[:low,high] | gaussian[:mean,deviation] | constant:<c> | bootstrap:<data> | learned:<data> | blur[:sigma]; texts: tokens | token:<token> | unigram:<texts>; tables: mean';

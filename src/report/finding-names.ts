// What `failOn` may ask about, by name; apart from how it is measured, so that --help loads nothing else.

/** Each lies in [0,1]. */
export const FINDING_NAMES = ['replaceable', 'kept', 'soft-kept', 'noise-alone'] as const;

/** One of FINDING_NAMES. */
export type FindingName = (typeof FINDING_NAMES)[number];

// Names alone: who chooses an engine needs them, and tfjs does not come with them.

/** The backends of tfjs that are used, the fastest first; 'tensorflow' needs the optional package @tensorflow/tfjs-node. */
export const TF_BACKENDS = ['tensorflow', 'wasm', 'cpu'] as const;

/** One of TF_BACKENDS. */
export type TfBackend = (typeof TF_BACKENDS)[number];

// The names of the built-in methods; imports nothing, so that help and the command line's tables load no engine.

/** As options take them, in the order of tables. */
export const METHODS = [
  'gradient',
  'inputxgradient',
  'ig',
  'smoothgrad',
  'vargrad',
  'gradcam',
  'layercam',
  'rollout',
  'occlusion',
  'rise',
  'lime',
  'kernelshap',
  'meaningful',
  'extremal',
  'random',
  'centre',
] as const;

/** Whoever can be asked by name: a mask learned by this project, and the methods. */
export const CONTENDERS = ['lan', ...METHODS] as const;

/** One of METHODS, or the name of a plug-in's. */
export type MethodName = (typeof METHODS)[number] | (string & {});

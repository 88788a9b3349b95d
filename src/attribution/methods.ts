// All attribution methods, in one explicit list: a plug-in is `[...methods, mine]`.
import { LanError } from '../core/errors.js';
import { withPlugged, type PluginLike } from '../core/plugin.js';
import { centre, randomNeed } from './baselines.js';
import { gradCam, layerCam } from './cam.js';
import { gradient, inputXGradient, integratedGradients, smoothGrad, varGrad } from './gradients.js';
import { extremal } from './extremal.js';
import type { AttributionMethod } from './method.js';
import { meaningful } from './meaningful.js';
import { occlusion, rise } from './perturbation.js';
import { rollout } from './rollout.js';
import { kernelShap, lime } from './surrogate.js';

/** All methods that come with the package, in the order of `METHODS`; `[...methods, mine]` adds to them. */
export const methods: readonly AttributionMethod[] = [
  gradient,
  inputXGradient,
  integratedGradients,
  smoothGrad,
  varGrad,
  gradCam,
  layerCam,
  rollout,
  occlusion,
  rise,
  lime,
  kernelShap,
  meaningful,
  extremal,
  randomNeed,
  centre,
];

/** All methods: those that come with the package and those of plug-ins. */
export const methodsWith = (plugins?: readonly PluginLike[]): readonly AttributionMethod[] =>
  withPlugged(methods, plugins, 'methods');

/**
 * The method of a name among `from`. Throws LanError (`usage`) with all names where there is none; `also`: names that the caller knows besides; `option`: where
 * the name was given.
 */
export function methodNamed(
  name: string,
  from: readonly AttributionMethod[] = methods,
  also: readonly string[] = [],
  option = 'methods',
): AttributionMethod {
  const found = from.find((m) => m.name === name);
  if (found) return found;
  throw new LanError(
    'usage',
    `\`${option}\`: no method is called '${name}'.`,
    `Expected ${option === 'methods' ? 'some' : 'one'} of ${[...also, ...from.map((m) => m.name)].join(', ')}.`,
  );
}

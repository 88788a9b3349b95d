// L_F, the output losses: how the answer to a corrupted input is compared with the answer to the input itself.
import { LanError } from '../core/errors.js';
import { ofPlugin, requireOf, withPlugged, type PluginLike } from '../core/plugin.js';
import type { GraphBuilder } from '../onnx/builder.js';

/** An output loss under one name. */
export interface OutputLossRule {
  readonly name: string;
  /**
   * Appends the loss of each class to `g` and gives its name. `logP` [...,K]: log-probabilities of corrupted inputs; `target` [1,K] or [...,K]: probabilities F(x).
   * L_F is the sum of what is given over classes and its mean over inputs, so that it has the shape of `logP`. In ops of opset 18, through which gradients pass.
   */
  terms(g: GraphBuilder, logP: string, target: string): string;
}

/** Those that come with the package, in the order of OUTPUT_LOSSES. */
const LOSSES: readonly OutputLossRule[] = [
  { name: 'cross-entropy', terms: (g, logP, target) => g.neg(g.mul(target, logP)) },
  {
    name: 'kl',
    // sum t (log t - log p); t log t is 0 at t = 0.
    terms: (g, logP, target) => g.mul(target, g.sub(g.op('Log', [g.op('Clip', [target, g.scalar(1e-30)])]), logP)),
  },
  {
    name: 'squared-error',
    terms(g, logP, target) {
      const difference = g.sub(g.op('Exp', [logP]), target);
      return g.mul(difference, difference);
    },
  },
];

/** Throws LanError (`usage`) with all names where there is none of this name. */
export function refuseUnknownLoss(name: string, plugins?: readonly PluginLike[]): void {
  lossNamed(name, plugins);
}

function lossNamed(name: string, plugins: readonly PluginLike[] | undefined): OutputLossRule {
  const all = withPlugged(LOSSES, plugins, 'outputLosses');
  const found = all.find((loss) => loss.name === name);
  if (found) return found;
  throw new LanError(
    'usage',
    `\`outputLoss\`: no loss is called '${name}'.`,
    `Expected one of ${all.map((l) => l.name).join(', ')}.`,
  );
}

/** The loss's name, and the plug-ins in which it is looked up besides the built-in ones. */
export interface NamedLoss {
  readonly outputLoss: string;
  readonly plugins?: readonly PluginLike[] | undefined;
}

/** L_F summed over classes, mean over the `rows` rows of `logP` (any leading axes, classes last, of which there are `rank`); `target` broadcasts to it. */
export function lossOf(
  g: GraphBuilder,
  { outputLoss, plugins }: NamedLoss,
  logP: string,
  target: string,
  rows: number,
  rank = 2,
): string {
  const axes = Array.from({ length: rank }, (_, i) => i);
  const rule = lossNamed(outputLoss, plugins);
  const terms = ofPlugin('outputLosses', outputLoss, () => rule.terms(g, logP, target));
  requireOf('outputLosses', outputLoss, typeof terms === 'string', 'the name of a value');
  return g.mul(g.reduceSum(terms, axes, false), g.scalar(1 / rows));
}

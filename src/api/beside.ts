// Other methods beside an audit: their maps and claims on the same input, noise and draws.
import { methodNamed, methodsWith } from '../attribution/methods.js';
import type { AttributionMethod } from '../attribution/method.js';
import { LanError } from '../core/errors.js';
import type { Tensor } from '../core/tensor.js';
import type { PluginLike } from '../core/plugin.js';
import type { AuditOptions as ExplainOptions } from '../explain/audit.js';
import { compare, Compiled, LAN, type Compared } from '../explain/compare.js';
import { drawsOf } from '../explain/time-left.js';
import type { Classifier } from '../model/open.js';
import type { AuditOptions } from './audit-options.js';

/** The methods that `options` ask for beside their own. Throws LanError (`usage`) for one that does not exist, is given twice or is the audit's own. */
export function methodsBeside(
  { compare: given = [], method = LAN, find }: Pick<AuditOptions, 'compare' | 'method' | 'find'>,
  plugins?: readonly PluginLike[],
): readonly AttributionMethod[] {
  const nameOf = (m: string | AttributionMethod): string => (typeof m === 'string' ? m : m.name);
  const names = given.map(nameOf);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new LanError('usage', `\`compare\`: '${twice}' is given twice.`);
  if (names.includes(nameOf(method)))
    throw new LanError('usage', `\`compare\`: '${nameOf(method)}' is what the audit itself asks.`, 'Name other methods.');
  if (names.length > 0 && find === 'delete')
    throw new LanError(
      'usage',
      "`compare` and `find: 'delete'` contradict each other: methods are compared by what is enough.",
      'Leave one of them out.',
    );
  return given.map((m) => (typeof m === 'string' ? methodNamed(m, methodsWith(plugins), [], 'compare') : m));
}

/**
 * What these methods find in the sample x, measured as `compare` measures it: on the noise and draws of the audit, each in the budget of one mask. What the model
 * does not allow is listed with the reason. Of an audit that was ended early nothing.
 */
export async function besideOf(
  classifier: Classifier,
  x: Tensor,
  methods: readonly AttributionMethod[],
  options: ExplainOptions,
  compiled: Compiled,
): Promise<readonly Compared[] | undefined> {
  if (methods.length === 0 || options.signal?.aborted) return undefined;
  const { preset, settings, question, within, samples, onPhase, signal } = options;
  const asked = { methods, beside: true, preset, settings: { ...settings, betaPath: undefined }, question, within, samples, onPhase, signal }; // prettier-ignore
  // Where a path skips the hook point, each sample has programs of its own.
  const own = classifier.hookPoint?.hasSkipPath ? undefined : compiled;
  return (await compare(classifier, x, { ...asked, evidenceDraws: drawsOf(options) }, own)).methods;
}

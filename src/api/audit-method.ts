// Another method in place of a learned mask: which one, and what an audit by it leaves no room for.
import type { PluginLike } from '../core/plugin.js';
import { methodNamed, methodsWith } from '../attribution/methods.js';
import type { AttributionMethod } from '../attribution/method.js';
import { LanError } from '../core/errors.js';
import { LAN } from '../explain/compare.js';
import type { AuditOptions } from './audit-options.js';

/** Options that say how a mask is learned, and nothing else. */
const OF_LEARNING = [
  'beta',
  'draws',
  'maskValues',
  'keep',
  'maskGrids',
  'outputLoss',
  'iterations',
  'learningRate',
  'schedule',
  'sharpen',
  'start',
  'patience',
] as const satisfies readonly (keyof AuditOptions)[];

/**
 * The method that `options` ask for, by a name of the package or of a plug-in; undefined for a learned mask. Throws LanError (`usage`) for one that does not exist, and where options say how
 * to learn a mask, or who gives it, besides.
 */
export function methodOf(options: AuditOptions, plugins?: readonly PluginLike[]): AttributionMethod | undefined {
  const { method, lan, preset } = options;
  if (method === undefined || method === LAN) return undefined;
  const chosen = typeof method === 'string' ? methodNamed(method, methodsWith(plugins), [LAN], 'method') : method;
  if (lan !== undefined)
    throw new LanError(
      'usage',
      '`method` and `lan` contradict each other: each says where the mask comes from.',
      'Give one of them.',
    );
  const learning = OF_LEARNING.filter((name) => options[name] !== undefined).map((name) => `\`${name}\``);
  if (preset === 'paper') learning.push("`preset: 'paper'`");
  if (learning.length > 0)
    throw new LanError(
      'usage',
      `${chosen.title} learns no mask of this kind, so ${learning.join(', ')} would be without effect.`,
      `Leave ${learning.length === 1 ? 'it' : 'them'} out, or \`method\`.`,
    );
  return chosen;
}

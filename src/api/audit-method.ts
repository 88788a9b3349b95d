// Another method in place of a learned mask: which one, and what an audit by it leaves no room for.
import type { PluginLike } from '../core/plugin.js';
import { methodNamed, methodsWith } from '../attribution/methods.js';
import type { AttributionMethod } from '../attribution/method.js';
import { LanError } from '../core/errors.js';
import { readWithin } from '../evidence/answer.js';
import { LAN } from '../explain/compare.js';
import type { Task } from '../model/task.js';
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

/** The same beside a mask that comes from elsewhere: `keep` says there what its claim is to hold, unless what changes the answer is looked for. */
const notBeside = ({ find }: AuditOptions): readonly (keyof AuditOptions)[] =>
  find === 'delete' ? OF_LEARNING : OF_LEARNING.filter((name) => name !== 'keep');

/** Those that are given, as messages name them. */
function learningIn(options: AuditOptions, names: readonly (keyof AuditOptions)[] = OF_LEARNING): string[] {
  const learning = names.filter((name) => options[name] !== undefined).map((name) => `\`${name}\``);
  return options.preset === 'paper' ? [...learning, "`preset: 'paper'`"] : learning;
}

const them = ({ length }: readonly string[]): string => (length === 1 ? 'it' : 'them');

/**
 * Throws LanError (`usage`) where `options` say how to learn a mask and none is learned: an explainer gives it, in the shape that it was trained for. The whole
 * self-deception battery learns masks beside it.
 */
export function refuseLearning(options: AuditOptions): void {
  if (options.lan === undefined) return;
  if (options.beta !== undefined)
    throw new LanError(
      'usage',
      '`beta` and `lan` contradict each other: an explainer was trained with one beta.',
      'Leave `beta` out.',
    );
  const learning = options.sanity ? learningIn({ maskShape: options.maskShape }, ['maskShape']) : learningIn(options, [...notBeside(options), 'maskShape']); // prettier-ignore
  if (learning.length > 0)
    throw new LanError(
      'usage',
      `An explainer gives its mask at once, as it was trained, so ${learning.join(', ')} would be without effect.`,
      `Leave ${them(learning)} out, or \`lan\`.`,
    );
}

/** Throws LanError (`usage`) where options say how a mask is learned, and none of the methods that are compared learns one. */
export function refuseWithoutLan(options: AuditOptions): void {
  const learning = learningIn(options);
  if (learning.length > 0)
    throw new LanError(
      'usage',
      `None of the methods that are compared learns a mask by Eq. 4, so ${learning.join(', ')} would be without effect.`,
      `Leave ${them(learning)} out, or add 'lan' to \`methods\`.`,
    );
}

/** Throws LanError (`usage`) where `within` is no tolerance, or the answer is no value that could move. */
export function refuseWithin({ within }: Pick<AuditOptions, 'within'>, task: Task): void {
  if (within === undefined) return;
  readWithin(within);
  if (task !== 'regression')
    throw new LanError(
      'usage',
      '`within` says by how much a value may move, and the answer of a classifier is a class.',
      "Leave it out, or say `task: 'regression'` where the output is a value.",
    );
}

/**
 * The method that `options` ask for, by a name of the package or of a plug-in; undefined for a learned mask. Throws LanError (`usage`) for one that does not exist, and where options say how
 * to learn a mask, or who gives it, besides.
 */
export function methodOf(options: AuditOptions, plugins?: readonly PluginLike[]): AttributionMethod | undefined {
  const { method, lan } = options;
  if (method === undefined || method === LAN) return undefined;
  const chosen = typeof method === 'string' ? methodNamed(method, methodsWith(plugins), [LAN], 'method') : method;
  if (lan !== undefined)
    throw new LanError(
      'usage',
      '`method` and `lan` contradict each other: each says where the mask comes from.',
      'Give one of them.',
    );
  const learning = learningIn(options, notBeside(options));
  if (learning.length > 0)
    throw new LanError(
      'usage',
      `${chosen.title} learns no mask of this kind, so ${learning.join(', ')} would be without effect.`,
      `Leave ${them(learning)} out, or \`method\`.`,
    );
  return chosen;
}

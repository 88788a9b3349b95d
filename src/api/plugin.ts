// definePlugin: what people add to the package without changing it, as one plain object.
import type { OpAdapter } from '../../adapters/op.js';
import type { OpCase } from '../check/op-case.js';
import type { AttributionMethod } from '../attribution/method.js';
import { checkPlugins, type PluginLike } from '../core/plugin.js';

/**
 * A plug-in: plain data and functions, which nothing but being passed to a call puts to use. Everything in it is chosen by its name, as the built-in ones are.
 * See docs/plugins.md, which has an example of each.
 */
export interface Plugin extends PluginLike {
  /** Ops (defineOp), of any domain. */
  readonly ops?: readonly OpAdapter[];
  /** What `lan-onnx plugin test` tries the ops on. */
  readonly cases?: readonly OpCase[];
  /** For `compare` and `audit --method` (defineMethod). */
  readonly methods?: readonly AttributionMethod[];
}

/**
 * The plug-in as it was given, checked. Throws LanError (`plugin`) naming the first field that is not what it has to be.
 *
 * @example
 * export default definePlugin({ name: 'mine', ops: [bent] });
 */
export function definePlugin(plugin: Plugin): Plugin {
  checkPlugins([plugin]);
  return plugin;
}

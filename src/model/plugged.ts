// What plug-ins add to a model: its ops, and what is said of them.
import { adapters as builtIn } from '../../adapters/index.js';
import type { OpAdapter } from '../../adapters/op.js';
import { checkPlugins, describePlugin, partName, pluggedIn, withPlugged, type PluginLike } from '../core/plugin.js';

/**
 * The ops that a model may hold: those given or built in, and those of the plug-ins. Throws LanError (`plugin`) for plug-ins that are none, and for ops of built-in
 * names without `override`.
 */
export function adaptersOf({
  adapters = builtIn,
  plugins,
}: {
  readonly adapters?: readonly OpAdapter[] | undefined;
  readonly plugins?: readonly PluginLike[] | undefined;
}): readonly OpAdapter[] {
  if (plugins === undefined) return adapters;
  checkPlugins(plugins);
  return withPlugged(adapters, plugins, 'ops');
}

/** What is to be known of plug-ins: what they hold, and which built-in ops they take the places of. */
export function pluginNotes(plugins: readonly PluginLike[] = []): string[] {
  const builtInNames = new Set(builtIn.map((a) => partName('ops', a)));
  return plugins.flatMap((plugin) => {
    const taken = pluggedIn([plugin], 'ops').map((op) => partName('ops', op)).filter((name) => builtInNames.has(name)); // prettier-ignore
    return [
      describePlugin(plugin),
      ...(taken.length > 0 ? [`plug-in '${plugin.name}' takes the place of the built-in ${taken.join(', ')}`] : []),
    ];
  });
}

// The options that name plug-ins, apart from what loads them.
import { TEXTS, type OptionTable } from './option.js';

/** Heading of --help. */
const PLUGINS = 'Plug-ins:';

/** Code of the user's own: see docs/plugins.md. */
export const pluginOptions = {
  plugin: {
    ...TEXTS,
    nargs: 1,
    library: ['plugins'],
    group: PLUGINS,
    describe: 'module with a plug-in (ops, noise, metrics ...): --plugin ./mine.mjs, several times for several',
  },
  config: {
    type: 'boolean',
    default: true,
    group: PLUGINS,
    describe: 'load the plug-ins that lan-onnx.config.{ts,mjs,js,json} of this folder names; --no-config does not',
  },
} as const satisfies OptionTable;

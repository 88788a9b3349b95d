// The options that name plug-ins, apart from what loads them.
import { TEXT, TEXTS, type OptionTable } from './option.js';

/** Heading of --help. */
const PLUGINS = 'Plug-ins:';

/** Heading of --help for how pictures go in. */
export const CARD = 'Model card:';

/** Which preprocessing of a plug-in a card asks for. */
export const preprocessingOption = {
  preprocessing: { ...TEXT, group: CARD, describe: "a plug-in's preprocessing of the pixels, by name (see --plugin)" },
} as const satisfies OptionTable;

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

// The words and options of lan-onnx fetch.
import type { Definition } from '../command.js';
import { TEXT } from '../option.js';
import { jsonOption, RESULTS, under } from '../options.js';

/** lan-onnx fetch. */
export const fetch = {
  command: 'fetch [name]',
  describe: 'download a model or data set of a reviewed list, check it, and make it ready to use',
  positionals: { name: { ...TEXT, describe: 'what to fetch; see --list' } },
  options: {
    ...under(RESULTS, {
      out: { ...TEXT, describe: 'folder for what is made (default: one of the cache)' },
      ...jsonOption,
    }),
    list: { type: 'boolean', default: false, describe: 'print what there is: names, sizes, licences' },
    offline: { type: 'boolean', default: false, describe: 'take what was downloaded before, and ask nothing of the network' },
    from: { ...TEXT, describe: 'the file itself, brought here by other means; it is checked like a download' },
  },
  examples: [
    ['$0 fetch --list', 'what there is'],
    ['$0 fetch nsfwjs', 'Inception v3 from the npm registry, as an ONNX file with its card'],
  ],
  epilogue:
    'Downloads lie in LAN_ONNX_CACHE, else in lan-onnx of the cache folder (XDG_CACHE_HOME, ~/.cache). A broken one goes on. HTTPS_PROXY and NO_PROXY count.',
} as const satisfies Definition;

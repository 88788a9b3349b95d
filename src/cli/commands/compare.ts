// The words and options of lan-onnx compare.
import { CONTENDERS } from '../../attribution/names.js';
import type { Definition } from '../command.js';
import { TEXT, TEXTS, methodNames, seconds } from '../option.js';
import { explainedInputs, explainOptions, namedInputs, namedNeeds } from '../mask-options.js';
import { MODEL_ARGUMENT, RESULTS, under } from '../options.js';

/** lan-onnx compare. */
export const compare = {
  command: 'compare <model>',
  describe: 'LAN beside other attribution methods: the same time for each, the same evidence',
  positionals: { model: MODEL_ARGUMENT },
  options: {
    ...explainedInputs,
    ...namedInputs,
    ...under(RESULTS, {
      out: { ...TEXT, default: 'lan-onnx-compare', describe: 'folder for the results, one folder an input' },
    }),
    methods: {
      ...TEXTS,
      coerce: methodNames,
      describe: `some of ${CONTENDERS.join(', ')}, or a plug-in's, behind commas or blanks (default: all)`,
    },
    budget: { ...TEXT, coerce: seconds, describe: 'time for each method: 30s, 5m (default: as long as its own settings take)' },
    ...explainOptions,
  },
  needs: {
    ...namedNeeds(['image'], ['tensor']),
    colormap: { about: 'pictures', given: ['image', 'tensor'] },
  },
  examples: [
    ['$0 compare squeezenet1.1.onnx --image cat.jpg --methods lan,gradcam,rise --budget 60s', 'a table and a sheet'],
    ['$0 compare bert/ --text "not a bad film" --methods lan,ig,kernelshap', 'on the tokens of a text'],
    ['$0 compare tank --image forest.png', 'every method, as long as each takes'],
  ],
  epilogue:
    'A method that the model does not allow (no feature maps, no gradients, no attention) is listed with the reason, and the others go on. ' +
    'Exit code: 0 every input was explained, 2 one could not be, or Ctrl-C ended it early.',
} as const satisfies Definition;

// The words and options of lan-onnx import-tfjs.
import type { Definition } from '../command.js';
import { TEXT } from '../option.js';
import { cardOptions, jsonOption, RESULTS, under } from '../options.js';

const { layout: _layout, size, ...card } = cardOptions;

/** lan-onnx import-tfjs. */
export const importTfjs = {
  command: 'import-tfjs <source>',
  describe: 'make an ONNX file of a Keras-style classifier that was saved for tfjs (tfjs-layers)',
  positionals: {
    source: {
      ...TEXT,
      demandOption: true,
      describe: 'model.json, its folder, or model.min.js of an npm package, which is read and not run',
    },
  },
  missing: 'SOURCE is missing',
  options: {
    ...under(RESULTS, {
      out: { ...TEXT, demandOption: true, describe: 'the file to write; its card goes beside it as NAME.card.json' },
      ...jsonOption,
    }),
    size: { ...size, describe: "the input's height and width, where the model leaves them open: 224 or 224x320" },
    ...card,
  },
  examples: [
    ['$0 import-tfjs model.json --out m.onnx', 'then: $0 audit m.onnx --image cat.jpg'],
    ['$0 import-tfjs folder/ --range 1 --mean 0 --std 1 --labels names.txt --out m.onnx', 'with what its makers say of pixels'],
  ],
  epilogue:
    'Layers that are not known are refused by name, all at once. What the card does not say stays open: see lan-onnx card.',
} as const satisfies Definition;

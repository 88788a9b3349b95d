// The words and options of lan-onnx export-gradient.
import type { Definition } from '../command.js';
import { TEXT, whole } from '../option.js';
import { hookPointOption, jsonOption, MODEL_ARGUMENT, modelOptions, RESULTS, under } from '../options.js';

/** lan-onnx export-gradient. */
export const exportGradient = {
  command: 'export-gradient <model>',
  describe: 'write a model with its loss and input gradient as one ONNX file for any onnxruntime',
  positionals: { model: MODEL_ARGUMENT },
  options: {
    ...under(RESULTS, {
      out: { ...TEXT, demandOption: true, describe: 'the file to write' },
      ...jsonOption,
    }),
    pixels: {
      type: 'boolean',
      default: false,
      describe: "put the card's preprocessing inside: input x, RGB [N,C,H,W] in 0..range",
    },
    batch: {
      ...TEXT,
      coerce: whole(1),
      describe: 'samples a run; fixed in the file (default: what the model says, or 1)',
    },
    ...hookPointOption,
    ...modelOptions,
  },
  examples: [
    ['$0 export-gradient squeezenet1.1.onnx --out grad.onnx', 'outputs, loss and d loss / d input'],
    ['$0 export-gradient m.onnx --pixels --batch 8 --out grad.onnx', 'eight pictures at a time, from pixels'],
    ['$0 export-gradient bert.onnx --shape input_ids=1,128 --out grad.onnx', 'd loss / d embedding: ids have no gradient'],
  ],
  epilogue:
    'The file takes target [N,K] (probabilities) besides the inputs, and gives loss and <input>_grad besides the outputs. All its shapes are fixed.',
} as const satisfies Definition;

// The words and options of lan-onnx export-step.
import type { Definition } from '../command.js';
import { TEXT } from '../option.js';
import { objectiveOptions } from '../mask-options.js';
import { hookPointOption, jsonOption, MODEL_ARGUMENT, modelOptions, questionOptions, RESULTS, under } from '../options.js';

/** lan-onnx export-step. */
export const exportStep = {
  command: 'export-step <model>',
  describe: 'write one step of learning a mask (noise in, mask out) as one ONNX file for any onnxruntime',
  positionals: { model: MODEL_ARGUMENT },
  options: {
    ...under(RESULTS, {
      out: { ...TEXT, demandOption: true, describe: 'the file to write' },
      ...jsonOption,
    }),
    ...questionOptions,
    ...objectiveOptions,
    beta: { ...objectiveOptions.beta, describe: 'weight of the mask mean; an input of the file, in which these are noted' },
    ...hookPointOption,
    ...modelOptions,
  },
  examples: [
    ['$0 export-step squeezenet1.1.onnx --out step.onnx', 'loss, backward pass and Adam in one run'],
    ['$0 export-step m.onnx --mask-grid 28 --draws 8 --out step.onnx', 'a coarse mask, eight draws of noise a step'],
  ],
  epilogue:
    'Feed <name>_next back as <name>. adam_scale and adam_floor depend on the number of the step; the printed meanings say how.',
} as const satisfies Definition;

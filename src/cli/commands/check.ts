// The words and options of lan-onnx check.
import type { Definition } from '../command.js';
import { number, TEXT, TEXTS, whole, workers, withoutOptions } from '../option.js';
import { pictureNeeds } from '../mask-options.js';
import { hookPointOption, INPUTS, jsonOption, modelOptions, RESULTS, seedOption } from '../options.js';

/** lan-onnx check. */
export const check = {
  command: 'check <models..>',
  describe: 'compare the converted graphs with onnxruntime on the original file: outputs, gradients, every value',
  positionals: {
    models: { ...TEXTS, demandOption: true, describe: '.onnx files or Hugging Face folders' },
  },
  options: {
    samples: {
      ...TEXT,
      coerce: whole(),
      group: INPUTS,
      describe: 'how many random inputs (default 2; 0 where others are given)',
    },
    image: { ...TEXTS, group: INPUTS, describe: "pictures, put through the model's card" },
    tensor: { ...TEXTS, group: INPUTS, describe: 'inputs as .npy or .pb, or folders with input_0.pb, input_1.pb ...' },
    'edge-cases': {
      type: 'boolean',
      default: false,
      group: INPUTS,
      describe: 'outputs also at zeros, the ends of the range, a single element, a checkerboard',
    },
    ...jsonOption,
    report: { ...TEXT, group: RESULTS, describe: 'write the results as a page to this file (report.html)' },
    junit: { ...TEXT, group: RESULTS, describe: 'write the results as JUnit XML to this file' },
    markdown: { ...TEXT, group: RESULTS, describe: 'write a table for pull requests to this file' },
    save: { ...TEXT, group: RESULTS, describe: 'write the results as a baseline (JSON) to this file' },
    baseline: { ...TEXT, group: RESULTS, describe: 'fail only where something is worse than in this file' },
    bisect: {
      ...TEXT,
      group: RESULTS,
      describe: 'write the smallest sub-model that disagrees to this file, its tensors to test_data_set_0 beside it',
    },
    'fail-fast': { type: 'boolean', default: false, group: RESULTS, describe: 'stop at the first disagreement' },
    gradients: {
      type: 'boolean',
      default: true,
      describe: 'compare gradients too: engines with each other and with central differences; names the op that is wrong',
    },
    nodes: { type: 'boolean', default: false, describe: 'compare every intermediate value and name the first that diverges' },
    tolerance: {
      ...TEXT,
      coerce: number(0),
      describe: 'of outputs and values, relative to the largest (default 1e-4, of float16 models 5e-3)',
    },
    workers: {
      ...TEXT,
      coerce: workers,
      describe:
        'models at the same time, each in a process of one thread; auto: the first model decides (default: one after the other)',
    },
    ...seedOption,
    ...withoutOptions(modelOptions, 'labels', 'preprocessing'),
    at: {
      ...hookPointOption.at,
      describe:
        'value inside the model at which gradients are compared (default: the float inputs, else the first float behind integers)',
    },
  },
  needs: pictureNeeds(['image']),
  idle: {
    labels: 'compares numbers, and knows no classes',
    preprocessing: 'compares the same numbers on both sides, and leaves the preprocessing of plug-ins out',
  },
  examples: [
    ['$0 check model.onnx', 'outputs and gradients, on two random inputs'],
    ['$0 check models/*.onnx --nodes --junit results.xml', 'every value, for CI'],
    ['$0 check bert.onnx --shape input_ids=1,16', 'gradients at the embedding of the ids'],
    ['$0 check m.onnx --bisect case/model.onnx', 'the piece that disagrees'],
  ],
  epilogue:
    'Exits with 1 when something disagrees (with --baseline: is worse than before), with 2 when a model cannot be read or run.',
} as const satisfies Definition;

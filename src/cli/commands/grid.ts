// The words and options of lan-onnx grid.
import type { Definition } from '../command.js';
import { TEXT, TEXTS, whole, workersOption, withoutOptions } from '../option.js';
import {
  dataOptions,
  INPUTS,
  jsonOption,
  MODEL_ARGUMENT,
  modelOptions,
  NO_GRADIENTS,
  pair,
  RESULTS,
  seedOption,
  under,
} from '../options.js';

/** lan-onnx grid. */
export const grid = {
  command: 'grid <model>',
  describe: 'accuracy for an object centred at each pixel: heat map, CSV, JSON',
  positionals: { model: MODEL_ARGUMENT },
  options: {
    ...under(INPUTS, {
      objects: {
        ...TEXTS,
        demandOption: true,
        describe: 'what is placed: pictures (transparency is kept), or one dataset (see score --data)',
      },
      split: dataOptions.split,
      label: { ...TEXT, describe: 'class of the pictures, by name or number (default: the answer to the object centred)' },
      'object-size': { ...TEXT, coerce: pair, describe: 'height and width that objects are brought to: 7 or 7x9' },
      background: { ...TEXT, default: '0', describe: 'pixel value 0 to 255, a picture, or noise' },
      stride: { ...TEXT, coerce: whole(1), default: '1', describe: 'pixels from one position to the next' },
      samples: {
        ...TEXT,
        coerce: whole(1),
        describe: 'how many objects a position, drawn by --seed (default: all, at most 256)',
      },
      clip: { type: 'boolean', default: true, describe: 'objects may stick out and are cut off; --no-clip: only where they fit' },
    }),
    ...under(RESULTS, {
      out: { ...TEXT, default: 'lan-onnx-grid', describe: 'folder for grid.png, grid.csv, grid.json' },
      ...jsonOption,
    }),
    ...workersOption,
    ...seedOption,
    ...withoutOptions(modelOptions, 'engine', 'backend'),
  },
  idle: NO_GRADIENTS,
  examples: [
    ['$0 grid m.onnx --objects mnist/ --object-size 7', 'digits of 7 x 7 at every pixel, on black'],
    ['$0 grid m.onnx --objects cat.png --background street.jpg --stride 8', 'a sprite on a photo'],
  ],
  epilogue: 'Ctrl-C keeps what is done in grid.jsonl and exits with 2; the same command goes on from there.',
} as const satisfies Definition;

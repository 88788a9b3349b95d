// The words and options of lan-onnx score.
import type { Definition } from '../command.js';
import { TEXT, whole, workersOption, withoutOptions } from '../option.js';
import {
  dataOptions,
  INPUTS,
  jsonOption,
  MODEL_ARGUMENT,
  modelOptions,
  NO_GRADIENTS,
  RESULTS,
  seedOption,
  under,
} from '../options.js';

/** lan-onnx score. */
export const score = {
  command: 'score <model>',
  describe: 'accuracy on a labelled dataset: top-1, top-5, per class, confusion, throughput',
  positionals: { model: MODEL_ARGUMENT },
  options: {
    ...under(INPUTS, {
      ...dataOptions,
      limit: { ...TEXT, coerce: whole(1), describe: 'at most so many samples, drawn by --seed (default: all)' },
    }),
    ...under(RESULTS, {
      out: { ...TEXT, describe: 'folder for score.json, classes.csv, confusion.csv and predictions.csv' },
      ...jsonOption,
      csv: { ...TEXT, describe: 'write the table of classes to this file' },
      strict: { type: 'boolean', default: false, describe: 'stop at the first unreadable sample instead of leaving it out' },
    }),
    batch: {
      ...TEXT,
      coerce: (text: string): 'auto' | number => (text === 'auto' ? text : whole(1)(text)),
      default: 'auto',
      describe: 'samples a run; auto measures the fastest',
    },
    ...workersOption,
    ...seedOption,
    ...withoutOptions(modelOptions, 'engine', 'backend'),
  },
  idle: NO_GRADIENTS,
  examples: [
    ['$0 score m.onnx --data photos/', 'photos/<class>/*.jpg'],
    ['$0 score m.onnx --data mnist/ --split train', 'IDX files'],
  ],
  epilogue:
    'Ctrl-C ends early: what is done is counted and written, and the exit code is 2. With --out it stays in score.jsonl, from which the same command goes on.',
} as const satisfies Definition;

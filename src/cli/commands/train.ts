// The words and options of lan-onnx train.
import { MASK_SHAPES, MASK_VALUES, OUTPUT_LOSSES, SCHEDULES } from '../../lan/choices.js';
import type { Definition } from '../command.js';
import { Expected, number, TEXT, whole } from '../option.js';
import {
  dataOptions,
  INPUTS,
  jsonOption,
  MODEL_ARGUMENT,
  modelOptions,
  questionOptions,
  RESULTS,
  seedOption,
  under,
} from '../options.js';

const LAN = 'Network and training:';

function belowOne(text: string): number {
  const value = number(0)(text);
  if (value >= 1) throw new Expected('a fraction below 1', text);
  return value;
}

/** lan-onnx train. */
export const train = {
  command: 'train <model>',
  describe: 'learn a network that gives the mask of any input at once (Eq. 3), as an ONNX file',
  positionals: { model: MODEL_ARGUMENT },
  options: {
    ...under(INPUTS, {
      ...dataOptions,
      split: { ...dataOptions.split, describe: 'train, test or val, where the data has several (default: train)' },
      limit: { ...TEXT, coerce: whole(2), describe: 'at most so many samples, drawn by --seed (default: all)' },
      strict: { type: 'boolean', default: false, describe: 'stop at the first unreadable sample instead of taking the next one' },
    }),
    ...under(RESULTS, {
      out: {
        ...TEXT,
        demandOption: true,
        describe: 'the explainer to write; NAME.fused.onnx, NAME.metrics.jsonl and NAME.checkpoint lie beside it',
      },
      ...jsonOption,
      resume: { type: 'boolean', default: false, describe: 'go on from the checkpoint, if there is one' },
      'checkpoint-every': {
        ...TEXT,
        coerce: number(0),
        default: '20',
        describe: 'seconds between checkpoints; 0: every step',
      },
    }),
    lan: {
      ...TEXT,
      default: 'paper',
      group: LAN,
      describe: 'paper: FC(100, lrelu), FC(mask, sigmoid); conv: a small encoder and decoder; or such a text',
    },
    beta: {
      ...TEXT,
      coerce: number(0),
      group: LAN,
      describe: 'weight of the mask mean, one number (default: 1.5 ln of the number of classes)',
    },
    noise: {
      ...TEXT,
      default: 'bootstrap',
      group: LAN,
      describe:
        'bootstrap: other samples of the data; learned: a generator trained on them, against the masks; or uniform[:low,high], gaussian[:mean,deviation], constant:<c>',
    },
    iterations: { ...TEXT, coerce: whole(1), group: LAN, describe: 'steps (default 20000)' },
    'learning-rate': { ...TEXT, coerce: number(0), group: LAN, describe: 'of Adam (default 5e-4)' },
    schedule: {
      type: 'string',
      choices: SCHEDULES,
      requiresArg: true,
      group: LAN,
      describe: 'of the learning rate (default cosine)',
    },
    batch: { ...TEXT, coerce: whole(1), group: LAN, describe: 'samples a step (default 32)' },
    draws: { ...TEXT, coerce: whole(1), group: LAN, describe: 'noise draws a sample and step (default 1)' },
    loss: {
      ...TEXT,
      library: ['outputLoss'],
      group: LAN,
      describe: `how outputs are compared, L_F: ${OUTPUT_LOSSES.join(', ')}, or a plug-in's (default cross-entropy)`,
    },
    'mask-shape': {
      type: 'string',
      choices: MASK_SHAPES,
      requiresArg: true,
      group: LAN,
      describe:
        'pixel: channels share a value (default); token: vectors of tokens do (default there); full: every element its own',
    },
    'mask-values': {
      type: 'string',
      choices: MASK_VALUES,
      requiresArg: true,
      group: LAN,
      describe: 'binary: each pixel is kept or replaced entirely (default); soft: a value in [0,1], as the paper has it',
    },
    validation: {
      ...TEXT,
      coerce: belowOne,
      default: '0.1',
      group: LAN,
      describe: 'fraction of the samples that is not trained on, but used for validation',
    },
    ...questionOptions,
    ...seedOption,
    ...modelOptions,
  },
  renamed: { hold: 'validation' },
  examples: [['$0 train m.onnx --data photos/ --out lan.onnx', 'then: $0 audit m.onnx --image cat.jpg --lan lan.onnx']],
  epilogue: 'Ctrl-C writes a checkpoint and exits with 2; --resume goes on from it, and gives what an unbroken run gives.',
} as const satisfies Definition;

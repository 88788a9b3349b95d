// The words and options of lan-onnx card.
import type { Definition } from '../command.js';
import { TEXT, TEXTS, withoutOptions } from '../option.js';
import { INPUTS, jsonOption, MODEL_ARGUMENT, modelOptions, NO_GRADIENTS, RESULTS, under } from '../options.js';

/** lan-onnx card. */
export const card = {
  command: 'card <model>',
  describe: 'how pictures go in and what comes out, as far as it can be told, with a reason for each line',
  positionals: { model: MODEL_ARGUMENT },
  options: {
    ...under(INPUTS, {
      image: {
        ...TEXTS,
        describe: 'pictures by which a convention is chosen where nobody says one: files, folders, patterns in quotes',
      },
    }),
    ...under(RESULTS, {
      out: {
        ...TEXT,
        describe:
          'folder for card.json, labels.txt and seen.png, the pictures as the network sees them (default: nothing is written)',
      },
      ...jsonOption,
    }),
    ...withoutOptions(modelOptions, 'engine', 'backend'),
  },
  idle: NO_GRADIENTS,
  examples: [
    ['$0 card mobilenet.onnx --image photos/ --out card', 'the card, its reasons, and a picture of what goes in'],
    ['$0 card folder/', 'what a Hugging Face folder says'],
  ],
  epilogue:
    'Put card.json beside the model as MODEL.card.json, or give it with --card. A line that was guessed or assumed is to be checked.',
} as const satisfies Definition;

// The words and options of lan-onnx diff.
import { NOISE_HELP } from '../../lan/choices.js';
import type { Definition } from '../command.js';
import { each, Expected, TEXT, TEXTS, whole } from '../option.js';
import { MASK, namedInputs, namedNeeds } from '../mask-options.js';
import {
  EVIDENCE,
  hookPointOption,
  INPUTS,
  jsonOption,
  MODEL_ARGUMENT,
  modelOptions,
  questionOptions,
  RESULTS,
  seedOption,
  under,
} from '../options.js';

/** What `--fail-on` may name. */
function finding(text: string): 'answer' | 'moved' {
  if (text !== 'answer' && text !== 'moved') throw new Expected('answer or moved', text);
  return text;
}

/** lan-onnx diff. */
export const diff = {
  command: 'diff <a> <b>',
  describe: 'two versions of a model: answers, confidence, and whether their attention moved',
  positionals: {
    a: { ...MODEL_ARGUMENT, describe: 'the first model: an .onnx file or a Hugging Face folder' },
    b: { ...MODEL_ARGUMENT, describe: 'the second one' },
  },
  missing: 'Two models are needed, A and B',
  options: {
    ...under(INPUTS, {
      image: { ...TEXTS, describe: 'pictures: files, folders, patterns in quotes' },
      tensor: {
        ...TEXTS,
        describe: 'inputs as .npy of one sample: of pictures their pixels, in the range of the card; else what the models take',
      },
    }),
    ...namedInputs,
    ...under(RESULTS, {
      out: { ...TEXT, default: 'lan-onnx-diff', describe: 'folder for diff.json and a sheet a picture' },
      ...jsonOption,
      'fail-on': {
        ...TEXTS,
        coerce: each(finding),
        describe: 'exit with 1 where an answer differs, or attention moved',
      },
    }),
    ...questionOptions,
    noise: { ...TEXT, group: MASK, describe: `${NOISE_HELP} (default: uniform over the range of pictures; of tokens: tokens)` },
    iterations: { ...TEXT, coerce: whole(1), group: MASK, describe: 'steps at most (default: 200)' },
    seeds: { ...TEXT, coerce: whole(1), default: '4', describe: 'masks of each model, 4 to 8: what seeds move is noise' },
    ...under(EVIDENCE, {
      'evidence-draws': { ...TEXT, coerce: whole(1), default: '32', describe: 'fresh noise draws for the evidence of each mask' },
    }),
    ...seedOption,
    ...hookPointOption,
    ...modelOptions,
  },
  needs: namedNeeds(['image'], ['tensor']),
  examples: [['$0 diff float.onnx int8.onnx --image photos/ --fail-on answer', 'does the quantised model still answer alike?']],
  epilogue:
    'Each model goes by its own card where it has one; flags are for both. Exit code: 0, 1 what --fail-on names was found, 2 an input could not be compared.',
} as const satisfies Definition;
